import fs from 'node:fs';
import { join } from 'node:path';
import type { Image } from '../model/schema.ts';
import { readDisk } from '../plan/disk.ts';
import { lstat } from '../system/files.ts';
import { type Finding, warning } from './finding.ts';
import { idsIn, withName } from './state-ids.ts';

const STEPS = 'project/.salt';

/** Requisites of the owner's states with an id that today's runtime does not have: the build stops at each. */
export function checkGoneIds(root: string, image: Image): Finding[] {
  const folder = join(root, STEPS);
  const names = lstat(folder)?.isDirectory() ? fs.readdirSync(folder).sort() : [];
  const paths = names.filter((name) => name.endsWith('.sls')).map((name) => `${STEPS}/${name}`);
  const texts = [...readDisk(root, paths)].flatMap(([path, entry]): [string, string][] =>
    entry?.kind === 'file' ? [[path, entry.bytes.toString()]] : [],
  );
  const own = new Set(texts.flatMap(([, text]) => idsIn(text, image.name)));
  // Step 100 of 0.2, kept by its owner, has most of them.
  if (own.has(`${image.name}-directory-{{ path }}`)) return [];
  const nowOf = successors(image);
  return texts.flatMap(([path, text]) =>
    requisitesIn(text, image.name).flatMap(([kind, id]) => {
      const now = own.has(id) ? undefined : nowOf(kind, id);
      if (now === undefined) return [];
      const fix = now ? `require ${now} instead` : 'remove it: there is no cron daemon any more';
      return [
        warning(
          'runtime',
          `the state ${kind}: ${id} no longer exists, and one of yours requires it`,
          join(root, path),
          fix,
        ),
      ];
    }),
  );
}

/** What to require for a state of 0.1 or 0.2: an empty text where nothing is in its place, undefined for any other state. */
function successors({ name, volumes, downloads }: Image) {
  const [dir, etc] = [`/srv/projects/${name}`, '/etc/makina-projects'];
  const folders = [
    dir,
    `${dir}/data`,
    `${dir}/data/configuration`,
    `${dir}/data/data`,
    etc,
    `${etc}/${name}`,
    ...volumes,
  ];
  const archives = Object.keys(downloads).filter((key) => ['tar', 'zip'].includes(downloads[key]?.unpack ?? ''));
  const all = new Map<string, string>([
    ...folders.map((folder) => [`file: ${folder}`, `cmd: ${name}-folders`] as const),
    ...archives.map((key) => [`file: ${name}-unpacked-${key}`, `cmd: ${name}-unpacked-${key}`] as const),
    ...['code', 'pillar'].map((what) => [`cmd: ${name}-${what}-permissions`, `cmd: ${name}-permissions`] as const),
    ...['pkg: X-cron', 'file: X-cron-pam', 'file: X-crontab', 'file: X-crontab-link'].map(
      (state) => [state.replace('X', name), ''] as const,
    ),
    [`file: ${name}-nginx-dirs`, `file: ${name}-nginx-configuration`],
    [`cmd: ${name}-nginx-check`, `file: ${name}-nginx-configuration`],
  ]);
  return (kind: string, id: string) =>
    kind === 'file' && id.startsWith(`${name}-directory-`) ? `cmd: ${name}-folders` : all.get(`${kind}: ${id}`);
}

/** Items such as `- file: ID`, each once. */
function requisitesIn(text: string, name: string): [kind: string, id: string][] {
  const found = new Map<string, [string, string]>();
  for (const [, kind = '', rest = ''] of text.matchAll(/^[ \t]*-[ \t]+(file|cmd|pkg):[ \t](.*)$/gm)) {
    const [id = ''] = rest.split(' #');
    const plain = withName(id.trim().replace(/^(["'])(.*)\1$/, '$2'), name);
    found.set(`${kind}: ${plain}`, [kind, plain]);
  }
  return [...found.values()];
}
