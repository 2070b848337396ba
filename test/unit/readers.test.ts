import { describe, expect, it } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';

const crons = { purge: { cmd: 'x', schedule: '@daily' } };
const problems = (config: object, more: object = {}) => {
  const intent = {
    name: 'x',
    programs: { web: { cmd: 'x' } },
    configs: { c: { source: 'c', ...config } },
    crons,
    ...more,
  };
  return (complete(intent).problems ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
};

describe('who reads a config', () => {
  it('is a program or nginx', () => {
    expect(problems({ restarts: ['web', 'nginx'], signal: 'HUP' })).toEqual([]);
    expect(problems({ restarts: ['cron'] }, { programs: { cron: { cmd: 'x' } } })).toEqual([]);
    expect(problems({ restarts: [] })).toEqual([]);
  });
  it.each([
    [{ restarts: ['web', 'wbe'] }, 'configs.c.restarts.1 names wbe, which is not a program'],
    [
      { restarts: ['cron'] },
      'configs.c.restarts.0 names cron, which is not a program; a cron reads its files anew in each run, so take it away',
    ],
    [
      { restarts: ['purge'] },
      'configs.c.restarts.0 names purge, which is not a program; a cron reads its files anew in each run, so take it away',
    ],
    [{ restarts: ['A B'] }, 'configs.c.restarts.0 must be the name of a program, or nginx'],
    [{ restarts: 'web' }, 'configs.c.restarts must be'],
    [{ signal: 'KILL' }, 'configs.c.signal expected one of'],
    [{ signal: 1 }, 'configs.c.signal expected one of'],
  ])('is refused otherwise: %j', (config, told) => {
    const [sentence] = problems(config);
    expect(sentence?.startsWith(told), sentence).toBe(true);
  });
  it('is named by a program for other files, with their absolute paths', () => {
    expect(problems({}, { programs: { web: { cmd: 'x', watches: ['/etc/a', '{data_root}/b'] } } })).toEqual([]);
    expect(problems({}, { programs: { web: { cmd: 'x', watches: ['etc/a'] } } })).toHaveLength(1);
  });
});
