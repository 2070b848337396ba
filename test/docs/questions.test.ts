import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

/** What readers who had never seen the project asked, where each looked first, and words that the answer needs. */
const QUESTIONS: [question: string, page: string, heading: string, words: string[]][] = [
  [
    'Where do I get it?',
    'README.md',
    'Start',
    ['no public registry', 'npm install --global', 'outside of the checkout'],
  ],
  ['What do I run once, and what for each project?', 'README.md', 'Start', ['once on this machine', 'builds the demo']],
  [
    'How do I run my Python application?',
    'docs/recipes.md',
    'A Python application',
    ['name:', 'venvs/app/bin/gunicorn'],
  ],
  ['What does demo: false leave out?', 'docs/recipes.md', 'A Python application', ['`demo: false` leaves out']],
  ['Where does a password go?', 'docs/recipes.md', 'A password', ['env_from', 'copy_env', '600', 'in every image']],
  [
    'Where do uploads go on the host?',
    'docs/recipes.md',
    'Uploads that stay',
    ['data/data/uploads', '403', "umask: '0022'"],
  ],
  ['How often does a migration run?', 'docs/recipes.md', 'Migrations', ['each start', 'the second time', 'priority']],
  [
    'How do I get a database?',
    'docs/services.md',
    'A database beside the image',
    ['service db --kind postgresql', 'Passwords', 'DATABASE_URL', 'None of these tags was tried'],
  ],
  ['When is 3 o’clock for a cron?', 'docs/recipes.md', 'Crons', ['UTC', 'TZ']],
  ['How is a certificate renewed?', 'docs/recipes.md', 'TLS', ['by itself', 'reconfigure', '443:443', '0600']],
  ['What is a pillar?', 'docs/layout.md', 'Words', ['pillar', 'seed', 'circus', 'override', 'step', 'state', 'model']],
  ['What may I edit, and what do I commit?', 'docs/layout.md', "The project's folder", ['edit it?', 'commit it?']],
  ['What does a verb change?', 'docs/getting-started.md', '4. Add a process', ['PILLAR.sample', '.yo-rc.json']],
  ['I edited my code. And now?', 'docs/getting-started.md', 'Edit your code', ['`makina-image up` again']],
  ['What does {project_dir} stand for?', 'docs/answers.md', '`{key}` in a value', ['{project_dir}', '{project_root}']],
  [
    'How do I change a setting without a build?',
    'docs/override.md',
    'Change a setting',
    ['numprocesses: 3', 'chmod go-w'],
  ],
  ['What if the override is wrong?', 'docs/override.md', 'Change a setting', ['does not fall back', '78', 'doctor']],
  ['What does a reconfigure interrupt?', 'docs/override.md', 'Change a setting', ['without a stop', '137']],
  [
    'Why did the container end?',
    'docs/build-and-start.md',
    'Exit codes of the container',
    ['143', '78', 'rlimits', '137'],
  ],
  ['Did a cron run?', 'docs/build-and-start.md', 'Crons', ['skipped run', 'exec_program.py', 'No shell']],
  [
    'How long may a stop take?',
    'docs/build-and-start.md',
    'At each start',
    ['3 seconds', 'Docker', 'max_retry` times'],
  ],
  ['Who owns the files of a volume?', 'docs/build-and-start.md', 'The volumes', ['900', 'chown -R', 'no_root_squash']],
  ['What needs a read-only root?', 'docs/build-and-start.md', 'Hardened containers', ['hides', '/var/lib/mc_launcher']],
  [
    'How do I back up?',
    'docs/backup.md',
    'Back up and restore',
    ['Stop the container', '.prepopulated', 'numeric-owner'],
  ],
  [
    'How is the generated compose.yaml used?',
    'docs/compose-and-kubernetes.md',
    'Compose',
    ['up --build', 'on-failure:5'],
  ],
  [
    'What does a liveness probe check?',
    'docs/compose-and-kubernetes.md',
    'A liveness probe',
    ['circus answers', 'does not restart the pod'],
  ],
  [
    'How does a Secret reach a pod?',
    'docs/compose-and-kubernetes.md',
    'Change the override',
    ['subPath', 'kubectl exec'],
  ],
  ['I am behind a proxy.', 'docs/base-image.md', 'Behind a proxy', ['https_proxy', 'downloads', 'runtime: base']],
  [
    'How do I upgrade many projects?',
    'docs/upgrading-in-ci.md',
    'Any other CI',
    ["upgrade 'images/*'", 'does not keep'],
  ],
  ['What comes first with 0.4?', 'docs/upgrading-in-ci.md', 'Upgrading in CI', ['base image first']],
];

/** The text below the heading that begins with these words, up to the next one of its level. */
function section(page: string, heading: string): string {
  // A comment of a shell is no heading.
  const lines = readFileSync(join(packageRoot, page), 'utf8').split('\n');
  const level = (line: string) => /^(#+) [A-Z`\d]/.exec(line)?.[1]?.length;
  const start = lines.findIndex((line) => level(line) && line.replace(/^#+ /, '').startsWith(heading));
  const own = level(lines[start] ?? '') ?? 0;
  const end = lines.findIndex((line, at) => at > start && (level(line) ?? own + 1) <= own);
  return start < 0 ? '' : lines.slice(start, end < 0 ? undefined : end).join('\n');
}

test.each(QUESTIONS)('%s: %s has it below %s', (_, page, heading, words) => {
  const answer = section(page, heading);
  expect(words.filter((word) => !answer.includes(word))).toEqual([]);
});
