import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { runToEnd, withContainer } from '../docker.mjs';
import { PAGE } from '../in-container.mjs';
import { twoAtATime } from '../parallel.mjs';
import { freshVolume, writeOverride } from '../project.mjs';

/** What must be writable with --read-only, which Docker keeps in memory then; and how it goes without. */
const TMPFS = {
  '/run': /ended, with code 74/,
  // Of Salt and of programs.
  '/tmp': /ended, with code 78/,
  // nginx keeps large bodies there.
  '/var/lib/nginx': /cannot keep a large body/,
};
/** More of it with an override. */
const TMPFS_OF_OVERRIDE = {
  '/etc/makina-projects/e2edemo': /ended, with code 74/,
  '/var/cache/salt': /ended, with code 74/,
};

/** The capabilities that are needed, and how it goes without. */
const CAPABILITIES = {
  // To give the volumes to their user.
  CHOWN: /ended, with code 74/,
  // To write into volumes that are not of root.
  DAC_OVERRIDE: /ended, with code 74/,
  // To stop programs of another user.
  KILL: /s to stop/,
  // For nginx on port 80, where the kernel keeps it for root.
  NET_BIND_SERVICE: /ended, with code 1/,
  // To run programs as their group, and their user.
  SETGID: /ended, with code 78/,
  SETUID: /ended, with code 78/,
};
const CAPABILITY_NAMES = Object.keys(CAPABILITIES);

const tmpfs = (folders) => ['--read-only', ...folders.flatMap((folder) => ['--tmpfs', folder])];
const capabilities = (names) => [
  ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
  ...names.flatMap((name) => ['--cap-add', name]),
];

/** That it needs few rights, and none that is listed here in vain. */
export async function hardeningSteps(context) {
  const { step, demo } = context;
  const withOverride = [...Object.keys(TMPFS), ...Object.keys(TMPFS_OF_OVERRIDE)];

  await step('read-only-root', async () => {
    await servesTwice(context, tmpfs(Object.keys(TMPFS)));
    return Object.keys(TMPFS).join(' ');
  });
  await step('read-only-root with an override', async () => {
    await servesTwice(context, tmpfs(withOverride), { overridden: true });
    return withOverride.join(' ');
  });
  await twoAtATime(withOverride, (folder) =>
    step(`read-only-root not without ${folder}`, async () => {
      const run = tmpfs(withOverride.filter((each) => each !== folder));
      await assert.rejects(servesTwice(context, run, { overridden: true }), { ...TMPFS, ...TMPFS_OF_OVERRIDE }[folder]);
    }),
  );

  await step('dropped-capabilities', async () => {
    await servesTwice(context, capabilities(CAPABILITY_NAMES), { foreign: true });
    await servesTwice(context, capabilities(CAPABILITY_NAMES), { foreign: true, overridden: true });
    return CAPABILITY_NAMES.join(' ');
  });
  await twoAtATime(CAPABILITY_NAMES, (name) =>
    step(`dropped-capabilities not without ${name}`, async () => {
      const run = capabilities(CAPABILITY_NAMES.filter((each) => each !== name));
      await assert.rejects(servesTwice(context, run, { foreign: true }), CAPABILITIES[name]);
    }),
  );
  await step('dropped-capabilities on a read-only root without a network', async () => {
    const run = [...capabilities(CAPABILITY_NAMES), ...tmpfs(Object.keys(TMPFS)), '--network', 'none'];
    await withContainer(context, demo.image, { run: [...freshVolume(demo).run, ...run] }, async (container) => {
      assert.match(await container.python(PAGE, 'http://127.0.0.1/', '20'), /It works/);
      assert.equal((await container.stop()).code, 0);
    });
  });

  await step('user-refused', async () => {
    const { code, stderr } = await runToEnd(context, demo.image, { run: ['--user', '1000'] });
    assert.equal(code, 78);
    assert.equal(stderr.trim().split('\n').length, 1, `not one sentence: ${stderr}`);
    assert.match(stderr, /root|--user/);
    return stderr.trim();
  });
}

/**
 * Starts the demo with these options, twice, and checks that it serves, takes a large body, and stops.
 * @param overridden with an override, @param foreign on a volume of someone else, and port 80 kept for root
 */
async function servesTwice(context, options, { overridden = false, foreign = false } = {}) {
  const { demo } = context;
  const volume = freshVolume(demo);
  if (overridden) writeOverride(demo.name, volume.data, { app: { greeting: 'Overridden' } });
  if (foreign) chownSync(volume.data, 1000, 1000);
  const sysctl = foreign ? ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=1024'] : [];
  const run = [...volume.run, ...options, ...sysctl];
  await withContainer(context, demo.image, { run }, async (container) => {
    for (const start of ['first', 'second']) {
      if (start === 'second') await container.start();
      assert.match(await container.get(), overridden ? /Overridden/ : /It works/);
      // nginx keeps it in a file before the demo answers, in one way or another, that it takes no POST.
      const { status } = await fetch(`http://${await container.address()}/`, { method: 'POST', body: LARGE });
      assert.notEqual(status, 500, 'nginx cannot keep a large body');
      const { code, seconds } = await container.stop();
      assert.equal(code, 0);
      assert(seconds < 4, `it took ${seconds.toFixed(1)} s to stop`);
    }
  });
}

const LARGE = 'x'.repeat(900_000);
