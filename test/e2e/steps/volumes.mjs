import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withContainer } from '../docker.mjs';
import { freshVolume, imageName, makeProject } from '../project.mjs';
import { lost, snapshot } from '../snapshot.mjs';

const NAME = 'e2eupgrade';
const SEEDS = {
  edited: { source: 'seeds/edited.txt', target: 'data/edited.txt' },
  deleted: { source: 'seeds/deleted.txt', target: 'data/deleted.txt' },
  folder: { source: 'seeds/folder', target: 'data/folder' },
};
const ADDED = { added: { source: 'seeds/added.txt', target: 'data/added.txt' } };
const OF_FIRST = {
  'project/seeds/edited.txt': 'first image',
  'project/seeds/deleted.txt': 'first image',
  'project/seeds/folder/one.txt': 'first image',
  'project/seeds/folder/deleted.txt': 'first image',
};
const OF_SECOND = {
  ...Object.fromEntries(Object.keys(OF_FIRST).map((path) => [path, 'second image'])),
  'project/seeds/folder/new.txt': 'second image',
  'project/seeds/added.txt': 'second image',
};

/** What becomes of a volume when the image changes, and when two containers share it. */
export async function volumeSteps(context) {
  const { step, counts } = context;
  let images;
  const twoImages = () => {
    images ??= makeImages(context);
    return images;
  };

  await step('old-volume-new-image', async () => {
    const { first, second } = await twoImages();
    const { data, run } = freshVolume(first);
    await withContainer(context, first.image, { run }, async (container) => {
      assert.match(await container.get(), /<h1>First<\/h1>/);
      await container.stop();
    });
    edit(data);
    const before = snapshot(join(data, 'data'));
    for (const start of ['first', 'second'])
      await withContainer(context, second.image, { run }, async (container) => {
        assert.match(await container.get(), /<h1>Second<\/h1>/, 'the changed default does not count');
        const after = snapshot(join(data, 'data'));
        const where = `at the ${start} start of the new image`;
        assert.deepEqual(lost(before, after), [], `changed ${where}`);
        const wanted = [...Object.keys(before), 'added.txt'];
        assert.deepEqual(
          Object.keys(after).filter((path) => !wanted.includes(path)),
          [],
          `came ${where}`,
        );
        assert.equal(read(data, 'added.txt'), 'second image');
      });
  });

  await step('old-volume-new-image without a record', async () => {
    const { second } = await twoImages();
    const { data, run } = freshVolume(second);
    // As the version before the record left it.
    mkdirSync(join(data, 'data/folder'), { recursive: true });
    for (const path of ['edited.txt', 'folder/one.txt', 'welcome.txt'])
      writeFileSync(join(data, 'data', path), 'the user');
    const before = snapshot(join(data, 'data'));
    await withContainer(context, second.image, { run }, async (container) => {
      assert.match(await container.get(), /<p>the user<\/p>/);
      assert.deepEqual(lost(before, snapshot(join(data, 'data'))), []);
      assert(!existsSync(join(data, 'data/folder/new.txt')), 'a folder that was there is filled');
      for (const path of ['added.txt', 'deleted.txt']) assert.equal(read(data, path), 'second image');
      await container.stop();
      rmSync(join(data, 'data/deleted.txt'));
      rmSync(join(data, 'data/edited.txt'));
      await container.start();
      await container.get();
      for (const path of ['edited.txt', 'deleted.txt'])
        assert(!existsSync(join(data, 'data', path)), `${path}, which the user deleted, came back`);
    });
  });

  await step('two-containers', async () => {
    const { second } = await twoImages();
    const wanted = snapshot(join(second.folder, 'project/seeds'));
    for (let pair = 0; pair < counts.pairs; pair += 1) {
      const { data, run } = freshVolume(second);
      const serve = () => withContainer(context, second.image, { run }, (container) => served(container, data));
      const [one, other] = await Promise.all([serve(), serve()]);
      assert.deepEqual(one, other, 'an entry is filled twice');
      const after = snapshot(join(data, 'data'));
      assert.deepEqual(lost(wanted, after), [], 'not whole');
      assert.deepEqual(
        Object.keys(after).filter((path) => /\.prepopulate-/.test(path)),
        [],
        'left over',
      );
    }
    return `${counts.pairs} pairs`;
  });
}

/** The inode of each entry as soon as a container serves: a second fill would bring another one. */
async function served(container, data) {
  assert.match(await container.get(), /<h1>Second<\/h1>/);
  const targets = Object.values({ ...SEEDS, ...ADDED }).map(({ target }) => target);
  return Object.fromEntries(targets.map((target) => [target, lstatSync(join(data, target)).ino]));
}

/** The project as it was, and then with a changed default, changed seeds and a new one. */
async function makeImages(context) {
  const demo = (greeting, seeds) => ({ app: { greeting }, seeds });
  const first = await makeProject(context, NAME, demo('First', SEEDS), OF_FIRST);
  const answers = demo('Second', { ...SEEDS, ...ADDED });
  const second = await makeProject(context, NAME, answers, OF_SECOND, imageName(`${NAME}-second`));
  return { first, second };
}

/** What the user does to a filled volume. */
function edit(data) {
  writeFileSync(join(data, 'data/edited.txt'), 'the user');
  writeFileSync(join(data, 'data/folder/one.txt'), 'the user');
  writeFileSync(join(data, 'data/own.txt'), 'the user');
  rmSync(join(data, 'data/deleted.txt'));
  rmSync(join(data, 'data/folder/deleted.txt'));
}

const read = (data, path) => readFileSync(join(data, 'data', path), 'utf8');
