import { join } from 'node:path';
import type { Image } from '../model/schema.ts';
import { SECRETS_FOLDER, secretNames } from '../model/services.ts';
import { lstat } from '../system/files.ts';
import { plainWord } from '../text/quote.ts';
import { error, type Finding, ok, warning } from './finding.ts';

const BY_OTHERS = 0o077;

/** Whether the secrets of the services are there, for their owner alone. */
export function checkServices(root: string, image: Image): Finding[] {
  const names = secretNames(image);
  if (names.length === 0) return [];
  const findings = names.flatMap((name) => checkSecret(join(root, SECRETS_FOLDER, name), root));
  return findings.length > 0 ? findings : [ok('services', 'the secrets of the services are there')];
}

function checkSecret(path: string, root: string): Finding[] {
  const stat = lstat(path);
  if (!stat) {
    const fix = `\`makina-image up ${plainWord(root)}\` draws it; for Compose, the README of the project has a command`;
    return [warning('services', 'a secret of a service is not there', path, fix)];
  }
  if (!stat.isFile() || stat.size === 0)
    return [
      error('services', 'it is not a file with a secret', path, 'move it away; `makina-image up` draws another one'),
    ];
  if ((stat.mode & BY_OTHERS) === 0) return [];
  return [warning('services', 'others can read this secret', path, `chmod 600 ${plainWord(path)}`)];
}
