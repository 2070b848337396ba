import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { packageRoot } from '../package.ts';
import { findCommand } from '../system/command.ts';
import { plainWord } from '../text/quote.ts';
import { type Finding, ok } from './finding.ts';

const ID = 'yo';
const GENERATOR = 'generator-makina-image';
const GLOBAL = ['/usr/lib/node_modules', '/usr/local/lib/node_modules'];

/**
 * Whether Yeoman is there, and finds this generator.
 * @param folder where `yo` would be run
 * @param nodePath folders, as in NODE_PATH
 */
export function checkYo(folder: string, searchPath: string, nodePath: string): Finding {
  const yo = findCommand(searchPath, ID);
  if (!yo) return ok(ID, 'it is not there, and makina-image does not need it');
  const [, own] = /^(.*[\\/]node_modules)[\\/]yo[\\/]/.exec(realpathSync(yo)) ?? [];
  // A wrapper, as some package managers write, does not say where yo is.
  if (own === undefined) return ok(ID, 'it is there', yo);
  const given = nodePath.split(delimiter).filter(Boolean);
  const places = [own, ...[...given, ...GLOBAL].map((path) => resolve(folder, path)), ...above(folder)];
  if (places.some((path) => existsSync(join(path, GENERATOR))))
    return ok(ID, `it is there, and finds ${GENERATOR}`, yo);
  // It takes no folder of another name, as a clone may have.
  const path = basename(packageRoot) === GENERATOR ? `, or set NODE_PATH=${plainWord(dirname(packageRoot))}` : '';
  return ok(ID, `it is there, and does not find ${GENERATOR}: install both with one prefix${path}`, yo);
}

/** The node_modules of a folder, and of all above it. */
function above(folder: string): string[] {
  const parent = dirname(folder);
  return [join(folder, 'node_modules'), ...(parent === folder ? [] : above(parent))];
}
