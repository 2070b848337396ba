import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { actionOf, change, clash, git, newer, project, repository, run, text } from './support/projects.ts';
import { BIN, tempDir } from './support/run.ts';

describe('ci', () => {
  const WORKFLOW = { github: '.github/workflows/makina-image.yml', gitlab: '.gitlab/makina-image.yml' };
  const FAKES = {
    npx: '#!/bin/sh\nshift 2\nexec node "$REAL_BIN" "$@"\n',
    gh: '#!/bin/sh\necho "gh $*" >> "$GH_LOG"\n[ "$2" = create ] || { [ "$GH_OPEN" ] && echo OPEN; }\n',
  };
  function stepsOf(kind: keyof typeof WORKFLOW, root: string): { script: string; env: Record<string, string> } {
    const workflow = parse(text(root, WORKFLOW[kind]));
    if (kind === 'gitlab')
      return { script: workflow['makina-image'].script.join('\n'), env: workflow['makina-image'].variables };
    const { steps, env } = workflow.jobs.upgrade;
    return { script: steps.flatMap(({ run }: { run?: string }) => run ?? []).join('\n'), env };
  }
  test.each(['github', 'gitlab'] as const)('%s: what it runs opens what it should for 0, 2 and 3', async (kind) => {
    const parent = tempDir();
    const made = project('made', parent);
    expect((await run(BIN, made, ['ci', kind])).code).toBe(0);
    expect((await run(BIN, made, ['check'])).code).toBe(0);
    const bin = join(parent, 'bin');
    mkdirSync(bin);
    for (const [name, script] of Object.entries(FAKES)) writeFileSync(join(bin, name), script, { mode: 0o755 });
    for (const [code, real, spoil] of [
      [0, BIN, () => undefined],
      [2, newer, () => undefined],
      [3, newer, clash],
      [1, newer, (root: string) => writeFileSync(join(root, '.yo-rc.json'), '{')],
    ] as const) {
      const source = project(`source${code}`, parent);
      cpSync(made, source, { recursive: true });
      spoil(source);
      await repository(source);
      const origin = join(parent, `origin${code}.git`);
      await git(parent, 'clone', '--quiet', '--bare', source, origin);
      await git(origin, 'config', 'receive.advertisePushOptions', 'true');
      const clone = join(parent, `clone${code}`);
      await git(parent, 'clone', '--quiet', '--depth=1', `file://${origin}`, clone);
      const { script, env } = stepsOf(kind, clone);
      const log = join(parent, `gh${code}`);
      const values = { ...env, GH_TOKEN: 'none', MAKINA_IMAGE_TOKEN: 'none', CI_REPOSITORY_URL: `file://${origin}` };
      const settings = {
        cwd: clone,
        all: true,
        reject: false,
        stdin: 'ignore',
        env: { ...values, CI: 'true', REAL_BIN: real, GH_LOG: log, PATH: `${bin}:${process.env.PATH}` },
      } as const;
      const { exitCode, all } = await execa('bash', ['-e', '-c', script], settings);
      expect([exitCode, code === 1 ? '' : exitCode && all]).toEqual([code === 1 ? 1 : 0, code === 1 ? '' : 0]);
      const branch = await git(origin, 'branch', '--list', 'makina-image-upgrade');
      expect(branch !== '').toBe(code > 1);
      if (code < 2) continue;
      const show = (path: string) => git(origin, 'show', `makina-image-upgrade:${path}`);
      expect(await show('README.md')).toContain('News of 9.0.0');
      expect((await show('project/launch.sh')).includes('<<<<<<< yours')).toBe(code === 3);
      expect(await show('.makina-image/manifest.json')).toContain('"9.0.0"');
      if (kind === 'github') {
        const [create] = text(parent, `gh${code}`)
          .split('\n')
          .filter((line) => line.startsWith('gh pr create'));
        expect(create?.includes('--draft')).toBe(code === 3);
        // The branch is pushed again, and its pull request is there.
        await git(clone, 'checkout', '--quiet', 'main');
        rmSync(log);
        expect(
          (await execa('bash', ['-e', '-c', script], { ...settings, env: { ...settings.env, GH_OPEN: '1' } })).exitCode,
        ).toBe(0);
        expect(readFileSync(log, 'utf8')).not.toContain('gh pr create');
      }
    }
  });
  test('is found from a folder inside the project, as check finds it', async () => {
    const root = project();
    const inside = join(root, 'project');
    expect((await run(BIN, inside, ['ci', 'gitlab'])).code).toBe(0);
    expect(existsSync(join(root, WORKFLOW.gitlab))).toBe(true);
    const { code, stdout } = await run(BIN, inside, ['check']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`${root}: in sync`)]);
  });
  test('its file goes when the answer goes, and stays when it was edited', async () => {
    const root = project();
    await run(BIN, root, ['ci', 'github', 'gitlab']);
    appendFileSync(join(root, WORKFLOW.gitlab), '# mine\n');
    change(root, '.yo-rc.json', (rc) => rc.replace(/,\s*"ci": \[[^\]]*\]/, ''));
    const { code, report } = await run(BIN, root, ['upgrade', '--conflict=ours', '--json']);
    expect([code, actionOf(report, WORKFLOW.github), actionOf(report, WORKFLOW.gitlab)]).toEqual([
      0,
      'removed',
      'conflict template-deleted ours',
    ]);
    expect([existsSync(join(root, '.github')), existsSync(join(root, WORKFLOW.gitlab))]).toEqual([false, true]);
    expect((await run(BIN, root, ['check'])).code).toBe(0);
  });
});
