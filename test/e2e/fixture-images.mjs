/** The images of test/fixtures/images: how they are made, and what every step asks of one. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { checkout } from './machine.mjs';
import { buildProject, imageName, makinaImage } from './project.mjs';

export const FIXTURES = join(checkout, 'test/fixtures/images');

/** Generates an image in one command, adds the files of its project and builds it. */
export function fixtureImage({ step, docker, work, base }, name) {
  return step(`the image ${name} is generated from its answers and builds`, async () => {
    const folder = join(work, name);
    const fixture = join(FIXTURES, name);
    const answers = ['--answers', join(fixture, 'answers.yaml'), '--base-image', base];
    await makinaImage('new', name, '--yes', '--destination', folder, ...answers);
    cpSync(join(fixture, 'project'), join(folder, 'project'), { recursive: true });
    if (name === 'flask') {
      mkdirSync(join(folder, 'project/wheels'));
      await execa('python3', [join(fixture, 'make-wheel.py'), join(folder, 'project/wheels')]);
    }
    await buildProject(docker, folder, imageName(name));
    return { name, image: imageName(name), answers: parse(readFileSync(join(fixture, 'answers.yaml'), 'utf8')) };
  });
}

/** What a name answers: a function of the path and more headers that returns `{status, headers, body, json()}`. */
export function asker(container, host, port = 80) {
  const published = container.docker(['port', container.id, `${port}/tcp`]);
  return async (path, headers = {}) => {
    const [address, number] = (await published).stdout.split('\n')[0].split(':');
    const secure = port === 443 ? { rejectUnauthorized: false, servername: headers.host ?? host } : {};
    const options = { host: address, port: number, path, headers: { host, ...headers }, agent: false, timeout: 5000 };
    return new Promise((resolve, reject) => {
      const request = (port === 443 ? https : http).request({ ...options, ...secure }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body, json: () => JSON.parse(body) }),
        );
      });
      request.on('timeout', () => request.destroy(new Error(`${host}${path}: no answer within 5 s`)));
      request.on('error', reject).end();
    });
  };
}

/** Asks until the answer is 200. */
export async function served(ask, path) {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask(path).catch((error) => ({ status: error.message }));
    if (answer.status === 200) return answer;
    assert(tries < 200, `${path} is not served: ${answer.status} ${answer.body}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function running(container, expected) {
  const commands = (await container.processes()).map(({ command }) => command);
  const missing = expected.filter((pattern) => !commands.some((command) => pattern.test(command)));
  assert.deepEqual(missing, [], `not running, of ${commands.join('\n')}`);
}

/** Stops it as a user would. */
export async function gone(container) {
  const { code, seconds } = await container.stop();
  assert.equal(code, 0);
  assert(seconds < 9, `it took ${seconds.toFixed(1)} s to stop`);
  return `stopped in ${seconds.toFixed(1)} s`;
}
