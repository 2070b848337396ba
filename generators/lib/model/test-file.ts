/** What a project's owner adds to `makina-image test`: the file test.yaml. */

import * as z from 'zod/mini';
import { environmentName, field, integer, line, matching, optional, port, required, text } from './types.ts';

/** Only made where it is needed: it takes time. */
const requestSchema = () => {
  const headerName = matching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'must be the name of an HTTP header');
  const headers = z.record(headerName, matching(/^[\t -~]*$/, 'must be one line of ASCII characters'));

  return z.strictObject({
    path: required(
      matching(/^\/[!-~]*$/, 'must start with / and be ASCII without spaces; write others as %20 and the like'),
      'Path that is asked for, with its query',
    ),
    host: field(
      matching(/^[A-Za-z0-9_.-]{1,250}$/, 'must be a host name without a port'),
      'localhost',
      'Domain that is asked for',
    ),
    port: field(
      port,
      80,
      'Port of the container; the request is https where a virtual host has its certificate on that port',
    ),
    method: field(matching(/^[A-Z]{1,20}$/, 'must be a method of HTTP such as POST'), 'GET', 'Method of the request'),
    headers: field(headers, {}, 'Headers of the request'),
    body: optional(text, 'Body of the request'),
    status: optional(integer(200, 599), 'Status that the answer must have; anything below 500 if not given'),
    contains: optional(matching(/^[^\0]+$/, 'must not be empty'), 'Text that the body of the answer must contain'),
    answer_headers: field(headers, {}, 'Headers that the answer must have, with their whole values'),
  });
};

/** The whole file. Unknown keys are errors everywhere. */
export const testFileSchema = () =>
  z.strictObject({
    environment: field(z.record(environmentName, text), {}, "Environment variables of the tests' container"),
    override: field(
      z.record(line, z.json()),
      {},
      'The override of the tests, as below makina-projects.NAME.data: programs, vhosts, app ...',
    ),
    seconds: field(
      integer(1, 3600),
      60,
      'How long a start, and the first good answers after it, may take, in whole seconds',
    ),
    requests: field(z.array(requestSchema()), [], 'Requests beside those to every virtual host and location'),
  });

export type TestFile = z.output<ReturnType<typeof testFileSchema>>;
/** A request, and what its answer must be like. */
export type TestRequest = TestFile['requests'][number];
