/** Volumes and overrides that mean no good, what must come of each, and what the sentence about it must name. */
import { chmodSync, chownSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { OVERRIDE, writeFile } from '../project.mjs';

export const NAME = 'e2ehostile';
/** Where the folder beside the volume is in the container: nothing may come there. */
export const NEIGHBOUR = '/srv/neighbour';

const TOP = `makina-projects.${NAME}`;
const RECORD = '.prepopulated';
const WWW_DATA = 33;
const NOBODY = 65534;

/** What is filled: a file of 3 MB, and one below folders that are made for it, beside the demo's. */
export const ANSWERS = {
  seeds: {
    big: { source: 'big.bin', target: 'data/big.bin' },
    deep: { source: 'deep.txt', target: 'data/deep/folder/deep.txt' },
  },
};
export const FILES = { 'project/big.bin': Buffer.alloc(3_000_000, 7), 'project/deep.txt': 'a deep file' };

/** Text of an override file. */
const text = (content) => ({ make: (data) => writeFile(join(data, OVERRIDE), content) });
/** An override with these values below `data`. */
const values = (data) => text(JSON.stringify({ [TOP]: { data } }));
const web = (fields) => values({ programs: { web: fields } });
const localhost = (fields) => values({ vhosts: { localhost: fields } });
const deep = (fields) => values({ seeds: { deep: fields } });
/** Something else than a file as the override. */
const instead = (make) => ({
  make: async (data) => {
    mkdirSync(join(data, 'configuration'), { recursive: true });
    await make(join(data, OVERRIDE));
  },
});
/** A file of the volume that is there before the first start. */
const inVolume = (make) => ({
  make: (data) => {
    mkdirSync(join(data, 'data'), { recursive: true });
    return make(join(data, 'data'));
  },
});

/** Something else than a file as the record of what was filled. */
const record = (make) => ({ make: (data) => make(join(data, RECORD)) });

const refused = (says, how) => ({ code: 78, says, ...how });
const cannotWrite = (says, how) => ({ code: 74, says, ...how });
const serves = (how, page = /It works/) => ({ page, ...how });

const LAUGHS = ['a0: &a0 [ha, ha]', ...range(1, 30).map((n) => `a${n}: &a${n} [*a${n - 1}, *a${n - 1}]`)].join('\n  ');
const RUNS = `touch ${NEIGHBOUR}/pwned`;
const BOTH = {
  configuration: `{"${TOP}": {"data": {"app": {"greeting": "One"}}}}`,
  application: `{"${TOP}": {"data": {"app": {"greeting": "Two"}}}}`,
};

export const HOSTILE = {
  // What is in the file.
  'an empty override': serves(text('')),
  'broken YAML': refused(/pillar\.sls:\d+:\d+/, text(`${TOP}: [`)),
  'a tab': refused(/pillar\.sls:2:\d+/, text(`${TOP}:\n\tdata: {}\n`)),
  'a list': refused(/pillar\.sls/, text('- one\n- two\n')),
  'a string': refused(/pillar\.sls/, text('just text\n')),
  'a python tag': refused(
    /pillar\.sls/,
    text(`${TOP}: {data: {app: {a: !!python/object/apply:os.system ["${RUNS}"]}}}`),
  ),
  'a billion laughs': refused(/pillar\.sls.*alias/, text(`${TOP}:\n  ${LAUGHS}\n`)),
  'an alias': refused(/pillar\.sls.*alias/, text(`${TOP}: {data: {app: {a: &a [1], b: *a}}}`)),
  'a key twice': refused(/pillar\.sls:\d+:\d+/, text(`${TOP}:\n  data: {app: {a: 1, a: 2}}\n`)),
  'a nest without end': refused(/pillar\.sls/, text(`${TOP}: {data: {app: {a: ${'['.repeat(5000)}`)),
  'a binary file': refused(/pillar\.sls/, text(Buffer.from(range(0, 2048).map((n) => (n * 89) % 256)))),
  'bytes that are not UTF-8': refused(/pillar\.sls/, text(Buffer.from(`${TOP}: {data: {app: {a: "\xff"}}}`, 'latin1'))),
  'more than 1 MiB': refused(/pillar\.sls.*1048576/, text(`${TOP}: {data: {}} #${'x'.repeat(1024 * 1024)}`)),
  'Jinja that would run': serves(
    values({ app: { greeting: `{{ salt['cmd.run']('${RUNS}') }} {% raw %}` } }),
    /\{\{ salt\[.*\]\(.*\) \}\} \{% raw %\}/,
  ),
  'Jinja that would fail': serves(
    values({ app: { greeting: '{{ 1 / 0 }} {% nothing %}' } }),
    /\{\{ 1 \/ 0 \}\} \{% nothing %\}/,
  ),
  'Jinja around YAML': refused(
    /pillar\.sls:\d+:\d+/,
    text(`{% set x = salt['cmd.run']('${RUNS}') %}\n${TOP}: {data: {}}\n`),
  ),
  'a date': refused(/pillar\.sls:\d+:\d+.*app\.day.*quote/, text(`${TOP}: {data: {app: {day: 2026-01-02}}}`)),
  // Its keys.
  "another project's key": refused(
    /makina-projects\.other.*makina-projects\.e2ehostile/,
    text('makina-projects.other: {data: {}}'),
  ),
  'the key projectname': refused(
    /projectname.*makina-projects\.e2ehostile/,
    text('makina-projects.projectname: {data: {}}'),
  ),
  'a key beside data': refused(/makina-projects\.e2ehostile.*data/, text(`${TOP}: {data: {}, user: root}`)),
  ...Object.fromEntries(
    ['user', 'name', 'group', 'project_root', 'stranger'].map((key) => [
      `the key ${key} below data`,
      refused(new RegExp(`pillar\\.sls.*\\b${key}\\b`), values({ [key]: 'root' })),
    ]),
  ),
  'an unknown field of a program': refused(/pillar\.sls.*programs\.web.*numproceses/, web({ numproceses: 2 })),
  // Its values.
  'a list for a mapping': refused(/pillar\.sls.*programs/, values({ programs: ['web'] })),
  'text for a mapping': refused(/pillar\.sls.*app/, values({ app: 'text' })),
  'a list as env': refused(/pillar\.sls.*programs\.web\.env/, web({ env: ['PORT=1'] })),
  'the port 0': refused(/pillar\.sls.*vhosts\.localhost\.listen/, localhost({ listen: 0 })),
  'many processes': refused(/pillar\.sls.*programs\.web\.numprocesses/, web({ numprocesses: 'many' })),
  'an unknown signal': refused(/pillar\.sls.*programs\.web\.stop_signal/, web({ stop_signal: 'NOPE' })),
  'an unknown user': refused(/\bweb\b.*user/, web({ user: 'nosuchuser' })),
  'a new program without cmd': refused(/programs\.fresh.*cmd/, values({ programs: { fresh: { args: ['x'] } } })),
  'a location with proxy_pass and alias': refused(
    /vhosts\.localhost\.locations\.\/.*alias/,
    localhost({ locations: { '/': { alias: '/etc' } } }),
  ),
  'nginx syntax in a server name': refused(
    /pillar\.sls.*vhosts/,
    values({ vhosts: { evil: { domain: 'a; } server { listen 81', locations: {} } } }),
  ),
  'two default servers on one port': refused(
    /other\.default_server.*port 80/,
    values({ vhosts: { other: { default_server: true } } }),
  ),
  'a seed that climbs out': refused(
    /pillar\.sls.*seeds\.deep\.target/,
    deep({ target: '../../../../etc/cron.d/pwned' }),
  ),
  'a seed into /etc': refused(/seeds\.deep/, deep({ target: '/etc/cron.d/pwned' })),
  'a seed into the code': refused(/seeds\.deep/, deep({ target: '{project_root}/app/pwned' })),
  'a seed from nowhere': refused(/seeds\.deep|nowhere/, deep({ source: 'nowhere' })),
  // What it is.
  'a folder as override': refused(
    /pillar\.sls/,
    instead((path) => mkdirSync(path)),
  ),
  'a fifo as override': refused(
    /pillar\.sls/,
    instead((path) => execa('mkfifo', [path])),
  ),
  'an override that links to /etc/passwd': refused(
    /pillar\.sls/,
    instead((path) => symlinkSync('/etc/passwd', path)),
  ),
  'an override that links to nothing': refused(
    /pillar\.sls/,
    instead((path) => symlinkSync('/nowhere', path)),
  ),
  'an override of www-data': refused(
    /pillar\.sls/,
    instead((path) => {
      writeFileSync(path, `${TOP}: {data: {}}`);
      chownSync(path, WWW_DATA, WWW_DATA);
    }),
  ),
  'an override that all may write': refused(
    /pillar\.sls/,
    instead((path) => {
      writeFileSync(path, `${TOP}: {data: {}}`);
      chmodSync(path, 0o666);
    }),
  ),
  'a configuration folder that is a link': refused(/configuration/, {
    make: (data, neighbour) => {
      writeFileSync(join(neighbour, 'pillar.sls'), BOTH.application);
      symlinkSync(NEIGHBOUR, join(data, 'configuration'));
    },
  }),
  'two overrides that differ': refused(/configuration\/pillar\.sls.*application\/pillar\.sls/, {
    make: (data) => {
      for (const [folder, content] of Object.entries(BOTH)) writeFile(join(data, folder, 'pillar.sls'), content);
    },
  }),
  'two overrides that are equal': serves(
    {
      make: (data) => {
        for (const folder of Object.keys(BOTH)) writeFile(join(data, folder, 'pillar.sls'), BOTH.application);
      },
    },
    /Two/,
  ),
  'an override in data/application': serves(
    { make: (data) => writeFile(join(data, 'application/pillar.sls'), BOTH.application) },
    /Two/,
  ),
  // The volume around it.
  'a target that is a link': serves(inVolume((folder) => symlinkSync(`${NEIGHBOUR}/secret`, join(folder, 'big.bin')))),
  'a target that links to nothing': serves(
    inVolume((folder) => symlinkSync(`${NEIGHBOUR}/new`, join(folder, 'big.bin'))),
  ),
  'a parent that is a link': refused(
    /deep/,
    inVolume((folder) => symlinkSync(NEIGHBOUR, join(folder, 'deep'))),
  ),
  'a parent that links to nothing': refused(
    /deep/,
    inVolume((folder) => symlinkSync(`${NEIGHBOUR}/new`, join(folder, 'deep'))),
  ),
  'a parent that is a file': refused(
    /deep/,
    inVolume((folder) => writeFileSync(join(folder, 'deep'), 'a file')),
  ),
  'a volume that is a link': refused(/data/, { make: (data) => symlinkSync(NEIGHBOUR, join(data, 'data')) }),
  'a folder lost+found': serves(inVolume((folder) => mkdirSync(join(folder, 'lost+found')))),
  'a half copy of a crash': serves(
    inVolume((folder) => {
      mkdirSync(join(folder, '.prepopulate-crashed'));
      writeFileSync(join(folder, '.prepopulate-crashed/copy'), 'half');
    }),
    /It works/,
  ),
  'a volume of somebody else': serves(
    inVolume((folder) => {
      writeFileSync(join(folder, 'own.txt'), 'theirs');
      chownSync(folder, NOBODY, NOBODY);
      chmodSync(folder, 0o700);
    }),
  ),
  'a record that is a link': refused(
    /\.prepopulated/,
    record((path) => symlinkSync(`${NEIGHBOUR}/secret`, path)),
  ),
  'a record that is a second name': refused(/\.prepopulated/, {
    make: (data) => {
      writeFile(join(data, 'data/own.txt'), 'theirs');
      linkSync(join(data, 'data/own.txt'), join(data, RECORD));
    },
  }),
  'a record that is a folder': refused(
    /\.prepopulated/,
    record((path) => mkdirSync(path)),
  ),
  'a record that is a fifo': refused(
    /\.prepopulated/,
    record((path) => execa('mkfifo', [path])),
  ),
  'a record that is huge': refused(
    /\.prepopulated/,
    record((path) => writeFileSync(path, 'data/x\n'.repeat(200_000))),
  ),
  'a record that is binary': serves(record((path) => writeFileSync(path, Buffer.from(range(0, 256))))),
  'a read-only volume with something to fill': cannotWrite(/\/data/, { readOnly: true }),
  'a read-only volume with everything filled': serves({
    readOnly: true,
    filled: true,
  }),
  'a read-only volume that lacks one file': cannotWrite(/\/data.*Read-only/, {
    readOnly: true,
    filled: true,
    make: (data) => {
      rmSync(join(data, 'data/deep'), { recursive: true });
      rmSync(join(data, RECORD), { force: true });
    },
  }),
  'a full disk': cannotWrite(/\/data/, { tmpfs: '1m' }),
};

function range(from, to) {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
