import { isDeepStrictEqual } from 'node:util';
import type { Intent } from '../../model/intent.ts';

import type { Reading } from './readings.ts';
import { firstFiles, firstImage, type PastFile, type PastImage } from './rendering.ts';

/** Fields that no file but the pillar holds. */
const ONLY_IN_PILLAR = ['packages', 'seeds', 'app', 'programs', 'vhosts'];
/** If less of a folder is as the first release wrote it, that release did not write it. */
const MIN_SHARE = 1 / 3;

/** The rendering of the first release that explains a folder. */
export interface Explained {
  image: PastImage;
  files: Map<string, PastFile>;
  /** Files with an answer that the owner changed, here or in the answers: it is not known where. */
  unclear: string[];
  /** Files that are rendered from answers that only the files themselves hold. */
  onlyByThemselves: string[];
}

interface Candidate {
  image: PastImage;
  files: Map<string, PastFile>;
  /** How many files it explains byte by byte, how far it agrees with the lines of all, and with what was read. */
  score: [files: number, lines: number, readings: number];
}

/**
 * Finds what the first release rendered a folder from: of the recorded answers those that explain most, and for each field
 * what the files themselves hold, where that explains more.
 * @param recorded answers of today, and older ones of which is known
 * @param disk the text of each file, with Unix line ends
 * @returns undefined if it is not a project of that release
 */
export function explain(
  recorded: readonly Intent[],
  disk: ReadonlyMap<string, string>,
  readings: readonly Reading[],
): Explained | undefined {
  const images = recorded.map(firstImage).filter((image) => image !== undefined);
  const starts = images
    .map((image) => candidateOf(image, disk, readings))
    .filter((candidate) => candidate !== undefined);
  const [first] = starts;
  if (!first) return undefined;
  const values = alternatives(images, readings);
  const read = candidateOf(
    Object.fromEntries([...values].map(([field, found]) => [field, found.at(-1)])),
    disk,
    readings,
  );
  const start = [...starts, ...(read ? [read] : [])].reduce(
    (best, next) => (isBetter(next, best) ? next : best),
    first,
  );
  const best = ascend(start, values, disk, readings);
  const shared = [...best.files].filter(([, { policy }]) => policy === 'shared');
  const explained = shared.filter(([path, file]) => disk.get(path) === textOf(file));
  if (explained.length < shared.length * MIN_SHARE) return undefined;
  const isRecorded = (path: string) =>
    starts.some(({ files }) => textOf(files.get(path)) === textOf(best.files.get(path)));
  return {
    ...best,
    unclear: unclear(best.image, readings).filter((path) => disk.get(path) !== textOf(best.files.get(path))),
    onlyByThemselves: shared.flatMap(([path]) => (isRecorded(path) ? [] : [path])),
  };
}

function ascend(
  start: Candidate,
  values: ReadonlyMap<string, unknown[]>,
  disk: ReadonlyMap<string, string>,
  readings: readonly Reading[],
): Candidate {
  let best = start;
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (const [field, found] of values)
      for (const value of found) {
        if (isDeepStrictEqual(best.image[field], value)) continue;
        const next = candidateOf({ ...best.image, [field]: value }, disk, readings);
        if (!next || !isBetter(next, best)) continue;
        best = next;
        isMoving = true;
      }
  }
  return best;
}

/** What each field may have been. One file alone may be the owner's edit, unless it holds what the release wrote by itself. */
function alternatives(images: readonly PastImage[], readings: readonly Reading[]): Map<string, unknown[]> {
  const [known = {}] = images;
  const defaults = firstImage({ name: 'demo' }) ?? {};
  const values = new Map(Object.keys(known).map((field) => [field, images.map((image) => image[field])]));
  for (const { field, value, path } of readings) {
    const agrees = readings.some((other) => other.path !== path && other.field === field && isSame(other.value, value));
    const isTrusted = ONLY_IN_PILLAR.includes(field) || agrees || isDeepStrictEqual(value, defaults[field]);
    if (isTrusted) values.get(field)?.push(value);
  }
  return values;
}

/** Files with another value than the one that was found, if it is not known which one they were rendered with. */
function unclear(image: PastImage, readings: readonly Reading[]): string[] {
  const defaults = firstImage({ name: 'demo' }) ?? {};
  const isOpen = (field: string) =>
    Object.hasOwn(image, field) &&
    !isDeepStrictEqual(image[field], defaults[field]) &&
    !readings.some((reading) => reading.field === field && isSame(reading.value, image[field]));
  return readings.filter(({ field }) => isOpen(field)).map(({ path }) => path);
}

/** A README has no spaces around a text. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b) || (typeof a === 'string' && typeof b === 'string' && a.trim() === b.trim());
}

function candidateOf(
  image: PastImage,
  disk: ReadonlyMap<string, string>,
  readings: readonly Reading[],
): Candidate | undefined {
  const files = firstFiles(image);
  if (!files) return undefined;
  const agreed = readings.filter(({ field, value }) => isSame(image[field], value));
  const score: Candidate['score'] = [0, 0, agreed.length];
  for (const [path, file] of files) {
    const found = disk.get(path);
    if (file.policy !== 'shared' || found === undefined) continue;
    const text = textOf(file) as string;
    if (found === text) score[0]++;
    score[1] += agreement(found, text);
  }
  return { image, files, score };
}

/** The lines that a file has of those wanted, less those that it does not have. */
function agreement(found: string, wanted: string): number {
  const lines = wanted.split('\n');
  if (found === wanted) return lines.length;
  const left = new Map<string, number>();
  for (const line of found.split('\n')) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.reduce((sum, line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count > 0 ? sum + 1 : sum - 1;
  }, 0);
}

function isBetter(a: Candidate, b: Candidate): boolean {
  const at = [0, 1, 2].find((index) => a.score[index] !== b.score[index]);
  return at !== undefined && (a.score[at] as number) > (b.score[at] as number);
}

const textOf = (file: PastFile | undefined) => file?.bytes.toString();
