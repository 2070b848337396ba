import assert from 'node:assert/strict';
import { appendFileSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProject, imageName } from '../project.mjs';

// BuildKit knows what another run built.
const EDIT = `# Edited at ${Date.now()}.`;

/** What is built again after an edit, by both builders. `demo` was built by both. */
export async function rebuildSteps(context, demo) {
  const { docker, step } = context;
  for (const [builder, on] of [
    ['the legacy builder', '0'],
    ['BuildKit', '1'],
  ]) {
    const folder = `${demo.folder}-${on}`;
    cpSync(demo.folder, folder, { recursive: true });
    const image = imageName(`e2edemo-rebuilt-${on}`);
    const build = () => buildProject(docker, folder, image, { DOCKER_BUILDKIT: on, BUILDKIT_PROGRESS: 'plain' });
    await step(`an edit of the code makes the last two layers anew, without Salt, with ${builder}`, async () => {
      appendFileSync(join(folder, 'project/app/server.py'), `${EDIT}\n`);
      writeFileSync(join(folder, 'project/private.txt'), 'x', { mode: 0o600 });
      const output = await build();
      assert.deepEqual(anew(output), ['COPY', 'RUN', 'VOLUME']);
      assert.doesNotMatch(output, /Execution step|^(#\d+ [\d.]+ )?local:/m);
      await see(docker, image, 'tail -n 1 app/server.py; stat -c %a private.txt; ls .salt/runtime/version', [
        EDIT,
        '644',
        '.salt/runtime/version',
      ]);
      const { stdout } = await docker(['history', '--format', '{{.Size}}', '--human=false', image]);
      const [, settled, copied] = stdout.split('\n').map(Number);
      assert.ok(settled + copied < 1_000_000, `${settled} and ${copied} bytes`);
      return `${settled + copied} bytes`;
    });
    await step(`an edit of the pillar makes anew what follows it, with ${builder}`, async () => {
      appendFileSync(join(folder, 'pillar/init.sls'), `${EDIT}\n`);
      const output = await build();
      const ran = anew(output).filter((word) => word === 'COPY' || word === 'RUN');
      assert.deepEqual(ran, ['COPY', 'COPY', 'COPY', 'RUN', 'RUN']);
      assert.match(output, /100_dirs_and_prerequisites: \d+ states/);
      await see(docker, image, 'cat ../pillar/builtin.sls | tail -n 1', [EDIT]);
    });
  }
}

/** The instructions that were carried out, and not taken from the cache, sorted. */
function anew(output) {
  const legacy = output.split(/^Step \d+\/\d+ : /m).slice(1);
  if (legacy.length > 0)
    return legacy
      .filter((text) => !/Using cache/.test(text) && !/^(ARG|FROM)/.test(text))
      .map((text) => text.split(' ')[0])
      .sort();
  const steps = [...output.matchAll(/^(#\d+) \[\s*\d+\/\d+\] (COPY|RUN|FROM)/gm)];
  const carried = steps.filter(([, number]) => !new RegExp(`^${number} CACHED`, 'm').test(output));
  // BuildKit does not tell of what is metadata alone.
  return [...carried.map(([, , word]) => word).filter((word) => word !== 'FROM'), 'VOLUME'].sort();
}

async function see(docker, image, command, lines) {
  const { stdout } = await docker([
    'run',
    '--rm',
    '--entrypoint',
    'sh',
    '--workdir',
    '/srv/projects/e2edemo/project',
    image,
    '-c',
    command,
  ]);
  assert.deepEqual(stdout.split('\n'), lines);
}
