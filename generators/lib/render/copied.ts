import { posix } from 'node:path';
import { isWithin, plainPath } from '../model/path-checks.ts';
import type { Image } from '../model/schema.ts';
import { withVariables } from '../model/variables.ts';

/** The COPY instructions of a Dockerfile that bring project/ into the image, one line for each file that comes before the code. */
export function codeLines(given: Image): Record<string, string> {
  const image = withVariables(given);
  const root = plainPath('{project_root}', image.name);
  const copy = (path: string) => `COPY ${posix.join('project', path)} ${posix.join(root, path)}\n`;
  if (filesBelow(image.build_files, image).includes(''))
    return { build_file_lines: copy(''), config_file_lines: '', code_lines: '' };
  const early = ['.salt', ...earlyFiles(image)].filter(isFirst);
  const sources = Object.values(image.configs).map(({ source }) => source);
  const configs = filesBelow(sources, image).filter((path) => !early.some((folder) => isWithin(path, folder)));
  const settings = `RUN ${root}/.salt/runtime/build.sh ${image.name} settings\n`;
  return {
    build_file_lines: early.map(copy).join(''),
    config_file_lines:
      configs.length === 0
        ? ''
        : `\n# In between: the templates of configs, so that an edit of one installs nothing again.\n${configs.map(copy).join('')}${settings}`,
    code_lines: copy(''),
  };
}

/** What steps below 200 read of project/, as the answers name it. */
export function earlyFiles(given: Image): string[] {
  const image = withVariables(given);
  const { virtualenvs, apt_repositories, downloads, build_files, name } = image;
  const root = plainPath('{project_root}', name);
  const local = Object.values(downloads).flatMap(({ url }) => {
    const path = url.startsWith('file://') ? plainPath(url.slice('file://'.length), name) : '';
    return isWithin(path, root) ? [posix.relative(root, path)] : [];
  });
  const named = [
    ...Object.values(virtualenvs).map(({ requirements }) => requirements),
    ...Object.values(apt_repositories).map(({ key_file }) => key_file),
  ];
  return filesBelow([...named.filter((path) => path !== undefined), ...local, ...build_files], image);
}

/** Paths below project/ in their plain form, each once; without what the build itself makes, which no COPY finds. */
function filesBelow(paths: readonly string[], { name, downloads, virtualenvs }: Image): string[] {
  const root = plainPath('{project_root}', name);
  const made = [
    ...Object.values(downloads).map(({ target }) => target),
    ...Object.values(virtualenvs).flatMap(({ path }) => path ?? []),
  ].map((path) => plainPath(path, name));
  const plain = paths.map((path) => plainPath(`${root}/${path}`, name));
  const found = plain.filter((path) => !made.some((target) => isWithin(path, target)));
  return [...new Set(found.map((path) => posix.relative(root, path)))];
}

/** Whether no path before it in the list brings it along. */
function isFirst(path: string, index: number, all: string[]): boolean {
  return !all.some((other, at) => (other !== path || at < index) && isWithin(path, other));
}
