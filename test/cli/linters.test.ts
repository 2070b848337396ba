import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { render, renderBase } from '../../generators/lib/render/render.ts';
import { withFiles } from '../../generators/lib/stacks/files.ts';
import { readStack, STACK_NAMES } from '../../generators/lib/stacks/stack.ts';

// Beside the Python of TOOLS_PYTHON, or in the PATH.
const { TOOLS_PYTHON, NO_SKIP, PATH } = process.env;
const env = { PATH: TOOLS_PYTHON ? `${dirname(TOOLS_PYTHON)}:${PATH}` : PATH };

const imageOf = (fixture: string) =>
  complete(parse(readFileSync(join(packageRoot, 'test/fixtures', fixture), 'utf8')) as Intent).image as Image;
const withCi = (image: Image): Image => ({ ...image, ci: ['github', 'gitlab', 'renovate'] });
/** What `new --stack` writes. */
async function stackTree(name: string) {
  const { answers, files } = await readStack(name, '.');
  return withFiles(render(complete({ ...answers, name: 'shop' }).image as Image), name, files, 'shop');
}
const stacks = STACK_NAMES.filter((name) => name !== 'demo').map(async (name) => {
  return [`the stack ${name}`, await stackTree(name)] as const;
});
const trees = {
  'a demo': render(imageOf('demo.yaml')),
  'a wide project': render(withCi(imageOf('wide.yaml'))),
  'a project with hostile answers': render(withCi(imageOf('hostile.json'))),
  'the base image': renderBase(),
  ...Object.fromEntries(await Promise.all(stacks)),
};

/** Each with its usual rules: a user's CI has no others. */
const linters: Record<string, { files: RegExp; args: string[] }> = {
  hadolint: { files: /(^|\/)Dockerfile$/, args: ['--no-color'] },
  yamllint: { files: /\.ya?ml$/, args: ['--format', 'parsable', '--strict'] },
  'salt-lint': { files: /\.sls$/, args: ['--nocolor'] },
  // Of all weights, and nothing is asked of GitHub.
  zizmor: { files: /^\.github\/workflows\//, args: ['--offline', '--quiet', '--no-progress', '--format', 'github'] },
  'check-jsonschema': { files: /^\.gitlab\//, args: ['--quiet', '--builtin-schema', 'vendor.gitlab-ci'] },
  shellcheck: { files: /\.sh$/, args: [] },
  ruff: {
    // Django writes migrations in a form of its own.
    files: /^(?!.*\/migrations\/).*\.py$|bin\/salt-call$/,
    args: [
      'check',
      '--isolated',
      '--no-cache',
      '--output-format',
      'concise',
      '--quiet',
      ...['--config', "src = ['.', 'project/app']"],
    ],
  },
};

const renovate = ['check-jsonschema', '--quiet', '--default-filetype', 'json', '--builtin-schema', 'vendor.renovate'];
const forms = ['check-jsonschema', '--quiet', '--builtin-schema', 'vendor.github-issue-forms'];

test('linters find nothing in what a forge reads of this repository', async () => {
  const settings = { cwd: packageRoot, env, reject: false, all: true } as const;
  for (const [linter, ...args] of [
    ['zizmor', ...(linters.zizmor?.args ?? []), '.github/workflows'],
    ['shellcheck', '.ci/advisories', '.ci/run', 'test/support/typecheck-python'],
    ['check-jsonschema', '--quiet', '--builtin-schema', 'vendor.renovate', 'renovate.json'],
    [...renovate, 'templates/project/renovate.json.ejs'],
    ...['bug', 'idea'].map((name) => [...forms, `.github/ISSUE_TEMPLATE/${name}.yml`]),
  ] as [string, ...string[]][]) {
    const { exitCode, all, code } = await execa(linter, args, settings);
    if (code === 'ENOENT' && !NO_SKIP) continue;
    expect([linter, exitCode, all]).toEqual([linter, 0, '']);
  }
});

const root = mkdtempSync(join(tmpdir(), 'makina-image-linters-'));
afterAll(() => rmSync(root, { recursive: true }));

describe.each(Object.entries(trees))('%s', (name, { files }) => {
  const folder = join(root, name);
  for (const [path, { bytes, executable }] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
    if (executable) chmodSync(join(folder, path), 0o755);
  }
  for (const [linter, { files: pattern, args }] of Object.entries(linters)) {
    const paths = [...files.keys()].filter((path) => pattern.test(path));
    if (paths.length === 0) continue;
    const isThere = execaSync(linter, ['--version'], { env, reject: false }).exitCode === 0;
    if (!isThere && NO_SKIP) throw new Error(`${linter} is missing, and nothing may be skipped here`);
    test.skipIf(!isThere)(`${linter} finds nothing`, async () => {
      const { exitCode, all } = await execa(linter, [...args, ...paths], {
        cwd: folder,
        env,
        reject: false,
        all: true,
        // salt-lint waits for an end of what is open there.
        stdin: 'ignore',
      });
      expect([exitCode, all]).toEqual([0, '']);
    });
  }
  test('is written as .editorconfig says', () => {
    const texts = [...files].map(([path, { bytes }]): [string, string] => [path, bytes.toString()]);
    const odd = texts.filter(
      ([path, text]) => !text.endsWith('\n') || /\r|\t/.test(text) || (/[ ]$/m.test(text) && !path.endsWith('.md')),
    );
    expect(odd.map(([path]) => path)).toEqual([]);
  });
});
