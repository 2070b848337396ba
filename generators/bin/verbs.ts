import type { Verb } from './verb.ts';

/** A verb of the command line. */
export interface Listed {
  name: string;
  /** What it does, in one line. */
  line: string;
  /** 2 is no error of it, but an answer: something would change. */
  answers?: true;
  load: () => Promise<Verb>;
}

/** Every verb, in the order of the help. Each is loaded when it is needed, so that none pays for another. */
export const VERBS: readonly Listed[] = [
  {
    name: 'new',
    line: 'write a project, or change the model of the one that is there',
    load: async () => (await import('./new.ts')).newVerb(),
  },
  {
    name: 'circus-program',
    line: 'add, change, remove or list the processes that circus runs',
    load: async () => (await import('./stanza.ts')).stanzaVerb('circus-program'),
  },
  {
    name: 'nginx-vhost',
    line: 'the same with the virtual hosts that nginx serves',
    load: async () => (await import('./stanza.ts')).stanzaVerb('nginx-vhost'),
  },
  {
    name: 'nginx-location',
    line: 'the same with what a virtual host serves',
    load: async () => (await import('./stanza.ts')).stanzaVerb('nginx-location'),
  },
  {
    name: 'base',
    line: 'write the folder of the base image',
    load: async () => (await import('./base.ts')).base,
  },
  {
    name: 'check',
    line: 'tell whether this version of the generator would change a project',
    answers: true,
    load: async () => (await import('./upgrade.ts')).check,
  },
  {
    name: 'diff',
    line: 'show what it would change',
    answers: true,
    load: async () => (await import('./upgrade.ts')).diff,
  },
  {
    name: 'upgrade',
    line: 'change it, and keep your edits',
    answers: true,
    load: async () => (await import('./upgrade.ts')).upgrade,
  },
  { name: 'resolve', line: 'settle a conflict', load: async () => (await import('./settle.ts')).resolve },
  { name: 'adopt', line: 'make a file yours for good', load: async () => (await import('./settle.ts')).adopt },
  {
    name: 'restore',
    line: 'bring back a file that you deleted',
    load: async () => (await import('./settle.ts')).restore,
  },
  {
    name: 'ci',
    line: 'add the files with which CI keeps a project up to date',
    load: async () => (await import('./ci.ts')).ci,
  },
  {
    name: 'doctor',
    line: 'find what would stop a build or a start, and say what to do',
    answers: true,
    load: async () => (await import('./doctor.ts')).doctorVerb,
  },
  {
    name: 'schema',
    line: 'print the JSON Schema of answers, or of what --json prints',
    load: async () => (await import('./schema.ts')).schema,
  },
  {
    name: 'completion',
    line: 'print a script with which a shell completes all this',
    load: async () => (await import('./completion/completion.ts')).completion,
  },
  { name: 'help', line: 'tell more of a verb', load: async () => (await import('./help.ts')).help },
];

/** The verb of a name, undefined if there is none. */
export function verbNamed(name: string | undefined): Listed | undefined {
  return VERBS.find((verb) => verb.name === name);
}
