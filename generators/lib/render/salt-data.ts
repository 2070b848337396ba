import { isDeepStrictEqual } from 'node:util';
import { dataKey, defaultsKey, ENTRIES, saltFields } from '../model/data-keys.ts';
import { defaultsOf } from '../model/fields.ts';
import type { Image } from '../model/schema.ts';
import { sls } from '../text/quote.ts';
import { yamlBlock } from './yaml-block.ts';

const written = saltFields.map(({ key, default: fallback }) => ({
  key: key as keyof Image,
  fallback,
  entry: ENTRIES[key] && defaultsOf(ENTRIES[key]),
}));

/** What `cfg.data` holds where a project says nothing: of each field, and of each entry as `program_defaults` and so on. */
export function saltDefaults(): Record<string, unknown> {
  return Object.fromEntries(
    written.flatMap(({ key, fallback, entry }) => [
      ...(entry ? [[defaultsKey(key), entry]] : []),
      ...(key.endsWith('_defaults') ? [] : [[dataKey(key), fallback]]),
    ]),
  );
}

/** What a project says of `cfg.data`, as YAML: no more than what differs from the defaults. */
export function saltData(image: Image): string {
  const given = Object.fromEntries(
    written.map(({ key, entry }) => {
      const own = image[defaultsKey(key) as keyof Image] as Record<string, unknown> | undefined;
      return [key, entry ? differing(image[key] as Entries, { ...entry, ...own }) : image[key]];
    }),
  );
  const data = Object.fromEntries(
    written
      .filter(({ key, fallback }) => !isDeepStrictEqual(given[key], fallback))
      .map(({ key }) => [dataKey(key), given[key]]),
  );
  return yamlBlock({ data }, sls, 2);
}

type Entries = Record<string, Record<string, unknown>>;

/** What entries say beside the defaults. */
function differing(entries: Entries, defaults: Record<string, unknown>): Entries {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => {
      // With a socket only the umask of the entry itself counts.
      const isOwn = (key: string) => key === 'umask' && entry.socket !== undefined;
      const given = Object.entries(entry).filter(
        ([key, value]) => isOwn(key) || !isDeepStrictEqual(value, defaults[key]),
      );
      return [name, Object.fromEntries(given)];
    }),
  );
}
