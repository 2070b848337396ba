// The template that every tool gets: 39 files in the shape of an image's project, in two versions.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Stands for the answer; each tool writes it in its own words. */
export const NAME = '@NAME@';

const numbered = (text, count) => Array.from({ length: count }, (_, index) => text.replaceAll('#', index + 1));
const text = (...lines) => Buffer.from(`${lines.flat().join('\n')}\n`);

const dockerfile = text(
  'FROM makina/base:1.0',
  `LABEL project=${NAME}`,
  ...numbered('ENV SETTING_#=value-#', 12),
  'RUN apt-get update',
  'RUN apt-get install -y nginx',
  'RUN rm -rf /var/lib/apt/lists',
  ...numbered('COPY part-# /srv/part-#', 12),
  'CMD ["/launch.sh"]',
);
const launcher = text(
  '#!/bin/bash',
  'set -e',
  ...numbered('export PART_#=/srv/part-#', 10),
  'salt-call --local state.highstate',
  ...numbered('chown -R app /srv/part-#', 10),
  'exec circusd /etc/circus.ini',
);
const sls = (what) =>
  text(
    `# ${what} of ${NAME}`,
    ...numbered(`${what}-#:\n  file.managed:\n    - name: /etc/${what}/#.conf\n    - mode: 640`, 6),
  );
const pillar = (number) =>
  text(
    `# settings ${number} of ${NAME}`,
    `part_${number}:`,
    ...numbered(`  key_#: value-${number}-#`, 9),
    '  workers: 2',
    ...numbered(`  other_#: value-${number}-#`, 9),
  );
const python = text(
  '"""Settings of a project."""',
  '',
  ...numbered('def setting_#(pillar):\n    return pillar.get("setting_#", #)\n\n', 8),
);
const logo = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * index * 31) & 255));

const two = (number) => String(number).padStart(2, '0');

function version1() {
  return new Map([
    ['Dockerfile', dockerfile],
    ['launch.sh', launcher],
    ['.salt/100_dirs.sls', sls('dirs')],
    ['.salt/200_reconfigure.sls', sls('reconfigure')],
    ['.salt/300_nginx.sls', sls('nginx')],
    ['.salt/400_circus.sls', sls('circus')],
    ['.salt/500_cron.sls', sls('cron')],
    ['.salt/_modules/mc_launcher.py', python],
    ['files/logo.png', logo],
    ...Array.from({ length: 30 }, (_, index) => [`pillar/${two(index)}.sls`, pillar(two(index))]),
  ]);
}

/** Seven files changed, one deleted, one moved, one new. */
function version2() {
  const files = version1();
  const change = (path, from, to) => {
    const before = files.get(path).toString();
    if (!before.includes(from)) throw new Error(`${path} has no ${from}`);
    files.set(path, Buffer.from(before.replace(from, to)));
  };
  change('Dockerfile', 'install -y nginx', 'install -y nginx-light');
  change('launch.sh', 'state.highstate', 'state.highstate --retcode-passthrough');
  change('.salt/100_dirs.sls', 'dirs/3.conf\n    - mode: 640', 'dirs/3.conf\n    - mode: 600');
  change('.salt/_modules/mc_launcher.py', '"setting_4", 4', '"setting_4", 44');
  for (const path of ['pillar/03.sls', 'pillar/07.sls', 'pillar/09.sls']) change(path, 'workers: 2', 'workers: 4');
  files.set('.salt/350_nginx.sls', files.get('.salt/300_nginx.sls'));
  files.delete('.salt/300_nginx.sls');
  files.delete('.salt/400_circus.sls');
  files.set('.salt/600_backup.sls', sls('backup'));
  return files;
}

export const versions = { 1: version1(), 2: version2() };
export const renames = [{ from: '.salt/300_nginx.sls', to: '.salt/350_nginx.sls' }];
export const isExecutable = (path) => path === 'launch.sh';

/**
 * Writes a version of the template below a folder.
 * @param word what stands for the answer; a file that has it gets the suffix
 */
export function writeTemplate(folder, version, word, suffix = '') {
  for (const [path, bytes] of versions[version]) {
    const isText = path !== 'files/logo.png' && bytes.includes(NAME);
    const target = join(folder, path + (isText ? suffix : ''));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, isText ? bytes.toString().replaceAll(NAME, word) : bytes);
    if (isExecutable(path)) chmodSync(target, 0o755);
  }
}
