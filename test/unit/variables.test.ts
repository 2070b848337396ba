import { describe, expect, it } from 'vitest';
import { checkBuildVariables } from '../../generators/lib/doctor/override.ts';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import { warningsOf } from '../../generators/lib/model/warnings.ts';
import { projectView } from '../../generators/lib/render/view.ts';

const problems = (answers: Intent) =>
  (complete({ name: 'shop', demo: false, ...answers }).problems ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );
const image = (answers: Intent) => {
  const { image, problems } = complete({ name: 'shop', demo: false, ...answers });
  if (!image) throw new Error(JSON.stringify(problems));
  return image;
};

describe('a variable', () => {
  const variables = { version: '2.10', host: '127.0.0.1', port: '80', at: '{host}:{port}', dir: '/srv/{version}' };
  it('stands for its value in paths, hosts, ports and accounts', () => {
    const answers = {
      variables: { ...variables, who: 'www-data' },
      programs: { web: { cmd: 'x --{nothing}', working_dir: '{dir}', user: '{who}' } },
      vhosts: { a: { locations: { '/': { proxy_pass: 'http://{at}/' }, '/x': { fastcgi_pass: '{host}:{port}' } } } },
      upstreams: { u: { servers: ['{host}:80 backup', '{host}:{port}'] } },
      configs: { c: { source: 'conf-{version}/c', target: '/etc/{version}/c' } },
      seeds: { s: { source: '{version}', target: 's/{version}' } },
      directories: { '/srv/x-{version}': {} },
      virtualenvs: { v: { path: '{dir}/venv', packages: ['a=={version}'] } },
      downloads: { d: { url: 'https://e.x/{version}.tgz', sha256: 'a'.repeat(64), target: '/opt/{version}' } },
    };
    expect(problems(answers)).toEqual([]);
  });
  it.each([
    [
      { a: '{b}', b: '{a}', c: '{a}' },
      ['variables.a is made of itself; give it a value of its own', 'variables.b is made'],
    ],
    [{ a: '{a}' }, ['variables.a is made of itself; give it a value of its own']],
    [{ user: 'x' }, ['variables.user has the name of another setting; rename it']],
    [{ programs: 'x' }, ['variables.programs has the name of another setting; rename it']],
    [{ program_defaults: 'x' }, ['variables.program_defaults has the name of another setting; rename it']],
    [{ a: 'x'.repeat(4097) }, ['variables.a comes to more than 4096 characters; make it shorter']],
    [
      Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`v${n}`, 'x'])),
      ['variables has more than 100 names; use fewer'],
    ],
    [{ a: 'two\nlines' }, ['variables.a must be one line without control characters']],
    [{ A: 'x' }, ['variables.A the key must be 1 to 64 lower-case letters, digits and _, starting with a letter']],
    [{ a: ['x'] }, ['variables.a must be of type string, not array']],
  ])('is refused, case %#', (variables, told) => {
    const found = problems({ variables: variables as Intent });
    expect(found).toHaveLength(told.length);
    for (const [index, sentence] of told.entries()) expect(found[index]).toContain(sentence);
  });
  it('that grows without end is refused at once', () => {
    const grown = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`v${n + 1}`, `{v${n}}{v${n}}`]));
    expect(problems({ variables: { v0: 'x'.repeat(100), ...grown }, app: { a: '{v60}' } })[0]).toContain(
      'more than 4096',
    );
  });
  it.each([
    [{ who: 'no one' }, { programs: { web: { cmd: 'x', user: '{who}' } } }, 'programs.web.user must be the name'],
    [{ up: '..' }, { directories: { '/srv/{up}': {} } }, 'directories./srv/.. the key must be an absolute path'],
    [{ dir: '/tmp' }, { configs: { c: { source: 'c', target: '{dir}/c' } } }, 'configs.c.target must not be in /tmp'],
    [{ at: 'a;}' }, { vhosts: { a: { locations: { '/': { proxy_pass: 'http://{at}' } } } } }, 'must be an http'],
  ])('cannot make of a field what it refuses: %j', (variables, answers, told) => {
    expect(problems({ variables, ...answers })).toEqual([expect.stringContaining(told)]);
  });
  it('is known where another key is not', () => {
    const programs = { web: { cmd: 'x', working_dir: '/{vresion}' } };
    expect(problems({ variables, programs })[0]).toContain('has the unknown {vresion}; known are {version}, ');
    const broken = problems({ programs: { a: { cmd: 'x', env_from: { A: 'app:{x\n\u0001}' } } } })[0];
    expect(broken).toMatch(/^programs\.a\.env_from\.A has the unknown \{x\?\?\}; known are /);
  });
  it('is pointed out where a text has nearly its name', () => {
    const programs = {
      web: { cmd: 'x {versin} {versions} {other} {"version"}', env: { A: '{version}', B: '{projct_root}' } },
    };
    expect(
      warningsOf(image({ variables, programs })).map(({ path, message }) => `${path.join('.')} ${message}`),
    ).toEqual([
      'programs.web.cmd has {versin}, which stays as it is; if it is {version}, correct it',
      'programs.web.env.B has {projct_root}, which stays as it is; if it is {project_root}, correct it',
    ]);
  });
});

describe('what the image knows of its variables', () => {
  const requirements = {
    virtualenvs: { v: { requirements: '{folder}/r.txt' } },
    variables: { folder: 'app/{name}', other: 'x' },
  };
  it('copies the file that one names', () => {
    const { build_file_lines } = projectView(image(requirements));
    expect(build_file_lines).toContain('COPY project/app/shop/r.txt ');
  });
  it('says which a field of the build uses, and what they are made of', () => {
    const variables = { a: '{b}', b: 'x', c: 'x' };
    const { build_variables_lines } = projectView(
      image({ variables, directories: { '/srv/{a}': {} }, app: { c: '{c}' } }),
    );
    expect(build_variables_lines).toContain(`{"a":"directories./srv/{a}","b":"directories./srv/{a}"}`);
    expect(projectView(image({ variables })).build_variables_lines).toBe('');
    const used = image({ variables, directories: { '/srv/{a}': {} } });
    const found = checkBuildVariables('/data', used, [{ variables: { b: 'y', c: 'y' } }, {}]);
    expect(found.map(({ what }) => what)).toEqual([
      'data.variables.b is used in directories./srv/{a}, which is only read by a build',
    ]);
  });
});
