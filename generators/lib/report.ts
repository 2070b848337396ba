import * as z from 'zod/mini';
import { version } from './package.ts';
import type { PlannedFile } from './plan/plan.ts';
import type { Examined } from './regenerate.ts';

const lines = () => z.array(z.string());

/** What `--json` prints of one project; docs/report.schema.json is made from it. */
export const reportSchema = z.strictObject({
  schema: z.literal(1),
  project: z.string(),
  /** The generator that wrote last, and this one; null where there is no project. */
  from: z.nullable(z.string()),
  to: z.string(),
  result: z.enum(['in-sync', 'would-change', 'changed', 'conflicts', 'error']),
  exit: z.int(),
  /** Whether it was carried out. */
  written: z.boolean(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      action: z.string(),
      reason: z.optional(z.string()),
      settled: z.optional(z.string()),
      conflicts: z.optional(z.array(z.strictObject({ line: z.int(), ours: lines(), base: lines(), theirs: lines() }))),
    }),
  ),
  adopted: lines(),
  error: z.optional(z.string()),
});

/** The JSON Schema of what `--json` prints. */
export const reportJsonSchema = () => ({
  ...z.toJSONSchema(reportSchema),
  title: 'Report of makina-image check, diff and upgrade',
});

export type Report = z.output<typeof reportSchema>;

/** The exit codes of check, diff and upgrade; the same table stands in docs/exit-codes.md. */
export const CODE = { inSync: 0, error: 1, change: 2, conflict: 3 } as const;

/**
 * Tells of an examined project.
 * @param done whether it was carried out
 */
export function reportOf(examined: Examined, done: boolean): Report {
  const { project, plan, changes, conflicts } = examined;
  const changed = changes ? (done ? 'changed' : 'would-change') : 'in-sync';
  const result = conflicts ? 'conflicts' : changed;
  const exits = { 'in-sync': CODE.inSync, changed: CODE.inSync, 'would-change': CODE.change, conflicts: CODE.conflict };
  return {
    schema: 1,
    project: project.root,
    from: project.manifest?.generator ?? null,
    to: version,
    result,
    exit: exits[result],
    written: done,
    files: plan.files.map(fileOf),
    adopted: plan.manifest.adopted,
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

function fileOf({ path, action, reason, settled, hunks }: PlannedFile): Report['files'][number] {
  return { path, action, ...(reason && { reason }), ...(settled && { settled }), ...(hunks && { conflicts: hunks }) };
}

/** The exit code of several projects: the worst, in the order 1, 3, 2, 0. */
export function worst(exits: readonly number[]): number {
  return [CODE.error, CODE.conflict, CODE.change].find((code) => exits.includes(code)) ?? CODE.inSync;
}
