import { type Flag, flagOf } from '../../answers/flags.ts';
import { type Field, fieldsOf } from '../../model/fields.ts';
import { locationSchema, vhostSchema } from '../../model/nginx.ts';
import { programSchema } from '../../model/program.ts';
import { serviceSchema } from '../../model/service.ts';

/** A kind of entry of the model that has a verb of its own. */
export interface Kind {
  verb: string;
  noun: 'program' | 'vhost' | 'location' | 'service';
  /** The words after the verb, for the help. */
  words: string;
  does: string;
  fields: readonly Field[];
}

export const KINDS = {
  'circus-program': {
    verb: 'circus-program',
    noun: 'program',
    words: 'NAME',
    does: 'Adds a process that circus runs, or changes one',
    get fields() {
      return fieldsOf(programSchema);
    },
  },
  'nginx-vhost': {
    verb: 'nginx-vhost',
    noun: 'vhost',
    words: 'DOMAIN',
    does: 'Adds a virtual host that nginx serves, or changes one',
    get fields() {
      return fieldsOf(vhostSchema);
    },
  },
  'nginx-location': {
    verb: 'nginx-location',
    noun: 'location',
    words: '[VHOST] PATH',
    does: 'Adds a location of a virtual host, or changes one',
    get fields() {
      return fieldsOf(locationSchema);
    },
  },
  service: {
    verb: 'service',
    noun: 'service',
    words: 'NAME',
    does: 'Adds a database or the like that runs beside the image, or changes one',
    get fields() {
      return fieldsOf(serviceSchema);
    },
  },
} satisfies Record<string, Kind>;

const CONVENIENCE: readonly Flag[] = [
  { flag: 'location', value: 'PATH', description: 'let nginx pass this path to the program, at its port' },
  { flag: 'vhost', value: 'DOMAIN', description: 'add --location to this virtual host (default: the only one)' },
];

/** Every flag of a verb: those of its fields, and its own. */
export function flagsOf(kind: Kind): Flag[] {
  return [...kind.fields.map(flagOf), ...ownFlags(kind)];
}

/** The flags of a verb that are not fields of the model. */
function ownFlags({ noun, verb }: Kind): Flag[] {
  const removed = noun === 'location' ? 'PATH' : 'NAME';
  return [
    ...(noun === 'program' ? CONVENIENCE : []),
    { flag: 'unset', value: 'FIELD ...', description: 'set a field, or FIELD.KEY of a dict, back to its default' },
    { flag: 'remove', value: removed, description: `remove a ${noun}: makina-image ${verb} --remove ${removed}` },
    { flag: 'list', description: `list every ${noun}` },
    { flag: 'json', description: 'print JSON, with --list' },
    { flag: 'dry-run', description: 'show what would be written, and write nothing' },
  ];
}
