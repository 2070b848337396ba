/** What a project is asked, and whether an answer is right. Pure. */

import type { Image } from '../../model/schema.ts';
import type { TestRequest } from '../../model/test-file.ts';

type Vhost = Image['vhosts'][string];

/** What came back. */
export interface Answer {
  status: number;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  body: string;
}

/** A request that is asked. */
export interface Asked {
  /** Another one than those of all others. */
  name: string;
  request: TestRequest;
  isHttps: boolean;
}

/**
 * What a container is asked: each plain path that each virtual host serves, on each of its ports, unless test.yaml asks the same.
 * @param own the requests of test.yaml
 */
export function requestsOf(image: Pick<Image, 'vhosts'>, own: readonly TestRequest[]): Asked[] {
  const asked = (request: TestRequest, start: string): Asked => {
    const isHttps = isSecure(image, request.port);
    return { name: `${start}${addressOf(request, isHttps)}`, request, isHttps };
  };
  const given = own.map((request, index) => asked(request, `requests.${index}: `));
  const ours = Object.entries(image.vhosts)
    .flatMap(([key, vhost]) => requestsTo(key, vhost))
    .map((request) => asked(request, ''))
    .filter(({ name }) => !given.some((each) => each.name.endsWith(` ${name}`)));
  return [...ours, ...given];
}

function requestsTo(key: string, vhost: Vhost): TestRequest[] {
  const host = hostOf(key, vhost);
  return portsOf(vhost).flatMap((port) =>
    pathsOf(vhost).map((path) => ({ path, host, port, method: 'GET', headers: {}, answer_headers: {} })),
  );
}

const hasCertificate = ({ ssl_cert, ssl_certificate }: Vhost) => (ssl_cert ?? ssl_certificate) !== undefined;
const portsOf = (vhost: Vhost) => (hasCertificate(vhost) ? [vhost.listen, vhost.ssl_listen] : [vhost.listen]);

/** A name that a virtual host answers for. */
function hostOf(key: string, { domain: given = key, aliases, default_server }: Vhost): string {
  // What a regular expression matches, only its author knows.
  const domain = given.startsWith('~') ? (aliases.find((alias) => !alias.startsWith('~')) ?? key) : given;
  // By custom a name that matches nothing.
  if (domain === '_' && default_server) return 'localhost';
  return domain.replace(/^\*\./, 'makina-image-test.');
}

/** The root, and the paths of locations that say which requests they are for; none that is closed on purpose. */
function pathsOf({ locations }: Vhost): string[] {
  const plain = Object.entries(locations)
    .filter(([where]) => !/^[~@]/.test(where))
    .map(([where, { return: answer = '' }]) => ({
      // nginx compares with the path of a request after its %xx are decoded.
      path: where.replace(/^(=|\^~) /, '').replaceAll('%', '%25'),
      isClosed: /^(5|444)/.test(answer),
    }));
  const closed = plain.filter(({ isClosed }) => isClosed).map(({ path }) => path);
  return [...new Set(['/', ...plain.map(({ path }) => path)])].filter((path) => !closed.includes(path));
}

/** Whether nginx speaks TLS on a port: it does on all of a port, or on none. */
function isSecure({ vhosts }: Pick<Image, 'vhosts'>, port: number): boolean {
  return Object.values(vhosts).some((vhost) => hasCertificate(vhost) && vhost.ssl_listen === port);
}

/** The method and the whole address. */
function addressOf({ method, host, port, path }: TestRequest, isHttps: boolean): string {
  const isUsual = port === (isHttps ? 443 : 80);
  return `${method} ${isHttps ? 'https' : 'http'}://${host}${isUsual ? '' : `:${port}`}${path}`;
}

/** What is wrong with an answer, undefined if nothing is. */
export function wrongIn({ status, contains, answer_headers }: TestRequest, answer: Answer): string | undefined {
  if (status === undefined && answer.status >= 500) return `the answer is ${answer.status}, which is not below 500`;
  if (status !== undefined && answer.status !== status) return `the answer is ${answer.status}, not ${status}`;
  if (contains !== undefined && !answer.body.includes(contains))
    return `the answer does not contain ${JSON.stringify(contains)}`;
  for (const [name, value] of Object.entries(answer_headers)) {
    const found = [answer.headers[name.toLowerCase()] ?? []].flat();
    if (found.length === 0) return `the answer has no header ${name}`;
    if (!found.includes(value))
      return `the header ${name} of the answer is ${JSON.stringify(found.join(', '))}, not ${JSON.stringify(value)}`;
  }
  return undefined;
}
