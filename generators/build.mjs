// Builds dist/: the Yeoman fronts compiled file by file, and the bin bundled into one file that starts fast.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.json'], { stdio: 'inherit' });
await build({
  entryPoints: ['generators/bin/makina-image.ts'],
  outfile: 'dist/makina-image.cjs',
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.17',
  // CommonJS: Node starts it in half the time of an ES module.
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  banner: { js: '#!/usr/bin/env node' },
  // Loaded only by the few runs that need them.
  external: ['fs-extra', 'inquirer', 'tinyglobby', 'yaml'],
});
chmodSync('dist/makina-image.cjs', 0o755);

// The first release kept no base of its own projects: what it needs to make one again.
const past = 'dist/past/0.1.0';
mkdirSync(past, { recursive: true });
const parts = [
  'package.json',
  'dist/makina-image.cjs',
  'templates/project',
  'templates/stanzas',
  'templates/base/requirements/circus.txt.ejs',
];
execFileSync('tar', [
  ...['-xzf', 'test/fixtures/generator-makina-image-0.1.0.tgz', '-C', past, '--strip-components=1'],
  ...parts.map((part) => `package/${part}`),
]);
