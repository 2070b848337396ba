import { unusable } from '../../answers/unusable.ts';
import { ANSWERS_KEY } from '../../answers/yo-rc.ts';
import type { Manifest } from '../../manifest/content.ts';
import { emptyManifest } from '../../manifest/manifest.ts';
import { isDict } from '../../model/dict.ts';
import type { Intent } from '../../model/intent.ts';
import { readDisk } from '../../plan/disk.ts';
import { sha256Of } from '../../sha256.ts';
import { type Commit, historyOf } from '../../system/git.ts';
import { withUnixLines } from '../../text/split-lines.ts';
import { explain } from './explain.ts';
import { readings, TELLING } from './readings.ts';
import { FIRST_RELEASE, firstFiles, firstImage } from './rendering.ts';

/** What a folder without a manifest was rendered from. */
export interface Past {
  manifest: Manifest | undefined;
  /** By SHA-256. */
  bases: ReadonlyMap<string, Buffer>;
  /** Files whose base is read from them alone: what is replaced in them may be an edit. */
  uncertain: ReadonlySet<string>;
}

/**
 * The manifest that the first release would have left behind, from what it is seen to have rendered.
 * @param answers those of today, which someone may have changed since
 * @param yoRc the path of the stored answers, in whose history older ones are
 */
export function pastOf(root: string, answers: Intent, yoRc: string): Past {
  const nothing: Past = { manifest: undefined, bases: new Map(), uncertain: new Set() };
  const paths = [...(firstFiles(firstImage({ name: 'demo' }) ?? {})?.keys() ?? []), ...TELLING];
  const disk = new Map<string, string>();
  for (const [path, entry] of readDisk(root, paths))
    if (entry?.kind === 'file') disk.set(path, withUnixLines(entry.bytes).toString());
  const found = explain([answers], disk, []);
  const isWhole =
    found && [...found.files].every(([path, file]) => !disk.has(path) || disk.get(path) === file.bytes.toString());
  const explained = isWhole ? found : explainAll(root, answers, yoRc, disk);
  if (!explained) return nothing;

  const manifest = emptyManifest('project', FIRST_RELEASE);
  const bases = new Map<string, Buffer>();
  for (const [path, { bytes, executable, policy }] of explained.files) {
    if (policy === 'seed') manifest.seeds.push(path);
    else if (!explained.unclear.includes(path)) {
      const sha256 = sha256Of(bytes);
      manifest.files[path] = { sha256, executable };
      bases.set(sha256, bytes);
    }
  }
  return { manifest, bases, uncertain: new Set(explained.onlyByThemselves) };
}

/** With older answers, and what the files hold: as they were first committed, before anyone edited them. */
function explainAll(root: string, answers: Intent, yoRc: string, disk: ReadonlyMap<string, string>) {
  const history = historyOf(root, yoRc, TELLING);
  const first = history.at(-1);
  const recorded = history.flatMap((commit) => answersIn(commit, yoRc));
  const untouched = first ? new Map([...first].map(([path, bytes]) => [path, withUnixLines(bytes).toString()])) : disk;
  return explain([answers, ...recorded], disk, readings(untouched));
}

function answersIn(commit: Commit, yoRc: string): Intent[] {
  try {
    const content: unknown = JSON.parse(withUnixLines(commit.get(yoRc) ?? Buffer.from('')).toString());
    const ours = isDict(content) ? content[ANSWERS_KEY] : undefined;
    return isDict(ours) && isDict(ours.answers) && unusable(ours.answers).length === 0 ? [ours.answers] : [];
  } catch {
    return [];
  }
}
