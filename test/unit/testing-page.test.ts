import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

const page = readFileSync(join(packageRoot, 'docs/testing.md'), 'utf8');
const [, table = ''] = page.split('## Which test holds what');
const rows = (table.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| ') && line.includes('`'));
const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
const sources = ['templates', 'generators'].flatMap((folder) =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }),
);

describe('the table of docs/testing.md', () => {
  it.each(rows)('names what is there: %s', (row) => {
    const [, , source = '', tests = ''] = row.split('|');
    let folder = '';
    for (const path of quoted(tests).filter((name) => !name.startsWith('npm '))) {
      const whole = path.includes('/') ? path : folder + path;
      folder = whole.slice(0, whole.lastIndexOf('/') + 1);
      expect(existsSync(join(packageRoot, whole)), whole).toBe(true);
    }
    for (const name of quoted(source).map((path) => path.replace(/\/$/, ''))) {
      const parts = new RegExp(`(^|/)${name}(\\.(py|ts|sh))?(\\.ejs)?$`);
      const alone = new RegExp(`(^|/)(launcher|model)/${name}\\.(py\\.ejs|ts)$`);
      expect(
        sources.some((path) => parts.test(path) || alone.test(path)),
        name,
      ).toBe(true);
    }
  });
  it.each(['test/launcher', 'test/unit'])('has each test of %s', (folder) => {
    const names = readdirSync(join(packageRoot, folder)).filter((name) => /^test_|\.test\.ts$/.test(name));
    expect(names.filter((name) => !table.includes(name) && !name.startsWith('testing-page'))).toEqual([]);
  });
});
