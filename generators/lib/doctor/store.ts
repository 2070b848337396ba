import { join } from 'node:path';
import { ATTRIBUTES, BASE, brokenBases, hasAttributes, readBase } from '../manifest/store.ts';
import { sha256Of } from '../sha256.ts';
import { plainWord } from '../text/quote.ts';
import { type Change, knownBytes } from '../verbs/change.ts';
import { type Finding, named, plural, warning } from './finding.ts';

/** Whether the engine's own files in a project are as it wrote them: a hook, a person or git may have changed them. */
export function checkStore({ project }: Change): Finding[] {
  const { root, manifest } = project;
  if (!manifest) return [];
  const repair = `\`makina-image upgrade ${plainWord(root)}\` fixes it`;
  const attributes = warning(
    'store',
    'git may change the line ends of what the engine keeps',
    join(root, ATTRIBUTES),
    repair,
  );
  const broken = brokenBases(root, manifest);
  const known = new Set(broken.length > 0 ? knownBytes(project).map((bytes) => sha256Of(bytes)) : []);
  const isRepairable = (sha256: string) => known.has(sha256) || readBase(root, sha256) !== undefined;
  const bases = [true, false].flatMap((repairable) => {
    const [first, ...more] = broken.filter((sha256) => isRepairable(sha256) === repairable);
    if (!first) return [];
    const paths = Object.keys(manifest.files).filter((path) =>
      [first, ...more].includes(manifest.files[path]?.sha256 ?? ''),
    );
    const what = `${plural(1 + more.length, 'base')} of your next merge cannot be used, for ${named(paths)}`;
    const back = `restore ${BASE} from your git history; otherwise a file that both you and a new release change is a conflict`;
    return [warning('store', what, join(root, BASE, first), repairable ? repair : back)];
  });
  return hasAttributes(root) ? bases : [...bases, attributes];
}
