import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CASES, FOLDER, SEED, turnOver } from '../support/cases.ts';
import { type Engine, engine, mutants } from '../support/engine.ts';
import { diffed, type Property, plainProperties, properties } from '../support/properties.ts';
import { plainScenarios, scenarios } from '../support/scenario.ts';
import { workFiles } from '../support/snapshot.ts';

async function hold(
  property: Property,
  tried: Engine,
  given: typeof scenarios,
  numRuns: number,
  seed = SEED,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(given, async (scenario) => {
      const outer = mkdtempSync(join(FOLDER, 'makina-image-case-'));
      try {
        writeFileSync(join(outer, 'outside'), 'outside');
        property(tried, scenario, join(outer, 'project'));
      } finally {
        rmSync(outer, { recursive: true, force: true });
        await turnOver();
      }
    }),
    { numRuns, seed, endOnFailure: process.env.SHRINK === undefined },
  );
}

const all: [string, Property, typeof scenarios][] = [
  ...Object.entries(properties).map(([name, property]): [string, Property, typeof scenarios] => [
    name,
    property,
    scenarios,
  ]),
  ...Object.entries(plainProperties).map(([name, property]): [string, Property, typeof scenarios] => [
    name,
    property,
    plainScenarios,
  ]),
];

describe('whatever the user and the templates do', () => {
  test.each(all)('%s', { timeout: 600_000 }, (_, property, given) => hold(property, engine, given, CASES));
});

describe('the diffs of all these', () => {
  test.each([
    ['git', ['apply', '--whitespace=nowarn']],
    ['patch', ['-p1', '--silent']],
  ])('are what %s %j takes', { timeout: 600_000 }, (command, args) => {
    for (const { before, text, after } of diffed.filter(({ text }) => isFor(command, text))) {
      const root = mkdtempSync(join(FOLDER, 'makina-image-case-'));
      try {
        writeFiles(root, before);
        const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, input: text, encoding: 'utf8' });
        expect([status, `${stdout}${stderr}`], text).toEqual([0, '']);
        expect(workFiles(root)).toEqual(after);
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    }
  });
});

describe('the suite finds a fault', () => {
  test.each(Object.entries(mutants))('in an engine that %s', { timeout: 600_000 }, async (_, mutant) => {
    let found: string | undefined;
    for (const [name, property, given] of all)
      found ??= await hold(property, mutant, given, 30, 1).then(
        () => undefined,
        () => name,
      );
    expect(found).toBeDefined();
  });
});

/** No diff brings binary files; patch finds no name with a blank where only the mode changes, and deletes no empty file. */
function isFor(command: string, text: string): boolean {
  const parts = text.split(/^(?=diff --git )/m);
  const isLost = parts.some((part) => /with blank|\ndeleted/.test(part) && !part.includes('\n--- '));
  return text !== '' && !text.includes('\nBinary files') && !(command === 'patch' && isLost);
}

/** Files as `workFiles` tells them, links apart. */
function writeFiles(root: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    const isLink = content.startsWith('->');
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (isLink) symlinkSync(content.slice(3), join(root, path));
    else
      writeFileSync(join(root, path), content.slice(2), {
        encoding: 'latin1',
        mode: content[0] === 'x' ? 0o755 : 0o644,
      });
  }
}
