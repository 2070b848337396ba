import { isDeepStrictEqual } from 'node:util';
import type { Image } from '../../model/schema.ts';
import type { Kind } from './kinds.ts';
import { at } from './target.ts';

type Row = Record<string, unknown>;

/** Every entry of a kind with all its fields, the demo's and the defaults too; of a location `name` is the path. */
export function rowsOf({ noun }: Kind, image: Image): Row[] {
  if (noun !== 'location')
    return Object.entries(at(image, [`${noun}s`]) as Record<string, Row>).map(([name, entry]) => ({ name, ...entry }));
  return Object.entries(image.vhosts).flatMap(([vhost, { locations }]) =>
    Object.entries(locations).map(([name, entry]) => ({ vhost, name, ...entry })),
  );
}

/** The same for people: a line for each, with what differs from the defaults. */
export function listed(kind: Kind, image: Image): string {
  const heads = kind.noun === 'location' ? ['vhost', 'name'] : ['name'];
  const rows = rowsOf(kind, image).map((row) => [
    ...heads.map((head) => String(row[head])),
    kind.fields
      .filter(({ key, default: fallback }) => row[key] !== undefined && !isDeepStrictEqual(row[key], fallback))
      .map(({ key }) => `${key}=${JSON.stringify(row[key])}`)
      .join(' '),
  ]);
  if (rows.length === 0) return `There is no ${kind.noun}.`;
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [[...heads.map((head) => head.toUpperCase()), 'FIELDS'], ...rows]
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}
