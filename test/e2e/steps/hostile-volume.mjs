import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { runToEnd, withContainer } from '../docker.mjs';
import { twoAtATime } from '../parallel.mjs';
import { dataVolume, freshFolder, freshVolume, lazyProject } from '../project.mjs';
import { lost, snapshot } from '../snapshot.mjs';
import { ANSWERS, FILES, HOSTILE, NAME, NEIGHBOUR } from './hostile-cases.mjs';

/** Where a container may write in its own layer. */
const OWN = [
  NEIGHBOUR,
  `/etc/makina-projects/${NAME}`,
  `/srv/projects/${NAME}/pillar`,
  '/run',
  '/tmp',
  '/var/cache',
  '/var/log',
  '/var/lib/mc_launcher',
  '/var/lib/nginx',
];

/** That what is in a volume cannot break out, break anything, or pass in silence. */
export async function hostileVolumeSteps(context) {
  const { step } = context;
  const project = lazyProject(context, NAME, ANSWERS, FILES);
  let filled;
  const filledVolume = () => {
    filled ??= fillOne(context, project);
    return filled;
  };

  await twoAtATime(Object.entries(HOSTILE), ([what, hostile]) =>
    step(`hostile-volume ${what}`, async () => {
      const image = await project();
      const { data, neighbour, run } = await makeVolume(image, hostile, filledVolume);
      const [before, besideBefore] = [snapshot(data), snapshot(neighbour)];
      const { changed, text } = hostile.page
        ? await mustServe(context, image, run, hostile)
        : await mustBeRefused(context, image, run, hostile);
      assert.deepEqual(snapshot(neighbour), besideBefore, 'something beside the volume changed');
      const left = snapshot(data);
      const gone = lost(before, left).filter((path) => !/\.prepopulate(-|d$)/.test(path));
      assert.deepEqual(gone, [], 'something of the volume is lost');
      if (hostile.page)
        assert.deepEqual(
          Object.keys(left).filter((path) => /\.prepopulate-/.test(path)),
          [],
          'left over',
        );
      const strange = changed.filter((path) => !OWN.some((folder) => path === folder || path.startsWith(`${folder}/`)));
      assert.deepEqual(strange, [], 'something of the image changed');
      return text;
    }),
  );
}

/** A volume that is filled by an ordinary start. */
async function fillOne(context, project) {
  const volume = freshVolume(await project());
  await withContainer(context, (await project()).image, volume, async (container) => {
    await container.get();
    await container.stop();
  });
  return volume.data;
}

/** The volume of a case and the folder beside it, and the options that mount both. */
async function makeVolume(project, { make, readOnly, filled, tmpfs }, filledVolume) {
  const { data } = freshVolume(project);
  const neighbour = freshFolder(`${data}-neighbour-`);
  mkdirSync(join(neighbour, 'folder'));
  for (const path of ['secret', 'folder/deep.txt']) writeFileSync(join(neighbour, path), 'a neighbour');
  // With its owners, which Node's own copy loses.
  if (filled) await execa('cp', ['--archive', '--no-target-directory', await filledVolume(), data]);
  await make?.(data, neighbour);
  const target = `/srv/projects/${NAME}/data`;
  const mount = tmpfs ? ['--tmpfs', `${target}:size=${tmpfs}`] : dataVolume({ name: NAME, data });
  if (readOnly) mount[1] += ':ro';
  return { data, neighbour, run: [...mount, '--volume', `${neighbour}:${NEIGHBOUR}`] };
}

async function mustServe(context, { image }, run, { page }) {
  return withContainer(context, image, { run }, async (container) => {
    // The page is HTML.
    const body = (await container.get()).replaceAll('&#x27;', "'").replaceAll('&quot;', '"');
    assert.match(body, page);
    const changed = await container.changed();
    assert.equal((await container.stop()).code, 0);
    return { changed, text: 'serves' };
  });
}

async function mustBeRefused(context, { image }, run, { code, says }) {
  const result = await runToEnd(context, image, { run, seconds: 20 });
  const told = result.stderr.trim();
  const all = `${result.stdout}\n${told}`;
  assert.equal(result.code, code, `code ${result.code} instead of ${code}: ${all}`);
  assert.doesNotMatch(all, /Traceback/);
  assert.match(told, says);
  assert.equal(told.split('\n').length, 1, `not one sentence: ${told}`);
  assert.equal(result.stdout.trim(), '', 'something on standard output');
  return { changed: result.changed, text: `${code}: ${told}` };
}
