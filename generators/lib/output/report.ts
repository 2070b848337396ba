import * as z from 'zod/mini';
import { optional, required } from '../model/types.ts';
import { schemaId, version } from '../package.ts';
import type { PlannedFile } from '../plan/types.ts';
import { type Change, changedFiles, isOpen } from '../verbs/change.ts';

const lines = () => z.array(z.string());

/** What `--json` prints of one project; docs/report.schema.json is made from it. */
export const reportSchema = z.strictObject({
  schema: required(z.literal(1), 'The version of this format'),
  project: required(z.string(), 'The folder of the project'),
  from: required(z.nullable(z.string()), 'The generator that wrote last; null where there is no project'),
  to: required(z.string(), 'This generator'),
  result: required(z.enum(['in-sync', 'would-change', 'changed', 'conflicts', 'error']), 'What there is to tell'),
  exit: required(z.int(), 'The exit code of this project'),
  written: required(z.boolean(), 'Whether it was carried out'),
  files: required(
    z.array(
      z.strictObject({
        path: required(z.string(), 'Relative to the project'),
        action: required(z.string(), 'What becomes of it, as docs/regeneration.md tells'),
        from: optional(z.string(), 'Where it was, if the templates moved it'),
        reason: optional(
          z.string(),
          'Why it is a conflict, what is new in a file that was deleted or adopted, or why one is missing',
        ),
        resolved: optional(z.string(), 'The side for which a conflict was resolved: ours or theirs'),
        conflicts: optional(
          z.array(
            z.strictObject({
              line: required(z.int(), 'Where it is in the file'),
              ours: required(lines(), 'What is there'),
              base: required(lines(), 'What was merged in last'),
              theirs: required(lines(), 'What the templates say now'),
            }),
          ),
          'The places of a conflict',
        ),
      }),
    ),
    'The files of which there is something to tell',
  ),
  adopted: required(lines(), "Files that are the user's for good"),
  vendored: optional(
    lines(),
    'Edited files of the runtime, for which the project gets a runtime of its own (runtime: vendored)',
  ),
  error: optional(z.string(), 'What went wrong'),
});

/** The JSON Schema of what `--json` prints. */
export const reportJsonSchema = () => {
  const { $schema, ...rest } = z.toJSONSchema(reportSchema);
  return {
    $schema,
    $id: schemaId('report'),
    title: 'Report of makina-image check, diff and upgrade',
    ...rest,
  };
};

export type Report = z.output<typeof reportSchema>;

/** The exit codes of check, diff and upgrade; the same table stands in docs/exit-codes.md. */
export const CODE = { inSync: 0, error: 1, change: 2, conflict: 3 } as const;

/** Tells of one project. */
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

/** Tells that a project could not be examined or changed. */
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
