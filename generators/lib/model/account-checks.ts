/** The accounts that an image makes for itself: names and numbers that are free. The launcher's declared_accounts.py has the same rules. */

import type { Problem } from './problem.ts';
import { replaced } from './references.ts';
import type { Image } from './schema.ts';

const words = (text: string) => new Set(text.split(' '));
/** The users and groups of Debian's own images. */
export const DEBIAN_USERS = words(
  '_apt backup bin daemon games irc list lp mail man news nobody proxy root sync sys uucp www-data',
);
export const DEBIAN_GROUPS = words(
  'adm audio backup bin cdrom daemon dialout dip disk fax floppy games irc kmem list lp mail man news nogroup operator plugdev proxy root sasl shadow src staff sudo sys tape tty users utmp uucp video voice www-data',
);

/** The number of the project's own user and group; a build argument can give another one. */
const PROJECT_ID = 900;

export function checkAccounts(image: Image): Problem[] {
  const { name, users, groups } = image;
  return [
    ...checkNumbers('users', 'uid', numbersOf(users, 'uid')),
    ...checkNumbers('groups', 'gid', numbersOf(groups, 'gid')),
    ...checkNames('users', Object.keys(users), DEBIAN_USERS, `${name}-user`),
    ...checkNames('groups', Object.keys(groups), DEBIAN_GROUPS, `${name}-grp`),
    ...Object.entries(users).flatMap(([key, { group, home, createhome }]): Problem[] => {
      const own = replaced(group, name);
      if (groups[own] === undefined && !DEBIAN_GROUPS.has(own) && own !== `${name}-grp`)
        return [{ path: ['users', key, 'group'], message: `is ${own}, which \`groups\` does not have; add it there` }];
      if (createhome && home === '/nonexistent')
        return [{ path: ['users', key, 'createhome'], message: 'needs a home; give it one, or take it away' }];
      return [];
    }),
  ];
}

const numbersOf = <K extends string>(accounts: Record<string, Record<K, number>>, key: K) =>
  Object.entries(accounts).map(([name, account]): [string, number] => [name, account[key]]);

/** Numbers that are taken, by the project or by another entry. */
function checkNumbers(kind: string, field: string, numbers: [string, number][]): Problem[] {
  return numbers.flatMap(([name, number], index) => {
    const path = [kind, name, field];
    if (number === PROJECT_ID)
      return [{ path, message: `is ${number}, the number of the project itself; use another one` }];
    const other = numbers.slice(0, index).find(([, one]) => one === number);
    return other ? [{ path, message: `is the number of ${kind}.${other[0]} too; use another one` }] : [];
  });
}

function checkNames(kind: string, names: string[], debian: ReadonlySet<string>, own: string): Problem[] {
  return names.flatMap((name) => {
    const path = [kind, name];
    if (name === own) return [{ path, message: 'is an account of the project itself; use another name' }];
    return debian.has(name) ? [{ path, message: 'is an account of Debian itself; use another name' }] : [];
  });
}
