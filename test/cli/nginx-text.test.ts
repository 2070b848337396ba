import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished } from 'vitest';
import type { Intent } from '../../generators/lib/model/intent.ts';
import { ask, configuration, freePort, withNginx } from '../support/nginx.ts';
import { tempDir } from '../support/run.ts';

/** nginx.conf, which nginx must take. */
async function taken(vhosts: Intent): Promise<{ file: string; text: string }> {
  const root = tempDir();
  chmodSync(root, 0o755);
  const file = join(root, 'nginx.conf');
  const text = await configuration(root, vhosts);
  writeFileSync(file, text);
  await execa('nginx', ['-t', '-q', '-c', file], { stdout: 'ignore' });
  return { file, text };
}

const OURS = [
  'absolute_redirect off;',
  'include /run/mc_launcher/nginx/resolver.con[f];',
  'include /run/mc_launcher/nginx/listen-8000.con[f];',
  'proxy_redirect "https://backend.example/"',
  'proxy_ssl_name "backend.example";',
];
const LOCATIONS = { '/': { proxy_pass: 'https://backend.example/' }, '/a': { return: '200 a' } };

withNginx('what is named in a comment, in a value or in a block of raw is not said', async () => {
  const words = ' resolver absolute_redirect proxy_redirect proxy_ssl_name listen [::]:8000 deny allow auth_ include ';
  const block = 'location /x { proxy_redirect off; proxy_ssl_name x; allow all; }\n';
  const raw = `#${words}\nadd_header X-A "${words}";\n${block}`;
  const server = 'server { listen 18081; resolver 127.0.0.1; absolute_redirect on; proxy_redirect off; allow all; }\n';
  const raw_http = `#${words}\nmap $host $a { default "${words}"; }\n${server}`;
  const { text } = await taken({ 'x.org': { listen: 8000, raw, raw_http, locations: LOCATIONS } });
  for (const line of OURS) expect(text).toContain(line);
  expect(text).not.toContain('@-answer');
});

withNginx('what raw says stands in the place of ours, however it is spelled', async () => {
  const raw = 'proxy_redirect\toff;\n"proxy_ssl_name" x;\n';
  const raw_http = 'resolver\t127.0.0.1;\nabsolute_redirect\non;\n"deny" 192.0.2.1;\n';
  const { text } = await taken({ 'x.org': { listen: 8000, raw, raw_http, locations: LOCATIONS } });
  for (const line of OURS.filter((line) => !line.includes('listen'))) expect(text).not.toContain(line);
  expect(text).toContain('try_files /dev/null/- @-answer2;');
});

withNginx('raw listens with IPv6 at another port, or at this one', async () => {
  // Text alone: not every machine has IPv6.
  const written = (raw: string) => configuration(tempDir(), { 'x.org': { listen: 80, raw, locations: LOCATIONS } });
  const ours = 'include /run/mc_launcher/nginx/listen-80.con[f];';
  for (const other of ['[::]:8080', '[::1]:80', '80 so_keepalive=[::]:80'])
    expect(await written(`listen ${other};\n`)).toContain(ours);
  for (const same of ['[::]:80 ipv6only=on', '[::]', '[0:0::0]:080'])
    expect(await written(`listen ${same};\n`)).not.toContain(ours);
});

withNginx('a title with quotes reaches the client as it is', async () => {
  const port = await freePort();
  const users = { joe: '$apr1$abcdefgh$0123456789abcdefghijkl' };
  const locations = { '/': { auth_basic: 'the "new" \\ old', auth_basic_users: users, return: '200 in' } };
  const { file } = await taken({ 'x.org': { listen: port, locations } });
  const nginx = spawn('nginx', ['-c', file], { stdio: 'ignore' });
  onTestFinished(() => void nginx.kill());
  await expect
    .poll(() => ask(port, 'x.org', { path: '/', method: 'GET', more: '' }), { timeout: 10_000 })
    .toContain('\r\nWWW-Authenticate: Basic realm="the \\"new\\" \\\\ old"\r\n');
});
