import { Readable } from 'node:stream';
import type { Part } from '../../generators/lib/verbs/backup/manifest.ts';
import { Output } from '../../generators/lib/verbs/backup/output.ts';

export const BACKUP = {
  format: 'makina-image backup',
  version: 1,
  project: 'shop',
  created: '',
  generator: '1.0.0',
} as const;

/** Writes a backup of `shop` with these parts. */
export async function backupOf(file: string, contents: Record<string, string>): Promise<void> {
  const output = new Output(file, 'shop');
  const parts: Part[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const added = await output.add(`${name}.tar`, Readable.from([Buffer.from(content)]));
    const kind =
      name === 'data'
        ? { kind: 'folder' as const, name: 'data' as const }
        : { kind: 'volume' as const, name, labels: {} };
    parts.push({ ...kind, file: `${name}.tar`, ...added });
  }
  output.finish({ ...BACKUP, consistency: 'stopped', parts });
  output.close();
}
