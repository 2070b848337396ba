import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { change, project, run, text } from '../support/projects.ts';
import { BIN, makinaImage, tempDir } from '../support/run.ts';
import { contents, stamps } from '../support/snapshot.ts';

const OLD = {
  name: 'demo',
  publish: 9000,
  crons: { purge: { schedule: '@daily', cmd: 'echo purge' } },
  programs: { web: null, api: { cmd: 'sleep 9', env: { A: '1', B: '2' } } },
  vhosts: null,
};
const NEW = { name: 'demo', programs: { api: { cmd: 'sleep 9', env: { A: '1' } } }, app: { greeting: 'New' } };
const GONE = ['publish', 'programs.api.env.B', 'programs.web: null', 'vhosts.localhost: null', 'crons.purge'];

/** Gives answers to a project, from a file beside it. */
async function give(root: string, answers: unknown, ...flags: string[]) {
  writeFileSync(join(root, '../answers.json'), JSON.stringify(answers));
  return makinaImage(root, ['new', '--answers', '../answers.json', ...flags]);
}

const listed = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => /^ {2}[a-z_]+(\.\S+)?(: null)?$/.test(line))
    .map((line) => line.trim())
    .sort();

test('an answers file says what stays beside it, and with --exact it goes', async () => {
  const root = project();
  expect((await give(root, OLD)).exitCode).toBe(0);
  const before = stamps(root);
  const dry = await give(root, NEW, '--exact', '--dry-run');
  expect([dry.exitCode, listed(String(dry.stdout))]).toEqual([0, [...GONE].sort()]);
  expect(dry.stdout).toContain('Would be removed from the answers:');
  expect(stamps(root)).toEqual(before);

  const merged = await give(root, NEW);
  expect(merged.stdout).toContain('These answers were not given now, and stay:');
  // Who gives a part of the answers wants no such thing.
  expect(merged.stdout).not.toContain('--exact');
  expect(JSON.parse(text(root, '.yo-rc.json'))['generator-makina-image'].answers.crons).toEqual(OLD.crons);

  change(root, '.yo-rc.json', (stored) => JSON.stringify({ 'generator-other': { a: 1 }, ...JSON.parse(stored) }));
  const exact = await give(root, NEW, '--exact', '--description', 'By a flag');
  expect([exact.exitCode, exact.stdout]).toEqual([0, expect.stringContaining('Removed from the answers:')]);
  expect(JSON.parse(text(root, '.yo-rc.json'))).toEqual({
    'generator-other': { a: 1 },
    'generator-makina-image': { model: 1, answers: { ...NEW, description: 'By a flag' } },
  });

  const fresh = join(tempDir(), 'demo');
  writeFileSync(join(fresh, '../answers.json'), JSON.stringify({ ...NEW, description: 'By a flag' }));
  await makinaImage(join(fresh, '..'), ['new', '--answers', 'answers.json']);
  change(fresh, '.yo-rc.json', () => text(root, '.yo-rc.json'));
  expect(contents(root)).toEqual(contents(fresh));
  const again = await give(root, NEW, '--exact', '--description', 'By a flag');
  expect(again.stdout).toMatch(/is up to date, nothing was written\.$/);
});

test('--exact keeps edits, and the name of the project', async () => {
  const root = project();
  await give(root, OLD);
  change(root, 'README.md', (readme) => `mine\n${readme}`);
  expect((await give(root, {}, '--exact')).exitCode).toBe(0);
  expect(JSON.parse(text(root, '.yo-rc.json'))['generator-makina-image'].answers).toEqual({ name: 'demo' });
  expect(text(root, 'README.md')).toMatch(/^mine\n/);
  expect((await give(root, { name: 'other' }, '--exact', '--destination', '.')).stderr).toContain('cannot be renamed');
  expect((await run(BIN, root, ['check'])).code).toBe(0);
});

test('--exact needs an answers file, and asks nothing', async () => {
  const folder = tempDir();
  const { exitCode, stderr } = await makinaImage(folder, ['new', 'shop', '--exact']);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('add --answers FILE')]);
  const piped = await makinaImage(folder, ['new', '--exact', '--answers', '-'], {
    stdin: 'pipe',
    input: 'name: piped\n',
  });
  expect([piped.exitCode, text(folder, 'piped/.yo-rc.json')]).toEqual([0, expect.stringContaining('piped')]);
});
