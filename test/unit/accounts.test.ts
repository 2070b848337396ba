import { describe, expect, it } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { warningsOf } from '../../generators/lib/model/warnings.ts';
import { saltData } from '../../generators/lib/render/salt-data.ts';

const completed = (answers: Record<string, unknown>) => complete({ name: 'shop', demo: false, ...answers });
const problems = (answers: Record<string, unknown>) =>
  (completed(answers).problems ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
const GROUPS = { svc: { gid: 901 } };
const user = (more = {}) => ({ groups: GROUPS, users: { svc: { uid: 901, group: 'svc', ...more } } });

describe('accounts of one’s own', () => {
  it('are data of the build alone, under a name that is free in mc_project', () => {
    const text = saltData(completed(user({ groups: ['www-data'], home: '{data_root}/data/svc' })).image as Image);
    expect(text).toMatch(/\n {4}unix_groups:\n {6}svc:\n {8}gid: 901\n/);
    expect(text).not.toMatch(/\n {4}groups:/);
  });

  it.each([
    [user(), []],
    [user({ group: '{group}' }), []],
    [user({ group: 'www-data' }), []],
    [user({ home: '/home/svc', createhome: true }), []],
    [user({ uid: 0 }), ['users.svc.uid must be a whole number from 100 to 2147483647']],
    [user({ uid: 99 }), ['users.svc.uid must be a whole number from 100 to 2147483647']],
    [user({ uid: '901' }), ['users.svc.uid must be a whole number from 100 to 2147483647']],
    [user({ uid: undefined }), ['users.svc.uid must be a whole number from 100 to 2147483647']],
    [user({ group: undefined }), ['users.svc.group is required']],
    [user({ uid: 900 }), ['users.svc.uid is 900, the number of the project itself; use another one']],
    [user({ group: 'other' }), ['users.svc.group is other, which `groups` does not have; add it there']],
    [user({ createhome: true }), ['users.svc.createhome needs a home; give it one, or take it away']],
    [user({ groups: ['a:b'] }), ['users.svc.groups.0 must be the name of a Unix account']],
    [user({ home: '/a:b' }), [expect.stringMatching(/^users\.svc\.home must be an absolute path/)]],
    [user({ shell: 'sh' }), [expect.stringMatching(/^users\.svc\.shell must be an absolute path/)]],
    [
      user({ home: '{data_root}/data/svc', createhome: true }),
      ['users.svc.home must not be in a volume: use a seed without source there'],
    ],
    [
      user({ home: '/etc', createhome: true }),
      ['users.svc.home must be of root alone, since it is in the way of /etc/makina-projects/shop/circus'],
    ],
    [{ groups: { svc: { gid: 900 } } }, ['groups.svc.gid is 900, the number of the project itself; use another one']],
    [{ groups: { a: { gid: 901 }, b: { gid: 901 } } }, ['groups.b.gid is the number of groups.a too; use another one']],
    [
      { groups: { 'shop-grp': { gid: 901 } } },
      ['groups.shop-grp is an account of the project itself; use another name'],
    ],
    [{ groups: { daemon: { gid: 901 } } }, ['groups.daemon is an account of Debian itself; use another name']],
    [{ users: { root: { uid: 901, group: 'root' } } }, ['users.root is an account of Debian itself; use another name']],
    [
      { users: { 'A b': { uid: 901, group: 'root' } } },
      [expect.stringMatching(/^users\.A b the key must be the name of a Unix account/)],
    ],
  ])('%j', (answers, expected) => {
    expect(problems(answers)).toEqual(expected);
  });

  it('keep root out of their homes', () => {
    const config = { configs: { c: { source: 'x', target: '/home/svc/c' } } };
    expect(problems({ ...user({ home: '/home/svc', createhome: true }), ...config })).toEqual([
      'configs.c.target must not be in /home/svc, where others than root can write: Salt writes it as root; use a seed there, or another path',
    ]);
  });

  it('are known wherever an account may be, and others are warned of', () => {
    const used = {
      programs: { a: { cmd: 'a', user: 'svc', group: 'svc' } },
      seeds: { s: { target: 'data/s', owner: 'svc' } },
    };
    const warned = (answers: Record<string, unknown>) =>
      warningsOf(completed(answers).image as Image).map(({ path }) => path.join('.'));
    expect(warned({ ...user(), ...used })).toEqual([]);
    expect(warned(used)).toEqual(['programs.a.user', 'programs.a.group']);
    expect(warned(user({ groups: ['www-data', 'redis'] }))).toEqual(['users.svc.groups.1']);
  });
});
