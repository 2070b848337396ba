import Generator, { type BaseOptions } from 'yeoman-generator';
import { readAnswers, STANDARD_INPUT } from '../answers.ts';
import { conflictMode } from '../conflict-mode.ts';
import { newFlags } from '../flags.ts';
import { toldBeside } from '../lib/answers/beside.ts';
import { answersFromFlags } from '../lib/answers/flags.ts';
import { answered, confirmation, insistence, questions } from '../lib/answers/questions.ts';
import { newProject } from '../lib/new-project.ts';
import { placeOf } from '../lib/place.ts';
import { shown } from '../lib/shown.ts';
import { summary } from '../lib/summary.ts';
import { lookOf } from '../terminal.ts';
import { declare, FEATURES, flagValues, mayAsk, tellChange } from '../yeoman/front.ts';

const FLAGS = newFlags();

/** `yo makina-image [NAME] [flags]` */
export default class App extends Generator {
  readonly #raw: Record<string, unknown>;

  constructor(args: string[], options: BaseOptions) {
    super(args, options, FEATURES);
    this.#raw = { ...options };
    this.argument('NAME', {
      type: String,
      required: false,
      description: 'Name of the project and of its image, or the path of its folder',
    });
    declare(this, FLAGS);
  }

  async writing(): Promise<void> {
    const values = flagValues(this.#raw, FLAGS, 'makina-image new');
    const given = Object.fromEntries(Object.entries(values).map(([flag, value]) => [flag, [value]]));
    const isExact = values.exact === true;
    const isAsking = mayAsk(values.yes === true || isExact || values.answers === STANDARD_INPUT);
    const dryRun = values.preview === true || values['dry-run'] === true;
    const { names, ...place } = placeOf(this.args.map(String), values.destination as string | undefined);
    let isShown = false;
    const change = await newProject({
      cwd: this.destinationRoot(),
      ...place,
      flags: answersFromFlags({ ...given, name: [...names, ...(given.name ?? [])] }),
      answers: await readAnswers(values.answers as string | undefined, isExact),
      isExact,
      ask: isAsking ? (open) => answered(this.prompt(questions(open) as never)) : undefined,
      insist: isAsking ? (question) => this.#insist(question) : undefined,
      confirm: async (planned) => {
        const { intro, question } = confirmation(planned, lookOf(2));
        this.log(shown(intro, lookOf(2)));
        isShown = true;
        return ((await answered(this.prompt([question] as never))) as { go: boolean }).go;
      },
      dryRun,
      conflict: conflictMode(this.#raw.force === true ? 'theirs' : (values.conflict as string | undefined)),
      allowDirty: values['allow-dirty'] === true,
    });
    tellChange(this, dryRun, change, ({ look, ...reader }) =>
      summary(change, { ...reader, look: isShown ? undefined : look }),
    );
    const others = toldBeside(change.beside ?? [], isExact, !dryRun);
    if (others) this.log(shown(others));
  }

  async #insist(question: string): Promise<boolean> {
    return ((await answered(this.prompt([insistence(shown(question))] as never))) as { go: boolean }).go;
  }
}
