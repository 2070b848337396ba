/** Unix sockets that programs listen on: the launcher gives their folders to the program's user, so each must be for sockets alone. */

import { dirname, normalize } from 'node:path/posix';
import type { Problem } from './problem.ts';
import { replaced } from './references.ts';
import type { Image } from './schema.ts';

const WID = '$(circus.wid)';
/** What fits into the address of a socket. */
const MAX_BYTES = 107;
/** Folders below /run that are for something else. */
const TAKEN = ['circus', 'lock', 'mc_launcher', 'secrets', 'systemd'];

export function checkSockets({ name: project, programs }: Image): Problem[] {
  const known: { name: string; path: string; folder: string; account: string }[] = [];
  return Object.entries(programs).flatMap(([name, program]): Problem[] => {
    if (program.socket === undefined) return [];
    const path = normalize(replaced(program.socket, project));
    const [folder, account] = [dirname(path), replaced(program.user, project)];
    const message = ofSocket(path, folder, program) ?? ofOthers(known, { path, folder, account });
    known.push({ name, path, folder, account });
    return message === undefined ? [] : [{ path: ['programs', name, 'socket'], message }];
  });
}

function ofSocket(path: string, folder: string, program: Image['programs'][string]): string | undefined {
  if (program.port !== undefined) return 'must not be given together with port; take one away with null';
  if (!/^\/run\/./.test(folder) || TAKEN.includes(folder.split('/')[2] ?? ''))
    return 'must be in a folder of its own below /run, such as /run/app/web.sock';
  if (program.numprocesses > 1 && !path.includes(WID))
    return `must have ${WID} in its name, since the program has ${program.numprocesses} processes`;
  const longest = path.replaceAll(WID, String(program.numprocesses));
  return Buffer.byteLength(longest) > MAX_BYTES
    ? `is longer than the ${MAX_BYTES} bytes of a socket's path`
    : undefined;
}

type Known = { name: string; path: string; folder: string; account: string };

function ofOthers(known: Known[], own: Omit<Known, 'name'>): string | undefined {
  const same = known.find(({ path }) => path === own.path);
  if (same) return `is that of programs.${same.name} too; give each its own`;
  const isIn = (one: string, other: string) => `${one}/`.startsWith(`${other}/`);
  const other = known.find(
    ({ folder, account }) => account !== own.account && (isIn(folder, own.folder) || isIn(own.folder, folder)),
  );
  return other && `shares a folder with programs.${other.name}, which has another user; give it another folder`;
}
