import { relative } from 'node:path';
import { runFlags } from './model/docker-run.ts';
import type { Image } from './model/schema.ts';
import { minorVersion } from './package.ts';
import { shell } from './quote/quote.ts';
import type { Written } from './write.ts';

/**
 * What `new` tells when it is done: how much was written, and what to type next.
 * @param cwd the folder the next commands are typed in
 * @param baseCommand how the reader calls the verb `base`
 */
export function summary(image: Image, written: Written, cwd: string, baseCommand: string): string {
  if (written.changes.length === 0) return outcome(written);
  const enter = written.destination === cwd ? '' : `cd ${word(relative(cwd, written.destination))} && `;
  const isNew = written.changes.some(({ kind, path }) => kind === 'create' && path === '.yo-rc.json');
  const ownBase = isNew && image.base_image === `makina-image-base:${minorVersion}`;
  const base = ownBase
    ? `  ${baseCommand} base-image && docker build -t ${image.base_image} base-image   # once\n`
    : '';
  return `${outcome(written)} Next:

${base}  ${enter}docker build -t ${image.name} -f project/Dockerfile .
  docker run --rm -it -p ${image.publish}:80 -v "$PWD/data:/srv/projects/${image.name}/data"${runFlags(image)} ${image.name}
`;
}

/** The same for `base`. */
export function baseSummary(written: Written, cwd: string): string {
  if (written.changes.length === 0) return outcome(written);
  return `${outcome(written)} Next:

  docker build -t makina-image-base:${minorVersion} ${word(relative(cwd, written.destination) || '.')}
`;
}

function outcome({ destination, changes, kept }: Written): string {
  const done =
    changes.length === 0
      ? 'nothing was written'
      : `${changes.length} ${changes.length === 1 ? 'file' : 'files'} written`;
  if (kept.length === 0)
    return changes.length === 0 ? `${destination} is up to date, ${done}.` : `${done} to ${destination}.`;
  return `${done} to ${destination}; left as you edited them, though the answers give something else (--force replaces them): ${kept.join(', ')}.`;
}

/** A word that needs no quotes stays without. */
function word(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : shell(path);
}
