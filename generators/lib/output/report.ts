import * as z from 'zod/mini';
import { optional, required } from '../model/types.ts';
import { schemaId, version } from '../package.ts';
import type { PlannedFile } from '../plan/types.ts';
import { type Change, changedFiles, isOpen } from '../verbs/change.ts';

const lines = () => z.array(z.string());

/** What `--json` prints of one project; docs/report.schema.json is made from it. Only made where it is needed: it takes time. */
const reportSchema = () =>
  z.strictObject({
    schema: required(z.literal(1), 'The version of this format'),
    project: required(z.string(), 'The folder of the project'),
    from: required(z.nullable(z.string()), 'The version that wrote the project last; null if there is no project'),
    to: required(z.string(), 'The version of this generator'),
    result: required(z.enum(['in-sync', 'would-change', 'changed', 'conflicts', 'error']), 'What the run found or did'),
    exit: required(z.int(), 'The exit code of this project'),
    written: required(z.boolean(), 'Whether files were written'),
    files: required(
      z.array(
        z.strictObject({
          path: required(z.string(), 'Relative to the project'),
          action: required(z.string(), 'What happens to the file; docs/regeneration.md explains each action'),
          from: optional(z.string(), 'Its former path, if the templates moved it'),
          reason: optional(
            z.string(),
            'Why the file conflicts, what changed in a deleted or adopted file, or why a file is missing',
          ),
          resolved: optional(z.string(), 'The side that resolved the conflict: ours or theirs'),
          conflicts: optional(
            z.array(
              z.strictObject({
                line: required(z.int(), 'The line where the conflict starts'),
                ours: required(lines(), 'The lines in your file'),
                base: required(lines(), 'The lines that were merged last'),
                theirs: required(lines(), 'The lines of the new template'),
              }),
            ),
            'The places in the file that conflict',
          ),
        }),
      ),
      'Files that change or conflict, and files that you edited or deleted',
    ),
    adopted: required(lines(), 'Files that you adopted: upgrades leave them alone'),
    vendored: optional(
      lines(),
      'Edited files of the runtime, for which the project gets a runtime of its own (runtime: vendored)',
    ),
    error: optional(z.string(), 'What went wrong'),
  });

/** The JSON Schema of what `--json` prints. */
export const reportJsonSchema = () => {
  const { $schema, ...rest } = z.toJSONSchema(reportSchema());
  return {
    $schema,
    $id: schemaId('report'),
    title: 'Report of makina-image check, diff and upgrade',
    ...rest,
  };
};

export type Report = z.output<ReturnType<typeof reportSchema>>;

/** The exit codes of check, diff and upgrade; docs/exit-codes.md has the same table. */
export const CODE = { inSync: 0, error: 1, change: 2, conflict: 3 } as const;

/** The report of one project. */
export function reportOf(change: Change): Report {
  const { project, plan, isWritten } = change;
  const { vendored = [] } = project;
  const changed = changedFiles(change).length > 0 ? (isWritten ? 'changed' : 'would-change') : 'in-sync';
  const result = isOpen(change) ? 'conflicts' : changed;
  const exits = { 'in-sync': CODE.inSync, changed: CODE.inSync, 'would-change': CODE.change, conflicts: CODE.conflict };
  return {
    schema: 1,
    project: project.root,
    from: project.manifest?.generator ?? null,
    to: version,
    result,
    exit: exits[result],
    written: isWritten,
    files: plan.files.map(fileOf),
    adopted: plan.manifest.adopted,
    ...(vendored.length > 0 && { vendored: [...vendored] }),
  };
}

/** The report of a project that could not be read or changed. */
export function errorReport(project: string, message: string): Report {
  return {
    schema: 1,
    project,
    from: null,
    to: version,
    result: 'error',
    exit: CODE.error,
    written: false,
    files: [],
    adopted: [],
    error: message,
  };
}

function fileOf({ path, from, action, reason, resolved, hunks }: PlannedFile): Report['files'][number] {
  return {
    path,
    action,
    ...(from && { from }),
    ...(reason && { reason }),
    ...(resolved && { resolved }),
    ...(hunks && { conflicts: hunks }),
  };
}

/** The exit code of several projects: the worst, in the order 1, 3, 2, 0. */
export function worst(exits: readonly number[]): number {
  return [CODE.error, CODE.conflict, CODE.change].find((code) => exits.includes(code)) ?? CODE.inSync;
}
