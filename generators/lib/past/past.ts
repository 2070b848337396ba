import fs from 'node:fs';
import { join } from 'node:path';
import { isExecutable } from '../apply/state.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Intent } from '../model/intent.ts';
import { packageRoot } from '../package.ts';
import type { Side } from '../plan/plan.ts';
import { asRunner } from '../rights.ts';

/** The release whose projects have no manifest. It is in the package, so that this needs no network. */
export const FIRST_RELEASE = '0.1.0';

/**
 * What the first release makes of some answers: the base of a project that it wrote.
 * @param scratch a folder for temporary files
 */
export function firstRendering(intent: Intent, scratch: string): Map<string, Side> {
  return asRunner(() => renderedBy(intent, scratch));
}

function renderedBy(intent: Intent, scratch: string): Map<string, Side> {
  const work = fs.mkdtempSync(join(scratch, 'makina-image-past-'));
  try {
    const answers = join(work, 'answers.json');
    const folder = join(work, 'project');
    fs.writeFileSync(answers, JSON.stringify(intent));
    const bin = join(packageRoot, 'dist/past', FIRST_RELEASE, 'dist/makina-image.cjs');
    if (!fs.existsSync(bin))
      throw new UserError(
        `${bin} is missing: this installation is not whole; install the package again`,
        EXIT.internal,
      );
    // Loaded here: hardly a run needs it, and every verb loads this file.
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    execFileSync(process.execPath, [bin, 'new', '--yes', '--destination', folder, '--answers', answers], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return new Map(filesBelow(folder, '').map((path) => [path, readSide(join(folder, path))]));
  } finally {
    fs.rmSync(work, { recursive: true });
  }
}

function filesBelow(root: string, folder: string): string[] {
  return fs.readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
}

function readSide(path: string): Side {
  return { bytes: fs.readFileSync(path), executable: isExecutable(fs.statSync(path)) };
}
