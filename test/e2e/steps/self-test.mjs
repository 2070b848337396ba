/** `makina-image test`, by an ordinary user of the host who may use the engine. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { built, freshFolder, writeFile } from '../project.mjs';
import { asUser, copyPackage, giveToUser } from '../user.mjs';

const NAME = 'e2eself';
/** An answer of 500 to every request. */
const BROKEN = `
from http.server import BaseHTTPRequestHandler, HTTPServer
class Broken(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(500, 'it is broken')
HTTPServer(('127.0.0.1', 8000), Broken).serve_forever()
`;

export async function selfTestSteps(context) {
  const { step, docker, env, signal, base } = context;
  // A folder that the user reaches, which a checkout need not be.
  const home = freshFolder(join(tmpdir(), 'makina-image-e2e-self-test-'));
  copyPackage(join(home, 'package'));
  const [work, TMPDIR] = [join(home, 'work'), join(home, 'tmp')];
  for (const folder of [work, TMPDIR]) {
    mkdirSync(folder);
    giveToUser(folder);
  }
  const run = (...args) => {
    const [file, ...words] = asUser(env, [process.execPath, join(home, 'package/dist/makina-image.cjs'), ...args]);
    return execa(file, words, {
      cwd: work,
      env: { DOCKER_BUILDKIT: '0', ...env, HOME: work, TMPDIR },
      reject: false,
      stdin: 'ignore',
      timeout: 600_000,
      cancelSignal: signal,
    });
  };
  const start = (...args) => run('test', NAME, ...args);
  const project = (path) => join(work, NAME, path);
  built.push(NAME);

  /** Nothing of a test is there, and nothing in the project's own data. */
  async function assertNothingLeft() {
    for (const list of [
      ['ps', '--all', '--quiet'],
      ['volume', 'ls', '--quiet'],
    ])
      assert.equal((await docker([...list, '--filter', `name=${NAME}`])).stdout, '', list[0]);
    assert.deepEqual(readdirSync(TMPDIR), []);
    assert.deepEqual(readdirSync(project('data'), { recursive: true }).sort(), ['configuration', 'data']);
  }

  try {
    await step('a new project passes its test', async () => {
      await run('new', NAME, '--yes', '--base-image', base, '--runtime', 'base', '--volumes', '/srv/media');
      const { exitCode, stdout, stderr } = await start('--junit', 'report.xml');
      assert.equal(exitCode, 0, stdout + stderr.slice(-2000));
      assert.deepEqual(
        stdout.split('\n').map((line) => line.replace(/ \(\d+\.\d s\)$/, '')),
        [
          'ok e2eself is built',
          'ok it starts on an empty volume, and is healthy',
          'ok GET http://localhost/',
          'ok an override is applied',
          'ok a bad override is refused, and the programs go on',
          'ok the override is taken back',
          'ok it stops with exit code 0',
          'ok it starts on the used volume, and is healthy',
          'ok GET http://localhost/, on the used volume',
          'ok it restarts, and is healthy',
          'ok it stops again with exit code 0',
          'ok nothing is left',
          '12 passed, 0 failed',
        ],
      );
      assert.match(
        readFileSync(join(work, 'report.xml'), 'utf8'),
        /<testsuite name="e2eself" tests="12" failures="0" /,
      );
      await assertNothingLeft();
    });
    await step('test.yaml sets, asks and expects', async () => {
      const [key, certificate] = [join(home, 'key.pem'), join(home, 'certificate.pem')];
      const words = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=b.example.com'.split(' ');
      await execa('openssl', [...words, '-keyout', key, '-out', certificate]);
      const [ssl_key, ssl_cert] = [key, certificate].map((path) => readFileSync(path, 'utf8'));
      const locations = { '/deny': { return: '403' }, '= /100%': { return: '200 whole' } };
      writeFile(
        project('test.yaml'),
        JSON.stringify({
          override: {
            app: { greeting: 'Hello from a test' },
            vhosts: { 'b.example.com': { listen: 8081, ssl_key, ssl_cert, ssl_listen: 8443, locations } },
          },
          requests: [
            { path: '/', contains: 'Hello from a test', answer_headers: { Server: 'nginx' } },
            { path: '/', status: 404 },
            { path: '/100%25', host: 'b.example.com', port: 8443, contains: 'whole' },
          ],
        }),
      );
      const { exitCode, stdout, stderr } = await start('--image', NAME);
      assert.equal(exitCode, 1, stdout + stderr.slice(-2000));
      for (const when of ['', ', on the used volume']) {
        assert.match(stdout, new RegExp(`^ok requests.0: GET http://localhost/${when} \\(`, 'm'));
        assert.match(stdout, new RegExp(`^FAILED requests.1: .*${when} \\(.* s\\): the answer is 200, not 404$`, 'm'));
        assert.match(stdout, new RegExp(`^ok GET http://b.example.com:8081/${when} \\(`, 'm'));
        assert.match(stdout, new RegExp(`^ok GET http://b.example.com:8081/deny${when} \\(`, 'm'));
        assert.match(stdout, new RegExp(`^ok GET https://b.example.com:8443/deny${when} \\(`, 'm'));
        assert.match(stdout, new RegExp(`^ok requests.2: GET https://b.example.com:8443/100%25${when} \\(`, 'm'));
      }
      assert.match(stdout, /\n\d+ passed, 2 failed$/);
      await assertNothingLeft();
    });
    await step('an application that answers 500 fails its test', async () => {
      rmSync(project('test.yaml'));
      const file = project('project/app/server.py');
      const text = readFileSync(file, 'utf8');
      writeFile(file, BROKEN);
      const { exitCode, stdout } = await start();
      writeFile(file, text);
      assert.equal(exitCode, 1);
      assert.match(stdout, /^FAILED GET http:\/\/localhost\/ \(.* s\): the answer is 500, which is not below 500$/m);
      assert.match(stdout, /^ {4}.*"GET \/ HTTP\/1.[01]" 500/m, 'the log is not shown');
      assert.match(stdout, /^ok nothing is left/m);
      await assertNothingLeft();
    });
    for (const [name, after] of [
      ['SIGTERM', 'is there'],
      ['SIGINT', 'GET http'],
    ])
      await step(`${name} ends a test, and nothing is left`, async () => {
        const started = start('--image', NAME);
        started.stdout.on('data', (text) => String(text).includes(after) && started.kill(name));
        const { exitCode, stderr } = await started;
        assert.deepEqual([exitCode, stderr], [130, 'makina-image: interrupted']);
        await assertNothingLeft();
      });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
