import { expect, test } from 'vitest';
import { checkContent } from '../../generators/lib/manifest/content.ts';
import { emptyManifest } from '../../generators/lib/manifest/manifest.ts';

const sha256 = 'a'.repeat(64);
const good = {
  ...emptyManifest('project', '1.2.3'),
  files: { 'a/b.txt': { sha256, executable: false } },
  seeds: ['custom.sls'],
  adopted: ['café/c'],
  conflicts: { 'a/b.txt': { kind: 'markers', theirs: sha256 } },
};
const FOREIGN = ['', '/etc/passwd', '../x', 'a/../b', 'a//b', '.git/config', 'a/.GIT/hooks', '.g\u200bit/config'];
const OURS = [
  'data/x',
  'DATA',
  '.makina-image/base/x',
  '.Ma\u212aina-image/tx',
  '__proto__',
  'a\\b',
  'a\nb',
  'cafe\u0301',
];

test('a manifest of ours is taken', () => {
  expect(() => checkContent(good)).not.toThrow();
});

test.each([
  [null, 'it must be an object'],
  [[], 'it must be an object'],
  [{ ...good, more: 1 }, 'it has the unknown key more'],
  [JSON.parse(`{"__proto__": {}, ${JSON.stringify(good).slice(1)}`), 'it has the unknown key __proto__'],
  [{ ...good, schema: 0 }, 'schema must be 1'],
  [{ ...good, kind: 'other' }, 'kind must be project or base'],
  [{ ...good, generator: undefined }, 'generator must be text'],
  [{ ...good, files: [] }, 'files must be an object'],
  [{ ...good, files: { a: { sha256 } } }, 'files.a.executable must be true or false'],
  [{ ...good, files: { a: { sha256: `${sha256}\n`, executable: true } } }, 'files.a.sha256 must be a SHA-256'],
  [{ ...good, files: { a: { sha256, executable: true, x: 1 } } }, 'files.a has the unknown key x'],
  [{ ...good, seeds: { a: 1 } }, 'seeds must be a list'],
  [{ ...good, adopted: [1] }, 'adopted must be a list of paths'],
  [{ ...good, conflicts: { a: { kind: 'x', theirs: sha256 } } }, 'conflicts.a.kind must be markers or sidecar'],
  [{ ...good, conflicts: { a: { kind: 'sidecar' } } }, 'conflicts.a.theirs must be a SHA-256'],
])('what no run has written is refused: %j', (content, sentence) => {
  expect(() => checkContent(content)).toThrow(new Error(sentence));
});

test.each([...FOREIGN, ...OURS])('no manifest names %j', (path) => {
  const files = JSON.parse(`{${JSON.stringify(path)}: ${JSON.stringify({ sha256, executable: false })}}`);
  for (const [key, value] of Object.entries({ files, seeds: [path], adopted: [path] }))
    expect(() => checkContent({ ...good, [key]: value })).toThrow(
      new Error(`${key}.${path} must be a relative path inside the project`),
    );
});
