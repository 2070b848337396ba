import { join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../generators/lib/package.ts';

/**
 * Packs this package as it is built.
 * @param destination the folder for the tarball
 * @returns the tarball, and the paths that it holds
 */
export async function pack(destination: string) {
  const { stdout } = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination], {
    cwd: packageRoot,
  });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(destination, filename), paths: files.map(({ path }) => path) };
}
