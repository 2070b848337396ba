import { describe, expect, test } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';

const problemsOf = (answers: object) =>
  complete({ name: 'demo', ci: ['github', 'gitlab'], ...answers }).problems?.map(({ path }) => path.join('.'));

describe('ci_source', () => {
  test.each([
    '@acme/generator-makina-image',
    '@acme/generator@next',
    '@acme/generator@^0.3',
    'https://files.acme.example/generator.tgz',
    'https://npm.acme.example:8443/@acme/generator/-/generator-0.3.0.tgz',
    'https://files.acme.example/a%20b/generator.tar.gz',
    'git+https://git.acme.example/team/generator.git',
    'git+https://git.acme.example/team/generator.git#release/0.3',
    'git+ssh://git@git.acme.example:2222/team/generator.git#v0.3.0',
  ])('takes %s', (ci_source) => expect(problemsOf({ ci_source })).toBeUndefined());

  test.each([
    ['nothing', ''],
    ['a name that anybody can register', 'generator-makina-image'],
    ['a flag', '-g'],
    ['a flag in the place of a scope', '@-g/x'],
    ['a file', 'file:../generator'],
    ['a path', './generator.tgz'],
    ['a path from the root', '/tmp/generator.tgz'],
    ['another package under an alias', '@acme/x@npm:evil'],
    ['no encryption', 'http://files.acme.example/generator.tgz'],
    ['no tarball', 'https://files.acme.example/generator'],
    ['a password', 'https://me:secret@files.acme.example/generator.tgz'],
    ['a token', 'git+https://token@git.acme.example/generator.git'],
    ['a password for git', 'git+ssh://git:secret@git.acme.example/generator.git'],
    ['another protocol of git', 'git+file:///tmp/generator'],
    ['a helper of git', 'ext::sh -c id'],
    ['a host that is a flag', 'git+ssh://-oProxyCommand=id/x'],
    ['a branch that is a flag', 'git+https://git.acme.example/x#--upload-pack=id'],
    ['a folder above', 'https://files.acme.example/../x.tgz'],
    ['a command', '@acme/x; id'],
    ['a substitution', '@acme/$(id)'],
    ['another one', '@acme/`id`'],
    ['an expression of GitHub', `@acme/$\{{ github.token }}`],
    ['a variable of GitLab', '@acme/$MAKINA_IMAGE_TOKEN'],
    ['a quote', '@acme/x"'],
    ['a comment', '@acme/x #'],
    ['a line', '@acme/x\n- run: id'],
    ['a line at the end', '@acme/x\n'],
    ['a control', '@acme/x\u001b[2J'],
    ['no ASCII', '@acme/é'],
    ['what has no end', `@acme/${'x'.repeat(300)}`],
  ])('refuses %s', (_, ci_source) => expect(problemsOf({ ci_source })).toEqual(['ci_source']));

  test('refuses what is not text', () => {
    for (const ci_source of [1, true, [], {}]) expect(problemsOf({ ci_source })).toEqual(['ci_source']);
  });
});

describe('ci_folder', () => {
  test.each(['.', 'shop', 'services/shop', 'a.b/c_d-e', '_a'])('takes %s', (ci_folder) =>
    expect(problemsOf({ ci_folder })).toBeUndefined());

  test.each([
    '',
    '/srv',
    '..',
    '../x',
    'a/../b',
    'a/',
    './a',
    '.git',
    'a/.b',
    'a b',
    'a--b',
    'a.lock',
    'a./b',
    'a.',
    '-a',
    '$(id)',
    'a\n',
  ])('refuses %j', (ci_folder) => expect(problemsOf({ ci_folder })).toEqual(['ci_folder']));
});
