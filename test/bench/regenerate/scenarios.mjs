// The same edits for each tool. `kept`: the user's edit is in the project; `merged`: so is the template's change.
const MINE = 'of my own';
const EDITED = `ENV MINE="${MINE}"`;
const nothing = () => true;

const conflict = {
  path: 'Dockerfile',
  edit: (project) => project.change('Dockerfile', 'install -y nginx', `install -y nginx curl # ${MINE}`),
  kept: (project) => project.has('Dockerfile', `nginx curl # ${MINE}`),
  merged: (project) => project.isClean('Dockerfile') && project.has('Dockerfile', 'nginx-light'),
};
const far = {
  path: 'Dockerfile',
  edit: (project) => project.change('Dockerfile', 'ENV SETTING_1=', `${EDITED}\nENV SETTING_1=`),
  kept: (project) => project.has('Dockerfile', EDITED),
  merged: (project) => project.isClean('Dockerfile') && project.has('Dockerfile', 'nginx-light'),
};

export const scenarios = [
  { name: 'edit far away', ...far },
  {
    ...conflict,
    name: 'edit touching',
    edit: (project) => project.change('Dockerfile', 'RUN apt-get update', `RUN apt-get update # ${MINE}`),
    kept: (project) => project.has('Dockerfile', `apt-get update # ${MINE}`),
  },
  { name: 'conflict', ...conflict },
  {
    name: 'binary edited',
    path: 'files/logo.png',
    edit: (project) => project.write('files/logo.png', Buffer.alloc(2000, 7)),
    kept: (project) => project.read('files/logo.png').equals(Buffer.alloc(2000, 7)),
    merged: nothing,
  },
  {
    name: 'ignored file edited',
    path: 'pillar/03.sls',
    isIgnored: true,
    edit: (project) => project.change('pillar/03.sls', 'other_9:', `mine: ${MINE}\n  other_9:`),
    kept: (project) => project.has('pillar/03.sls', MINE),
    merged: (project) => project.isClean('pillar/03.sls') && project.has('pillar/03.sls', 'workers: 4'),
  },
  {
    name: 'template deletes edited',
    path: '.salt/400_circus.sls',
    edit: (project) => project.change('.salt/400_circus.sls', '# circus', `# ${MINE}\n# circus`),
    kept: (project) => project.has('.salt/400_circus.sls', MINE),
    merged: () => false,
  },
  {
    name: 'template renames edited',
    path: '.salt/300_nginx.sls',
    edit: (project) => project.change('.salt/300_nginx.sls', '# nginx', `# ${MINE}\n# nginx`),
    kept: (project) => ['300', '350'].some((number) => project.has(`.salt/${number}_nginx.sls`, MINE)),
    merged: (project) => project.has('.salt/350_nginx.sls', MINE) && !project.stat('.salt/300_nginx.sls'),
  },
  {
    name: 'user deleted',
    path: 'pillar/07.sls',
    edit: (project) => project.remove('pillar/07.sls'),
    kept: (project) => !project.stat('pillar/07.sls'),
    merged: nothing,
  },
  {
    name: 'user renamed',
    path: 'pillar/03.sls',
    edit: (project) => project.rename('pillar/03.sls', 'pillar/users.sls'),
    kept: (project) => project.has('pillar/users.sls', 'key_1') && !project.stat('pillar/03.sls'),
    merged: (project) => project.has('pillar/users.sls', 'workers: 4'),
  },
  {
    name: 'chmod -x',
    path: 'launch.sh',
    edit: (project) => project.chmod('launch.sh', 0o644),
    kept: (project) => (project.stat('launch.sh').mode & 0o111) === 0,
    merged: (project) => project.isClean('launch.sh') && project.has('launch.sh', '--retcode-passthrough'),
  },
  {
    name: 'CRLF',
    path: 'Dockerfile',
    edit: (project) => project.write('Dockerfile', project.read('Dockerfile').toString().replaceAll('\n', '\r\n')),
    kept: (project) => project.has('Dockerfile', 'ENV SETTING_1=value-1\r\n'),
    merged: (project) =>
      project.isClean('Dockerfile') &&
      project.has('Dockerfile', 'nginx-light\r\n') &&
      !/[^\r]\n/.test(project.read('Dockerfile').toString()),
  },
  {
    name: 'symlink',
    path: 'pillar/07.sls',
    edit: (project) => project.link('pillar/07.sls', '08.sls'),
    kept: (project) => project.stat('pillar/07.sls')?.isSymbolicLink() && project.has('pillar/08.sls', 'workers: 2'),
    merged: () => false,
  },
  {
    name: 'both added',
    path: '.salt/600_backup.sls',
    edit: (project) => project.write('.salt/600_backup.sls', `# backups ${MINE}\n`),
    kept: (project) => project.has('.salt/600_backup.sls', MINE),
    merged: () => false,
  },
  { name: 'conflict, shallow clone', ...conflict, isShallow: true },
  { name: 'conflict, edited before commit', ...conflict, isCommittedLate: true },
  { name: 'second run', ...far, isTwice: true },
];
