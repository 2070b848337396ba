import { describe, expect, it } from 'vitest';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import { overrideSchema } from '../../generators/lib/model/json-schemas.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { saltData, saltDefaults } from '../../generators/lib/render/salt-data.ts';

const whole = (answers: Intent) => {
  const { image, problems } = complete({ name: 'x', demo: false, ...answers });
  expect(problems).toBeUndefined();
  return image as Image;
};
const problems = (answers: Intent) =>
  (complete({ name: 'x', demo: false, ...answers }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );

describe('the defaults of a kind of entry', () => {
  it('count where an entry says nothing, and an own value wins', () => {
    const image = whole({
      program_defaults: { user: 'www-data', group: 'www-data', umask: '0022', env: { A: '1' }, max_retry: 3 },
      programs: { a: { cmd: 'x' }, b: { cmd: 'x', user: '{user}', env: { B: '2' } } },
      cron_defaults: { user: 'nobody', log_file: '/var/log/x.log' },
      crons: { c: { cmd: 'x', schedule: '@daily' } },
      config_defaults: { mode: '0600', template: false },
      configs: { d: { source: 'app/d' } },
      seed_defaults: { owner: 'www-data' },
      seeds: { e: { target: 'data/e' } },
    });
    expect(image.programs.a).toMatchObject({ user: 'www-data', umask: '0022', env: { A: '1' }, max_retry: 3 });
    expect(image.programs.b).toMatchObject({ user: '{user}', group: 'www-data', env: { B: '2' } });
    expect(image.crons.c).toMatchObject({ user: 'nobody', log_file: '/var/log/x.log' });
    expect(image.configs.d).toMatchObject({ mode: '0600', template: false });
    expect(image.seeds.e).toMatchObject({ owner: 'www-data' });
  });

  it('leave a program with a socket the umask that nginx needs, unless it says another', () => {
    const a = { cmd: 'x', socket: '/run/a/x' };
    const image = whole({
      program_defaults: { umask: '0022' },
      programs: { a, b: { ...a, socket: '/run/b/x', umask: '0022' } },
    });
    expect([image.programs.a?.umask, image.programs.b?.umask]).toEqual([undefined, '0022']);
    expect(saltData(image).match(/umask/g)).toHaveLength(2);
  });

  it('are once in PILLAR.sample, and entries say what differs', () => {
    const programs = { a: { cmd: 'x' }, b: { cmd: 'x', priority: 100 } };
    const text = saltData(whole({ program_defaults: { user: 'www-data', priority: 200 }, programs }));
    expect(text.match(/www-data/g)).toHaveLength(1);
    expect(text.match(/priority/g)).toHaveLength(2);
    expect(saltData(whole({ programs }))).not.toContain('defaults');
    expect(saltDefaults().program_defaults).toMatchObject({ user: '{user}', priority: 100 });
  });

  it('are checked where they are, and together with each entry', () => {
    expect(problems({ program_defaults: { user: 'A b' }, programs: { a: { cmd: 'x' } } })).toEqual([
      'program_defaults.user must be the name of a Unix account or a {key}',
    ]);
    for (const [kind, field] of [
      ['program', 'cmd'],
      ['program', 'port'],
      ['program', 'socket'],
      ['cron', 'schedule'],
      ['config', 'source'],
      ['config', 'target'],
      ['seed', 'target'],
      ['seed', 'source'],
    ] as const)
      expect(problems({ [`${kind}_defaults`]: { [field]: 'x' } })).toEqual([
        `${kind}_defaults.${field} is not a known field`,
      ]);
    const oneshot = { program_defaults: { numprocesses: 2 }, programs: { a: { cmd: 'x', oneshot: true } } };
    expect(problems(oneshot)).toEqual(['programs.a.numprocesses must be 1 for a program that is oneshot']);
  });

  it('take null in an override where an entry takes it', () => {
    const [top] = Object.values(overrideSchema().patternProperties as Record<string, never>) as {
      properties: { data: { properties: Record<string, { properties: Record<string, { anyOf?: unknown }> }> } };
    }[];
    const { user, umask, port } = top?.properties.data.properties.program_defaults?.properties ?? {};
    expect([user?.anyOf !== undefined, umask?.anyOf !== undefined, port]).toEqual([false, true, undefined]);
  });
});
