import { join } from 'node:path';
import type { PlannedFile } from '../plan/types.ts';
import { plainWord } from '../text/quote.ts';
import type { Change } from '../verbs/change.ts';

const WHY: Partial<Record<PlannedFile['action'], string>> = {
  unchanged: 'it is already what would be written',
  converged: 'your edit matches the new template',
  'user-edit': 'you edited it, and the templates have nothing new',
  'deleted-by-user': 'you deleted it; makina-image restore PATH brings it back',
  conflict: 'a conflict',
};

/** Every file that a run does not touch, and why not: a line for each. */
export function leftAlone({ project, plan }: Change): string[] {
  const planned = new Map(plan.files.map((file) => [file.path, file]));
  const why = (path: string) => {
    const file = planned.get(path);
    if (file) return file.resolved === 'ours' ? 'a conflict, resolved with your version' : WHY[file.action];
    if (plan.manifest.adopted.includes(path)) return 'you adopted it; makina-image restore PATH undoes that';
    const isStarter = project.theirs.files.get(path)?.policy === 'starter';
    return isStarter ? 'it was written once, and is yours now' : 'it is up to date';
  };
  const isChanged = ({ before, after }: PlannedFile) => before !== after;
  return [...new Set([...project.theirs.files.keys(), ...planned.keys()])]
    .filter((path) => !planned.has(path) || !isChanged(planned.get(path) as PlannedFile))
    .sort()
    .map((path) => {
      const full = join(project.root, path);
      return `${full}: left alone, ${(why(path) ?? 'nothing is new').replace('PATH', () => plainWord(full))}`;
    });
}
