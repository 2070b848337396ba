import Generator, { type BaseOptions } from 'yeoman-generator';
import { conflictMode } from '../conflict-mode.ts';
import { DRY_RUN, WRITING } from '../flags.ts';
import { baseImage } from '../lib/base-image.ts';
import { UserError } from '../lib/errors.ts';
import { baseSummary } from '../lib/summary.ts';
import { declare, FEATURES, flagValues, tellChange } from '../yeoman/front.ts';

const FLAGS = [...WRITING, DRY_RUN];

/** `yo makina-image:base DIR` */
export default class Base extends Generator {
  readonly #raw: Record<string, unknown>;

  constructor(args: string[], options: BaseOptions) {
    super(args, options, FEATURES);
    this.#raw = { ...options };
    this.argument('DIR', { type: String, required: false, description: 'Folder of the base image' });
    declare(this, FLAGS);
  }

  writing(): void {
    const values = flagValues(this.#raw, FLAGS, 'makina-image base');
    const [folder] = this.args;
    if (!folder || this.args.length > 1) throw new UserError('base takes one folder: yo makina-image:base DIR');
    const dryRun = values['dry-run'] === true;
    const conflict = conflictMode(this.#raw.force === true ? 'theirs' : (values.conflict as string | undefined));
    const change = baseImage(
      this.destinationRoot(),
      folder,
      { conflict, allowDirty: values['allow-dirty'] === true },
      dryRun,
    );
    tellChange(this, dryRun, change, (reader) => baseSummary(change, reader));
  }
}
