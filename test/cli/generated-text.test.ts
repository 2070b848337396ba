import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { withServices } from '../../generators/lib/model/services.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { type Rendered, render, renderBase } from '../../generators/lib/render/render.ts';
import { needs, works } from '../support/needs.ts';

const PYTHON = process.env.TOOLS_PYTHON ?? 'python3';

const withShellcheck = needs('shellcheck', works('shellcheck', '--version'));
const withPython = needs('python3', works('python3', '--version'));
const withSaltLibraries = needs(
  'Python with jinja2, PyYAML and circus (TOOLS_PYTHON)',
  works(PYTHON, '-c', 'import jinja2, yaml, circus'),
);
const withNginx = needs('nginx', works('nginx', '-v') && works(PYTHON, '-c', 'import jinja2, yaml, circus'));

function unpack({ files }: Rendered, root: string): void {
  for (const [path, { bytes, executable }] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes, { mode: executable ? 0o755 : 0o644 });
  }
}

/** The tests that every file of a tree passes by itself. */
function testEachFile({ files }: Rendered): void {
  const each = (pattern: RegExp) => [...files].filter(([path]) => pattern.test(path));

  test.each(each(/\.sh$/).map(([path, { bytes }]) => [path, bytes]))('%s is POSIX sh', async (_, bytes) => {
    await execa('sh', ['-n'], { input: bytes });
  });
  withShellcheck.each(each(/\.sh$/).map(([path, { bytes }]) => [path, bytes]))(
    'shellcheck finds nothing in %s',
    async (_, bytes) => {
      expect((await execa('shellcheck', ['-s', 'sh', '-'], { input: bytes, reject: false })).stdout).toBe('');
    },
  );
  withPython('what is Python compiles, without a warning', async () => {
    const files = each(/\.py$|bin\/salt-call$/).map(([path, { bytes }]) => [path, bytes.toString()]);
    const script = 'import json, sys\nfor path, text in json.load(sys.stdin): compile(text, path, "exec")';
    await execa('python3', ['-W', 'error', '-c', script], { input: JSON.stringify(files) });
  });
  test.each(
    each(/\.json$/)
      .filter(([path]) => path.endsWith('schema.json'))
      .map(([path, { bytes }]) => [path, bytes]),
  )('%s is JSON', (_, bytes) => {
    JSON.parse(bytes.toString());
  });
  test.each(each(/\.ya?ml$/).map(([path, { bytes }]) => [path, bytes]))('%s is YAML', (_, bytes) => {
    parse(bytes.toString(), { strict: true });
  });
}

const BASE = renderBase();
describe('the base image', () => testEachFile(BASE));

describe.each(['demo.yaml', 'shop.yaml', 'wide.yaml', 'hostile.json'])('what comes out of %s', (fixture) => {
  const image = complete(parse(readFileSync(join(packageRoot, 'test/fixtures', fixture), 'utf8')) as Intent)
    .image as Image;
  const project = render(image);
  testEachFile(project);

  describe('through Jinja, YAML and circus', () => {
    // biome-ignore lint/suspicious/noExplicitAny: the shape is the script's
    let out: any;
    let root: string;
    beforeAll(async () => {
      if (!works(PYTHON, '-c', 'import jinja2, yaml, circus')) return;
      root = mkdtempSync(join(tmpdir(), 'makina-image-tools-'));
      unpack(project, join(root, image.name));
      unpack(BASE, join(root, 'base'));
      const script = join(packageRoot, 'test/support/render_sls.py');
      const args = [script, join(root, image.name), join(root, 'base'), join(root, 'out')];
      out = JSON.parse((await execa(PYTHON, args)).stdout);
      return () => rmSync(root, { recursive: true });
    });
    withSaltLibraries('every answer reads back from PILLAR.sample as it was given', () => {
      for (const key of ['app', 'packages', 'volumes'] as const) expect(out.data[key]).toEqual(image[key]);
      const whole = withServices(image);
      for (const key of ['program', 'vhost', 'upstream', 'config', 'seed', 'cron'] as const)
        for (const [name, entry] of Object.entries(whole[`${key}s`]))
          expect({ ...out.data[`${key}_defaults`], ...out.data[`${key}s`][name] }).toEqual(entry);
    });
    withSaltLibraries('every sls is a dict of states with the functions that old and new Salt share', () => {
      const known =
        /^(file\.(managed|directory|absent|replace|symlink)|cmd\.run|(group|user)\.present|pkg\.installed)$/;
      for (const states of Object.values<Record<string, object>>(out.states))
        for (const state of Object.values(states)) for (const name of Object.keys(state)) expect(name).toMatch(known);
    });
    withSaltLibraries('every program stands in circus with its command unharmed', () => {
      const dir = `/etc/makina-projects/${image.name}/circus`;
      const watchers = [
        { name: 'nginx' },
        ...(image.metrics ? [{ name: 'makina.metrics' }] : []),
        ...Object.entries(image.programs).map(([name, { numprocesses }]) => ({ name, numprocesses })),
      ].sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(out.circus[`${dir}/circusd.ini`].watchers).toMatchObject(watchers);
      for (const kind of ['program', 'cron'] as const)
        for (const name of Object.keys(image[`${kind}s`])) {
          const { cmd, args, env, user } = { ...out.cfg[`${kind}_defaults`], ...out.cfg[`${kind}s`][name] };
          expect(JSON.parse(out.written[`${dir}/${kind}s/${name}.json`])).toMatchObject({ cmd, args, env, user });
        }
      expect(JSON.parse(out.written[`/etc/makina-projects/${image.name}/app.json`])).toEqual(out.cfg.app);
    });
    withNginx('nginx takes the configuration', async () => {
      const dir = join(root, 'out/etc/makina-projects', image.name, 'nginx');
      const conf = readFileSync(join(dir, 'nginx.conf'), 'utf8').replaceAll(
        `/etc/makina-projects/${image.name}/nginx`,
        dir,
      );
      writeFileSync(
        join(dir, 'test.conf'),
        conf.replace('/run/nginx.pid', join(root, 'nginx.pid')).replaceAll('unix:/run', `unix:${root}`),
      );
      const { exitCode, stderr } = await execa('nginx', ['-t', '-q', '-c', join(dir, 'test.conf')], {
        reject: false,
        // nginx opens /dev/stdout, which it cannot if that is a socket.
        stdout: 'ignore',
      });
      expect([exitCode, stderr]).toEqual([0, '']);
    });
  });
});
