import { expect, test } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { render } from '../../generators/lib/render/render.ts';

test('the README of a project says of each file and folder what it is', () => {
  const { files, dirs } = render(complete({ name: 'demo' }).image as Image);
  const [, table = ''] = /## What is where\n([\s\S]*)$/.exec(files.get('README.md')?.bytes.toString() ?? '') ?? [];
  const named = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`…]+)…?`/g)].map(([, path = '']) => path.replace(/^\d/, 'project/.salt/$&')),
  );
  const below = (path: string) => named.some((each) => each !== 'project/' && path.startsWith(each));
  const code = /^project\/(?!\.salt\/)/;
  const paths = [...files.keys(), ...dirs.map((dir) => `${dir}/`), '.yo-rc.json', '.makina-image/'];
  expect(paths.filter((path) => path !== 'README.md' && !code.test(path) && !below(path))).toEqual([]);
});
