import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Intent } from '../../generators/lib/model/intent.ts';
import { newProject } from '../../generators/lib/verbs/new.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'makina-image-nulls-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const answer = (answers: Intent) => newProject({ cwd: dir, flags: { name: 'shop' }, answers, conflict: 'abort' });
const stored = () => JSON.parse(readFileSync(join(dir, 'shop/.yo-rc.json'), 'utf8'))['generator-makina-image'].answers;

it.each([
  [{ app: { smtp: { domain: null } } }, 'app.smtp.domain is null'],
  [{ app: { new: null } }, 'app.new is null'],
  [{ demo: false, app: { greeting: null } }, 'app.greeting is null'],
  [{ configs: { c: { source: 'x', context: { a: { b: null } } } } }, 'configs.c.context.a.b is null'],
])('%j is refused, since the key would vanish', async (answers, told) => {
  await expect(answer(answers)).rejects.toThrow(told);
  expect(existsSync(join(dir, 'shop'))).toBe(false);
});

it('a null that removes a key, one in a list and one outside of app are accepted', async () => {
  await answer({ app: { greeting: null, list: [null], old: { a: 1, b: 2 } }, programs: { nothing: null } });
  expect(stored().app).toEqual({ greeting: null, list: [null], old: { a: 1, b: 2 } });
  await answer({ app: { greeting: null, old: { a: null } } });
  expect(stored().app).toEqual({ greeting: null, list: [null], old: { b: 2 } });
});
