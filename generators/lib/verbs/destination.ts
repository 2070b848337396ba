import { basename, dirname } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { Intent } from '../model/intent.ts';
import { imageSchema } from '../model/schema.ts';
import { isProject, projectAround } from '../project/find.ts';
import { plainWord } from '../text/quote.ts';

/** What the words of `new` say: the name of a project, or where it goes. */
export interface Place {
  names: string[];
  /** A folder, relative to the one that the command runs in. */
  destination?: string;
  /** Whether the folder was given with --destination, so that no question about it is needed. */
  isMeant: boolean;
}

/**
 * Distinguishes a name, `shop`, from a path: `.`, `images/shop` and `../shop`.
 * @throws UserError (usage) for a path beside --destination, and for one with backslashes
 */
export function placeOf(words: readonly string[], destination: string | undefined): Place {
  const [word = ''] = words;
  if (word.includes('\\'))
    throw new UserError(`${word}: folders are separated with /; write ${word.replaceAll('\\', '/')}`);
  if (!/^\.\.?$|\//.test(word)) return { names: [...words], destination, isMeant: destination !== undefined };
  if (destination !== undefined)
    throw new UserError(`${word} and --destination ${destination} both say where to write; leave one of them out`);
  return { names: [], destination: word, isMeant: false };
}

/**
 * The name of a project if only its folder is known: that of the folder.
 * @param mayAsk whether a person can be asked for another one
 * @throws UserError (usage) if a project cannot have that name
 */
export function nameOfFolder(destination: string, mayAsk: boolean): Intent {
  const name = basename(destination);
  const { success, error } = imageSchema.shape.name.safeParse(name);
  if (success) return { name };
  if (mayAsk) return {};
  const why = error.issues[0]?.message;
  throw new UserError(
    `${destination}: the name of the folder cannot be that of the project, which ${why}; give one with --name`,
  );
}

/**
 * Refuses to write a project inside another one, unless the user means it.
 * @param insist asks a person; absent if no one can be asked
 * @throws UserError (usage, or interrupted if the answer is no)
 */
export async function refuseNested(
  destination: string,
  insist: ((question: string) => Promise<boolean>) | undefined,
): Promise<void> {
  const around = isProject(destination) ? undefined : projectAround(dirname(destination));
  if (around === undefined) return;
  if (await insist?.(`${destination} is inside the project ${around}. Write a separate project there`)) return;
  if (insist) throw new UserError('stopped, as you answered; nothing was written', EXIT.interrupted);
  throw new UserError(
    `${destination} would be inside the project ${around}; leave that folder, or if you mean it, add --destination ${plainWord(destination)}`,
  );
}
