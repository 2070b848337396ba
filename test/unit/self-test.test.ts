import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../generators/lib/engine/engine.ts';
import { complete, type Intent } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import type { TestRequest } from '../../generators/lib/model/test-file.ts';
import { junit } from '../../generators/lib/output/junit.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { readTestFile } from '../../generators/lib/verbs/self-test/file.ts';
import { applyOverride } from '../../generators/lib/verbs/self-test/override.ts';
import { requestsOf, wrongIn } from '../../generators/lib/verbs/self-test/requests.ts';

const imageOf = (answers: Intent) => complete({ name: 'shop', demo: false, ...answers }).image as Image;
const request: TestRequest = { path: '/', host: 'localhost', port: 80, method: 'GET', headers: {}, answer_headers: {} };
const namesOf = (vhosts: Intent, own: TestRequest[] = []) =>
  requestsOf(imageOf({ vhosts }), own).map(({ name }) => name);

describe('what a project is asked', () => {
  test('is its demo, if that is all there is', () => {
    expect(requestsOf(imageOf({ demo: true }), [])).toEqual([
      { name: 'GET http://localhost/', isHttps: false, request },
    ]);
  });
  test('are the plain paths of each virtual host, on its port', () => {
    const locations = {
      '/': { proxy_pass: 'http://127.0.0.1:8000' },
      '= /exact': { return: '204' },
      '^~ /static/': { alias: '/srv/static/' },
      '~ \\.php$': { return: '204' },
      '@app': { return: '204' },
      '/50%': { return: '200 half' },
      '/maintenance': { return: '503' },
      '/closed': { return: '444' },
    };
    expect(namesOf({ 'shop.example.com': { listen: 8081, locations } }).sort()).toEqual(
      ['/', '/50%25', '/exact', '/static/'].map((path) => `GET http://shop.example.com:8081${path}`),
    );
  });
  test('is the root of a virtual host without locations', () => {
    expect(namesOf({ plain: { root: '/srv/plain' } })).toEqual(['GET http://plain/']);
  });
  test('is no root that is closed on purpose, and another path once', () => {
    const locations = { '= /': { return: '503' }, '/a': { return: '204' }, '= /a': { return: '204' } };
    expect(namesOf({ shut: { locations } })).toEqual(['GET http://shut/a']);
  });
  test('is http and https where there is a certificate', () => {
    const tls = {
      ssl_certificate: '/srv/a.pem',
      ssl_certificate_key: '/srv/a.key',
      locations: { '/': { return: '204' } },
    };
    const asked = requestsOf(imageOf({ vhosts: { a: tls, b: { ...tls, ssl_listen: 8443 } } }), [
      { ...request, host: 'a', port: 8443 },
    ]);
    expect(asked.map(({ name, isHttps }) => [name, isHttps])).toEqual([
      ['GET http://a/', false],
      ['GET https://a/', true],
      ['GET http://b/', false],
      ['GET https://b:8443/', true],
      ['requests.0: GET https://a:8443/', true],
    ]);
  });
  test('goes to a host that the virtual host answers for', () => {
    expect(
      namesOf({
        '*.example.com': { root: '/srv/a' },
        named: { domain: 'other.example.org', root: '/srv/a' },
        _: { default_server: true, root: '/srv/a' },
      }).sort(),
    ).toEqual(['GET http://localhost/', 'GET http://makina-image-test.example.com/', 'GET http://other.example.org/']);
  });
  test('is what test.yaml says of the same address, and nothing else', () => {
    const own = [{ ...request, status: 503 }, request, { ...request, method: 'POST' }];
    const vhosts = { localhost: { locations: { '/': { return: '204' }, '/a/': { return: '204' } } } };
    expect(namesOf(vhosts, own)).toEqual([
      'GET http://localhost/a/',
      'requests.0: GET http://localhost/',
      'requests.1: GET http://localhost/',
      'requests.2: POST http://localhost/',
    ]);
  });
});

describe('an answer', () => {
  const answer = { status: 200, headers: { server: 'nginx', 'set-cookie': ['a=1', 'b=2'] }, body: 'Welcome' };
  test.each<[Partial<TestRequest>, Partial<typeof answer>, string | undefined]>([
    [{}, {}, undefined],
    [{}, { status: 404 }, undefined],
    [{}, { status: 500 }, 'the answer is 500, which is not below 500'],
    [{ status: 503 }, { status: 503 }, undefined],
    [{ status: 200 }, { status: 301 }, 'the answer is 301, not 200'],
    [{ contains: 'come' }, {}, undefined],
    [{ contains: 'Bye\n' }, {}, 'the answer does not contain "Bye\\n"'],
    [{ answer_headers: { Server: 'nginx', 'Set-Cookie': 'b=2' } }, {}, undefined],
    [{ answer_headers: { Server: 'apache' } }, {}, 'the header Server of the answer is "nginx", not "apache"'],
    [{ answer_headers: { Location: '/' } }, {}, 'the answer has no header Location'],
  ])('expected as %j, that is %j: %s', (expected, given, wrong) => {
    expect(wrongIn({ ...request, ...expected }, { ...answer, ...given })).toBe(wrong);
  });
});

describe('test.yaml', () => {
  const dir = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'test.yaml');
  const read = (text: string) => {
    writeFileSync(path, text);
    return readTestFile(dir).finally(() => rmSync(path));
  };

  test('need not be there', async () => {
    expect(await readTestFile(dir)).toEqual({ environment: {}, override: {}, seconds: 60, requests: [] });
  });
  test('gives text as it is spelled, and free settings as they are', async () => {
    const text =
      'environment: {PORT: 0800, FLAG: yes}\noverride: {app: {size: 3}}\nrequests: [{path: /a?b=1, contains: 404}]';
    expect(await read(text)).toEqual({
      environment: { PORT: '0800', FLAG: 'yes' },
      override: { app: { size: 3 } },
      seconds: 60,
      requests: [{ ...request, path: '/a?b=1', contains: '404' }],
    });
  });
  test('takes the example of its page', async () => {
    const page = readFileSync(join(packageRoot, 'docs/testing-a-project.md'), 'utf8');
    const [, example = ''] = /```yaml\n(# yaml-language-server[\s\S]*?)```/.exec(page) ?? [];
    const { seconds, requests } = await read(example);
    expect([seconds, requests.map(({ status }) => status)]).toEqual([120, [undefined, 302, 201]]);
  });
  test.each([
    ['requests: [{}]', 'requests.0.path is required; correct it there'],
    ['requests: [{path: a}]', 'requests.0.path must start with / and be ASCII without spaces'],
    [
      'requests: [{path: /, staus: 200}]',
      'requests.0.staus is not a known field (did you mean status?); known here: path',
    ],
    ['requests: [{path: /, status: 99}]', 'requests.0.status must be a whole number from 200 to 599'],
    ['requests: [{path: /, host: "a:80"}]', 'requests.0.host must be a host name without a port'],
    ['requests: [{path: /, headers: {"a b": c}}]', 'requests.0.headers.a b the key must be the name of an HTTP header'],
    ['requests: [{path: /, headers: {a: "b\\nc"}}]', 'requests.0.headers.a must be one line of ASCII characters'],
    ['seconds: 0', 'seconds must be a whole number from 1 to 3600'],
    ['environment: {a-b: c}', 'environment.a-b the key must be an environment variable name'],
    ['environment: [a]', 'environment must be of type record, not array'],
    ['request: []', 'request is not a known field (did you mean requests?); known here: environment, override'],
  ])('%s is refused', async (text, sentence) => {
    const failed = read(text);
    await expect(failed).rejects.toMatchObject({ code: 2 });
    await expect(failed).rejects.toThrow(`${path} cannot be used, nothing was tested:\n  ${sentence}`);
  });
  test.each([
    ['- a', ' must hold one mapping, such as `requests: [{path: /, contains: Welcome}]`'],
    ['a: [', ' cannot be read as JSON or YAML: '],
    ['override: {app: {on: yes}}', ':1:'],
  ])('%j is refused', async (text, sentence) => {
    const failed = read(text);
    await expect(failed).rejects.toMatchObject({ code: 2 });
    await expect(failed).rejects.toThrow(`${path}${sentence}`);
  });
  test.each([
    ['a folder', () => mkdirSync(path)],
    ['a link', () => symlinkSync('/etc/passwd', path)],
  ])('%s in its place is refused', async (_, make) => {
    make();
    await expect(readTestFile(dir)).rejects.toThrow(`${path} is not a file; move it away, or write a file there`);
    rmSync(path, { recursive: true });
  });
});

describe('the override of a container that runs', () => {
  const root = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
  afterAll(() => rmSync(root, { recursive: true }));

  test('is handed to the engine: a link of its root leads nowhere', async () => {
    const outside = join(root, 'outside');
    writeFileSync(outside, 'untouched');
    mkdirSync(join(root, 'data/configuration'), { recursive: true });
    symlinkSync(outside, join(root, 'data/configuration/pillar.sls'));
    const sent: string[] = [];
    const pillar = join(root, 'pillar.sls');
    const engine = {
      ask: async () => ({
        end: 'ended',
        code: 0,
        stdout: JSON.stringify([{ Id: '1', Name: '/x', State: { Running: true, ExitCode: 0 }, Config: {} }]),
        stderr: '',
      }),
      finish: async () => ({ code: 0, tail: '' }),
      run: async ([verb, from, to]: string[]) => {
        expect([verb, from, to]).toEqual([
          'cp',
          pillar,
          'shop-test-1:/srv/projects/shop/data/configuration/pillar.sls',
        ]);
        sent.push(readFileSync(pillar, 'utf8'));
      },
    } as unknown as Engine;
    const run = { root, name: 'shop-test-1', tag: 'shop', ports: [], environment: {}, live: [] };
    const bench = { engine, image: imageOf({}), project: root, run, seconds: 1, signal: new AbortController().signal };
    await applyOverride(bench, { app: { a: 1 } });
    expect(sent.map((text) => JSON.parse(text))).toEqual([
      { 'makina-projects.shop': { data: { app: { a: 1, makina_image_test: 'shop-test-1' } } } },
    ]);
    expect(statSync(pillar).mode & 0o777).toBe(0o600);
    expect(readFileSync(outside, 'utf8')).toBe('untouched');
  });
});

describe('a report of JUnit', () => {
  test('has a case for each step', () => {
    const cases = [
      { name: 'it starts', seconds: 1.23456 },
      { name: 'it stops', seconds: 2, failure: 'it has ended with 1, not 0', log: 'one\ntwo' },
    ];
    expect(junit('shop', cases)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0" skipped="0" time="3.235">
  <testsuite name="shop" tests="2" failures="1" errors="0" skipped="0" time="3.235">
    <testcase classname="shop" name="it starts" time="1.235"/>
    <testcase classname="shop" name="it stops" time="2.000">
      <failure message="it has ended with 1, not 0">one&#10;two</failure>
    </testcase>
  </testsuite>
</testsuites>
`);
  });
  test('holds any text', () => {
    const text = `"a" <b> 'c' & ]]> \u0000\u001b[31m\ud800 \ufffe \u{1f600}\t\r`;
    const shown =
      '&quot;a&quot; &lt;b&gt; &apos;c&apos; &amp; ]]&gt; \\u0000\\u001b[31m\\ud800 \\ufffe \u{1f600}&#9;&#13;';
    const report = junit(text, [{ name: text, seconds: 0, failure: text, log: text }]);
    expect(report.split(shown).length - 1).toBe(5);
  });
});
