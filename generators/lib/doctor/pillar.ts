import fs from 'node:fs';
import { join } from 'node:path';
import { codeOf, lstat } from '../apply/state.ts';
import { isDict } from '../model/intent.ts';
import { error, type Finding, ok, warning } from './finding.ts';
import { dataSchema, violations } from './settings.ts';
import { parseYaml } from './yaml.ts';

const FIX = 'correct it there';
const BUILD = 'correct it there, then build the image again';

/**
 * Reads the pillars that are built into the image, as Salt does.
 * @param name the project, undefined if that is not known
 */
export async function checkPillars(root: string, name: string | undefined): Promise<Finding[]> {
  const schema = dataSchema(root);
  const findings: Finding[] = [];
  for (const path of ['custom.sls', ...slsIn(root, 'pillar')]) {
    const where = join(root, path);
    const text = lstat(where)?.isFile() ? readText(where) : undefined;
    if (text === undefined) continue;
    if (/\{[{%#]|^#!/.test(text)) {
      findings.push(ok('pillar', 'it is a template, which Salt alone can read', where));
      continue;
    }
    const { value, mistake } = await parseYaml(text, false);
    if (mistake) findings.push(error('pillar', mistake.message, `${where}:${mistake.line}:${mistake.column}`, BUILD));
    else if (!isDict(value) && value !== null) findings.push(error('pillar', 'it is no mapping', where, BUILD));
    else findings.push(...ofPillar(value ?? {}, where, name, schema));
  }
  const isWell = findings.every(({ level }) => level === 'ok');
  return isWell ? [...findings, ok('pillar', 'the built-in pillars can be read')] : findings;
}

function ofPillar(
  value: Record<string, unknown>,
  where: string,
  name: string | undefined,
  schema: ReturnType<typeof dataSchema>,
): Finding[] {
  const key = `makina-projects.${name}`;
  const others = Object.keys(value).filter((top) => top.startsWith('makina-projects.') && top !== key);
  const findings = name
    ? others.map((top) => warning('pillar', `${top} is no key of this project`, where, `name it ${key}`))
    : [];
  const settings = value[key];
  if (!isDict(settings) || settings.data === undefined || !schema) return findings;
  if (!isDict(settings.data)) return [...findings, error('pillar', `${key}.data is no mapping`, where, BUILD)];
  // Of what it may say besides Salt takes anything.
  const properties = schema.properties as Record<string, unknown>;
  const known = Object.entries(settings.data).filter(([setting]) => Object.hasOwn(properties, setting));
  const wrong = violations(schema, Object.fromEntries(known), 'data');
  return [...findings, ...wrong.map((sentence) => error('pillar', sentence, where, BUILD))];
}

function slsIn(root: string, folder: string): string[] {
  const full = join(root, folder);
  if (!fs.statSync(full, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names = fs.readdirSync(full, { recursive: true }).map(String).sort();
  return names.filter((path) => path.endsWith('.sls')).map((path) => `${folder}/${path}`);
}

function readText(path: string): string {
  return fs.readFileSync(path, 'utf8');
}

const MAX_BYTES = 1024 * 1024;

/**
 * Reads the override in a data volume, as the launcher does at a start.
 * @param isTemplate the image renders it with Jinja first (override_jinja)
 */
export async function checkOverride(root: string, data: string, name: string, isTemplate: boolean): Promise<Finding[]> {
  const files = ['configuration', 'application'].map((folder) => join(data, folder, 'pillar.sls'));
  try {
    const there = files.filter((path) => lstat(path));
    const found = there.flatMap(checkMode);
    const texts = found.length > 0 ? [] : there.map((path) => fs.readFileSync(path));
    const [first, second] = texts;
    if (first && second && !first.equals(second))
      return [
        ...strays(data),
        error('override', 'both are there and differ', there.join(' and '), 'keep the first one'),
      ];
    const wrong = first ? await ofOverride(root, there[0] as string, first, name, isTemplate) : found;
    return [
      ...strays(data),
      ...(wrong.length > 0 ? wrong : [ok('override', first ? 'it can be used' : 'there is none', there[0])]),
    ];
  } catch (failure) {
    if (codeOf(failure) !== 'EACCES') throw failure;
    return [ok('override', 'you may not read it: `sudo makina-image doctor` does', data)];
  }
}

/** What looks like an override, and is read by nobody. */
function strays(data: string): Finding[] {
  return ['configuration', 'application'].flatMap((folder) => {
    const full = join(data, folder);
    if (!lstat(full)?.isDirectory()) return [];
    const names = fs.readdirSync(full).filter((name) => /\.(sls|ya?ml)$/.test(name) && name !== 'pillar.sls');
    return names.map((name) =>
      warning(
        'override',
        'no start reads it',
        join(full, name),
        `put what it says into ${join(data, 'configuration/pillar.sls')}`,
      ),
    );
  });
}

/** The launcher refuses what a program of the image can write to. */
function checkMode(path: string): Finding[] {
  const stat = lstat(path) as fs.Stats;
  if (!stat.isFile()) return [error('override', 'it is not a regular file', path, 'make it one')];
  if (stat.size > MAX_BYTES)
    return [error('override', `it is larger than ${MAX_BYTES} bytes`, path, 'make it smaller')];
  if ((stat.mode & 0o022) === 0 && !isAccount(stat.uid)) return [];
  return [
    error('override', 'others than root can write to it', path, `sudo chown root ${path} && sudo chmod 0640 ${path}`),
  ];
}

/** The project's user, and those that Debian always has. Whom its packages bring, only the image knows. */
const isAccount = (uid: number) => uid === 900 || (uid > 0 && uid < 100) || uid === 65534;

async function ofOverride(
  root: string,
  path: string,
  bytes: Buffer,
  name: string,
  isTemplate: boolean,
): Promise<Finding[]> {
  const wrong = (what: string, where = path, fix = FIX) => [error('override', what, where, fix)];
  if (isTemplate) return [ok('override', 'it is a template, which Salt alone can read', path)];
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return wrong('it is not UTF-8');
  }
  const { value, mistake } = await parseYaml(text, true);
  if (mistake) return wrong(`not plain YAML: ${mistake.message}`, `${path}:${mistake.line}:${mistake.column}`);
  if (value === null) return [];
  const key = `makina-projects.${name}`;
  if (!isDict(value)) return wrong('it is not a mapping', path, `start it with "${key}:"`);
  const other = Object.keys(value).find((top) => top !== key);
  if (other !== undefined) return wrong(`it has the key ${other}`, path, `the only one is ${key}`);
  if (Object.keys(value).length === 0) return wrong(`${key} is missing`, path, `start it with "${key}:"`);
  const settings = value[key];
  if (!isDict(settings) || Object.keys(settings).join() !== 'data' || !isDict(settings.data))
    return wrong(`${key} must hold one mapping, data`);
  const schema = dataSchema(root);
  if (!schema)
    return [
      warning(
        'override',
        'nothing tells what it may say',
        path,
        'makina-image restore project/.salt/files/pillar.schema.json',
      ),
    ];
  return violations(schema, settings.data, 'data').flatMap((sentence) => wrong(sentence));
}
