import fs from 'node:fs';
import { join } from 'node:path';
import { placeOfPillar, placeOfSchema } from '../answers/place.ts';
import { isDict } from '../model/dict.ts';
import type { Intent } from '../model/intent.ts';
import { plainSecrets, plainSecretsOfLines } from '../model/plain-secrets.ts';
import type { Problem } from '../model/problem.ts';
import { lstat } from '../system/files.ts';
import { asOwner } from '../system/rights.ts';
import { error, type Finding, ok, warning } from './finding.ts';
import { bytesOf } from './regular.ts';
import { dataSchema, type Schema, violations } from './settings.ts';
import { parseYaml } from './yaml.ts';

const MAX_BYTES = 1024 * 1024;
const FIX = 'correct it there, then build the image again';

/** The findings on pillars, and what they set, lowest first; `layers` is undefined if only Salt can tell. */
export interface Pillars {
  findings: Finding[];
  layers: Intent[] | undefined;
}

/**
 * Reads the pillars that are built into the image, as Salt does.
 * @param name the project, undefined if that is not known
 */
export async function readPillars(root: string, name: string | undefined): Promise<Pillars> {
  const schema = dataSchema();
  const { texts, custom, inFolder } = asOwner(root, () => {
    const [custom, inFolder] = ['custom.sls', 'pillar'].map((path) => slsIn(root, path)) as [Found, Found];
    const texts = new Map(
      [...custom.paths, ...inFolder.paths].map((path) => [path, bytesOf(join(root, path), MAX_BYTES)?.toString()]),
    );
    return { texts, custom, inFolder };
  });
  const paths = [...texts.keys()];
  const links = [...custom.links, ...inFolder.links].map((path) =>
    warning('pillar', 'it is a link, and was not followed', join(root, path), 'replace it with what it leads to'),
  );
  const read = await Promise.all([...texts].map(([path, text]) => readPillar(join(root, path), text, name, schema)));
  const findings = [...links, ...read.flatMap((pillar) => pillar.findings)];
  // Of several files, an include says which one counts.
  const isPlain = paths.every((path) => path === 'custom.sls' || path === 'pillar/init.sls');
  const layers = read.flatMap((pillar) => pillar.layers ?? []);
  const isWell = findings.every(({ level }) => level === 'ok');
  return {
    findings: isWell ? [...findings, ok('pillar', 'the built-in pillars can be read')] : findings,
    layers: isPlain && links.length === 0 && layers.length === paths.length ? layers : undefined,
  };
}

async function readPillar(
  where: string,
  text: string | undefined,
  name: string | undefined,
  schema: Schema,
): Promise<Pillars> {
  const only = (finding: Finding) => ({ findings: [finding], layers: undefined });
  if (text === undefined)
    return only(warning('pillar', `it is larger than ${MAX_BYTES} bytes, and was not read`, where, 'make it smaller'));
  const kept = (problems: Problem[]) =>
    problems.map(({ path, message, fix }) => warning('pillar', `${path.join('.')} ${message}`, where, fix ?? FIX));
  if (/\{[{%#]|^#!/.test(text))
    return {
      findings: [ok('pillar', 'it is a template, which only Salt can read', where), ...kept(plainSecretsOfLines(text))],
      layers: undefined,
    };
  const place = placeOfPillar(placeOfSchema(schema, schema.$defs as Schema));
  const { value, mistake } = await parseYaml(text, false, place);
  if (mistake) return only(error('pillar', mistake.message, `${where}:${mistake.line}:${mistake.column}`, FIX));
  if (value === null) return { findings: [], layers: [{}] };
  if (!isDict(value)) return only(error('pillar', 'it is not a mapping', where, FIX));

  const key = `makina-projects.${name}`;
  const others = Object.keys(value).filter((top) => top.startsWith('makina-projects.') && top !== key);
  const findings = others.map((top) =>
    warning('pillar', `${top} is not the key of this project`, where, `name it ${key}`),
  );
  const settings = value[key] ?? {};
  const data = isDict(settings) ? (settings.data ?? {}) : undefined;
  if (!isDict(data)) return only(error('pillar', `${key} must hold a mapping, data`, where, FIX));
  // Salt takes other settings as they are.
  const properties = schema.properties as Intent;
  const known = Object.fromEntries(Object.entries(data).filter(([setting]) => Object.hasOwn(properties, setting)));
  const wrong = violations(schema, known, 'data');
  return {
    findings: [
      ...(name ? findings : []),
      ...kept(plainSecrets(value)),
      ...wrong.map((sentence) => error('pillar', sentence, where, FIX)),
    ],
    layers: wrong.length > 0 || value.include ? undefined : [known],
  };
}

interface Found {
  paths: string[];
  links: string[];
}

/** The pillars at a path and below it, and the links, whose targets are not files of the project. */
function slsIn(root: string, top: string): Found {
  const found: Found = { paths: [], links: [] };
  const visit = (path: string) => {
    const stat = lstat(join(root, path));
    if (stat?.isSymbolicLink()) found.links.push(path);
    else if (stat?.isDirectory()) for (const name of fs.readdirSync(join(root, path)).sort()) visit(`${path}/${name}`);
    else if (stat?.isFile() && path.endsWith('.sls')) found.paths.push(path);
  };
  visit(top);
  return found;
}
