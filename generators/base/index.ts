import Generator, { type BaseOptions } from 'yeoman-generator';
import { baseImage } from '../lib/base-image.ts';
import { UserError } from '../lib/errors.ts';
import { baseSummary } from '../lib/summary.ts';
import { FEATURES, flagValues } from '../yeoman/front.ts';

/** `yo makina-image:base DIR [--force]` */
export default class Base extends Generator {
  readonly #raw: Record<string, unknown>;

  constructor(args: string[], options: BaseOptions) {
    super(args, options, FEATURES);
    this.#raw = { ...options };
    this.argument('DIR', { type: String, required: false, description: 'Folder of the base image' });
  }

  writing(): void {
    flagValues(this.#raw, [], 'makina-image base');
    const [folder] = this.args;
    if (!folder || this.args.length > 1) throw new UserError('base takes one folder: yo makina-image:base DIR');
    const written = baseImage(this.destinationRoot(), folder, this.#raw.force === true);
    this.log(baseSummary(written, this.destinationRoot()));
  }
}
