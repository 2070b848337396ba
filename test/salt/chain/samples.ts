// node samples.cjs SEED COUNT FOLDER [NAME]: COUNT entries that the model accepts, in batches: FOLDER/answers-N.json and the
// same with every default, FOLDER/image-N.json. What the model refuses must be refused by the name of its field. NAME keeps one.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type * as z from 'zod/mini';
import { unusable } from '../../../generators/lib/answers/unusable.ts';
import { complete, type Intent } from '../../../generators/lib/model/intent.ts';
import { locationSchema, upstreamSchema, vhostSchema } from '../../../generators/lib/model/nginx.ts';
import { isWholeSnippet } from '../../../generators/lib/model/nginx-snippet.ts';
import type { Problem } from '../../../generators/lib/model/problem.ts';
import { cronSchema, programSchema } from '../../../generators/lib/model/program.ts';
import { knownSnippet } from '../../support/snippets.ts';
import { app, cron, program } from './commands.ts';
import { name, type Sample, spoil } from './text.ts';
import { geos, hostname, maps, trustedProxies, upstream, vhost } from './vhosts.ts';

const [seed, count, folder, only] = process.argv.slice(2) as [string, string, string, string | undefined];
/** Of 500 entries that make a batch. */
const SHARES = { programs: 200, crons: 100, vhosts: 150, upstreams: 50 };
const BATCH = 500;
const SNIPPETS = 200;
const PORTED = { cmd: 'true', port: 9000, numprocesses: 2 };
const SOCKETED = { cmd: 'true', socket: '/run/socketed/$(circus.wid).sock', numprocesses: 2 };

mkdirSync(folder, { recursive: true });
const openssl =
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x -keyout key.pem -out cert.pem';
execFileSync('openssl', openssl.split(' '), { cwd: folder, stdio: 'ignore' });
const [cert, key] = ['cert.pem', 'key.pem'].map((file) => readFileSync(join(folder, file), 'utf8')) as [string, string];

const entry = (named: fc.Arbitrary<string>, arbitrary: fc.Arbitrary<object>) =>
  spoil(fc.tuple(named, arbitrary).map(([entryName, entry]) => ({ [entryName]: entry })));
const samples = {
  programs: entry(name, program),
  crons: entry(name, cron),
  vhosts: entry(hostname, vhost({ cert, key, folder: '/etc/ssl/chain' })),
  upstreams: entry(name, upstream),
};
type Kind = keyof typeof samples;

/** What is wrong with one entry alone. */
function problemsOf(kind: Kind, tree: Intent): Problem[] {
  const programs = kind === 'upstreams' ? { ported: PORTED } : {};
  const answers = { name: 'demo', demo: false, programs, [kind]: tree };
  const problems = unusable(answers);
  return problems.length > 0 ? problems : (complete(answers).problems ?? []);
}

/** Fields that can name what is not there: an account, a host, a directive, a key; only Salt and nginx can tell. */
const OUTSIDE =
  /^(raw|raw_http|rewrite|~.*|env_from|user|group|working_dir|.*_pass|servers|ssl_cert|ssl_key|ssl_certificate|ssl_certificate_key)$/s;

/** Rules of access; where one leaves another place open, the problem is told there. */
const ACCESS = /^(auth_basic|auth_basic_users|allow|deny)$/;

const isStartOf = (path: string[], whole: string[]) => path.every((key, index) => whole[index] === key);

/** Whether each problem is a sentence about this entry, and names the one thing that is wrong if it is one. */
function areNamed(kind: Kind, { tree, sound, spoiled }: Sample, problems: Problem[]): boolean {
  const within = [kind, ...Object.keys(tree)];
  if (!problems.every(({ path, message }) => isStartOf(within, path) && /^[^\n]+$/.test(message))) return false;
  return (
    spoiled === undefined ||
    problemsOf(kind, sound).length > 0 ||
    problems.some(({ path }) => isStartOf(path, [kind, ...spoiled])) ||
    (spoiled.some((key) => ACCESS.test(key)) && problems.some(({ message }) => message.includes('rule of access')))
  );
}

const refused: Record<string, number> = {};
const seen: Record<string, Set<string>> = {};
function see(what: string, entry: object): void {
  seen[what] ??= new Set();
  for (const field of Object.keys(entry)) seen[what].add(field);
}

/** Entries that the model accepts, without end. */
function* accepted(kind: Kind, from: number): Generator<[string, Intent]> {
  for (let round = from; ; round += 100_000) {
    for (const sample of fc.sample(samples[kind], { seed: round, numRuns: 200 })) {
      const problems = problemsOf(kind, sample.tree as Intent);
      if (problems.length === 0 && sample.spoiled?.some((key) => OUTSIDE.test(key))) continue;
      if (problems.length === 0) yield Object.entries(sample.tree)[0] as [string, Intent];
      else if (!areNamed(kind, sample, problems))
        throw new Error(
          `SEED=${seed}: ${kind}: no problem names what is wrong: ${JSON.stringify({ ...sample, problems })}`,
        );
      if (problems.length > 0) refused[kind] = (refused[kind] ?? 0) + 1;
    }
  }
}

/** Two programs that listen on one port are refused, and that is tested elsewhere. */
const taken = new Set<unknown>([80, 443, 8081, 8443, 9000, 9001]);
function withOwnPort(entry: Intent): void {
  const { port, numprocesses = 1 } = entry as { port?: number; numprocesses?: number };
  const own = port === undefined ? [] : Array.from({ length: numprocesses + 1 }, (_, index) => port + index);
  if (own.some((number) => taken.has(number))) delete entry.port;
  else for (const number of own) taken.add(number);
}

/** Two programs with one socket are refused, and that is tested elsewhere. */
let sockets = 0;
function withOwnSocket(entry: Intent): void {
  if (typeof entry.socket !== 'string') return;
  sockets += 1;
  entry.socket = entry.socket.replace('/run/', `/run/s${sockets}/`);
}

const schemas: Record<string, z.ZodMiniObject> = {
  programs: programSchema,
  crons: cronSchema,
  vhosts: vhostSchema,
  locations: locationSchema,
  upstreams: upstreamSchema,
};
/** Fields of the model that no entry has had so far. */
const unseen = () =>
  Object.entries(schemas).flatMap(([what, schema]) =>
    Object.keys(schema.shape)
      .filter((field) => !seen[what]?.has(field))
      .map((field) => `${what}.${field}`),
  );

/** Tables that the model accepts. */
function tables(from: number): Intent {
  const drawn = fc.sample(fc.record({ maps, geos }), { seed: from, numRuns: 50 });
  const sound = drawn.find(
    (one) =>
      !complete({ name: 'demo', demo: false, ...one } as Intent).problems && unusable(one as Intent).length === 0,
  );
  return (sound ?? {}) as Intent;
}

let left = Number(count);
const whole = left >= BATCH;
for (let batch = 0; left > 0; batch += 1) {
  const image: Record<string, Record<string, unknown>> = { programs: {}, crons: {}, vhosts: {}, upstreams: {} };
  const size = Math.min(left, BATCH);
  const ports = new Set<unknown>();
  const domains = new Set<string>();
  for (const [kind, share] of Object.entries(SHARES) as [Kind, number][]) {
    const group = image[kind] as Record<string, unknown>;
    const wanted = Math.ceil((share * size) / BATCH);
    for (const [sampledName, entry] of accepted(kind, Number(seed) * 1000 + batch)) {
      if (Object.keys(group).length >= wanted) break;
      const entryName =
        sampledName in group ||
        /^(ported|socketed)$/.test(sampledName) ||
        (kind === 'upstreams' && /^(up|down)$/.test(sampledName))
          ? `${sampledName.replace(/^\*\./, '').replaceAll(/\W/g, '')}${Object.keys(group).length}`
          : sampledName;
      // What vhosts must agree on is refused, and that is tested elsewhere.
      if (entry.listen === 443 || entry.ssl_listen === 80) continue;
      if (kind === 'programs') withOwnPort(entry);
      if (kind === 'programs') withOwnSocket(entry);
      // A second default server of a port is refused, and that is tested elsewhere.
      if (entry.default_server) {
        const listened = [entry.listen ?? 80, entry.ssl_listen ?? 443];
        if (listened.some((port) => ports.has(port))) delete entry.default_server;
        else for (const port of listened) ports.add(port);
      }
      // Two virtual hosts with one name are refused, and that is tested elsewhere.
      const { domain = entryName, aliases = [] } = entry as { domain?: string; aliases?: string[] };
      const own = [domain, ...aliases].map((one) => one.toLowerCase());
      if (kind === 'vhosts' && own.some((one) => domains.has(one))) continue;
      if (problemsOf(kind, { [entryName]: entry }).length > 0) continue;
      if (kind === 'vhosts') for (const one of own) domains.add(one);
      group[entryName] = entry;
      see(kind, entry);
      for (const location of Object.values((entry.locations ?? {}) as object)) see('locations', location);
    }
  }
  left -= size;
  // What is drawn rarely may be missing by chance; what is missing after ten batches is never drawn.
  if (whole && left <= 0 && unseen().length > 0) {
    if (batch >= 10) throw new Error(`no sample has ${unseen().join(', ')}: add it to test/salt/chain`);
    left = BATCH;
  }
  const kept = (kind: Kind) =>
    Object.fromEntries(Object.entries(image[kind] as object).filter(([entryName]) => !only || entryName === only));
  const answers: Intent = {
    name: 'demo',
    demo: false,
    app: fc.sample(app, { seed: Number(seed) * 1000 + batch, numRuns: 1 })[0],
    programs: { ...kept('programs'), ported: PORTED, socketed: SOCKETED },
    crons: kept('crons'),
    ...tables(Number(seed) * 1000 + batch),
    trusted_proxies: fc.sample(trustedProxies, { seed: Number(seed) * 1000 + batch, numRuns: 1 })[0] ?? [],
    vhosts: kept('vhosts'),
    upstreams: { ...kept('upstreams'), up: { program: 'ported' }, down: { program: 'socketed' } },
  };
  const { image: made, problems } = complete(answers);
  if (problems) throw new Error(`SEED=${seed}: ${JSON.stringify(problems)}`);
  writeFileSync(join(folder, `answers-${batch}.json`), JSON.stringify(answers));
  writeFileSync(join(folder, `image-${batch}.json`), JSON.stringify(made));
}

const snippets = fc
  .sample(knownSnippet, { seed: Number(seed), numRuns: 20 * Math.min(SNIPPETS, Number(count)) })
  .filter((text) => text !== '' && unusable(text).length === 0 && isWholeSnippet(text));
writeFileSync(join(folder, 'snippets.json'), JSON.stringify(snippets.slice(0, SNIPPETS)));

console.log(`SEED=${seed}: ${count} accepted, refused ${JSON.stringify(refused)}`);
