// Builds dist/: the Yeoman fronts compiled file by file, and the bin bundled into one file that starts fast.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Stops a Node that cannot run the bin. It comes first in the file, so Node 16 has to understand it. */
function refuseOldNode(range) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const parts = range.split(' || ').map((part) => /^(\^|>=)(\d+)\.(\d+)/.exec(part));
  for (const [, kind, first, second] of parts)
    if ((major === +first && minor >= +second) || (kind === '>=' && major > +first)) return;
  const wanted = parts.map(([, , first, second]) => `${first}.${second}+`).join(' or ');
  console.error(
    `makina-image: Node ${process.versions.node} cannot run it; use Node ${wanted}, the newest LTS for example`,
  );
  process.exit(1);
}

/** esbuild copies each property of a required module, for each import in each module; inherited ones it leaves alone. */
const INHERIT = "require = ((load) => (id) => (id.startsWith('node:') ? Object.create(load(id)) : load(id)))(require);";

rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.json'], { stdio: 'inherit' });
const bundled = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.17',
  // CommonJS: Node starts it in half the time of an ES module.
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
};
await build({
  ...bundled,
  entryPoints: ['generators/bin/start.ts'],
  outfile: 'dist/makina-image.cjs',
  banner: { js: `#!/usr/bin/env node\n'use strict';\n(${refuseOldNode})(${JSON.stringify(engines.node)});` },
});
// Of the one dependency that upgrades in CI may need, where none is installed.
await build({ ...bundled, entryPoints: [fileURLToPath(import.meta.resolve('yaml'))], outfile: 'dist/yaml.cjs' });
// Loaded only by the few runs that need them.
const external = ['chokidar', 'fs-extra', 'inquirer', 'tinyglobby', 'yaml'];
const { outputFiles } = await build({
  ...bundled,
  entryPoints: ['generators/bin/makina-image.ts'],
  external,
  write: false,
});
// A function, to which start.ts passes what a script does not have.
const body = outputFiles[0].text.replaceAll(new RegExp(`\\bimport\\((?="(${external.join('|')})")`, 'g'), 'load(');
writeFileSync('dist/bundle.cjs', `((require, __dirname, load) => {'use strict';\n${INHERIT}\n${body}})`);
chmodSync('dist/makina-image.cjs', 0o755);

// The first release kept no bases of its projects: its renderer is bundled from its package, to make them again.
const past = 'dist/past/0.1.0';
mkdirSync(past, { recursive: true });
const parts = [
  'package.json',
  'dist/generators/lib',
  'templates/project',
  'templates/stanzas',
  'templates/base/requirements/circus.txt.ejs',
];
execFileSync('tar', [
  ...['-xzf', 'test/fixtures/generator-makina-image-0.1.0.tgz', '-C', past, '--strip-components=1'],
  ...parts.map((part) => `package/${part}`),
]);
await build({
  stdin: {
    contents: `export { complete } from './model/intent.js';
export { render } from './render/render.js';
export { parse } from 'yaml';`,
    resolveDir: `${past}/dist/generators/lib`,
  },
  outfile: `${past}/render.cjs`,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.17',
  format: 'cjs',
  define: { 'import.meta.url': 'here' },
  banner: { js: "const here = require('node:url').pathToFileURL(__filename).href;" },
});
rmSync(`${past}/dist`, { recursive: true });
