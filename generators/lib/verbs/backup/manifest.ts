/** What a backup says of itself: the member `manifest.json`. */

import * as z from 'zod/mini';
import { SECRETS_FOLDER } from '../../model/services.ts';

export const MANIFEST = 'manifest.json';
/** The checksums of all other members, for `sha256sum --check`. */
export const SUMS = 'SHA256SUMS';

/** Docker's own rule: anything else in a mount would be a folder of the host. */
const volumeName = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/));
const fileName = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,98}$/));
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const size = z.number().check(z.int(), z.minimum(0));
const more = { file: fileName, bytes: size, sha256 };

const partSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), name: z.enum(['data', SECRETS_FOLDER]), ...more }),
  z.strictObject({
    kind: z.literal('volume'),
    name: volumeName,
    /** Those of compose, without which it would not take the volume for its own. */
    labels: z.record(z.string().check(z.regex(/^com\.docker\.compose\.[a-z.-]+$/)), z.string()),
    ...more,
  }),
]);

export const manifestSchema = z.strictObject({
  format: z.literal('makina-image backup'),
  version: z.literal(1),
  project: z.string(),
  /** ISO 8601, in UTC. */
  created: z.string(),
  /** That of the generator. */
  generator: z.string(),
  /** What kept the programs from writing meanwhile: they were stopped, a hook did, or nothing ran. */
  consistency: z.enum(['stopped', 'hook', 'nothing ran']),
  parts: z.array(partSchema).check(z.minLength(1)),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Part = Manifest['parts'][number];
/** A part before its content is known. */
export type Store =
  | { kind: 'folder'; name: 'data' | typeof SECRETS_FOLDER }
  | { kind: 'volume'; name: string; labels: Labels };
export type Labels = Record<string, string>;

/** How sentences call a part. */
export const called = ({ kind, name }: Pick<Part, 'kind' | 'name'>) =>
  kind === 'folder' ? `${name}/` : `the volume ${name}`;
