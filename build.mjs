// Builds dist/: the Yeoman fronts compiled file by file, and the bin bundled into one file that starts fast.
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
await build({
  entryPoints: ['generators/bin/makina-image.ts'],
  outfile: 'dist/makina-image.mjs',
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.17',
  format: 'esm',
  // Loaded only by the few runs that need them.
  external: ['inquirer', 'yaml'],
  banner: {
    js: "#!/usr/bin/env node\nimport{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
  },
});
chmodSync('dist/makina-image.mjs', 0o755);
