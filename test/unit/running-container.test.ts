import { describe, expect, test } from 'vitest';
import { LABEL } from '../../generators/lib/engine/arguments.ts';
import { runningContainer } from '../../generators/lib/engine/container.ts';
import type { Engine } from '../../generators/lib/engine/engine.ts';

const COMPOSE = 'com.docker.compose.project.working_dir';
const HERE = '/home/me/shop';

interface Fake {
  labels?: Record<string, string>;
  isStopped?: true;
  /** It is of another image: the engine finds it by its name alone. */
  isOther?: true;
}

/** An engine with these containers, by name. */
function engineWith(containers: Record<string, Fake>): Engine {
  const entries = Object.entries(containers);
  const answer = (stdout: string, code = 0) => Promise.resolve({ end: 'ended' as const, code, stdout, stderr: '' });
  const refuse = () => Promise.reject(new Error('nothing is run'));
  return {
    name: 'docker',
    ask: (verb, ...args) => {
      if (verb === 'ps') {
        expect(args).toContain('label=org.opencontainers.image.title=shop');
        return answer(
          entries
            .filter(([, { isOther }]) => !isOther)
            .map(([name]) => `id-${name}\n`)
            .join(''),
        );
      }
      const [name, fake] = entries.find(([name]) => [name, `id-${name}`].includes(args.at(-1) as string)) ?? [];
      if (!fake) return answer('[]', 1);
      const State = { Running: !fake.isStopped, ExitCode: 0 };
      return answer(JSON.stringify([{ Id: `id-${name}`, Name: `/${name}`, State, Config: { Labels: fake.labels } }]));
    },
    succeeds: refuse,
    attach: refuse,
    finish: refuse,
    pipe: refuse,
    spawn: () => {
      throw new Error('nothing is run');
    },
    run: refuse,
    compose: refuse,
  };
}

const up = { labels: { [LABEL]: HERE } };
const compose = { labels: { [COMPOSE]: HERE } };
const elsewhere = { labels: { [LABEL]: '/home/you/shop' } };

describe('the container of a project', () => {
  test.each<[string, Record<string, Fake>, string]>([
    ['that of up', { one: {}, shop: up }, 'shop'],
    ['that of compose', { one: {}, shop_shop_1: compose, two: {} }, 'shop_shop_1'],
    ['the one with its name, of whatever image', { shop: { isOther: true }, one: {} }, 'shop'],
    ['the only one of its image', { brave_noether: {}, gone: { isStopped: true } }, 'brave_noether'],
    ["not another folder's", { shop: elsewhere, mine: {} }, 'mine'],
  ])('%s', async (_, containers, name) => {
    expect(await runningContainer(engineWith(containers), HERE, 'shop')).toMatchObject({ name, id: `id-${name}` });
  });
  test.each<[string, Record<string, Fake>, RegExp]>([
    ['none', {}, /^no container of \/home\/me\/shop runs; start one with makina-image up$/],
    ['only one that has ended', { shop: { ...up, isStopped: true } }, /^no container of/],
    ["another folder's", { shop: elsewhere }, /runs \(shop is another folder's\); start one/],
    ['two', { b: {}, a: {} }, /^several containers of shop run: a, b; name one: docker exec a makina --help$/],
    ['two of compose', { s_2: compose, s_1: compose, shop: {} }, /^several containers of shop run: s_1, s_2;/],
  ])('%s is refused with a sentence', async (_, containers, sentence) => {
    const failed = runningContainer(engineWith(containers), HERE, 'shop');
    await expect(failed).rejects.toMatchObject({ code: 69, message: expect.stringMatching(sentence) });
  });
});
