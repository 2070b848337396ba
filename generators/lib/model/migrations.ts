import type { Intent } from './intent.ts';

/** Brings answers of one version of the model to the next; pure, and never changes what it is given. */
export type Migration = (answers: Intent) => Intent;

/** In order: the first one brings version 1 to version 2. A field that is renamed, or means something else, needs one. */
export const MIGRATIONS: readonly Migration[] = [];

/**
 * Brings stored answers to a newer version of the model.
 * @param version the version that they are of, from 1 up
 */
export function migrate(answers: Intent, version: number, migrations = MIGRATIONS): Intent {
  return migrations.slice(version - 1).reduce((older, migration) => migration(older), answers);
}
