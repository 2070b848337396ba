import fs from 'node:fs';
import { join, posix } from 'node:path';
import { isWithin } from '../model/path-checks.ts';
import type { Image } from '../model/schema.ts';
import { earlyFiles } from '../render/copied.ts';
import { usesRuntime } from '../render/moved-runtime.ts';
import { lstat } from '../system/files.ts';
import { error, type Finding, ok, warning } from './finding.ts';
import { bytesOf } from './regular.ts';

const ID = 'build';
/** A file that pip opens beside a requirements file: -r FILE, -c FILE, -e FOLDER, -f FOLDER, or a path that starts with a dot. */
const OPENED =
  /^\s*(?:(?:-r|--requirement|-c|--constraint|-e|--editable|-f|--find-links)[ =]*)([\w./@+-]+)|^\s*(\.{1,2}\/[\w./@+-]+)/gm;
const MAX_BYTES = 1_048_576;
const OURS = '100_dirs_and_prerequisites.sls';

/** What the first layer of an image needs of project/: it is built before the code is there. */
export function checkFirstLayer(root: string, image: Image): Finding[] {
  const early = earlyFiles(image);
  if (early.includes('')) return [ok(ID, 'the first layer has all of project/ (build_files)')];
  const project = join(root, 'project');
  const missing = early
    .filter((path) => !lstat(join(project, path)))
    .map((path) =>
      error(
        ID,
        `project/${path} is not there, and the build copies it`,
        join(project, path),
        'add it, or remove it from the answers; if a step of yours makes it, remove its COPY line from project/Dockerfile',
      ),
    );
  const opened = requirementsOf(image).flatMap((file) => {
    const beside = posix.dirname(file);
    return [...textOf(join(project, file)).matchAll(OPENED)]
      .map(([, named, path]) => belowProject((named ?? path) as string, beside, image.name))
      .filter((path) => !path.startsWith('..') && !early.some((copied) => isWithin(path, copied)))
      .map((path) =>
        error(ID, `${file} names ${path}, which the first layer does not have`, join(project, file), add(path)),
      );
  });
  const steps = image.build_files.length > 0 ? [] : ownSteps(project);
  const found = [...missing, ...opened, ...steps];
  return found.length > 0 ? found : [ok(ID, `the first layer has ${early.length} named files of project/`)];
}

/** A path in a requirements file as one below project/; one elsewhere in the image leads upwards. */
const belowProject = (path: string, beside: string, name: string) =>
  path.startsWith('/') ? posix.relative(`/srv/projects/${name}/project`, path) : posix.join(beside, path);

const add = (path: string) => `add ${path} to build_files`;

function requirementsOf({ virtualenvs }: Image): string[] {
  const files = Object.values(virtualenvs).flatMap(({ requirements }) => requirements ?? []);
  return [...new Set(files.map((path) => posix.normalize(path)))];
}

/** Whether a build runs a step before the code is there, as build.py says: their names are sorted as text. */
const isEarly = (step: string) => step < '200' && !/^(archive|rollback|fixperms|notify|task_.*)$/.test(step);

/** The owner's steps that name the code, and run before it is there. */
function ownSteps(project: string): Finding[] {
  const folder = join(project, '.salt');
  const names = lstat(folder)?.isDirectory() ? fs.readdirSync(folder).sort() : [];
  return names
    .filter((name) => name.endsWith('.sls') && isEarly(name.slice(0, -'.sls'.length)))
    .filter((name) => {
      const text = textOf(join(folder, name));
      // Step 100 of 0.2 comes with a Dockerfile that copies the code before it.
      return /project_root|\/srv\/projects\//.test(text) && (name !== OURS || usesRuntime(text));
    })
    .map((name) => {
      const later = name === OURS ? 'move these states to a step with a number' : 'rename it to a number';
      const fix = `${later} from 200 on, or name the files that it reads in build_files`;
      return warning(ID, `${name} runs before the code is there`, join(folder, name), fix);
    });
}

function textOf(path: string): string {
  try {
    return bytesOf(path, MAX_BYTES)?.toString() ?? '';
  } catch {
    // Another finding reports what is missing or a link.
    return '';
  }
}
