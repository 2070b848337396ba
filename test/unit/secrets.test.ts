import { describe, expect, it } from 'vitest';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';

const problems = (answers: Intent) =>
  (complete({ name: 'shop', demo: false, ...answers }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );

describe('secrets', () => {
  const program = (source: string) => ({ programs: { web: { cmd: 'x', env_from: { KEY: source } } } });
  const secrets = { key: {}, other: { length: 44, format: 'base64', value: 'x' } };

  it('are given to programs and crons by name', () => {
    expect(problems({ secrets, ...program('secret:key') })).toEqual([]);
    expect(problems({ secrets, ...program('secret:kye') })).toEqual([
      'programs.web.env_from.KEY names secret:kye, which `secrets` does not have; add it there',
    ]);
    const crons = { c: { cmd: 'x', schedule: '@daily', env_from: { KEY: 'secret:constructor' } } };
    expect(problems({ secrets, crons })).toEqual([
      'crons.c.env_from.KEY names secret:constructor, which `secrets` does not have; add it there',
    ]);
  });
  it.each([
    'secret:',
    'secret:a:b',
    'secret:../x',
    'secret:A',
    'secret:{name}',
    'file:x',
  ])('have a form: %s', (source) => {
    expect(problems({ secrets, ...program(source) })).toEqual([
      expect.stringMatching(/^programs\.web\.env_from\.KEY must be keys joined by ":"/),
    ]);
  });
  it.each([
    [{ length: 15 }, 'secrets.a.length must be a whole number from 16 to 1024'],
    [{ length: 18, format: 'base64' }, 'secrets.a.length must be a multiple of 4 for base64'],
    [{ format: 'words' }, 'secrets.a.format '],
    [{ value: '' }, 'secrets.a.value must be 1 to 65536 characters without NUL'],
    [{ value: 'a\0' }, 'secrets.a.value must be 1 to 65536 characters without NUL'],
    ['drawn', 'secrets.a must be of type object'],
  ])('that cannot be drawn are refused: %j', (entry, told) => {
    expect(problems({ secrets: { a: entry } })).toEqual([expect.stringContaining(told)]);
  });
  it('have a plain name', () => {
    for (const name of ['../x', 'A', 'a.b', '']) expect(problems({ secrets: { [name]: {} } })).toHaveLength(1);
  });
});
