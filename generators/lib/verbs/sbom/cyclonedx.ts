/** A list of packages as CycloneDX JSON, which scanners and registries read. */

import { version as ownVersion } from '../../package.ts';
import { sha256Of } from '../../sha256.ts';
import type { Distribution, Package } from './packages.ts';

/** What a list is of. */
export interface Subject {
  name: string;
  /** The id of the image, `sha256:…`. */
  id: string;
}

/** What the answers fetch in the build. */
export interface Download {
  name: string;
  url: string;
  sha256: string;
}

interface Component {
  type: string;
  'bom-ref': string;
  name: string;
  version?: string;
  [key: string]: unknown;
}

/** The text of a bill of materials. The same image gives the same bytes. */
export function cyclonedx(
  subject: Subject,
  packages: readonly Package[],
  distribution: Distribution | undefined,
  downloads: readonly Download[],
): string {
  const all = [
    ...(distribution ? [operatingSystem(distribution)] : []),
    ...packages.map((each) => library(each, distribution)),
    ...downloads.map(file),
  ];
  const components = [...new Map(all.map((each) => [each['bom-ref'], each])).values()].sort((a, b) =>
    a['bom-ref'] < b['bom-ref'] ? -1 : 1,
  );
  const image = { type: 'container', 'bom-ref': 'image', name: subject.name, version: subject.id };
  const hash = sha256Of(Buffer.from(JSON.stringify([image, components])));
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: uuid(hash),
    version: 1,
    metadata: {
      tools: { components: [{ type: 'application', name: 'makina-image', version: ownVersion }] },
      component: image,
    },
    components,
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function operatingSystem({ id, version }: Distribution): Component {
  return { type: 'operating-system', 'bom-ref': `os:${id}`, name: id, version };
}

function library({ type, namespace, name, version, qualifiers }: Package, os: Distribution | undefined): Component {
  const more = { ...qualifiers, ...(type === 'deb' && os && { distro: `${os.id}-${os.version}` }) };
  const query = Object.entries(more)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join('&');
  const path = [namespace, name].filter((part) => part !== undefined).map((part) => encodeURIComponent(part));
  const purl = `pkg:${type}/${path.join('/')}@${encodeURIComponent(version)}${query && `?${query}`}`;
  return {
    type: 'library',
    'bom-ref': purl,
    // A scope of npm and a vendor of Composer are part of the name there; debian is only where it comes from.
    ...(namespace !== undefined && type !== 'deb' && { group: namespace }),
    ...{ name, version, purl },
  };
}

function file({ name, url, sha256 }: Download): Component {
  return {
    ...{ type: 'file', 'bom-ref': `download:${name}`, name },
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    externalReferences: [{ type: 'distribution', url }],
  };
}

/** A UUID of version 8, whose bits are a hash. */
function uuid(hash: string): string {
  const text = `${hash.slice(0, 12)}8${hash.slice(13, 16)}a${hash.slice(17, 32)}`;
  return `urn:uuid:${text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}
