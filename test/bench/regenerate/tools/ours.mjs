import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { must, run } from '../command.mjs';
import { writeTemplate } from '../template.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The list of templates and their rendering are replaced, and nothing else of the bin. */
const foreign = {
  name: 'foreign',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/(files|render)\.ts$/ }, ({ path, importer }) => {
      const isRendering = /(^|\/)render\/(files|render)\.ts$/.test(path) || importer.includes('/lib/render/');
      return isRendering ? { path: here(`../foreign/${/files|render(?=\.ts)/.exec(path)[0]}.mjs`) } : undefined;
    }),
};

async function buildPackage(folder, version) {
  mkdirSync(join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'bench', version: `${version}.0.0` }));
  writeTemplate(join(folder, 'template'), version, '{{name}}');
  const outfile = join(folder, 'dist/makina-image.cjs');
  await build({
    entryPoints: [here('../../../../generators/bin/makina-image.ts')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
    external: ['fs-extra', 'inquirer', 'tinyglobby', 'yaml'],
    plugins: [foreign],
    logLevel: 'error',
  });
  return outfile;
}

/** @param flags of `upgrade` */
export const ours = (name, ...flags) => ({
  name,
  async start(scratch, project) {
    const bins = await Promise.all([1, 2].map((version) => buildPackage(join(scratch, `v${version}`), version)));
    must(['node', bins[0], 'new', 'demo', '--yes', '--destination', project]);
    this.update = (cwd) => run(['node', bins[1], 'upgrade', ...flags], { cwd });
  },
});
