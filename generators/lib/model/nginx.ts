/** What nginx serves, in its own words: upstreams, virtual hosts and their locations. */

import * as z from 'zod/mini';
import { isWholeSnippet } from './nginx-snippet.ts';
import {
  absolutePath,
  address,
  duration,
  field,
  HOSTNAME,
  identifier,
  integer,
  line,
  matching,
  NETWORK,
  optional,
  PATH_KEYS,
  PORT,
  port,
  required,
  size,
  text,
  withKeys,
} from './types.ts';

/** A variable of nginx's or of one's own, before a {key} in braces; only the captures of a regular expression cannot be in braces. */
const VARIABLE = '\\$(([1-9]|[A-Za-z_][A-Za-z0-9_]*)(?![A-Za-z0-9_{])|\\{([A-Za-z_][A-Za-z0-9_]*)\\})';
/** Text without control characters, with variables. */
const VALUE = `([^$\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]|${VARIABLE})*`;
const nginxText = matching(
  new RegExp(`^${VALUE}$`),
  'must be one line in which $ only starts a variable, such as $host, itself in braces before a {key}',
);
const headerName = matching(/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/, 'must be the name of an HTTP header');
const parameterName = matching(/^[A-Z][A-Z0-9_]{0,99}$/, 'must be the name of a parameter, such as SCRIPT_NAME');
const statusCodes = matching(
  /^(?!.*499)[3-5][0-9]{2}( [3-5][0-9]{2}){0,9}$/,
  'must be status codes from 300 to 599 without 499, such as 404 or "502 503"',
);
const headers = z.record(headerName, nginxText);

/** Who answers: a host with a port, an upstream, or a Unix socket. */
const passed = withKeys(
  PATH_KEYS,
  new RegExp(
    `^(unix:/[A-Za-z0-9_./@+{}-]+|[A-Za-z0-9_.{}-]+(:(${PORT}|\\{[a-z][a-z0-9_]*\\}))?|\\[[0-9A-Fa-f:.]+\\]:${PORT})$`,
  ),
  'must be HOST:PORT, the name of an upstream, or unix:/PATH',
);
const proxied = withKeys(
  PATH_KEYS,
  new RegExp(
    `^https?://(unix:/[A-Za-z0-9_./@+{}-]+:?|([A-Za-z0-9_.{}-]+|\\[[0-9A-Fa-f:.]+\\])(:(${PORT}|\\{[a-z][a-z0-9_]*\\}))?)(/[A-Za-z0-9_.~/{}%-]*)?$`,
  ),
  'must be an http or https URL',
);

// nginx takes a line that starts with # for a comment.
const userName = matching(
  /^(?!#)[^:\u0000-\u001f\u007f-\u009f\s{}]{1,100}$/,
  'must be a name without colons and white space that does not start with #',
);
const passwordHash = matching(
  /^(\$[!-9;-~]{2,199}|\{(SHA|SSHA|PLAIN)\}[!-9;-~]{0,193}|[./0-9A-Za-z]{13})$/,
  'must be a hash that nginx knows, such as `openssl passwd -apr1` prints for a password',
);

const snippet = text.check(
  z.refine(isWholeSnippet, 'must be whole directives of nginx: balanced braces and quotes, `;` or `}` at the end'),
);

/** A regular expression, its replacement, and how nginx goes on. */
const rewrite = matching(
  new RegExp(
    `^[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{1,500} ([^$\\s\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]|${VARIABLE})+( (last|break|redirect|permanent))?$`,
  ),
  'must be REGEX REPLACEMENT, with last, break, redirect or permanent after it; in the replacement $ only starts a variable',
);
const mimeType = matching(
  /^(\*|[a-z0-9][a-z0-9.+-]{0,99}\/[a-z0-9][a-z0-9.+-]{0,99})$/,
  'must be a type such as text/css, or * for all',
);

const fileName = matching(/^\/?[A-Za-z0-9_.-]+$/, 'must be a file name');

/** What a virtual host and a location both take. */
const both = {
  root: optional(
    absolutePath,
    'Folder that paths are looked up in; nginx runs as www-data and must be able to read it',
  ),
  index: optional(z.array(fileName), 'Files that stand for a folder'),
  autoindex: optional(z.boolean(), 'A folder without such a file is shown as a list of its files'),
  rewrite: optional(
    z.array(rewrite),
    'Changes of the path, in order: `^/old/(.*)$ /new/$1 permanent`; `last` looks for the location again, `break` stays',
  ),
  gzip: optional(z.boolean(), 'Answers are compressed for clients that can read them; true if not given'),
  gzip_types: optional(z.array(mimeType), 'Types of answers that are compressed beside text/html'),
  chunked_transfer_encoding: optional(z.boolean(), 'Answers of unknown length are sent in chunks'),
  client_max_body_size: optional(size, 'Largest request body'),
  proxy_connect_timeout: optional(duration, 'How long connecting to a server may take'),
  proxy_read_timeout: optional(duration, 'How long a server may be silent'),
  proxy_send_timeout: optional(duration, 'How long a server may take nothing'),
  fastcgi_connect_timeout: optional(duration, 'How long connecting to a FastCGI server may take'),
  fastcgi_read_timeout: optional(duration, 'How long a FastCGI server may be silent'),
  fastcgi_send_timeout: optional(duration, 'How long a FastCGI server may take nothing'),
  fastcgi_buffering: optional(z.boolean(), 'Answers of a FastCGI server are collected before they are passed on'),
  uwsgi_connect_timeout: optional(duration, 'How long connecting to a uwsgi server may take'),
  uwsgi_read_timeout: optional(duration, 'How long a uwsgi server may be silent'),
  uwsgi_send_timeout: optional(duration, 'How long a uwsgi server may take nothing'),
  uwsgi_buffering: optional(z.boolean(), 'Answers of a uwsgi server are collected before they are passed on'),
  limit_conn: optional(
    integer(0, 65_535),
    'How many requests of one address are answered at the same time, 0 for any number; 100 if not given',
  ),
  limit_req: optional(
    matching(
      /^(rate=)?[1-9][0-9]{0,5}r\/[sm]( burst=[1-9][0-9]{0,5})?( (nodelay|delay=[1-9][0-9]{0,5}))?$/,
      'must be a rate such as 10r/s or 30r/m, with burst=20, and nodelay or delay=8, after it',
    ),
    'How often one address may ask: `10r/s burst=20 nodelay`',
  ),
  auth_basic: optional(
    nginxText,
    'Asks for a name and a password of auth_basic_users, under this title, "Restricted" if not given; `off` does not',
  ),
  auth_basic_users: optional(
    z.record(userName, passwordHash),
    'Who is let in: hashed passwords by name. Best kept in the override: pillar/ is in git and in the image',
  ),
  allow: optional(z.array(address), 'Addresses that are let in, beside `deny`; they count first'),
  deny: optional(z.array(address), 'Addresses that are not, unless allowed; `all` for everybody else'),
  add_header: optional(headers, 'Headers added to each answer'),
  error_page: optional(
    z.record(
      statusCodes,
      matching(
        /^(=[0-9]{0,3} )?(\/|@|https?:\/\/)[A-Za-z0-9_.~/:%?&=-]*$/,
        'must be a path, a URL or a named location',
      ),
    ),
    'What is shown instead, by status code: a path, a URL or a named location; `= @app` also takes the status of @app',
  ),
  raw: optional(snippet, 'More lines of nginx configuration, as they are'),
};

export const locationSchema = z.strictObject({
  proxy_pass: optional(proxied, 'URL the requests are passed to; its path, if any, replaces that of the location'),
  proxy_set_header: optional(headers, 'Headers added to what is passed on'),
  proxy_buffering: optional(z.boolean(), 'Answers are collected before they are passed on'),
  proxy_request_buffering: optional(z.boolean(), 'Requests are collected before they are passed on'),
  websocket: optional(z.boolean(), 'Connections may be upgraded, to WebSocket for example'),
  alias: optional(
    absolutePath,
    'Folder the files are served from; nginx runs as www-data and must be able to read them',
  ),
  try_files: optional(
    z
      .array(
        matching(
          new RegExp(`^(=[0-9]{3}|@[A-Za-z0-9_-]+|(?=[/$])([A-Za-z0-9_.~/?&=-]|${VARIABLE})*)$`),
          'must be a path, a named location or =CODE, in which $ only starts a variable',
        ),
      )
      .check(z.minLength(2, 'must be two at least: nginx takes the last one only when it finds none of those before')),
    'Files that are looked for in turn; the last one is where a request goes that finds none',
  ),
  expires: optional(
    matching(/^(off|max|epoch|-?[0-9]{1,9}[smhdwMy]?)$/, 'must be a time such as 30d, or off, max or epoch'),
    'How long clients may keep an answer',
  ),
  fastcgi_pass: optional(passed, 'FastCGI server the requests are passed to, such as unix:/run/php/php-fpm.sock'),
  fastcgi_param: optional(z.record(parameterName, nginxText), "FastCGI parameters beside nginx's usual ones"),
  uwsgi_pass: optional(passed, 'uwsgi server the requests are passed to'),
  uwsgi_param: optional(z.record(parameterName, nginxText), "uwsgi parameters beside nginx's usual ones"),
  return: optional(
    matching(
      new RegExp(`^[1-5][0-9]{2}( ${VALUE})?$`),
      'must be a status code, or one with a URL or text, in which $ only starts a variable',
    ),
    'Answers at once: a status code, or one with a URL or text, such as `301 /new/`',
  ),
  internal: optional(z.boolean(), 'Only for requests that nginx itself sends here'),
  ...both,
});

const serverName = matching(
  new RegExp(`^(~\\^[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{1,250}|${HOSTNAME})$`),
  'must be a host name, or a regular expression that starts with ~^',
);

const pem = (kind: string, what: string) =>
  matching(new RegExp(`^\\s*-----BEGIN [A-Z0-9 ]*${kind}-----[A-Za-z0-9+/=\\s:,-]+$`), `must be ${what} in PEM form`);

export const vhostSchema = z.strictObject({
  domain: optional(serverName, "Domain it answers for, or a regular expression after ~^; the vhost's key if not given"),
  aliases: field(z.array(serverName), [], 'More domains it answers for, or regular expressions'),
  redirect_aliases: field(z.boolean(), false, 'Requests for the aliases are sent on to the domain'),
  listen: field(port, 80, 'Port nginx listens on'),
  default_server: field(z.boolean(), false, 'Answers requests for unknown domains too'),
  ssl_certificate: optional(absolutePath, 'File of the certificate with its chain, in the image or a volume'),
  ssl_certificate_key: optional(absolutePath, 'File of its key'),
  ssl_cert: optional(pem('CERTIFICATE', 'a certificate'), 'The certificate itself with its chain, for the override'),
  ssl_key: optional(
    pem('PRIVATE KEY', 'a private key'),
    'Its key itself, for the override: pillar/ is in git and in the image',
  ),
  ssl_listen: field(port, 443, 'Port nginx listens on for https, where there is a certificate'),
  ssl_redirect: optional(
    z.boolean(),
    'http is sent on to https; if not given, where there is a certificate. Without one, `true` does it for what `trusted_proxies` got by http',
  ),
  ssl_redirect_port: optional(
    port,
    'Port of the host on which https is published; if not given, `ssl_listen`, or 443 without a certificate',
  ),
  keepalive_timeout: optional(duration, 'How long an idle connection of a client stays open'),
  client_header_timeout: optional(duration, 'How long a client may take to send the headers of a request'),
  client_body_timeout: optional(duration, 'How long a client may pause within the body of a request'),
  send_timeout: optional(duration, 'How long a client may take nothing of an answer'),
  ...both,
  client_max_body_size: field(size, '1m', 'Largest request body'),
  raw_http: optional(snippet, 'Lines of nginx configuration that belong before the server, such as map and geo'),
  locations: field(
    z.record(
      matching(
        /^(((= |\^~ )?\/[A-Za-z0-9_./~@%+,:-]{0,159})|~\*? [^\s\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,159}|@[A-Za-z][A-Za-z0-9_-]{0,63})$/,
        'must be a path that starts with /, one after "= " or "^~ ", a regular expression after "~ " or "~* ", or @NAME',
      ),
      locationSchema,
    ),
    {},
    'What is served, by path prefix; `= /path`, `^~ /path`, `~ regex` and `@name` as in nginx',
  ),
});

export const upstreamSchema = z.strictObject({
  servers: field(
    z.array(
      withKeys(
        PATH_KEYS,
        new RegExp(
          `^(unix:/[A-Za-z0-9_./@+{}-]+|([A-Za-z0-9_.{}-]+|\\[[0-9A-Fa-f:.]+\\]):(${PORT}|\\{[a-z][a-z0-9_]*\\}))( (backup|down|weight=[1-9][0-9]{0,5}|(max_fails|max_conns)=[0-9]{1,6}|fail_timeout=[0-9]{1,6}s?))*$`,
        ),
        'must be HOST:PORT or unix:/PATH, with parameters such as weight=2 and backup after it',
      ),
    ),
    [],
    'Servers, as HOST:PORT or unix:/PATH',
  ),
  program: optional(identifier, 'A program with a `port` or a `socket`: each of its processes is a server'),
  method: field(
    z.enum(['round_robin', 'least_conn', 'ip_hash', 'random']),
    'round_robin',
    'How requests are spread over the servers',
  ),
  keepalive: field(integer(0, 10_000), 0, 'How many idle connections each nginx worker keeps open to the servers'),
});

const MAP_KEY = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,160}$/;

export const mapSchema = z.strictObject({
  string: required(nginxText, 'Text that is looked up, such as $http_user_agent'),
  values: field(
    z.record(matching(MAP_KEY, 'must be one line of at most 160 characters'), z.nullable(nginxText)),
    {},
    'Value of the variable, by the text, a regular expression after `~` or `~*`, or `default`; regular expressions count in alphabetical order, after texts',
  ),
  hostnames: field(z.boolean(), false, 'The texts may be names such as *.example.com'),
});

export const geoSchema = z.strictObject({
  address: optional(
    matching(/^\$[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable, such as $remote_addr'),
    'Variable with the address that is looked up; $remote_addr if not given',
  ),
  values: field(
    z.record(
      matching(new RegExp(`^(default|${NETWORK})$`), 'must be an address, a network such as 10.0.0.0/8, or default'),
      z.nullable(line),
    ),
    {},
    'Value of the variable, by address or network, or `default`; the smallest network counts',
  ),
});
