import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { LISTED_ACLS } from '../in-container.mjs';
import { buildBase, buildProject, imageName, makeBase, makeProject } from '../project.mjs';
import { rebuildSteps } from './rebuild.mjs';

/** Builds the base image on each of the Debian images, at the same time. Returns the names of what was built. */
export async function buildBases(context, debians) {
  const { docker, needed, step } = context;
  const folder = await makeBase(context);
  const images = ['makina-image-e2e/base', 'makina-image-e2e/base-on-debian-12']
    .slice(0, debians.length)
    .map(imageName);
  await needed('the base image builds', async () => {
    await Promise.all(images.map((image, index) => buildBase(docker, folder, debians[index], image)));
    return (await Promise.all(images.map((image) => megabytes(docker, image)))).join(', ');
  });
  await step('an edit of the Python files of the base image installs nothing again', async () => {
    for (const file of ['runtime/runner/marks.py', 'makina-states/mc_states/project/merge.py'])
      appendFileSync(join(folder, file), '# Edited.\n');
    const printed = await buildBase(docker, folder, debians[0], imageName('makina-image-e2e/base-edited'));
    const steps = printed.split(/^Step \d+\/\d+ : /m).slice(1);
    const uncached = steps.filter((text) => !/Using cache/.test(text)).map((text) => text.split(/\s/)[0]);
    assert.deepEqual(uncached, ['ARG', 'FROM', 'FROM', 'COPY', 'COPY', 'RUN', 'LABEL']);
    assert.doesNotMatch(steps.at(-2), /apt-get|pip/);
  });
  return images;
}

/** Builds the demo project; `prefix` begins the names of its images. Returns it. */
export async function buildSteps(context, prefix = '') {
  const { docker, needed, step } = context;
  const demo = await needed('the demo project builds', () =>
    makeProject(context, 'e2edemo', {}, {}, imageName(`${prefix}e2edemo`)),
  );
  await step('the demo project builds with BuildKit', () =>
    buildProject(docker, demo.folder, imageName(`${prefix}e2edemo-buildkit`), { DOCKER_BUILDKIT: '1' }),
  );
  if (prefix === '') await rebuildSteps(context, demo);
  await step('no-acl', async () => {
    const { stdout } = await docker(['run', '--rm', '--entrypoint', 'python3', demo.image, '-c', LISTED_ACLS]);
    const { files, acls } = JSON.parse(stdout);
    if (files < 1000 || acls.length > 0) throw new Error(`${files} files looked at; with an ACL: ${acls.join(' ')}`);
    return `${files} files`;
  });
  await step('a command instead of the launcher is run', async () => {
    const { stdout } = await docker(['run', '--rm', demo.image, 'sh', '-c', 'echo ok']);
    if (stdout !== 'ok') throw new Error(`it printed ${stdout}`);
  });
  return demo;
}

async function megabytes(docker, image) {
  const { stdout } = await docker(['image', 'inspect', '--format', '{{.Size}}', image]);
  return `${Math.round(Number(stdout) / 1e6)} MB`;
}
