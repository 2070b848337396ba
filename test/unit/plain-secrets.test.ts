import { describe, expect, it } from 'vitest';
import { plainSecrets } from '../../generators/lib/model/plain-secrets.ts';

const told = (settings: unknown) => plainSecrets(settings).map(({ path, message }) => `${path.join('.')} ${message}`);
const kept = ', and git and the image keep it';

describe('what looks like a secret', () => {
  it.each([
    ['password', 'hunter2'],
    ['DB_PASSWORD', 'Tr0ub4dor&3'],
    ['PGPASSWORD', 'hunter2'],
    ['MYSQL_PWD', 'hunter2'],
    ['passphrase', 'correct horse battery staple'],
    ['api_key', 'AKIAIOSFODNN7'],
    ['apiKey', '0123456789abcdef'],
    ['SECRET_KEY', 'k2^j!x'],
    ['SECRET_KEY_BASE', '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI'],
    ['token', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'],
    ['password', 123456],
  ])('has the name of one: %s', (name, value) => {
    const what = typeof value === 'number' ? 'looks like a password' : 'looks like a secret';
    expect(told({ app: { db: { [name]: value } } })).toEqual([`app.db.${name} ${what}${kept}`]);
  });
  it('is a private key, wherever it is', () => {
    for (const kind of ['', 'RSA ', 'EC ', 'ENCRYPTED ', 'OPENSSH '])
      expect(told({ app: { x: [`a\n-----BEGIN ${kind}PRIVATE KEY-----\nMII`] } })).toEqual([
        `app.x.0 is a private key${kept}`,
      ]);
    expect(told({ key: '-----BEGIN PGP PUBLIC KEY BLOCK-----', cert: '-----BEGIN CERTIFICATE-----' })).toEqual([]);
  });
  it('is the password of a URL', () => {
    expect(told({ env: { DATABASE_URL: 'postgres://shop:hunter2@db/shop' } })).toEqual([
      `env.DATABASE_URL has a password in a URL${kept}`,
    ]);
    for (const url of [
      'postgres://shop@db/shop',
      'https://h:80/x',
      'postgres://shop:{password}@db',
      'amqp://u:$PASS@h',
      'a://u:password@h',
    ])
      expect(told({ env: { DATABASE_URL: url } })).toEqual([]);
  });
  it('is a value that is given to a secret, or a password that is not hashed', () => {
    expect(told({ secrets: { a: { value: 'hunter2', length: 64, format: 'hex' } } })).toHaveLength(1);
    expect(told({ vhosts: { a: { auth_basic_users: { bob: '{PLAIN}hunter2', eve: '$apr1$x$y' } } } })).toHaveLength(1);
  });
});

describe('what does not', () => {
  it.each([
    '',
    '{db_password}',
    'postgres-{name}',
    '{{ pillar.password }}',
    '$DB_PASSWORD',
    '$' + '{DB_PASSWORD}',
    '$http_authorization',
    '/run/secrets/db_password',
    'secret:session_key',
    'file:/run/secrets/x',
    'vault:kv/db',
    'https://example.com/token',
    '$2y$10$abcdefghijklmnopqrstuv',
    '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
    '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
    'pbkdf2_sha256$720000$salt$hash=',
    'changeme',
    'change-me-please',
    'example',
    'password',
    'your-token-here',
    '<password>',
    '***',
    'xxxx',
    'off',
    'Bearer',
  ])('is a reference, a hash or a sample: %s', (value) => {
    expect(told({ app: { password: value, api_token: value } })).toEqual([]);
  });
  it.each([
    ['token_url', 'auth'],
    ['token_lifetime', 'one hour'],
    ['max_tokens', 4096],
    ['token', 5],
    ['compass', 'north'],
    ['bypass', 'everything'],
    ['password_hash', 'whatever'],
    ['password_min_length', 8],
    ['password', true],
    ['password', null],
    ['keyboard', 'qwerty'],
    ['cache_key', 'shop'],
    ['secrets', { a: { length: 64 } }],
    ['env_from', { DB_PASSWORD: 'app:database:password' }],
  ])('has another name, or is no text: %s %j', (name, value) => {
    expect(told({ app: { [name]: value } })).toEqual([]);
  });
});
