import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { optional, required } from '../model/types.ts';
import { schemaId, version } from '../package.ts';

const findingSchema = () =>
  z.strictObject({
    id: required(z.string(), 'The check'),
    level: required(z.enum(['ok', 'warning', 'error']), 'How serious it is'),
    what: required(z.string(), 'What was found'),
    where: optional(z.string(), 'A path, with line and column if they are known, or an address'),
    fix: optional(z.string(), 'What to do about it; always present if the level is not ok'),
  });

/** What one check found. */
export type Finding = z.output<ReturnType<typeof findingSchema>>;

/** What `doctor --json` prints; docs/doctor.schema.json is made from it. Only made where it is needed: it takes time. */
export const doctorSchema = () =>
  z.strictObject({
    schema: required(z.literal(1), 'The version of this format'),
    generator: required(z.string(), 'The version of this generator'),
    project: required(
      z.nullable(z.string()),
      'The folder of the project; null if there is none, and only the host was checked',
    ),
    result: required(z.enum(['ok', 'warnings', 'errors']), 'The worst of all findings'),
    exit: required(z.int(), 'The exit code'),
    findings: required(z.array(findingSchema()), 'One or more for each check'),
  });

export type DoctorReport = z.output<ReturnType<typeof doctorSchema>>;

/** The JSON Schema of what `doctor --json` prints. */
export const doctorJsonSchema = () => {
  const { $schema, ...rest } = z.toJSONSchema(doctorSchema());
  return { $schema, $id: schemaId('doctor'), title: 'Report of makina-image doctor', ...rest };
};

export const ok = (id: string, what: string, where?: string): Finding => ({
  id,
  level: 'ok',
  what,
  ...(where !== undefined && { where }),
});

/** It may stop a build or a start, now or later. */
export const warning = (id: string, what: string, where: string, fix: string): Finding => ({
  id,
  level: 'warning',
  what,
  where,
  fix,
});

/** It stops a build or a start. */
export const error = (id: string, what: string, where: string, fix: string): Finding => ({
  id,
  level: 'error',
  what,
  where,
  fix,
});

/** The finding of a UserError, which says what to do after its last semicolon, or of a system error. @throws any other error */
export function fromError(id: string, failure: unknown, where: string): Finding {
  if (!(failure instanceof UserError) && !(failure instanceof Error && 'syscall' in failure)) throw failure;
  const [, what = failure.message, fix = 'fix that'] = /^(.*); (.*?)$/s.exec(failure.message) ?? [];
  return error(id, what, where, fix);
}

/** The exit codes of doctor; docs/exit-codes.md has the same table. */
export const HEALTH = { well: 0, failed: 1, errors: 2 } as const;

/** The report of all findings. */
export function reportOf(project: string | undefined, findings: Finding[]): DoctorReport {
  const levels = findings.map(({ level }) => level);
  const result = levels.includes('error') ? 'errors' : levels.includes('warning') ? 'warnings' : 'ok';
  return {
    schema: 1,
    generator: version,
    project: project ?? null,
    result,
    exit: result === 'errors' ? HEALTH.errors : HEALTH.well,
    findings,
  };
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** The report as text: a line for each finding, what to do about it below, and a last line that counts. */
export function doctorText({ project, findings }: DoctorReport): string {
  const count = (level: string) => findings.filter((finding) => finding.level === level).length;
  const lines = findings.flatMap(({ id, level, what, where, fix }) => [
    `${level.padEnd(7)}  ${id}: ${what}${where === undefined ? '' : ` (${where})`}`,
    ...(fix === undefined ? [] : [`         ${fix}`]),
  ]);
  const counted = `${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}`;
  const all = [...lines, `${project ?? 'no project here'}: ${counted}`];
  // File names and keys may hold anything.
  return all.map((line) => line.replace(CONTROL, '?')).join('\n');
}

/** `1 file`, `2 files` */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Some names for a sentence: the first few, and how many more. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
