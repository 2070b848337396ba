// `npm run compare:merges -- CHECKOUT...`: merges anew what real repositories have merged, here and with `git merge-file`, and tells
// where the two differ. Reads the checkouts, and writes nothing there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const MOST = Number(process.env.MERGES ?? Number.POSITIVE_INFINITY);
const LABELS = { ours: 'ours', base: 'base', theirs: 'theirs' };
const SIDES = ['ours', 'base', 'theirs'];
const env = { ...process.env, LC_ALL: 'C', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
const home = mkdtempSync(join(tmpdir(), 'makina-image-merges-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

function git(cwd, args, { input, codes = [0] } = {}) {
  const { status, stdout, stderr, error } = spawnSync('git', args, { cwd, env, input, maxBuffer: 2 ** 31 - 1 });
  if (error || !codes.includes(status)) throw error ?? new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The files that a commit has in another version than the base: their blobs, by path. */
function changed(checkout, base, commit) {
  const words = git(checkout, ['diff-tree', '-r', '--raw', '-z', '--no-renames', '--diff-filter=M', base, commit]);
  const told = words.toString('latin1').split('\0');
  const files = new Map();
  // `:100644 100644 1234 5678 M`, then the path.
  for (let at = 0; at + 1 < told.length; at += 2) {
    const [before, after, from, to] = told[at].slice(1).split(' ');
    if ([before, after].every((mode) => mode.startsWith('100')) && from !== to) files.set(told[at + 1], { from, to });
  }
  return files;
}

/** The blobs of each file that both sides of a merge changed, and not in the same way. */
function* twoSided(checkout, told) {
  const merges = git(checkout, ['rev-list', '--all', '--merges', '--max-parents=2', '--parents']).toString().trim();
  for (const line of merges.split('\n').filter(Boolean).slice(0, MOST)) {
    told.merges++;
    const [, one, other] = line.split(' ');
    const bases = git(checkout, ['merge-base', '--all', one, other], { codes: [0, 1] })
      .toString()
      .trim()
      .split('\n');
    // Of several, git merges the bases first.
    if (bases.length !== 1 || !bases[0]) continue;
    const [ours, theirs] = [one, other].map((commit) => changed(checkout, bases[0], commit));
    for (const [path, { from, to }] of ours) {
      const there = theirs.get(path)?.to;
      if (there && there !== to) yield { ours: to, base: from, theirs: there, what: `${line.split(' ')[0]}:${path}` };
    }
  }
}

/** The content of blobs, by name; one that the repository lacks, as a partial clone does, is missing here too. */
function contentsOf(checkout, names) {
  const bytes = git(checkout, ['cat-file', '--batch'], { input: `${[...names].join('\n')}\n` });
  const contents = new Map();
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\n', at);
    const [name, kind, size] = bytes.subarray(at, end).toString().split(' ');
    at = end + 1;
    if (kind === 'missing') continue;
    contents.set(name, bytes.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

function gitMerge(sides) {
  for (const side of SIDES) writeFileSync(join(home, side), sides[side]);
  const args = ['merge-file', '-p', '--diff3', ...SIDES.flatMap((side) => ['-L', LABELS[side]]), ...SIDES];
  const { status, stdout } = spawnSync('git', args, { cwd: home, env, maxBuffer: 2 ** 31 - 1 });
  // git ends with 127 for many conflicts, with 255 for what cannot be merged.
  return { kind: status === 0 ? 'clean' : status <= 127 ? 'conflict' : 'whole', bytes: stdout };
}

function compare(checkout, merge3) {
  const told = { merges: 0, files: 0, clean: 0, conflict: 0, texts: 0, whole: 0, missing: 0, differ: 0 };
  const triples = [...twoSided(checkout, told)];
  const contents = contentsOf(checkout, new Set(triples.flatMap((triple) => SIDES.map((side) => triple[side]))));
  for (const triple of triples) {
    told.files++;
    const sides = Object.fromEntries(SIDES.map((side) => [side, contents.get(triple[side])]));
    if (SIDES.some((side) => !sides[side])) {
      told.missing++;
      continue;
    }
    const here = merge3(sides.base, sides.ours, sides.theirs, LABELS);
    if (here.kind === 'whole') {
      told.whole++;
      continue;
    }
    const there = gitMerge(sides);
    const isEqual = here.bytes.equals(there.bytes);
    if (here.kind !== there.kind || (here.kind === 'clean' && !isEqual)) {
      told.differ++;
      console.error(`${triple.what}: ${here.kind} here, ${there.kind} with git`);
    } else {
      told[here.kind]++;
      if (here.kind === 'conflict' && isEqual) told.texts++;
    }
  }
  return told;
}

const checkouts = process.argv.slice(2);
if (checkouts.length === 0) {
  console.error('name the checkouts: npm run compare:merges -- CHECKOUT...');
  process.exit(1);
}
const bundle = join(home, 'merge3.cjs');
const source = fileURLToPath(new URL('../../generators/lib/text/merge3.ts', import.meta.url));
await build({ entryPoints: [source], outfile: bundle, bundle: true, platform: 'node', format: 'cjs' });
const { merge3 } = (await import(pathToFileURL(bundle))).default;
console.log(
  '| repository | merges | files that both sides changed | clean in both, same bytes | conflicts in both (same text) | not merged by line here | not in the checkout | differ |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const checkout of checkouts) {
  const name = basename(checkout.replace(/(\/repo)?(\/\.git|\.git)?\/*$/, ''));
  const { merges, files, clean, conflict, texts, whole, missing, differ } = compare(checkout, merge3);
  console.log(
    `| ${name} | ${merges} | ${files} | ${clean} | ${conflict} (${texts}) | ${whole} | ${missing} | ${differ} |`,
  );
  if (differ > 0) process.exitCode = 2;
}
