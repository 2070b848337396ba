import { join } from 'node:path';
import { EXIT, UserError } from '../../errors.ts';
import { isDict } from '../../model/dict.ts';
import type { Intent } from '../../model/intent.ts';
import { packageRoot } from '../../package.ts';
import type { RenderedFile } from '../../render/render.ts';
import { asRunner } from '../../system/rights.ts';

/** The release whose projects have no manifest. What rendered them is in the package. */
export const FIRST_RELEASE = '0.1.0';

/** All fields of that release, with its defaults filled in. */
export type PastImage = Readonly<Record<string, unknown>>;

/** One file as that release rendered it; a starter was called a seed then. */
export interface PastFile extends Omit<RenderedFile, 'policy'> {
  policy: 'shared' | 'seed' | 'intent';
}

interface FirstRelease {
  complete(intent: Intent): { image?: PastImage; problems?: { path: string[] }[] };
  render(image: PastImage): { files: Map<string, PastFile> };
  parse(yaml: string): unknown;
}

let loaded: FirstRelease | undefined;

function firstRelease(): FirstRelease {
  if (loaded) return loaded;
  const file = join(packageRoot, 'dist/past', FIRST_RELEASE, 'render.cjs');
  const { createRequire } = process.getBuiltinModule('node:module');
  try {
    loaded = asRunner(() => createRequire(file)(file)) as FirstRelease;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new UserError(
      `${file} is missing: this installation is incomplete; install the package again`,
      EXIT.internal,
    );
  }
  return loaded;
}

/** What the first release made of some answers, without those that it did not know or refused; undefined if nothing is left. */
export function firstImage(answers: Intent): PastImage | undefined {
  const rest = structuredClone(answers);
  for (;;) {
    const { image, problems = [] } = firstRelease().complete(rest);
    if (image) return image;
    const removed = problems.filter(({ path }) => remove(rest, path));
    if (removed.length === 0) return undefined;
  }
}

/** Removes the deepest part of a path that is there. @returns whether there was one */
function remove(tree: Intent, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined || !Object.hasOwn(tree, key)) return false;
  const below = tree[key];
  if (isDict(below) && remove(below, rest)) return true;
  return delete tree[key];
}

/** The files that the first release wrote for an image; undefined where it could not write them. */
export function firstFiles(image: PastImage): Map<string, PastFile> | undefined {
  const { render } = firstRelease();
  try {
    return asRunner(() => render(image).files);
  } catch (error) {
    // A file may hold anything, so the image may be invalid; a missing template is an error of ours.
    if ((error as NodeJS.ErrnoException).syscall) throw error;
    return undefined;
  }
}

/** The value of a YAML text, undefined if it is not valid. */
export function parseYaml(text: string): unknown {
  try {
    return firstRelease().parse(text);
  } catch {
    return undefined;
  }
}
