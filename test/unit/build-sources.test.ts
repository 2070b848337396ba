import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkConfigs } from '../../generators/lib/doctor/configs.ts';
import { checkFirstLayer } from '../../generators/lib/doctor/first-layer.ts';
import { memoryForOverrides } from '../../generators/lib/model/docker-run.ts';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { madeByBuild, missingSources } from '../../generators/lib/project/sources.ts';

const imageOf = (answers: object) => complete({ name: 'shop', demo: false, ...answers }).image as Image;
const root = mkdtempSync(join(tmpdir(), 'makina-image-sources-'));
mkdirSync(join(root, 'project/.salt'), { recursive: true });
writeFileSync(join(root, 'project/there'), '');
afterAll(() => rmSync(root, { recursive: true }));
const url = 'https://x.invalid/y';
const sha256 = '0'.repeat(64);

describe('doctor', () => {
  const image = imageOf({
    downloads: {
      tool: { url, sha256, target: '{project_root}/bin/tool' },
      site: { url, sha256, target: '{project_root}/./site', unpack: 'tar' },
    },
    virtualenvs: { v: { packages: ['a'], path: '/srv/projects/shop/project/venv' } },
    configs: { a: { source: 'there' }, b: { source: 'site/b.conf' }, c: { source: 'missing' } },
  });
  it('knows what downloads and virtual environments make', () => {
    expect(madeByBuild(root, image, 'bin/tool')).toBe('downloads.tool');
    expect(madeByBuild(root, image, 'bin')).toBe('downloads.tool');
    expect(madeByBuild(root, image, 'site/deep/x')).toBe('downloads.site');
    expect(madeByBuild(root, image, 'venv/bin/python')).toBe('virtualenvs.v');
    expect(madeByBuild(root, image, 'sites')).toBeUndefined();
  });
  it('`new` warns of a source that is not there yet', () => {
    expect(missingSources(root, image, 'configs')).toEqual([['c', 'missing']]);
    const seeds = imageOf({
      seeds: { a: { source: 'there', target: 'x' }, b: { target: 'y' }, c: { source: 'z', target: 'z' } },
    });
    expect(missingSources(root, seeds, 'seeds')).toEqual([['c', 'z']]);
  });
  it('reports a config without its template, unless a step of yours may make it', () => {
    const told = () => checkConfigs(root, image).map(({ level, what }) => `${level} ${what}`);
    const made = 'ok configs.b.source may be made by downloads.site';
    expect(told()).toEqual([made, 'error configs.c.source is not there (the build stops)']);
    const late = join(root, 'project/.salt/250_late.sls');
    writeFileSync(late, '');
    expect(told()).toHaveLength(2);
    expect(madeByBuild(root, image, 'missing')).toBe('250_late.sls');
    writeFileSync(join(root, 'project/.salt/150_early.sls'), '');
    expect(told()).toEqual([made, 'ok configs.c.source may be made by 150_early.sls']);
  });
});

describe('what a read-only root needs in memory', () => {
  it('has the folders of configs that lie elsewhere', () => {
    const targets = [
      '/etc/acme/x',
      '/etc/acme/deep/y',
      '/run/app/z',
      '/etc/passwd.d/../x'.replace('/../', '/'),
      '/etc/x',
    ];
    const configs = Object.fromEntries(targets.map((target, at) => [`c${at}`, { source: 'x', target }]));
    expect(memoryForOverrides(imageOf({ configs: { ...configs, own: { source: 'x' } } }))).toEqual([
      '/etc/makina-projects/shop',
      '/var/cache/salt',
      '/etc/acme',
      '/etc/passwd.d',
    ]);
  });
  it('is what the page on Compose and Kubernetes has in memory', () => {
    const page = readFileSync(join(packageRoot, 'docs/compose-and-kubernetes.md'), 'utf8');
    const wanted = ['/run', '/tmp', '/var/lib/nginx', ...memoryForOverrides(complete({ name: 'demo' }).image as Image)];
    const [, tmpfs = ''] = page.match(/tmpfs:\n((?: {6}.*\n)+)/) ?? [];
    expect([...tmpfs.matchAll(/- (\/.*)/g)].map(([, path]) => path)).toEqual(wanted);
    const mounted = [...page.matchAll(/mountPath: ([^,}]+)/g)].map(([, path]) => path);
    expect(mounted.filter((path) => !path?.startsWith('/srv/projects/demo/data')).sort()).toEqual(wanted.sort());
  });
});

describe('doctor, of the first layer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'makina-image-first-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const project = join(folder, 'project');
  mkdirSync(join(project, '.salt'), { recursive: true });
  mkdirSync(join(project, 'etc'));
  writeFileSync(
    join(project, 'etc/web.txt'),
    '-r ../base.txt\n-cconstraints.txt # x\n./vendor/a.whl\n--find-links /srv/projects/shop/project/wheels\n-f /opt/wheels\na==1\n# -r none\n',
  );
  const virtualenvs = { web: { requirements: './etc/web.txt' }, late: { requirements: 'late.txt' } };
  const found = (answers: object) => checkFirstLayer(folder, imageOf({ virtualenvs, ...answers }));

  it('reports missing files, and files that a requirements file opens', () => {
    expect(found({}).map(({ level, what }) => `${level}: ${what}`)).toEqual([
      'error: project/late.txt is not there, and the build copies it',
      'error: etc/web.txt names base.txt, which the first layer does not have',
      'error: etc/web.txt names etc/constraints.txt, which the first layer does not have',
      'error: etc/web.txt names etc/vendor/a.whl, which the first layer does not have',
      'error: etc/web.txt names wheels, which the first layer does not have',
    ]);
    writeFileSync(join(project, 'late.txt'), '');
    writeFileSync(join(project, 'base.txt'), '');
    mkdirSync(join(project, 'wheels'));
    expect(found({ build_files: ['base.txt', 'etc', 'wheels'] })).toMatchObject([{ level: 'ok' }]);
    expect(found({ build_files: ['.'] })).toMatchObject([{ level: 'ok' }]);
  });
  it('warns of steps that name the code before it is there', () => {
    const of = (answers: object) => checkFirstLayer(folder, imageOf(answers)).map(({ what }) => what);
    const early = ['150-code', '150_code', '1_code'].map((step) => `${step}.sls runs before the code is there`);
    writeFileSync(join(project, '.salt/150_plain.sls'), 'x: test.nop\n');
    expect(of({})).toEqual(['the first layer has 0 named files of project/']);
    // build.py sorts the names as text, and leaves out those that mean something to makina-states.
    for (const step of ['150_code', '250_code', '150-code', '1_code', 'task_code', 'rollback'])
      writeFileSync(join(project, `.salt/${step}.sls`), 'x:\n  cmd.run:\n    - name: make -C {{ cfg.project_root }}\n');
    expect(of({})).toEqual(early);
    const ours = join(project, '.salt/100_dirs_and_prerequisites.sls');
    const state = '\nmine:\n  cmd.run:\n    - name: {{ cfg.project_root }}/app/x.sh\n';
    writeFileSync(ours, `include:\n  - makina-projects.shop.runtime.states.prerequisites\n${state}`);
    expect(of({})).toEqual(['100_dirs_and_prerequisites.sls runs before the code is there', ...early]);
    // That of 0.2, with its Dockerfile.
    writeFileSync(ours, `# at runtime\n${state}`);
    expect(of({})).toEqual(early);
    expect(of({ build_files: ['base.txt'] })).toEqual(['the first layer has 1 named files of project/']);
  });
});
