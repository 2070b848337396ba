/** The packages of an image, from the files that package managers leave in it. */

export interface Package {
  /** The kind in a package URL. */
  type: 'deb' | 'pypi' | 'npm' | 'composer';
  /** The vendor or scope, if there is one. */
  namespace: string | undefined;
  name: string;
  version: string;
  /** What a package URL has behind `?`. */
  qualifiers: Record<string, string>;
}

/** Debian's name and version of an image. */
export interface Distribution {
  id: string;
  version: string;
}

const OS_RELEASE = 'usr/lib/os-release';
const READERS: readonly [pattern: RegExp, read: (text: string) => Package[]][] = [
  [/^var\/lib\/dpkg\/(status|status\.d\/[^/.]+)$/, debianPackages],
  [/\.(dist-info\/METADATA|egg-info\/PKG-INFO)$/, pythonPackages],
  [/(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/, nodePackages],
  [/(^|\/)composer\/installed\.json$/, composerPackages],
];

/** Whether a file of an image names packages. */
export function namesPackages(path: string): boolean {
  return path === OS_RELEASE || READERS.some(([pattern]) => pattern.test(path));
}

/** What the files of an image name, each package once. @param files by path */
export function packagesOf(files: ReadonlyMap<string, string>): {
  packages: Package[];
  distribution: Distribution | undefined;
} {
  const distribution = distributionOf(files.get(OS_RELEASE) ?? '');
  const found = [...files].flatMap(([path, text]) => {
    const [, read] = READERS.find(([pattern]) => pattern.test(path)) ?? [];
    return read?.(text) ?? [];
  });
  return { packages: found.filter(({ name, version }) => isPlain(name) && isPlain(version)), distribution };
}

/** Names and versions have no control characters; a hostile image may. */
const isPlain = (text: unknown): text is string =>
  typeof text === 'string' && text.length > 0 && text.length <= 200 && /^[\x21-\x7e]+$/.test(text);

function distributionOf(text: string): Distribution | undefined {
  const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const [id, version] = [value('ID'), value('VERSION_ID')];
  return isPlain(id) && isPlain(version) ? { id, version } : undefined;
}

function debianPackages(text: string): Package[] {
  const paragraphs = text.split(/\n\n+/).filter((paragraph) => /^Package:/m.test(paragraph));
  return paragraphs.flatMap((paragraph) => {
    const field = (name: string) => new RegExp(`^${name}: *(.*)$`, 'm').exec(paragraph)?.[1]?.trim() ?? '';
    // Removed packages keep their settings, and a paragraph.
    if (!/^(.* installed)?$/.test(field('Status'))) return [];
    // `Source: linux (6.1.1)` if its version is another one.
    const [source = '', version] = field('Source').replace(')', '').split(' (');
    const upstream = source && (version ? `${source}@${version}` : source);
    return [
      {
        type: 'deb',
        namespace: 'debian',
        name: field('Package'),
        version: field('Version'),
        qualifiers: { arch: field('Architecture'), ...(upstream && { upstream }) },
      },
    ];
  });
}

function pythonPackages(text: string): Package[] {
  const head = text.split(/\r?\n\r?\n/)[0] ?? '';
  const field = (name: string) => new RegExp(`^${name}: *(.*?)\\r?$`, 'm').exec(head)?.[1] ?? '';
  // The index's own spelling.
  const name = field('Name')
    .toLowerCase()
    .replaceAll(/[-_.]+/g, '-');
  return [{ type: 'pypi', namespace: undefined, name, version: field('Version'), qualifiers: {} }];
}

function nodePackages(text: string): Package[] {
  const { name, version } = objectIn(text);
  if (!isPlain(name) || !isPlain(version)) return [];
  const [, scope, rest] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  return [{ type: 'npm', namespace: scope, name: rest ?? name, version, qualifiers: {} }];
}

function composerPackages(text: string): Package[] {
  const { packages } = objectIn(text);
  return (Array.isArray(packages) ? packages : []).flatMap((each) => {
    const { name, version } = (each ?? {}) as Record<string, unknown>;
    if (!isPlain(name) || !isPlain(version)) return [];
    const [vendor, rest] = name.split('/');
    return rest ? [{ type: 'composer', namespace: vendor, name: rest, version, qualifiers: {} }] : [];
  });
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
