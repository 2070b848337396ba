import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildSteps } from './build.mjs';
import { serveSteps } from './serve.mjs';

/** The groups build and serve once more, with a base image on Debian 12. */
export async function debian12Steps(context) {
  const work = join(context.work, 'debian-12');
  mkdirSync(work);
  const named = (step) => (name, action) => step(`debian-12 ${name}`, action);
  const older = { ...context, work, base: context.base12, step: named(context.step), needed: named(context.needed) };
  await serveSteps({ ...older, demo: await buildSteps(older, 'debian-12-') });
}
