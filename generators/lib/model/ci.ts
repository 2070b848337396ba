/** The types of the answers for CI: both end up in scripts, so they hold nothing that means more than text to a shell, YAML or git. */

import { matching } from './types.ts';

const HOST = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:[1-9][0-9]{0,4})?';
const NAME = '[a-z0-9][a-z0-9._-]*';
const SOURCES = [
  // Anyone can register a name without a scope.
  `@${NAME}/${NAME}(@[~^]?[A-Za-z0-9][A-Za-z0-9._-]*)?`,
  `https://${HOST}(/[A-Za-z0-9@~_][A-Za-z0-9@%~._-]*|/-)+\\.(tgz|tar\\.gz)`,
  `git\\+(https://|ssh://(${NAME}@)?)${HOST}(/[A-Za-z0-9~_][A-Za-z0-9~._-]*)+(#[A-Za-z0-9_][A-Za-z0-9._/-]*)?`,
];

/** Where CI takes the generator from. */
export const ciSource = matching(
  new RegExp(`^(?=.{1,300}$)(${SOURCES.join('|')})$`),
  'must be @scope/name of a registry, the https:// address of a .tgz, or git+https:// or git+ssh:// with #branch, without a password and at most 300 characters long',
);

/** A folder below the top of a repository; what is in it becomes part of the names of branches and jobs. */
export const ciFolder = matching(
  /^(?!.*(--|\.\.|\.lock(\/|$)|\.\/|.\.$))(?=.{1,150}$)(\.|[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*)$/,
  'must be the path of a folder, of letters, digits and _.-/, without "--" and without names that begin with a dot or "-" or end with a dot or ".lock"',
);
