import { readAnswers, STANDARD_INPUT } from '../answers.ts';
import { conflictMode } from '../conflict-mode.ts';
import { newFlags } from '../flags.ts';
import { toldBeside } from '../lib/answers/beside.ts';
import { answersFromFlags, isOn, single } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { newProject } from '../lib/new-project.ts';
import { placeOf } from '../lib/place.ts';
import { summary } from '../lib/summary.ts';
import { isCi, isTerminal } from '../terminal.ts';
import type { CommandLine } from './command-line.ts';
import { isDryRun, tell, tellChange } from './tell.ts';
import type { Verb } from './verb.ts';

/** `makina-image new [NAME] [flags]` */
export const newVerb = (): Verb => ({
  words: '[NAME|PATH]',
  names: 'folder',
  about:
    'NAME is written to ./NAME; PATH, such as . or images/shop, is the folder itself.\nA flag wins over the answers file, that over .yo-rc.json, that over the defaults.',
  flags: newFlags(),
  run,
});

async function run({ flags, words }: CommandLine): Promise<void> {
  if (words.length > 1)
    throw new UserError(
      `new takes one name or path, not ${words.length} words: ${words.join(' ')}; a value of several words needs quotes`,
    );

  const { names, ...place } = placeOf(words, single(flags, 'destination'));
  const answersFrom = single(flags, 'answers');
  const isExact = isOn(flags, 'exact');
  const mayAsk = !isOn(flags, 'yes') && !isExact && answersFrom !== STANDARD_INPUT && !isCi() && isTerminal(0, 1);
  const prompts = mayAsk ? await import('./prompts.ts') : undefined;
  let isShown = false;
  const change = await newProject({
    cwd: process.cwd(),
    ...place,
    flags: answersFromFlags({ ...flags, name: [...names, ...(flags.name ?? [])] }),
    answers: await readAnswers(answersFrom, isExact),
    isExact,
    ask: prompts?.ask,
    insist: prompts?.insist,
    confirm:
      prompts &&
      ((planned) => {
        isShown = true;
        return prompts.confirm(planned);
      }),
    dryRun: isDryRun(flags),
    conflict: conflictMode(single(flags, 'conflict')),
    allowDirty: isOn(flags, 'allow-dirty'),
  });
  await tellChange(flags, change, ({ look, ...reader }) =>
    summary(change, { ...reader, look: isShown ? undefined : look }),
  );
  const others = toldBeside(change.beside ?? [], isExact, !isDryRun(flags));
  if (others) tell(flags, others);
}
