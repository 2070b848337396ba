import { readAnswers, STANDARD_INPUT } from '../answers.ts';
import { conflictMode } from '../conflict-mode.ts';
import { newFlags } from '../flags.ts';
import { besideText } from '../lib/answers/beside.ts';
import { answersFromFlags, isOn, single } from '../lib/answers/flags.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { summary } from '../lib/output/summary.ts';
import { readStack } from '../lib/stacks/stack.ts';
import { placeOf } from '../lib/verbs/destination.ts';
import { askOpen, type NewRequest, newProject } from '../lib/verbs/new.ts';
import { isDryRun, printChange, printResult } from './result.ts';
import type { CommandLine, Host, Verb, Wrote } from './verb.ts';

/** `makina-image new [NAME] [flags]` */
export const newVerb = (): Verb => ({
  words: '[NAME|PATH]',
  names: 'folder',
  about:
    'Creates ./NAME. To use another folder, give its path, such as . or images/shop.\nFlags override the answers file, which overrides .yo-rc.json, which overrides the defaults.',
  flags: newFlags(),
  run: async (line, host) => write(line, host, await requestOf(line, host)),
  ask: async (line, host) => {
    const request = await askOpen(await requestOf(line, host));
    await refuseEarly(request);
    return () => write(line, host, request);
  },
});

/** Refuses bad answers before other generators write; files in the way are no error yet, since they may still change. */
async function refuseEarly(request: NewRequest): Promise<void> {
  try {
    await newProject({ ...request, ask: undefined, dryRun: true });
  } catch (error) {
    if (error instanceof UserError && error.code === EXIT.usage) throw error;
  }
}

async function requestOf({ flags, words }: CommandLine, host: Host): Promise<NewRequest> {
  if (words.length > 1)
    throw new UserError(
      `new takes one name or path, not ${words.length} words: ${words.join(' ')}; a value of several words needs quotes`,
    );

  const { names, ...place } = placeOf(words, single(flags, 'destination'));
  const stack = single(flags, 'stack');
  const answersFrom = single(flags, 'answers');
  const isExact = isOn(flags, 'exact');
  const mayAsk = !isOn(flags, 'yes') && !isExact && answersFrom !== STANDARD_INPUT;
  const prompts = mayAsk ? await host.prompts() : undefined;
  return {
    cwd: host.cwd,
    ...place,
    flags: answersFromFlags({ ...flags, name: [...names, ...(flags.name ?? [])] }),
    answers: await readAnswers(answersFrom, host.cwd, isExact),
    stack: stack === undefined ? undefined : await readStack(stack, host.cwd),
    isExact,
    answersYaml: flags['answers-yaml']?.at(-1) as boolean | undefined,
    ask: prompts?.ask,
    askStack: prompts?.askStack,
    insist: prompts?.insist,
    confirm: prompts?.confirm,
    dryRun: isDryRun(flags),
    conflict: conflictMode(single(flags, 'conflict')),
    allowDirty: isOn(flags, 'allow-dirty'),
  };
}

async function write({ flags }: CommandLine, host: Host, request: NewRequest): Promise<Wrote[]> {
  const { confirm } = request;
  let isShown = false;
  const change = await newProject({
    ...request,
    confirm:
      confirm &&
      ((planned) => {
        isShown = true;
        return confirm(planned);
      }),
  });
  const wrote = printChange(flags, host, change, ({ style, ...reader }) =>
    summary(change, { ...reader, style: isShown ? undefined : style }),
  );
  const others = besideText(change.beside ?? [], request.isExact === true, !isDryRun(flags));
  if (others) printResult(flags, others);
  const gone = besideText(change.gone ?? [], true, !isDryRun(flags));
  if (gone) printResult(flags, gone);
  return wrote;
}
