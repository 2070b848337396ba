import { unusable } from '../../answers/unusable.ts';
import { isDict } from '../../model/dict.ts';
import { parseYaml } from './rendering.ts';

/** The file that holds most answers, and is the only one that holds them. */
export const PILLAR = 'project/.salt/PILLAR.sample';

/** Longer files are not of that release, and would take long to read. */
const MAX_BYTES = 1 << 20;
/** Where a README begins. */
const MAX_LINES = 20;

/** A value of a field that a file of the first release holds. */
export interface Reading {
  field: string;
  value: unknown;
  path: string;
}

type Reader = (text: string, path: string) => [field: string, value: unknown][];

const found = (field: string, match: RegExpExecArray | null, value = (text: string): unknown => text) =>
  match ? [[field, value(match[1] as string)] as [string, unknown]] : [];

const READERS: Record<string, Reader> = {
  'project/launch.sh': (text) => found('name', /^PROJECT='([a-z0-9]+)'$/m.exec(text)),
  'compose.yaml': (text) => [
    ...found('name', /^ {4}image: "([a-z0-9]+)"$/m.exec(text)),
    ...found('publish', /^\s*-\s*["']?([0-9]+):80["']?\s*$/m.exec(text), Number),
  ],
  'project/Dockerfile': (text) => [
    ...found('name', /^LABEL org\.opencontainers\.image\.title="([a-z0-9]+)"/m.exec(text)),
    ...found('base_image', /^ARG BASE_IMAGE=(\S+)$/m.exec(text)),
    ...found('description', /^ +org\.opencontainers\.image\.description="(.*)"$/m.exec(text), (quoted) =>
      quoted.replace(/\\([\\"$])/g, '$1'),
    ),
    ...found('volumes', /^VOLUME (\[.*\])$/m.exec(text), (list) => {
      const volumes = parseYaml(list);
      return Array.isArray(volumes) ? volumes.slice(1) : undefined;
    }),
  ],
  'README.md': (text) => [
    ...found('name', /^# ([a-z0-9]+)\n/.exec(text)),
    // The owner may have written more lines around it.
    ...(text.split('\nA makina-states based image: Salt configures ')[0] ?? '')
      .split('\n')
      .slice(1, MAX_LINES)
      .filter(Boolean)
      .map((line): [string, unknown] => ['description', line.replace(/\\([^A-Za-z0-9\s])/g, '$1')]),
    ...found('base_image', /^It is built on `(\S+)`\./m.exec(text)),
    ...found('publish', /^docker run .* -p ([0-9]+):80 /m.exec(text), Number),
    ...found(
      'demo',
      /^ {6}(greeting: Good morning|some_setting: some value)$/m.exec(text),
      (example) => example === 'greeting: Good morning',
    ),
  ],
  'project/app/server.py': () => [['demo', true]],
  'project/app/README.md': () => [['demo', false]],
  [PILLAR]: (text) => {
    const pillar = parseYaml(text);
    const [[key, project] = ['', undefined]] = isDict(pillar) ? Object.entries(pillar) : [];
    const data = isDict(project) ? project.data : undefined;
    const name = /^makina-projects\.([a-z0-9]+)$/.exec(key);
    return [...found('name', name), ...(isDict(data) ? Object.entries(data) : [])];
  },
};

/** The files that hold answers. */
export const TELLING = Object.keys(READERS);

/** What the files of a project say of the answers that they were made from. */
export function readings(files: ReadonlyMap<string, string>): Reading[] {
  return [...files].flatMap(([path, text]) =>
    (text.length < MAX_BYTES ? (READERS[path]?.(text, path) ?? []) : [])
      .map(([field, value]) => ({ field, value, path }))
      // What no answers may hold is the owner's, or hostile.
      .filter(({ value }) => unusable(value).length === 0),
  );
}
