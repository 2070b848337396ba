import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { placeOfPillar, placeOfSchema } from '../answers/place.ts';
import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';
import type { Image } from '../model/schema.ts';
import { buildVariables } from '../model/variables.ts';
import { codeOf, lstat } from '../system/files.ts';
import { shell } from '../text/quote.ts';
import { error, type Finding, ok, warning } from './finding.ts';
import type { Pillars } from './pillars.ts';
import { bytesOf } from './regular.ts';
import { dataSchema, type Schema, violations } from './settings.ts';
import { parseYaml } from './yaml.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * Reads the override in a data volume, as the launcher does at a start.
 * @param isTemplate the image renders it with Jinja first (override_jinja)
 */
export async function readOverride(data: string, name: string, isTemplate: boolean): Promise<Pillars> {
  try {
    const { findings, layers } = await readFiles(data, name, isTemplate);
    return { findings: [...strays(data), ...findings], layers };
  } catch (failure) {
    if (codeOf(failure) !== 'EACCES') throw failure;
    return only(ok('override', 'you cannot read it; `sudo makina-image doctor` can', data));
  }
}

const only = (...findings: Finding[]): Pillars => ({ findings, layers: undefined });

/** The variables of an override that only a build can change. layers: what it sets; data: where it is. */
export function checkBuildVariables(data: string, image: Image, layers: Intent[]): Finding[] {
  const used = buildVariables(image);
  return layers.flatMap(({ variables }) =>
    Object.keys(isDict(variables) ? variables : {})
      .filter((name) => Object.hasOwn(used, name))
      .map((name) =>
        error(
          'override',
          `data.variables.${name} is used in ${used[name]}, which is only read by a build`,
          join(data, 'configuration'),
          'change it in the answers, and build the image again',
        ),
      ),
  );
}

/** Files that look like an override, and that no start reads. */
function strays(data: string): Finding[] {
  return ['configuration', 'application'].flatMap((folder) => {
    const full = join(data, folder);
    if (!lstat(full)?.isDirectory()) return [];
    const names = fs.readdirSync(full).filter((name) => /\.(sls|ya?ml)$/.test(name) && name !== 'pillar.sls');
    const fix = `put what it says into ${join(data, 'configuration/pillar.sls')}`;
    return names.map((name) => warning('override', 'no start reads it', join(full, name), fix));
  });
}

async function readFiles(data: string, name: string, isTemplate: boolean): Promise<Pillars> {
  const files = ['configuration', 'application'].map((folder) => join(data, folder, 'pillar.sls'));
  // A start follows no link, which the check of the volume reports.
  const there = files.filter((path) => lstat(dirname(path))?.isDirectory() && lstat(path));
  const [path] = there;
  if (path === undefined) return { findings: [ok('override', 'there is none')], layers: [] };
  const refused = there.flatMap(checkMode);
  if (refused.length > 0) return only(...refused);
  const [bytes = Buffer.alloc(0), other = bytes] = there.map((file) => bytesOf(file, MAX_BYTES));
  if (!bytes.equals(other))
    return only(error('override', 'both files exist and differ', there.join(' and '), 'keep the first one'));
  if (isTemplate) return only(ok('override', 'it is a template, which only Salt can read', path));
  return readText(path, bytes, name);
}

/** The launcher refuses what a program of the image can write to. */
function checkMode(path: string): Finding[] {
  const stat = lstat(path) as fs.Stats;
  const wrong = (what: string, fix: string) => [error('override', what, path, fix)];
  if (!stat.isFile()) return wrong('it is not a regular file', 'replace it with one');
  if (stat.size > MAX_BYTES) return wrong(`it is larger than ${MAX_BYTES} bytes`, 'make it smaller');
  if ((stat.mode & 0o022) === 0 && !isAccount(stat.uid)) return [];
  return wrong(
    'users other than root can write to it',
    `sudo chown root ${shell(path)} && sudo chmod go-w ${shell(path)}`,
  );
}

/** The project's user, and those that Debian always has. Only the image knows which ones its packages add. */
const isAccount = (uid: number) => uid === 900 || (uid > 0 && uid < 100) || uid === 65534;

async function readText(path: string, bytes: Buffer, name: string): Promise<Pillars> {
  const wrong = (what: string, fix = 'correct it there', where = path) => only(error('override', what, where, fix));
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return wrong('it is not UTF-8');
  }
  const schema = dataSchema();
  const place = placeOfPillar(placeOfSchema(schema, schema.$defs as Schema));
  const { value, mistake } = await parseYaml(text, true, place);
  if (mistake)
    return wrong(`not plain YAML: ${mistake.message}`, undefined, `${path}:${mistake.line}:${mistake.column}`);
  const usable = ok('override', 'it can be used', path);
  if (value === null) return { findings: [usable], layers: [] };

  const key = `makina-projects.${name}`;
  if (!isDict(value)) return wrong('it is not a mapping', `start it with "${key}:"`);
  const other = Object.keys(value).find((top) => top !== key);
  if (other !== undefined) return wrong(`it has the key ${other}`, `the only one is ${key}`);
  const settings = value[key];
  if (!isDict(settings) || Object.keys(settings).join() !== 'data' || !isDict(settings.data))
    return wrong(`${key} must hold one mapping, data`);
  const sentences = violations(schema, settings.data, 'data');
  if (sentences.length > 0) return only(...sentences.flatMap((sentence) => wrong(sentence).findings));
  return { findings: [usable], layers: [settings.data] };
}
