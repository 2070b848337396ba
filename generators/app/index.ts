import { tmpdir } from 'node:os';
import Generator, { type BaseOptions } from 'yeoman-generator';
import { conflictMode } from '../conflict-mode.ts';
import { newFlags } from '../flags.ts';
import { readAnswersFile } from '../lib/answers/answers-file.ts';
import { answersFromFlags } from '../lib/answers/flags.ts';
import { answered, questions } from '../lib/answers/questions.ts';
import { EXIT } from '../lib/errors.ts';
import { newProject } from '../lib/new-project.ts';
import { summary } from '../lib/summary.ts';
import { declare, FEATURES, flagValues, mayAsk } from '../yeoman/front.ts';

const FLAGS = newFlags();

/** `yo makina-image [NAME] [flags]` */
export default class App extends Generator {
  readonly #raw: Record<string, unknown>;

  constructor(args: string[], options: BaseOptions) {
    super(args, options, FEATURES);
    this.#raw = { ...options };
    this.argument('NAME', { type: String, required: false, description: 'Name of the project and of its image' });
    declare(this, FLAGS);
  }

  async writing(): Promise<void> {
    const values = flagValues(this.#raw, FLAGS, 'makina-image new');
    const given = Object.fromEntries(Object.entries(values).map(([flag, value]) => [flag, [value]]));
    const { image, ...written } = await newProject({
      cwd: this.destinationRoot(),
      destination: values.destination as string | undefined,
      flags: answersFromFlags({ ...given, name: [...this.args.map(String), ...(given.name ?? [])] }),
      answers: await readAnswersFile(values.answers as string | undefined),
      ask: mayAsk(values.yes === true) ? (open) => answered(this.prompt(questions(open) as never)) : undefined,
      conflict: conflictMode(this.#raw.force === true ? 'theirs' : (values.conflict as string | undefined)),
      scratch: tmpdir(),
    });
    if (written.conflicts) process.exitCode = EXIT.conflict;
    const baseCommand = process.env.npm_command === 'exec' ? 'npx yo makina-image:base' : 'yo makina-image:base';
    this.log(summary(image, written, this.destinationRoot(), baseCommand));
  }
}
