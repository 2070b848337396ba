/** `makina-image backup` and `restore-data`, by an ordinary user of the host who may use the engine. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort, waitForPage } from '../docker.mjs';
import { freshFolder, makeProject, writeFile } from '../project.mjs';
import { asUser, copyPackage, giveToUser, USER } from '../user.mjs';

const NAME = 'e2ebackup';
const MEDIA = `${NAME}-srv-media`;
const STORE = `${NAME}_store`;
/** What compose runs beside the image: a volume of its own, with a user of its own. */
const BESIDE = `services:
  store:
    image: ${NAME}
    entrypoint: [sleep, "1000"]
    init: true
    volumes: [store:/srv/store]
volumes:
  store: {}
`;
const MEGABYTES = 32;

/** Files of every kind and owner, as root of a container; `sys.argv` has the folders. */
const FILL = `
import os, sys
for top in sys.argv[1:]:
    os.makedirs(f"{top}/folder/deep", exist_ok=True)
    for name, mode, owner in (("a", 0o640, 1234), ("set", 0o4755, 0), ("-dash", 0o600, 33), ("n\\n\\udcff\\u00e4", 0o444, 5)):
        with open(f"{top}/folder/{name}", "w") as opened:
            opened.write(name.encode("utf-8", "surrogateescape").hex() * 500)
        os.chown(f"{top}/folder/{name}", owner, 5678)
        os.chmod(f"{top}/folder/{name}", mode)
    os.link(f"{top}/folder/a", f"{top}/folder/deep/same")
    os.symlink("/nowhere", f"{top}/folder/dangling")
    os.lchown(f"{top}/folder/dangling", 7, 8)
    os.mkfifo(f"{top}/folder/fifo", 0o620)
    with open(f"{top}/sparse", "w") as opened:
        opened.truncate(50 << 20)
    with open(f"{top}/large", "wb") as opened:
        for _ in range(${MEGABYTES} if top == "/srv/media" else 1):
            opened.write(os.urandom(1 << 20))
    os.chown(f"{top}/folder", 1234, 33)
    os.chmod(f"{top}/folder", 0o2770)
    os.utime(f"{top}/folder/a", ns=(1, 1600000000123456789))
`;
/** A line for each file of the folders, with all that a backup keeps. */
const LOOK = `
import hashlib, os, stat, sys
for top in sys.argv[1:]:
    same = {}
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted([*folders, *files]) + (["."] if folder == top else []):
            path = os.path.join(folder, name)
            if any(each.startswith((".prepopulate", ".makina-image")) for each in path.split("/")) and ".makina-restore" not in path:
                continue
            info = os.lstat(path)
            what = os.readlink(path) if stat.S_ISLNK(info.st_mode) else ""
            if stat.S_ISREG(info.st_mode):
                what = hashlib.sha256(open(path, "rb").read()).hexdigest()
            time = 0 if name == "." else info.st_mtime_ns
            first = same.setdefault(info.st_ino, path)
            print(ascii(path), oct(info.st_mode), info.st_uid, info.st_gid, time, ascii(first), ascii(what))
`;
const HOOK = `#!/bin/sh
echo "$1" >> /tmp/hook.log
echo "dumped for $1" > /srv/projects/${NAME}/data/data/dump
`;

export async function backupSteps(context) {
  const { step, docker, env, signal, random } = context;
  const home = freshFolder(join(tmpdir(), 'makina-image-e2e-backup-'));
  copyPackage(join(home, 'package'));
  const port = await freePort();
  const project = await step('a project with a volume and a service builds', () =>
    makeProject(
      { ...context, work: home },
      NAME,
      { publish: port, volumes: ['/srv/media'] },
      {
        'compose.override.yml': BESIDE,
      },
      NAME,
    ),
  );
  if (!project) return;
  writeFile(join(project.folder, '.secrets/database'), 'a password');
  await execa('chown', ['--recursive', `${USER}:${USER}`, project.folder]);
  const backups = giveToUser(freshFolder(join(home, 'backups-')));
  const HOME = giveToUser(freshFolder(join(home, 'home-')));

  const start = (...args) => {
    const [file, ...words] = asUser(env, [process.execPath, join(home, 'package/dist/makina-image.cjs'), ...args]);
    const options = { env: { ...env, HOME }, reject: false, stdin: 'ignore', timeout: 120_000 };
    return execa(file, words, { cwd: project.folder, cancelSignal: signal, ...options });
  };
  const run = async (code, ...args) => {
    const result = await start(...args);
    assert.equal(result.exitCode, code, `${args.join(' ')}: ${result.exitCode}\n${result.stdout}\n${result.stderr}`);
    return `${result.stdout}\n${result.stderr}`;
  };
  const compose = (...words) =>
    execa('docker-compose', words, { cwd: project.folder, env: { ...env }, cancelSignal: signal, timeout: 120_000 });
  const volumes = [
    `${project.folder}/.secrets:/secrets`,
    `${project.data}:/data`,
    `${MEDIA}:/srv/media`,
    `${STORE}:/srv/store`,
  ];
  const inside = async (program, ...paths) => {
    const mounts = volumes.flatMap((volume) => ['--volume', volume]);
    const words = ['--entrypoint', 'python3', NAME, '-c', program, ...paths];
    return (await docker(['run', '--rm', '--network', 'none', ...mounts, ...words])).stdout;
  };
  const look = () => inside(LOOK, '/secrets', '/data', '/srv/media', '/srv/store');
  const started = async () =>
    (await docker(['ps', '--filter', `name=${NAME}`, '--format', '{{.Names}}'])).stdout.split('\n').filter(Boolean);
  const times = async () => {
    const ids = (await docker(['ps', '--quiet', '--no-trunc', '--filter', `name=${NAME}`])).stdout.split('\n').sort();
    return (await docker(['inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids])).stdout;
  };
  const file = (name) => join(backups, name);
  const first = file('first.tar');
  const app = async () => (await compose('ps', '--quiet', NAME)).stdout.trim();
  let wanted;

  try {
    await step('backup stops what runs, writes all of its data, and starts it again', async () => {
      await compose('up', '--detach');
      await waitForPage(`http://127.0.0.1:${port}/`, 30, signal);
      await inside(FILL, '/data/data', '/srv/media', '/srv/store');
      const before = await times();
      const said = await run(0, 'backup', first);
      for (const part of [/has data\//, new RegExp(`the volume ${MEDIA} \\(`), new RegExp(`the volume ${STORE} \\(`)])
        assert.match(said, part);
      assert.match(said, /Stopping e2ebackup_/);
      const after = await times();
      assert.equal(after.split('\n').length, 2);
      for (const line of after.split('\n')) assert(!before.includes(line), 'it was not stopped');
      await waitForPage(`http://127.0.0.1:${port}/`, 30, signal);
      const { mode, uid } = statSync(first);
      assert.deepEqual([mode & 0o777, uid], [0o600, USER]);
      assert.deepEqual(readdirSync(backups), ['first.tar']);
      const out = freshFolder(join(home, 'out-'));
      await execa('tar', ['-xf', first, '-C', out]);
      await execa('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: out });
      rmSync(out, { recursive: true });
    });
    await step('restore-data never works over a running container', async () => {
      const before = await look();
      assert.match(
        await run(75, 'restore-data', first),
        /the data is in use by e2ebackup.*; stop them first, for example with docker stop e2ebackup/,
      );
      assert.equal(await look(), before);
      await compose('stop', NAME);
      assert.match(await run(75, 'restore-data', first), /the data is in use by e2ebackup_store_1; stop it first/);
      await compose('stop');
    });
    await step('a name that is taken, a place in the project and a missing folder are refused', async () => {
      const before = readFileSync(first);
      assert.match(await run(2, 'backup', first), /first\.tar is there already, and a backup never overwrites a file/);
      assert(readFileSync(first).equals(before));
      assert.match(await run(2, 'backup', 'data/b.tar'), /is in the project, and a backup holds secrets/);
      assert.match(await run(2, 'backup', file('none/b.tar')), /there is no folder .*none for the backup/);
    });
    await step('lost data comes back with its owners, modes, times and links', async () => {
      // What the backup has: nothing has run since.
      await run(0, 'restore-data', first);
      wanted = await look();
      for (const part of ['0o104755 0 5678', '0o42770 1234 33', '1600000000123456789', "'/nowhere'", "'n\\n"])
        assert(wanted.includes(part) || wanted.includes(part.replace("'n\\n", 'n\\n')), `${part} is not in\n${wanted}`);
      await compose('down', '--volumes');
      await docker(['volume', 'rm', MEDIA], { reject: false });
      for (const lost of ['data', '.secrets']) rmSync(join(project.folder, lost), { recursive: true });
      assert.match(await run(0, 'restore-data', first), /the data is that of .*first\.tar/);
      assert.equal(await look(), wanted);
      await compose('up', '--detach');
      await waitForPage(`http://127.0.0.1:${port}/`, 30, signal);
      assert.equal((await compose('ps')).stdout.includes('Exit'), false);
      await compose('stop');
    });
    await step('what is newer than the backup does not stay', async () => {
      await inside(
        "import sys; [open(f'{top}/newer', 'w') for top in sys.argv[1:]]",
        '/data/data',
        '/srv/media',
        '/srv/store',
      );
      await run(0, 'restore-data', first);
      assert.equal(await look(), wanted);
    });
    await step('a backup that is damaged, cut off, hostile or of another project replaces nothing', async () => {
      const bad = file('bad.tar');
      const size = statSync(first).size;
      for (const at of [0, 600, Math.floor(size / 2), size - 2000]) {
        copyFileSync(first, bad);
        const opened = openSync(bad, 'r+');
        writeSync(opened, Buffer.from([readFileSync(first)[at] ^ 1]), 0, 1, at);
        closeSync(opened);
        chownSync(bad, USER, USER);
        assert.match(
          await run(65, 'restore-data', bad),
          /bad\.tar cannot be restored: .*nothing was replaced/,
          `byte ${at}`,
        );
      }
      for (const length of [0, 700, size >> 1, size - 1]) {
        copyFileSync(first, bad);
        truncateSync(bad, length);
        chownSync(bad, USER, USER);
        assert.match(await run(65, 'restore-data', bad), /bad\.tar cannot be restored: .*nothing was replaced/);
      }
      await execa('tar', ['-cf', bad, '-C', project.folder, 'README.md']);
      chownSync(bad, USER, USER);
      assert.match(await run(65, 'restore-data', bad), /cannot be restored/);
      for (const [name, why] of [
        ['../../escaped', /leads out of the volume/],
        ['./folder/../../escaped', /leads out of the volume/],
      ]) {
        writeFileSync(bad, await hostile(home, NAME, name));
        assert.match(await run(65, 'restore-data', bad), why);
      }
      writeFileSync(bad, await hostile(home, 'other', './x'));
      assert.match(
        await run(65, 'restore-data', bad),
        /is a backup of the project other, not of e2ebackup; nothing was replaced/,
      );
      rmSync(bad);
      assert.equal(await look(), wanted);
    });
    await step('a backup that was killed leaves no file, and the next one starts what it had stopped', async () => {
      await compose('start');
      const killed = file('killed.tar');
      const child = start('backup', killed);
      await says(child, `Backing up the volume ${MEDIA}`);
      await sleep(random('kill backup')() * 100);
      child.kill('SIGKILL');
      await child;
      assert(!existsSync(killed));
      assert.deepEqual(readdirSync(backups).filter((name) => name.startsWith('.')).length, 1);
      // A younger one may be that of another host.
      const [unfinished] = readdirSync(backups).filter((name) => name.startsWith('.'));
      utimesSync(file(unfinished), 0, 0);
      // What helps it ends by itself.
      for (let tries = 0; (await started()).length > 0 && tries < 50; tries += 1) await sleep(200);
      assert.deepEqual(await started(), []);
      const said = await run(0, 'backup', killed);
      assert.match(
        said,
        /An earlier backup was killed and left .*e2ebackup_.* stopped; that is started again at the end/,
      );
      assert.match(said, /Removed what a backup that was killed had written/);
      assert.deepEqual(readdirSync(backups).sort(), ['first.tar', 'killed.tar']);
      await waitForPage(`http://127.0.0.1:${port}/`, 30, signal);
    });
    await step('an interrupted backup leaves no file, and what it stopped runs again', async () => {
      const child = start('backup', file('interrupted.tar'));
      await says(child, `Backing up the volume ${MEDIA}`);
      child.kill('SIGINT');
      assert.equal((await child).exitCode, 130);
      assert.deepEqual(readdirSync(backups).sort(), ['first.tar', 'killed.tar']);
      assert.equal((await started()).length, 2);
    });
    await step('two at a time: the second one is refused', async () => {
      const child = start('backup', file('one.tar'));
      await says(child, `Backing up the volume ${MEDIA}`);
      child.kill('SIGSTOP');
      assert.match(await run(75, 'backup', file('two.tar')), /a backup or restore of e2ebackup is at work/);
      child.kill('SIGCONT');
      assert.equal((await child).exitCode, 0);
      rmSync(file('one.tar'));
      assert.deepEqual(readdirSync(backups).sort(), ['first.tar', 'killed.tar']);
      assert.equal((await started()).length, 2);
    });
    await step('a full disk ends a backup, leaves nothing there, and what was stopped runs again', async () => {
      const small = freshFolder(join(home, 'small-'));
      await execa('mount', ['-t', 'tmpfs', '-o', `size=8m,uid=${USER}`, 'none', small]);
      try {
        assert.match(
          await run(74, 'backup', join(small, 'b.tar')),
          /the disk of .*small-.* is full, after \d+ bytes of the backup/,
        );
        assert.deepEqual(readdirSync(small), []);
        assert.equal((await started()).length, 2);
      } finally {
        await execa('umount', [small]);
      }
    });
    await step("a container that is not the project's is not stopped", async () => {
      await docker([
        'run',
        '--detach',
        '--name',
        `${NAME}-other`,
        '--label',
        'org.opencontainers.image.title=other',
        '--volume',
        `${MEDIA}:/x`,
        '--entrypoint',
        'sleep',
        NAME,
        '1000',
      ]);
      assert.match(
        await run(75, 'backup', file('b.tar')),
        /the container e2ebackup-other, which is not the project's, uses its data/,
      );
      await docker(['rm', '--force', `${NAME}-other`]);
      assert.deepEqual(readdirSync(backups).sort(), ['first.tar', 'killed.tar']);
    });
    await step("a hook of the owner's is called instead of a stop", async () => {
      const hook = join(home, 'backup-hook');
      writeFile(hook, HOOK);
      await execa('chmod', ['755', hook]);
      await docker(['cp', hook, `${await app()}:/srv/projects/${NAME}/project/backup-hook`]);
      const before = await times();
      const said = await run(0, 'backup', file('hook.tar'), '--without', STORE);
      assert.match(said, /Calling backup-hook before in e2ebackup_/);
      assert.doesNotMatch(said, new RegExp(`volume ${STORE}`));
      assert.equal(await times(), before, 'something was started again');
      assert.equal((await docker(['exec', await app(), 'cat', '/tmp/hook.log'])).stdout, 'before\nafter');
      assert.equal(
        await execa('tar', ['-xOf', file('hook.tar'), 'data.tar'], { encoding: 'buffer' }).then(({ stdout }) =>
          Buffer.from(stdout).includes('dumped for before'),
        ),
        true,
      );
      await docker([
        'exec',
        await app(),
        'sh',
        '-c',
        `printf '#!/bin/sh\\necho "$1" >> /tmp/hook.log; echo no space; exit 3' > /srv/projects/${NAME}/project/backup-hook`,
      ]);
      assert.match(
        await run(1, 'backup', file('failed.tar')),
        /no space[\s\S]*backup-hook before ended with 3; [\s\S]*backup-hook after ended with 3; its output is above/,
      );
      assert(!existsSync(file('failed.tar')));
      assert.equal(
        (await docker(['exec', await app(), 'cat', '/tmp/hook.log'])).stdout,
        'before\nafter\nbefore\nafter',
      );
    });
    await step('a restore that was killed at any moment has replaced all or nothing', async () => {
      await compose('stop');
      await run(0, 'restore-data', first);
      const draw = random('kill restore');
      for (let round = 0; round < context.counts.pairs; round += 1) {
        // Another content, so that one can tell which one is there.
        await inside(
          "import sys; [open(f'{top}/newer', 'w').write(sys.argv[1]) for top in sys.argv[2:]]",
          String(round),
          '/data/data',
          '/srv/media',
          '/srv/store',
        );
        const old = await look();
        const child = start('restore-data', first);
        await says(child, draw() < 0.5 ? `Unpacking the volume ${MEDIA}` : 'Replacing the data');
        await sleep(draw() * 300);
        child.kill('SIGKILL');
        await child;
        const said = await run(0, 'restore-data');
        const now = await look();
        assert(now === old || now === wanted, `half of it is replaced: ${said}`);
        assert.equal(
          now === wanted,
          /finished now|had replaced/.test(said) || /no restore was interrupted/.test(said),
          said,
        );
        await run(0, 'restore-data', first);
        assert.equal(await look(), wanted);
      }
    });
    await step('a full disk ends a restore, and the old data stays', async () => {
      for (const [options, why] of [
        ['size=256k', /data\/: its disk has \d+ bytes free, and the restore needs \d+/],
        ['size=100m,nr_inodes=12', /data\/: its disk is full; nothing was replaced/],
      ]) {
        await execa('mount', ['-t', 'tmpfs', '-o', `${options},uid=${USER}`, 'none', project.data]);
        try {
          writeFile(join(project.data, 'data/old'), 'old');
          const old = await look();
          assert.match(await run(74, 'restore-data', first), why);
          assert.equal(await look(), old);
        } finally {
          await execa('umount', [project.data]);
        }
      }
      assert.equal(await look(), wanted);
    });
    await step('root works in no folder that the owner of a project puts in the place of its data', async () => {
      // The owner does it at the worst moment: just before the engine mounts it.
      const [path, victim] = [freshFolder(join(home, 'path-')), freshFolder(join(home, 'victim-'))];
      writeFileSync(join(victim, 'secret'), 'secret');
      const { stdout: command } = await execa('sh', ['-c', 'command -v docker'], { env });
      const swap = `if [ "$1" = run ]; then mv '${project.data}' '${home}/away'; ln -s '${victim}' '${project.data}'; fi`;
      writeFileSync(join(path, 'docker'), `#!/bin/sh\n${swap}\nexec '${command}' "$@"\n`, { mode: 0o755 });
      for (const words of [
        ['backup', file('b.tar')],
        ['restore-data', first],
      ]) {
        const { exitCode, stderr } = await execa(
          process.execPath,
          [join(home, 'package/dist/makina-image.cjs'), ...words],
          { cwd: project.folder, env: { ...env, PATH: `${path}:${env.PATH ?? process.env.PATH}` }, reject: false },
        );
        rmSync(project.data);
        await execa('mv', [join(home, 'away'), project.data]);
        assert.deepEqual([exitCode, /data\/ was replaced by something else/.test(stderr)], [1, true], stderr);
        assert.deepEqual(readdirSync(victim), ['secret']);
      }
      assert(!existsSync(file('b.tar')));
      assert.equal(await look(), wanted);
    });
    await step('no image and no engine are one sentence', async () => {
      assert.match(
        await run(1, 'backup', file('b.tar'), '--image', 'e2ebackup-none'),
        /docker has no image e2ebackup-none, .*build it/,
      );
      const path = freshFolder(join(home, 'path-'));
      const [command, ...words] = asUser(env, [
        'env',
        `PATH=${path}`,
        process.execPath,
        join(home, 'package/dist/makina-image.cjs'),
        'backup',
        file('b.tar'),
      ]);
      const { exitCode, stderr } = await execa(command, words, { cwd: project.folder, reject: false });
      assert.deepEqual(
        [exitCode, /there is no docker and no podman in PATH; install one of them/.test(stderr)],
        [1, true],
        stderr,
      );
    });
    await step('backup leaves no container of its own', async () => {
      await compose('down', '--volumes');
      assert.equal((await docker(['ps', '--all', '--quiet', '--filter', `name=${NAME}`])).stdout, '');
    });
  } finally {
    const { stdout } = await docker(['ps', '--all', '--quiet', '--filter', `name=${NAME}`]);
    if (stdout) await docker(['rm', '--force', '--volumes', ...stdout.split('\n')]);
    for (const volume of [MEDIA, STORE]) await docker(['volume', 'rm', volume], { reject: false });
    rmSync(home, { recursive: true, force: true });
  }
}

/** Waits until a command prints something on standard error. */
function says(child, text) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
      if (said.includes(text)) resolve();
    });
    child.then((result) => reject(new Error(`it has ended with ${result.exitCode} and never said ${text}: ${said}`)));
  });
}

/** A backup with right checksums, and a file with a name of one's choice in its data. */
async function hostile(home, project, name) {
  const folder = freshFolder(join(home, 'hostile-'));
  const program = `
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as tar:
    for name, kind in ((".", tarfile.DIRTYPE), (sys.argv[2], tarfile.REGTYPE)):
        info = tarfile.TarInfo(name)
        info.type = kind
        tar.addfile(info)
`;
  await execa('python3', ['-c', program, join(folder, 'data.tar'), name]);
  const sum = (path) =>
    createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex');
  const bytes = statSync(join(folder, 'data.tar')).size;
  const part = { kind: 'folder', name: 'data', file: 'data.tar', bytes, sha256: sum('data.tar') };
  const head = {
    format: 'makina-image backup',
    version: 1,
    project,
    created: '',
    generator: '0',
    consistency: 'stopped',
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...head, parts: [part] }));
  writeFileSync(join(folder, 'SHA256SUMS'), `${sum('data.tar')}  data.tar\n${sum('manifest.json')}  manifest.json\n`);
  const blocks = ['data.tar', 'manifest.json', 'SHA256SUMS'].map((path) => {
    const content = readFileSync(join(folder, path));
    return [header(path, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks.flat(), Buffer.alloc(1024)]);
}

/** The header of a file in a backup. */
function header(name, size) {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000600\x000000000\x000000000\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        0', 148);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
