import type { Engine } from '../../engine/engine.ts';
import { tarReader } from '../../engine/tar.ts';
import { EXIT, UserError } from '../../errors.ts';
import { interrupted } from '../build.ts';
import { imageOf } from '../up.ts';
import { cyclonedx } from './cyclonedx.ts';
import { namesPackages, packagesOf } from './packages.ts';

export interface SbomRequest {
  engine: Engine;
  /** The folder of the project. */
  root: string;
  /** The image to look into; that of the project if not given. */
  built: string | undefined;
  signal: AbortSignal;
}

/** More text than this is no list of packages. */
const MAX_BYTES = 256 << 20;

/**
 * Lists what is in an image. Its files are read, and nothing of it is run, so the image can be for another architecture.
 * @returns CycloneDX JSON
 * @throws UserError for an image that is not there, or that has no list of packages
 */
export async function sbom({ engine, root, built, signal }: SbomRequest): Promise<string> {
  const image = imageOf(root);
  const name = built ?? image.name;
  const failure = (what: string) => new UserError(what, EXIT.internal);
  const { code, stdout } = await engine.ask('image', 'inspect', '--format', '{{.Id}}', name);
  if (code !== 0) throw failure(`${engine.name} has no image ${name}; build it first, with makina-image build`);
  const id = stdout.trim().replace(/^(sha256:)?/, 'sha256:');
  const made = await engine.ask('create', name);
  const container = made.stdout.trim().split('\n').at(-1) ?? '';
  if (made.code !== 0 || !/^[0-9a-f]{12,64}$/.test(container))
    throw failure(`${engine.name} cannot open ${name}: ${made.stderr.trim()}`);
  const files = new Map<string, string>();
  let left = MAX_BYTES;
  const read = tarReader(namesPackages, (path, bytes) => {
    left -= bytes.length;
    if (left >= 0) files.set(path, bytes.toString());
  });
  try {
    const exported = await engine.pipe(['export', container], read, signal);
    if (signal.aborted) throw interrupted();
    if (exported.code !== 0) throw failure(`${engine.name} cannot read ${name}: ${exported.tail.trim()}`);
  } finally {
    await engine.finish(['rm', '--force', '--volumes', container]);
  }
  if (left < 0) throw failure(`${name} has more than ${MAX_BYTES >> 20} MiB of lists of packages`);
  const { packages, distribution } = packagesOf(files);
  if (packages.length === 0) throw failure(`${name} has no list of packages; it is not built on Debian`);
  // What has not come from the network is part of the project.
  const downloads = Object.entries(image.downloads).filter(([, { url }]) => !url.startsWith('file:'));
  return cyclonedx(
    { name: image.name, id },
    packages,
    distribution,
    downloads.map(([key, { url, sha256 }]) => ({ name: key, url, sha256 })),
  );
}
