// Runs the neighbour of test/fixtures, which composes with ours, under an environment of Yeoman's:
// node compose.mjs PACKAGE CWD PLAN [SECOND PLAN]; PLAN is JSON. Prints the versions.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , environment, cwd, ...plans] = process.argv;
const root = fileURLToPath(new URL('../..', import.meta.url));
const neighbour = join(root, 'test/fixtures/neighbour');
const { createEnv } = await import(environment);
for (const plan of plans) {
  const env = createEnv({ cwd, nodePackageManager: 'npm' });
  for (const verb of ['app', 'circus-program'])
    env.register(join(root, `dist/generators/${verb}/index.js`), {
      namespace: `makina-image:${verb}`,
      packagePath: root,
    });
  env.register(join(neighbour, 'index.js'), { namespace: 'neighbour:app', packagePath: neighbour });
  await env.run(['neighbour'], { plan: JSON.parse(plan) });
  console.log(`environment ${env.getVersion()}, Node ${process.version}`);
}
