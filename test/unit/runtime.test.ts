import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { render, renderBase } from '../../generators/lib/render/render.ts';
import { runtimeFiles } from '../../generators/lib/render/runtime-files.ts';

const folder = 'project/.salt/runtime/';
const names = ['quagmire', 'nightingale'];

/** The runtime of a project with everything in it that can be, by path. */
function runtimeOf(name: string): Map<string, string> {
  const answers = {
    name,
    demo: false,
    runtime: 'vendored',
    description: `All of ${name}`,
    app: { word: name },
    crons: { [name]: { schedule: '@daily', cmd: name } },
    programs: { [name]: { cmd: name } },
    vhosts: { [`${name}.example.com`]: {} },
    watched_env: [name.toUpperCase()],
  };
  const files = [...render(complete(answers).image as Image).files].filter(([path]) => path.startsWith(folder));
  return new Map(files.map(([path, { bytes }]) => [path.slice(folder.length), bytes.toString()]));
}

describe('the runtime', () => {
  const [one, other] = names.map(runtimeOf) as [Map<string, string>, Map<string, string>];
  it('is the same in every project and in the base image, and knows no name', () => {
    expect([...one.keys()].sort()).toEqual([...runtimeFiles].sort());
    expect(one).toEqual(other);
    const ofBase = [...renderBase().files].filter(([path]) => path.startsWith('runtime/'));
    expect(new Map(ofBase.map(([path, { bytes }]) => [path.slice('runtime/'.length), bytes.toString()]))).toEqual(one);
    const named = [...one].filter(([path, text]) => names.some((name) => `${path}\n${text}`.includes(name)));
    expect(named.map(([path]) => path)).toEqual([]);
  });
  it('asks for no host name and no grains where Salt renders it: a start looks for these words in a project alone', () => {
    const record = readFileSync(join(packageRoot, 'templates/runtime/launcher/record.py.ejs'), 'utf8');
    const words = [...(/^HOST_WORDS = \((.*)\)$/m.exec(record)?.[1] ?? '').matchAll(/b'(\w+)'/g)].map(
      ([, word]) => word,
    );
    expect(words).toContain('grains');
    const rendered = [...one].filter(([path]) => /^(states|files)\/|^defaults\.json$/.test(path));
    expect(rendered.length).toBeGreaterThan(15);
    const asking = new RegExp([...words, 'hostname\\b', 'network\\.', 'opts\\.id\\b', "opts\\['id'\\]"].join('|'));
    expect(rendered.filter(([, text]) => asking.test(text)).map(([path]) => path)).toEqual([]);
  });
});
