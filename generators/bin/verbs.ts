import { backupVerb, restoreDataVerb } from './backup.ts';
import { base } from './base.ts';
import { buildVerb } from './build-verb.ts';
import { ci } from './ci.ts';
import { completionVerb } from './completion/completion.ts';
import { adopt, resolve, restore } from './conflict.ts';
import { CONTAINER_VERBS } from './container.ts';
import { doctorVerb } from './doctor.ts';
import { helpVerb } from './help.ts';
import { newVerb } from './new.ts';
import { sbomVerb } from './sbom.ts';
import { schema } from './schema.ts';
import { stanzaVerb } from './stanza.ts';
import { testVerb } from './test.ts';
import { downVerb, upVerb } from './up.ts';
import { check, diff, upgrade } from './upgrade.ts';
import type { Listed } from './verb.ts';

/** Every verb, in the order of the help. All are loaded at once: a bundle with modules that are loaded later starts slower. */
export const VERBS: readonly Listed[] = [
  {
    name: 'new',
    line: 'create a project, or change the answers of an existing one',
    load: () => newVerb(),
  },
  {
    name: 'up',
    line: 'build a project, run it, and follow its log until Ctrl-C',
    load: () => upVerb,
  },
  { name: 'down', line: 'stop what up started', load: () => downVerb },
  { name: 'build', line: 'build the image of a project', load: () => buildVerb },
  { name: 'test', line: 'build a project and test it in a container of its own', load: () => testVerb },
  { name: 'sbom', line: 'list the packages in the image of a project, as CycloneDX', load: () => sbomVerb },
  { name: 'backup', line: 'back up the data folder and the volumes of a project', load: () => backupVerb },
  {
    name: 'restore-data',
    line: 'replace the data of a project with that of a backup',
    load: () => restoreDataVerb,
  },
  ...CONTAINER_VERBS,
  {
    name: 'circus-program',
    line: 'add, change, remove or list processes that circus runs',
    load: () => stanzaVerb('circus-program'),
  },
  {
    name: 'nginx-vhost',
    line: 'add, change, remove or list nginx virtual hosts',
    load: () => stanzaVerb('nginx-vhost'),
  },
  {
    name: 'nginx-location',
    line: 'add, change, remove or list what a virtual host serves',
    load: () => stanzaVerb('nginx-location'),
  },
  {
    name: 'service',
    line: 'add, change, remove or list databases and the like beside the image',
    load: () => stanzaVerb('service'),
  },
  {
    name: 'base',
    line: 'write the build folder of the base image',
    load: () => base,
  },
  {
    name: 'check',
    line: 'report whether an upgrade would change a project',
    answers: true,
    load: () => check,
  },
  {
    name: 'diff',
    line: 'show as a diff what an upgrade would change',
    answers: true,
    load: () => diff,
  },
  {
    name: 'upgrade',
    line: "update a project to this version's templates and keep your edits",
    answers: true,
    load: () => upgrade,
  },
  { name: 'resolve', line: 'resolve a conflict that an upgrade left in a file', load: () => resolve },
  { name: 'adopt', line: 'take over a file, so that upgrades leave it alone', load: () => adopt },
  {
    name: 'restore',
    line: 'bring back a file that you deleted or took over',
    load: () => restore,
  },
  {
    name: 'ci',
    line: 'add CI jobs that keep a project up to date, and the pipeline of its image',
    load: () => ci,
  },
  {
    name: 'doctor',
    line: 'find what would break a build or a start, and how to fix it',
    answers: true,
    load: () => doctorVerb,
  },
  {
    name: 'schema',
    line: 'print a JSON Schema, for answers files, pillars or --json output',
    load: () => schema,
  },
  {
    name: 'completion',
    line: 'print a completion script for your shell',
    load: () => completionVerb(VERBS),
  },
  { name: 'help', line: 'show help for a verb', load: () => helpVerb(VERBS) },
];

/** The verb of a name, undefined if there is none. */
export function verbNamed(name: string | undefined): Listed | undefined {
  return VERBS.find((verb) => verb.name === name);
}
