import type { Clue } from '../model/stack.ts';
import { diskOf } from '../plan/disk.ts';
import type { Stack } from './stack.ts';

/** Where the code of an application may be: where a project has it, or in the folder itself before it becomes a project. */
const PLACES = ['project/app', 'project', '.'] as const;

/** Where a folder holds an application of a stack, by the stack's clues; undefined if it does not. No link is followed. */
export function placeOfCode(folder: string, { detect }: Pick<Stack, 'detect'>): string | undefined {
  const disk = diskOf(folder);
  const holds = (place: string, { file, contains }: Clue) => {
    const entry = disk.get(place === '.' ? file : `${place}/${file}`);
    if (entry?.kind !== 'file') return false;
    const text = contains.length > 0 ? entry.bytes.toString('latin1').toLowerCase() : '';
    return contains.length === 0 || contains.some((word) => text.includes(word.toLowerCase()));
  };
  return PLACES.find((place) => detect.some((clue) => holds(place, clue)));
}
