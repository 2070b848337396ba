import fs from 'node:fs';
import { join } from 'node:path';
import { ANSWERS_YAML, YO_RC } from '../answers/yo-rc.ts';
import { readJournal } from '../apply/journal.ts';
import { isLive } from '../apply/lock.ts';
import { LOCK, TX } from '../apply/state.ts';
import { UserError } from '../errors.ts';
import type { Manifest } from '../manifest/content.ts';
import { keptPaths, MANIFEST, readManifest } from '../manifest/manifest.ts';
import { complete, type Intent } from '../model/intent.ts';
import type { Image } from '../model/schema.ts';
import { warningsOf } from '../model/warnings.ts';
import { isOlder, version } from '../package.ts';
import { FIRST_RELEASE } from '../project/first-release/rendering.ts';
import { type Stored, storedAnswers } from '../project/stored.ts';
import { lstat } from '../system/files.ts';
import { plainWord } from '../text/quote.ts';
import { error, type Finding, fromError, named, ok, warning } from './finding.ts';

/** The manifest of a project, if it can be used, and the findings on it and on the generator that wrote it. */
export function checkManifest(root: string): { manifest: Manifest | undefined; findings: Finding[] } {
  let manifest: Manifest | undefined;
  try {
    manifest = readManifest(root);
  } catch (failure) {
    return { manifest, findings: [fromError('manifest', failure, join(root, MANIFEST))] };
  }
  if (!manifest) {
    const what = `there is none: ${FIRST_RELEASE} wrote the project, or .makina-image/ is not in its repository`;
    const fix = `restore .makina-image/ from your git history; if it was never there, \`makina-image upgrade ${plainWord(root)}\` makes it`;
    return { manifest, findings: [warning('manifest', what, join(root, MANIFEST), fix)] };
  }
  const readable = ok('manifest', `${keptPaths(manifest).length} files are kept up to date`);
  return { manifest, findings: [readable, checkGenerator(root, manifest.generator)] };
}

function checkGenerator(root: string, from: string): Finding {
  if (isOlder(from, version))
    return warning(
      'generator',
      `${from} wrote this project, and this is ${version}`,
      root,
      `\`makina-image diff ${plainWord(root)}\` shows what is new, \`makina-image upgrade ${plainWord(root)}\` takes it`,
    );
  if (isOlder(version, from))
    return error(
      'generator',
      `${from} wrote this project, and this is the older ${version}`,
      root,
      `install the package generator-makina-image ${from}`,
    );
  return ok('generator', `${version} wrote this project`);
}

/** The answers and the image that they stand for, if they can be used, and all that is wrong with them. */
export function checkAnswers(root: string): {
  intent?: Intent;
  image?: Image;
  isInYaml?: boolean;
  findings: Finding[];
} {
  let stored: Stored;
  try {
    stored = storedAnswers(root);
  } catch (failure) {
    const path = join(root, ANSWERS_YAML);
    const isInYaml = failure instanceof UserError && failure.message.startsWith(path);
    return { findings: [fromError('answers', failure, isInYaml ? path : join(root, YO_RC))] };
  }
  const { intent, file } = stored;
  const where = file?.path ?? join(root, YO_RC);
  if (!intent) {
    const fix = 'restore it from your git history';
    return { findings: [error('answers', 'the answers of the project are missing', where, fix)] };
  }
  const { image, problems = [] } = complete(intent);
  const fix = `correct it there, then run \`makina-image new ${plainWord(`${root}/`)}\``;
  if (image) {
    const advice = 'correct it there, or make sure that the build creates what it names';
    const odd = warningsOf(image).map(({ path, message, fix = advice }) =>
      warning('answers', `${path.join('.')} ${message}`, where, fix),
    );
    const unused = !file && lstat(join(root, ANSWERS_YAML)) ? [checkUnused(root)] : [];
    const findings = [...odd, ...unused];
    return {
      intent,
      image,
      isInYaml: file !== undefined,
      findings: findings.length > 0 ? findings : [ok('answers', 'all are valid')],
    };
  }
  return {
    findings: problems.map(({ path, message }) => error('answers', `${path.join('.')} ${message}`, where, fix)),
  };
}

/** That a file is there which looks as if it held the answers. */
function checkUnused(root: string): Finding {
  const fix = `\`makina-image new ${plainWord(`${root}/`)} --answers-yaml\` takes the answers from it (add --dry-run to see what changes); or rename it`;
  return warning('answers', `it is not used: the answers are in ${YO_RC}`, join(root, ANSWERS_YAML), fix);
}

/** What runs that were cut short left behind, and whether another run is writing now. */
export function checkLeftovers(root: string): Finding[] {
  const lock = join(root, LOCK);
  const claims = lstat(lock)?.isDirectory() ? fs.readdirSync(lock) : [];
  const live = claims.filter((claim) => isLive(join(lock, claim)));
  if (live.length > 0) {
    const fix = 'wait until it ends; if there is no such run, remove that folder';
    return [warning('leftovers', `another run writes to the project (${named(live)})`, lock, fix)];
  }
  const finish = `the next run that writes finishes it or takes it back: \`makina-image upgrade ${plainWord(root)}\``;
  if (lstat(join(root, TX))) {
    try {
      readJournal(root);
    } catch (failure) {
      return [fromError('leftovers', failure, join(root, TX))];
    }
    return [
      warning('leftovers', 'a run was cut short, and files may be half old and half new', join(root, TX), finish),
    ];
  }
  if (lstat(lock)) return [warning('leftovers', 'a run was cut short before it wrote anything', lock, finish)];
  return [ok('leftovers', 'no run was cut short')];
}
