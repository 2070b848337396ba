/** Writes the content of folders and volumes into a backup. */

import { VOLUMES } from '../../engine/arguments.ts';
import { EXIT, UserError } from '../../errors.ts';
import { version } from '../../package.ts';
import type { Spawned } from '../../system/command.ts';
import { interrupted } from '../build.ts';
import type { Helper } from './helper.ts';
import { called, type Manifest, type Part, type Store } from './manifest.ts';
import { Output } from './output.ts';

export interface WriteRequest {
  helper: Helper;
  /** Where the backup is written. */
  file: string;
  project: string;
  /** ISO 8601, in UTC. */
  created: string;
  /** What is mounted in the helper, in its order. */
  stores: readonly Store[];
  consistency: Manifest['consistency'];
  signal: AbortSignal;
  onStep: (sentence: string) => void;
}

/** What a backup holds, and how large it is. */
export interface Written {
  manifest: Manifest;
  bytes: number;
}

/** Writes a backup. @throws UserError with one sentence; then there is no file */
export async function writeBackup(request: WriteRequest): Promise<Written> {
  const { file, project, created, stores, consistency, onStep } = request;
  const output = new Output(file, project);
  try {
    const parts: Part[] = [];
    for (const [index, store] of stores.entries()) {
      onStep(`Backing up ${called(store)}`);
      const name =
        store.kind === 'folder' ? `${store.name.replace('.', '')}.tar` : `${index}-${store.name.slice(0, 80)}.tar`;
      parts.push({ ...store, file: name, ...(await writePart(request, output, index, name)) });
    }
    const manifest: Manifest = {
      ...{ format: 'makina-image backup', version: 1, project, created, generator: version, consistency, parts },
    };
    output.finish(manifest);
    return { manifest, bytes: output.size };
  } finally {
    output.close();
  }
}

const TAR = [
  ...['env', 'LC_ALL=C', 'tar', '--create', '--file=-', '--format=posix', '--pax-option=delete=atime,delete=ctime'],
  ...['--numeric-owner', '--no-acls', '--no-selinux', '--no-xattrs', '--sparse'],
  // Then it ends with 1 and without a word if a file changed while it was read, as with a hook.
  ...['--warning=no-file-changed', '--warning=no-file-removed', '--warning=no-file-ignored'],
];

async function writePart(
  { helper, stores, consistency, signal, onStep }: WriteRequest,
  output: Output,
  index: number,
  name: string,
): Promise<{ bytes: number; sha256: string }> {
  const store = called(stores[index] as Store);
  const folder = `${VOLUMES}/${index}`;
  const find = ['find', folder, '(', '-type', 'b', '-o', '-type', 'c', ')', '-printf', '%P', '-quit'];
  const device = await textOf(helper.spawn(...find));
  if (device) throw new UserError(`${store} has the device ${device}, which no backup holds; remove it`, EXIT.internal);
  const { input, output: content, ended, kill } = helper.spawn(...TAR, `--directory=${folder}`, '.');
  input.end();
  signal.addEventListener('abort', kill);
  try {
    const written = await output.add(name, content);
    const { code, tail } = await ended;
    if (signal.aborted) throw interrupted();
    const hasChanged = consistency === 'hook' && code === 1 && tail === '';
    if (hasChanged) onStep(`Files of ${store} were written to while they were read`);
    const reason = tail.trim().split('\n')[0] || 'its files are being written to';
    if (code !== 0 && !hasChanged) throw new UserError(`${store} cannot be read: ${reason}`, EXIT.internal);
    return written;
  } finally {
    signal.removeEventListener('abort', kill);
    kill();
  }
}

async function textOf({ input, output, ended }: Spawned): Promise<string> {
  input.end();
  let text = '';
  for await (const chunk of output.setEncoding('utf8')) text += chunk;
  await ended;
  return text;
}
