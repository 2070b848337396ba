import { LISTED_ACLS } from '../in-container.mjs';
import { buildBase, buildProject, imageName, makeProject } from '../project.mjs';

const BASE = imageName('makina-image-e2e/base');

/** Builds the base image and the demo project. Returns `{base, demo}`. */
export async function buildSteps(context) {
  const { docker, needed, step } = context;
  await needed('the base image builds', async () => {
    await buildBase(context, BASE);
    return megabytes(docker, BASE);
  });
  const demo = await needed('the demo project builds', () => makeProject({ ...context, base: BASE }, 'e2edemo'));
  await step('the demo project builds with BuildKit', () =>
    buildProject(docker, demo.folder, imageName('e2edemo-buildkit'), { DOCKER_BUILDKIT: '1' }),
  );
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
  return { base: BASE, demo };
}

async function megabytes(docker, image) {
  const { stdout } = await docker(['image', 'inspect', '--format', '{{.Size}}', image]);
  return `${Math.round(Number(stdout) / 1e6)} MB`;
}
