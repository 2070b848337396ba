import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { CONFLICT_MODES, type ConflictMode } from '../../generators/lib/plan/types.ts';
import type { Rendered } from '../../generators/lib/render/render.ts';
import { entryAt } from './snapshot.ts';

/** A file of a version of the templates. */
interface TemplateFile {
  lines: string[];
  endsWithNewline: boolean;
  executable: boolean;
  binary: boolean;
}
type Template = Map<string, TemplateFile>;

/** Three versions of some templates, and what a user does to what the first one wrote. */
export interface Scenario {
  versions: [Rendered, Rendered, Rendered];
  edits: Edit[];
  mode: ConflictMode;
}

const PATHS = [
  'README.md',
  '.gitignore',
  'compose.yaml',
  'project/Dockerfile',
  'project/launch.sh',
  'project/.salt/100.sls',
  'project/.salt/files/app.json',
  'project/.salt/files/deep/er.ini',
  'with blank/a b.txt',
  'naïve.txt',
  'logo.bin',
  'pillar/init.sls',
  'custom.sls',
];
/** Written once. */
const SEEDS = ['pillar/init.sls', 'custom.sls'];
const BINARY = 'logo.bin';
const COMMON = ['', 'RUN true', 'fi', '  - require:', '}'];

/** What one version changes in the one before. */
interface Change {
  file: number;
  how: 'insert' | 'delete' | 'replace' | 'remove' | 'add' | 'chmod' | 'newline';
  at: number;
}

/** What the user does. */
export interface Edit {
  file: number;
  how: (typeof EDITS)[number];
  at: number;
}

const EDITS = [
  'insert',
  'insert',
  'insert',
  'replace',
  'replace',
  'delete',
  'move',
  'rename',
  'chmod',
  'remove',
  'crlf',
  'newline',
  'link',
  'folder',
  'binary',
  'bases',
  'create',
  'sidecar',
] as const;
/** Edits of which the outcome does not depend on the way that the versions take. */
const ADDING = ['insert', 'replace', 'crlf'] as const;

const place = { file: fc.nat(PATHS.length - 1), at: fc.nat(11) };
const change: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom(
    ...(['insert', 'insert', 'replace', 'replace', 'delete', 'remove', 'add', 'chmod', 'newline'] as const),
  ),
  ...place,
});
const changes = fc.array(change, { maxLength: 8 });
const shape = fc.record({
  isThere: fc.integer({ min: 0, max: 9 }).map((n) => n < 8),
  size: fc.integer({ min: 0, max: 10 }),
  common: fc.array(fc.nat(9), { minLength: 10, maxLength: 10 }),
  executable: fc.boolean(),
  endsWithNewline: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
});
const shapes = fc.array(shape, { minLength: PATHS.length, maxLength: PATHS.length });

/** Any scenario. */
export const scenarios: fc.Arbitrary<Scenario> = scenariosWith(EDITS, true);
/** Those with edits of text only, and no line twice: what a merge makes of them is beyond dispute. */
export const plainScenarios: fc.Arbitrary<Scenario> = scenariosWith(ADDING, false);

function scenariosWith(kinds: readonly Edit['how'][], withCommon: boolean): fc.Arbitrary<Scenario> {
  const edits = fc.array(fc.record({ how: fc.constantFrom(...kinds), ...place }), { maxLength: 12 });
  const mode = fc.constantFrom(...CONFLICT_MODES);
  return fc.tuple(shapes, changes, changes, edits, mode).map(([shapes, second, third, edits, mode]) => {
    const first: Template = new Map(
      shapes.flatMap(({ isThere, size, common, executable, endsWithNewline }, index) => {
        const path = PATHS[index] as string;
        const line = (_: unknown, at: number) =>
          withCommon && (common[at] ?? 9) < 3 ? (COMMON[common[at] as number] as string) : `${path} ${at}`;
        const lines = Array.from({ length: size }, line);
        return isThere ? [[path, { lines, executable, endsWithNewline, binary: path === BINARY }]] : [];
      }),
    );
    const next = changed(first, second, 'second', new Set());
    const gone = new Set([...first.keys()].filter((path) => !next.has(path)));
    const versions = [first, next, changed(next, third, 'third', gone)].map(rendered);
    return { versions: versions as Scenario['versions'], edits, mode };
  });
}

/** @param gone paths that do not come back */
function changed(before: Template, changes: Change[], label: string, gone: ReadonlySet<string>): Template {
  const after: Template = new Map([...before].map(([path, file]) => [path, { ...file, lines: [...file.lines] }]));
  for (const [index, { file, how, at }] of changes.entries()) {
    const path = PATHS[file] as string;
    const found = after.get(path);
    const line = `${label} ${index}`;
    if (!found) {
      if (how === 'add' && !gone.has(path) && !before.has(path))
        after.set(path, { lines: [line], executable: at > 6, endsWithNewline: true, binary: path === BINARY });
      continue;
    }
    const where = at % (found.lines.length + 1);
    if (how === 'insert') found.lines.splice(where, 0, line);
    else if (how === 'replace') found.lines.splice(where, 1, line);
    else if (how === 'delete') found.lines.splice(where, 1);
    else if (how === 'remove') after.delete(path);
    else if (how === 'chmod') found.executable = !found.executable;
    else if (how === 'newline') found.endsWithNewline = !found.endsWithNewline;
  }
  return after;
}

function rendered(template: Template): Rendered {
  const file = ([path, { lines, endsWithNewline, executable, binary }]: [string, TemplateFile]) => {
    const text = lines.join('\n') + (endsWithNewline && lines.length > 0 ? '\n' : '');
    const policy = SEEDS.includes(path) ? ('starter' as const) : ('shared' as const);
    return [path, { bytes: Buffer.from(binary ? `\0${text}` : text), executable, policy }] as const;
  };
  return { files: new Map([...template].map(file)), dirs: ['data/data'] };
}

/** Does what the user does. What is not possible, since the file is not there, is left out. */
export function edit(root: string, edits: readonly Edit[]): void {
  for (const [index, { file, how, at }] of edits.entries()) {
    const path = PATHS[file] as string;
    const line = `user ${index}`;
    if (how === 'bases') rmSync(join(root, '.makina-image/base'), { recursive: true, force: true });
    else if (how === 'sidecar') create(root, `${path}.makina-image-new`, `${line}\n`);
    else if (how === 'create') create(root, path, `${line}\n`);
    else if (entryAt(join(root, path))?.isFile()) editFile(join(root, path), how, at, line, join(root, '../outside'));
  }
}

function create(root: string, path: string, text: string): void {
  const parents = dirname(path)
    .split('/')
    .map((_, index, steps) => join(root, ...steps.slice(0, index + 1)));
  if (entryAt(join(root, path)) || parents.some((parent) => entryAt(parent) && !entryAt(parent)?.isDirectory())) return;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function editFile(file: string, how: Edit['how'], at: number, line: string, outside: string): void {
  if (how === 'chmod') chmodSync(file, entryAt(file)?.mode === 0o100755 ? 0o644 : 0o755);
  else if (how === 'remove') rmSync(file);
  else if (how === 'rename') renameSync(file, `${file}.mine`);
  else if (how === 'link' || how === 'folder') {
    rmSync(file);
    if (how === 'link') symlinkSync(outside, file);
    else mkdirSync(file);
  } else writeFileSync(file, edited(readFileSync(file, 'latin1'), how, at, line), 'latin1');
}

function edited(text: string, how: Edit['how'], at: number, line: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  if (how === 'crlf') return text.replaceAll(/\r?\n/g, '\r\n');
  if (how === 'newline') return text.replace(/\r?\n$/, '');
  if (how === 'binary') return `${text}${line}\n\0`;
  const lines = text.split(eol);
  const where = at % lines.length;
  if (how === 'insert') lines.splice(where, 0, line);
  else if (how === 'replace') lines.splice(where, 1, line);
  else if (how === 'delete') lines.splice(where, 1);
  else if (how === 'move') lines.splice((where + 3) % lines.length, 0, ...lines.splice(where, 1));
  return lines.join(eol);
}
