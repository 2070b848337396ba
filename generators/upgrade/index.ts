import { resolve } from 'node:path';
import Generator, { type BaseOptions } from 'yeoman-generator';
import { conflictMode } from '../conflict-mode.ts';
import { ALLOW_DIRTY, ALLOW_DOWNGRADE, CONFLICT, DRY_RUN } from '../flags.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { previewUpgrade } from '../lib/preview.ts';
import { reportOf } from '../lib/report.ts';
import { shown } from '../lib/shown.ts';
import { told } from '../lib/summary.ts';
import { check, upgrade } from '../lib/upgrade.ts';
import { lookOf } from '../terminal.ts';
import { declare, FEATURES, flagValues } from '../yeoman/front.ts';

const FLAGS = [CONFLICT, DRY_RUN, ALLOW_DIRTY, ALLOW_DOWNGRADE];

/** `yo makina-image:upgrade [DIR]` */
export default class Upgrade extends Generator {
  readonly #raw: Record<string, unknown>;

  constructor(args: string[], options: BaseOptions) {
    super(args, options, FEATURES);
    this.#raw = { ...options };
    this.argument('DIR', { type: String, required: false, description: 'The project; this folder if not given' });
    declare(this, FLAGS);
  }

  writing(): void {
    try {
      this.#upgrade();
    } catch (error) {
      // 2 is no error of this verb: something was changed.
      throw error instanceof UserError ? new UserError(error.message, EXIT.internal) : error;
    }
  }

  #upgrade(): void {
    const values = flagValues(this.#raw, FLAGS, 'makina-image upgrade');
    const conflict = conflictMode(this.#raw.force === true ? 'theirs' : (values.conflict as string | undefined));
    const dryRun = values['dry-run'] === true;
    const root = resolve(this.destinationRoot(), String(this.args[0] ?? '.'));
    const options = {
      conflict,
      allowDirty: values['allow-dirty'] === true,
      allowDowngrade: values['allow-downgrade'] === true,
    };
    const change = dryRun ? check(root, options) : upgrade(root, options);
    const report = reportOf(change);
    this.log(dryRun ? shown(previewUpgrade(change, conflict, lookOf(2), false), lookOf(2)) : shown(told(report)));
    process.exitCode = report.result === 'would-change' ? 0 : report.exit;
  }
}
