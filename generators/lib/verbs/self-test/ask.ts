import type { IncomingMessage, RequestOptions } from 'node:http';
import type { TestRequest } from '../../model/test-file.ts';
import type { Answer } from './requests.ts';

const MAX_BODY = 16 << 20;

/**
 * Asks a container, whatever certificate it has.
 * @param port of 127.0.0.1
 * @throws Error when nothing answers, or `signal` ends it
 */
export async function ask(
  { path, host, method, headers, body, contains }: Omit<TestRequest, 'port' | 'status' | 'answer_headers'>,
  port: number,
  isHttps: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const options: RequestOptions = {
    ...{ host: '127.0.0.1', port, path, method, signal, agent: false },
    headers: { host, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }), ...headers },
  };
  // TLS takes names alone.
  const tls = { ...options, rejectUnauthorized: false, servername: /^[0-9.]+$/.test(host) ? '' : host };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = isHttps
      ? process.getBuiltinModule('node:https').request(tls, resolve)
      : process.getBuiltinModule('node:http').request(options, resolve);
    request.on('error', reject).end(body);
  });
  try {
    // An answer may have no end, such as a stream of events.
    const text = contains === undefined ? '' : await bodyUntil(answer, contains);
    return { status: answer.statusCode as number, headers: answer.headers, body: text };
  } finally {
    answer.on('error', () => undefined).destroy();
  }
}

/** The body of an answer, as far as it is needed. */
async function bodyUntil(answer: IncomingMessage, text: string): Promise<string> {
  let body = '';
  answer.setEncoding('utf8');
  for await (const piece of answer) {
    body += piece;
    if (body.includes(text) || body.length > MAX_BODY) break;
  }
  return body;
}
