import { base } from './base.ts';
import { ci } from './ci.ts';
import { completionVerb } from './completion/completion.ts';
import { adopt, resolve, restore } from './conflict.ts';
import { doctorVerb } from './doctor.ts';
import { helpVerb } from './help.ts';
import { newVerb } from './new.ts';
import { schema } from './schema.ts';
import { stanzaVerb } from './stanza.ts';
import { check, diff, upgrade } from './upgrade.ts';
import type { Listed } from './verb.ts';

/** Every verb, in the order of the help. Nothing is loaded only when it is needed: a bundle of modules that are starts slower than one that is longer. */
export const VERBS: readonly Listed[] = [
  {
    name: 'new',
    line: 'write a project, or change the model of the one that is there',
    load: () => newVerb(),
  },
  {
    name: 'circus-program',
    line: 'add, change, remove or list the processes that circus runs',
    load: () => stanzaVerb('circus-program'),
  },
  {
    name: 'nginx-vhost',
    line: 'the same with the virtual hosts that nginx serves',
    load: () => stanzaVerb('nginx-vhost'),
  },
  {
    name: 'nginx-location',
    line: 'the same with what a virtual host serves',
    load: () => stanzaVerb('nginx-location'),
  },
  {
    name: 'base',
    line: 'write the folder of the base image',
    load: () => base,
  },
  {
    name: 'check',
    line: 'tell whether this version of the generator would change a project',
    answers: true,
    load: () => check,
  },
  {
    name: 'diff',
    line: 'show what it would change',
    answers: true,
    load: () => diff,
  },
  {
    name: 'upgrade',
    line: 'change it, and keep your edits',
    answers: true,
    load: () => upgrade,
  },
  { name: 'resolve', line: 'resolve a conflict', load: () => resolve },
  { name: 'adopt', line: 'make a file yours for good', load: () => adopt },
  {
    name: 'restore',
    line: 'bring back a file that you deleted',
    load: () => restore,
  },
  {
    name: 'ci',
    line: 'add the files with which CI keeps a project up to date',
    load: () => ci,
  },
  {
    name: 'doctor',
    line: 'find what would stop a build or a start, and say what to do',
    answers: true,
    load: () => doctorVerb,
  },
  {
    name: 'schema',
    line: 'print the JSON Schema of answers, or of what --json prints',
    load: () => schema,
  },
  {
    name: 'completion',
    line: 'print a script with which a shell completes all this',
    load: () => completionVerb(VERBS),
  },
  { name: 'help', line: 'tell more of a verb', load: () => helpVerb(VERBS) },
];

/** The verb of a name, undefined if there is none. */
export function verbNamed(name: string | undefined): Listed | undefined {
  return VERBS.find((verb) => verb.name === name);
}
