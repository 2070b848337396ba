/** What is compared: each begins in an empty folder, serves a page on a port, and follows the edits of one file. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkout } from '../../e2e/machine.mjs';

const BIN = join(checkout, 'dist/makina-image.cjs');
const PINS = { django: 'django==5.2.8', express: 'express-generator@4.16.1' };
const replaced = (from, to) => (text) => text.replace(from, to);
const DJANGO_PAGE = `
from django.http import HttpResponse
urlpatterns = [path('', lambda request: HttpResponse('It works'))]
`;

/**
 * @param context `{debian, engine, certificates}`
 * @returns by letter `{label, begin, serve, stop, file, edit}`: `begin(folder, port)` is the commands up to the server, `serve(folder, port)`
 *   is the one that serves, `stop(folder, port)` what takes the rest away; `edit(words)` changes the text of `file` so that the page has them
 */
export function subjects({ debian, certificates }) {
  const up = [...['--build-arg', `DEBIAN_IMAGE=${debian}`], ...(certificates ? ['--certificate', certificates] : [])];
  const compose = (folder, ...words) => ['docker-compose', '--file', join(folder, 'compose.yaml'), ...words];
  const python = (folder, name) => join(folder, 'venv/bin', name);
  return {
    a: {
      label: 'this generator: new, up --watch',
      begin: (folder, port) => [
        ['node', BIN, 'new', 'demo', '--yes', '--publish', String(port), '--destination', join(folder, 'demo')],
      ],
      serve: (folder) => ['node', BIN, 'up', join(folder, 'demo'), '--watch', ...up],
      file: 'demo/project/app/server.py',
      edit: (words) => replaced(/<h1>[^%{]*/, `<h1>${words} `),
    },
    b: {
      label: 'a hand-written Dockerfile and compose.yaml: Flask with its reloader',
      prepare: (folder) => cpSync(fileURLToPath(new URL('hand-written', import.meta.url)), folder, { recursive: true }),
      begin: () => [],
      serve: (folder) => compose(folder, 'up', '--build'),
      stop: (folder) => compose(folder, 'down', '--volumes'),
      env: { DEBIAN_IMAGE: debian },
      file: 'app/server.py',
      edit: (words) => replaced(/return '.*'/, `return '${words}'`),
    },
    c: {
      label: "Django's startproject and runserver, on the host",
      begin: (folder) => [
        ['python3', '-m', 'venv', join(folder, 'venv')],
        [python(folder, 'pip'), 'install', '--quiet', PINS.django],
        [python(folder, 'django-admin'), 'startproject', 'site_', folder],
        ['sh', '-c', `cat >> ${join(folder, 'site_/urls.py')} <<'END'\n${DJANGO_PAGE}END`],
      ],
      serve: (folder, port) => [python(folder, 'python'), join(folder, 'manage.py'), 'runserver', String(port)],
      file: 'site_/urls.py',
      edit: (words) => replaced(/HttpResponse\('.*'\)/, `HttpResponse('${words}')`),
    },
    d: {
      label: 'express-generator and node --watch, on the host',
      begin: (folder) => [
        ['npx', '--yes', PINS.express, '--no-view', folder],
        ['npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', '--silent'],
        [
          'sh',
          '-c',
          `rm ${join(folder, 'public/index.html')} && sed -i "s/res.render(.*/res.send('It works');/" ${join(folder, 'routes/index.js')}`,
        ],
      ],
      serve: (folder) => ['node', '--watch', join(folder, 'bin/www')],
      file: 'routes/index.js',
      edit: (words) => replaced(/res\.(send|render)\(.*/, `res.send('${words}');`),
    },
  };
}
