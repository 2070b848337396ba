// Runs generators under an environment, and prints what became of it: node compose.mjs PACKAGE CWD RUNS
// RUNS is JSON: [[generator, args, options], ...], one after the other; "composed" options are composed with first.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , environment, cwd, runs] = process.argv;
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { createEnv } = await import(environment);
process.chdir(cwd);
const env = createEnv({ cwd, skipInstall: false, nodePackageManager: 'npm' });
for (const verb of ['app', 'base', 'check', 'circus-program', 'upgrade'])
  env.register(join(root, `dist/generators/${verb}/index.js`), {
    namespace: `makina-image:${verb}`,
    packagePath: root,
  });
const neighbour = join(root, 'test/fixtures/neighbour');
env.register(join(neighbour, 'index.js'), { namespace: 'neighbour:app', packagePath: neighbour });
for (const [generator, args, options, before = []] of JSON.parse(runs)) {
  for (const [namespace, theirArgs, theirOptions] of before) await env.composeWith(namespace, theirArgs, theirOptions);
  await env.run([generator, ...args], options);
}
console.log(
  createRequire(import.meta.url).resolve(environment) && `ran with ${env.getVersion()} on ${process.version}`,
);
