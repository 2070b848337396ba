import { chmodSync, chownSync, mkdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LABEL } from '../../generators/lib/engine/arguments.ts';
import type { Engine } from '../../generators/lib/engine/engine.ts';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { inventoryOf, mountOf } from '../../generators/lib/verbs/backup/stores.ts';
import { tempDir } from '../support/run.ts';

const PROJECT = 'com.docker.compose.project';
const VOLUME = 'com.docker.compose.volume';
const FOLDER = 'com.docker.compose.project.working_dir';

interface Fake {
  labels: Record<string, string>;
  isStopped?: true;
  isReadOnly?: true;
  /** Volumes by their names, and folders by their paths. */
  mounts: string[];
}

/** A folder with a project in it. */
function project(files: Record<string, string> = {}) {
  const root = join(realpathSync(tempDir()), 'shop');
  mkdirSync(join(root, 'data'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return root;
}

/** An engine with these containers and volumes. */
function engineWith(containers: Record<string, Fake>, volumes: Record<string, Record<string, string>> = {}): Engine {
  const answer = (stdout: string, code = 0) => Promise.resolve({ end: 'ended' as const, code, stdout, stderr: '' });
  const refuse = () => Promise.reject(new Error('nothing is run'));
  const inspected = Object.entries(containers).map(([name, { labels, isStopped, isReadOnly, mounts }]) => ({
    ...{ Id: `id-${name}`, Name: `/${name}`, Image: 'sha', State: { Running: !isStopped }, Config: { Labels: labels } },
    Mounts: mounts.map((each) => {
      const isFolder = each.startsWith('/');
      const source = isFolder ? { Type: 'bind', Source: each } : { Type: 'volume', Name: each, Source: `/var/${each}` };
      return { ...source, Destination: '/srv/x', RW: !isReadOnly };
    }),
  }));
  return {
    name: 'docker',
    ask: (...words) => {
      const last = words.at(-1) as string;
      if (words[0] === 'ps') return answer(Object.keys(containers).join('\n'));
      if (words[0] === 'container') return answer(JSON.stringify(inspected));
      if (words[1] === 'ls') {
        const [key, value] = last.replace('label=', '').split('=') as [string, string];
        return answer(
          Object.entries(volumes)
            .filter(([, labels]) => labels[key] === value)
            .map(([name]) => `${name}\n`)
            .join(''),
        );
      }
      const labels = volumes[last];
      return labels ? answer(JSON.stringify([{ Name: last, Labels: labels }])) : answer('[]', 1);
    },
    succeeds: refuse,
    attach: refuse,
    finish: refuse,
    pipe: refuse,
    spawn: () => {
      throw new Error('nothing is run');
    },
    run: refuse,
    compose: refuse,
  };
}

const image = complete({ name: 'shop' }).image as Image;
const inventory = (root: string, engine: Engine) => inventoryOf(engine, root, image);

describe('the volumes of a project', () => {
  const volumes = {
    shop_database: { [PROJECT]: 'shop', [VOLUME]: 'database' },
    shop_store: { [PROJECT]: 'shop', [VOLUME]: 'store' },
    shop_other: { [PROJECT]: 'shop', [VOLUME]: 'other' },
    else_database: { [PROJECT]: 'else', [VOLUME]: 'database' },
  };
  const files = { 'compose.yaml': 'volumes:\n  database: {}\n', 'compose.override.yml': 'volumes: {store: }\n' };
  const elsewhere = { [PROJECT]: 'shop', [FOLDER]: '/home/you/shop' };

  test('are those that its compose files declare, and not those of another folder with its name', async () => {
    const root = project(files);
    const found = await inventory(root, engineWith({}, volumes));
    expect([...found.volumes.keys()]).toEqual(['shop_database', 'shop_store']);
    expect(found.notes).toEqual([`the volume shop_other, which no compose file of ${root} declares`]);
  });
  test.each<[string, string]>([
    ['no compose file', ''],
    ['one without volumes', 'services: {}\n'],
    ['one that is broken', 'volumes: [\n'],
    ['one with other volumes', 'volumes: database\n'],
  ])('do not exist for it with %s', async (_, text) => {
    const root = project(text ? { 'compose.yaml': text } : {});
    expect((await inventory(root, engineWith({}, volumes))).volumes.size).toBe(0);
  });
  test('are all of the project of Compose that a container of this folder shows', async () => {
    const root = project();
    const mine = { labels: { [PROJECT]: 'shop', [FOLDER]: root }, mounts: [] };
    const found = await inventory(root, engineWith({ mine }, volumes));
    expect([...found.volumes.keys()]).toEqual(['shop_database', 'shop_other', 'shop_store']);
  });
  test.each([true, undefined] as const)('are refused if a container of another folder has one', async (isStopped) => {
    const root = project(files);
    const theirs = { labels: elsewhere, mounts: ['shop_store'], ...(isStopped && { isStopped }) };
    await expect(inventory(root, engineWith({ theirs }, volumes))).rejects.toMatchObject({
      code: 1,
      message: expect.stringMatching(
        /^the volume shop_store has .* and the container theirs of \/home\/you\/shop has it; if .* docker rm theirs, otherwise rename/,
      ),
    });
    const other = { ...theirs, mounts: ['shop_other', 'else_database'] };
    expect((await inventory(root, engineWith({ other }, volumes))).users).toEqual([]);
  });
  test('are not refused for a container of up', async () => {
    const root = project(files);
    const mine = { labels: { [LABEL]: root }, mounts: ['shop_store'] };
    expect((await inventory(root, engineWith({ mine }, volumes))).users.map(({ name }) => name)).toEqual(['mine']);
  });
});

describe('who uses the data', () => {
  const found = async (root: string, container: Omit<Fake, 'mounts'>, path: string) => {
    const { users, warnings } = await inventory(root, engineWith({ it: { ...container, mounts: [join(root, path)] } }));
    return [users.length, warnings.length];
  };
  const mine = (root: string) => ({ labels: { [LABEL]: root } });
  const other = { labels: { [LABEL]: '/home/you/shop' } };
  test('is a container of the project, also with a folder above it', async () => {
    const root = project();
    for (const path of ['data', 'data/data', '.', '..', '../..', '../../..'])
      expect(await found(root, mine(root), path), path).toEqual([1, 0]);
    for (const path of ['dat', 'data-2', 'project', '../sho'])
      expect(await found(root, mine(root), path)).toEqual([0, 0]);
    expect(await found(root, { ...mine(root), isReadOnly: true }, '..')).toEqual([0, 0]);
  });
  test('is another one with the data itself; one with a folder above it is only named, while it runs', async () => {
    const root = project();
    for (const path of ['data', 'data/data', '.']) expect(await found(root, other, path), path).toEqual([1, 0]);
    for (const path of ['..', '../../..']) expect(await found(root, other, path), path).toEqual([0, 1]);
    expect(await found(root, { ...other, isStopped: true }, '..')).toEqual([0, 0]);
    expect(await found(root, { ...other, isReadOnly: true }, '..')).toEqual([0, 0]);
    const { warnings } = await inventory(root, engineWith({ it: { ...other, mounts: ['/'] } }));
    expect(warnings).toEqual([
      'The container it runs on, and can write to a folder that has the data in it; see that it does not',
    ]);
  });
});

describe.runIf(process.getuid?.() === 0)("the folders of someone else's project, for root", () => {
  function theirs() {
    const root = project();
    for (const path of [dirname(root), root, join(root, 'data')]) chownSync(path, 1234, 1234);
    return root;
  }
  test('are known by their inodes, which the engine must mount', async () => {
    const root = theirs();
    chownSync(join(root, 'data'), 900, 900);
    chmodSync(join(root, 'data'), 0o700);
    const found = await inventory(root, engineWith({}));
    const { dev, ino } = statSync(join(root, 'data'));
    const folder = { folder: join(root, 'data'), inode: `${dev}:${ino}` };
    expect(mountOf({ kind: 'folder', name: 'data' }, found)).toEqual(folder);
  });
  test.each<[string, (root: string) => void]>([
    ['is a link', (root) => symlinkSync('/etc', join(root, 'data'))],
    ['is gone', () => undefined],
    ['is a file', (root) => writeFileSync(join(root, 'data'), '')],
  ])('are refused where one %s by now', async (_, swap) => {
    const root = theirs();
    const engine = engineWith({});
    const late: Engine = {
      ...engine,
      ask: (...words) => {
        if (words[1] === 'ls') {
          rmSync(join(root, 'data'), { recursive: true });
          swap(root);
        }
        return engine.ask(...words);
      },
    };
    await expect(inventory(root, late)).rejects.toThrow(/data was replaced by something else meanwhile/);
  });
});

test('the engine mounts whatever it finds for who could read that anyway', async () => {
  const root = project();
  expect((await inventory(root, engineWith({}))).inodes.size).toBe(0);
});
