import assert from 'node:assert/strict';
import { appendFileSync, existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withContainer } from '../docker.mjs';
import { twoAtATime } from '../parallel.mjs';
import { freshVolume, makeProject } from '../project.mjs';
import { moments } from '../random.mjs';
import { snapshot } from '../snapshot.mjs';

const MANY = 400;
const BIG = 20 * 1024 * 1024;
const BIG_FILE = Buffer.from(Array.from({ length: 65536 }, (_, index) => (index * 31) % 251));

/** What is filled: the target below data/ of each seed, and where it comes from below project/. */
const SEEDS = {
  welcome: { source: 'app/welcome.txt', target: 'data/welcome.txt' },
  many: { source: 'many', target: 'data/many' },
  big: { source: 'big.bin', target: 'data/big.bin' },
  deep: { source: 'deep.txt', target: 'data/some/deep/folder/README.md' },
};
const FILES = {
  ...Object.fromEntries(
    Array.from({ length: MANY }, (_, index) => [`project/many/${index % 20}/${index}.txt`, `file ${index}\n`]),
  ),
  'project/deep.txt': 'a deep file',
  'project/big.bin': Buffer.concat(Array.from({ length: BIG / BIG_FILE.length }, () => BIG_FILE)),
};

/** That a first start which is cut short leaves a volume that the next start completes. */
export async function crashSteps(context) {
  const { step, counts, options } = context;

  await step('crash-first-start', async () => {
    const project = await makeProject(context, 'e2ecrash', { seeds: SEEDS }, FILES);
    const span = await fillSpan(context, project);
    const random = context.random('crash-first-start');
    const plan = moments(random, counts.crashes, span + 100).map((delay, index) => ({
      delay,
      restart: index % 2 === 0,
    }));
    const filled = await twoAtATime(plan, (crash) => crashAndStart(context, project, crash));
    const within = filled.filter((entries) => entries > 0 && entries < Object.keys(SEEDS).length).length;
    return `${filled.length} crashes in the first ${span + 100} ms, ${within} of them between two entries, seed ${options.seed}`;
  });
}

/** Milliseconds from `docker run` until everything is filled; checks a start that is not disturbed. */
async function fillSpan(context, project) {
  const { data, run } = freshVolume(project);
  return withContainer(context, project.image, { run }, async (container) => {
    const start = performance.now();
    while (!Object.keys(SEEDS).every((name) => existsSync(target(data, name)))) {
      assert(performance.now() - start < 30_000, 'the volume is not filled after 30 s');
      await sleep(5);
    }
    const span = Math.round(performance.now() - start);
    await container.get();
    for (const name of Object.keys(SEEDS)) assertWhole(project, data, name);
    return span;
  });
}

/** Crashes a first start, edits what is filled already, starts again, and checks the volume. Returns how many entries were filled. */
async function crashAndStart(context, project, { delay, restart }) {
  const { data, run } = freshVolume(project);
  return withContainer(context, project.image, { run }, async (container) => {
    await sleep(delay);
    await container.crash();
    const filled = Object.keys(SEEDS).filter((name) => existsSync(target(data, name)));
    for (const name of filled) assertWhole(project, data, name);
    const edited = filled.filter((_, index) => index % 2 === 0);
    for (const name of edited) appendFileSync(edit(data, name), 'edited by the user');
    const before = Object.fromEntries(filled.map((name) => [name, lstatSync(target(data, name)).ino]));
    const contents = Object.fromEntries(filled.map((name) => [name, whole(target(data, name))]));

    const check = async (second) => {
      await second.get('/', 30);
      const where = `after a crash at ${delay} ms with ${filled.join(', ') || 'nothing'} filled`;
      for (const name of filled) {
        assert.equal(lstatSync(target(data, name)).ino, before[name], `${name} is filled twice ${where}`);
        assert.deepEqual(whole(target(data, name)), contents[name], `${name} lost what the user changed ${where}`);
      }
      for (const name of Object.keys(SEEDS).filter((each) => !filled.includes(each)))
        assertWhole(project, data, name, where);
      const left = Object.keys(snapshot(data)).filter((path) => /\.prepopulate-/.test(path));
      assert.deepEqual(left, [], `left over ${where}`);
      return filled.length;
    };
    if (!restart) return withContainer(context, project.image, { run }, check);
    await container.start();
    return check(container);
  });
}

const target = (data, name) => join(data, SEEDS[name].target);

/** The file of an entry that the user edits. */
const edit = (data, name) => (name === 'many' ? join(target(data, name), '7/47.txt') : target(data, name));

/** What is at a path: a folder or a file. */
function whole(path) {
  const parent = join(path, '..');
  return lstatSync(path).isDirectory() ? snapshot(path) : snapshot(parent)[path.slice(parent.length + 1)];
}

function assertWhole({ folder }, data, name, where = 'at the crash') {
  const source = whole(join(folder, 'project', SEEDS[name].source));
  assert(existsSync(target(data, name)), `${name} is not filled ${where}`);
  assert.deepEqual(whole(target(data, name)), source, `${name} is half filled ${where}`);
}
