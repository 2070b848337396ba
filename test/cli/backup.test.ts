import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupOf } from '../support/backup.ts';
import { makinaImage } from '../support/run.ts';

/** Without an engine; `npm run test:e2e -- --only backup` has one. */
const PATH = mkdtempSync(join(tmpdir(), 'makina-image-path-'));
symlinkSync(process.execPath, join(PATH, 'node'));
const dir = mkdtempSync(join(tmpdir(), 'makina-image-test-'));
beforeAll(async () => {
  await makinaImage(dir, ['new', 'shop', '--yes']);
  mkdirSync(join(dir, 'backups'));
  symlinkSync('../shop/data', join(dir, 'backups/link'));
  writeFileSync(join(dir, 'file'), '');
});
afterAll(() => {
  for (const folder of [dir, PATH]) rmSync(folder, { recursive: true });
});

const NO_ENGINE = /there is no docker and no podman in PATH; install one of them$/;

test.each<[string[], number, RegExp]>([
  [['backup', 'backups', '--project', 'shop'], 1, NO_ENGINE],
  [['backup', 'b.tar', '--project', 'shop'], 1, NO_ENGINE],
  [['backup', 'b.tar', '--project', 'shop', '--engine', 'podman'], 1, /there is no podman in PATH; install it$/],
  [
    ['backup', 'b.tar', '--project', 'shop', '--engine', 'lxc'],
    2,
    /--engine must be one of docker, podman, not "lxc"$/,
  ],
  [['backup', '--project', 'shop'], 2, /backup takes one word, the file or folder that it writes to: .* backup FILE$/],
  [['backup', '', '--project', 'shop'], 2, /backup takes one word/],
  [['backup', 'a', 'b', '--project', 'shop'], 2, /backup takes one word/],
  [['backup', 'shop', '--project', 'shop'], 2, /shop-\d{8}-\d{6}\.tar is in the project, and a backup holds secrets/],
  [['backup', 'shop/data/b.tar', '--project', 'shop'], 2, /is in the project, and a backup holds secrets/],
  [['backup', 'backups/link/b.tar', '--project', 'shop'], 2, /is in the project, and a backup holds secrets/],
  [['backup', 'backups/link', '--project', 'shop'], 2, /is in the project, and a backup holds secrets/],
  [['backup', 'b.tar'], 1, /is not in a project of this generator/],
  [['restore-data', 'b.tar', '--project', 'shop'], 1, NO_ENGINE],
  [['restore-data', '--project', 'shop'], 1, NO_ENGINE],
  [['restore-data', '', '--project', 'shop'], 2, /restore-data takes one word, the backup: .* restore-data FILE$/],
  [['restore-data', 'a', 'b', '--project', 'shop'], 2, /restore-data takes one word/],
  [['restore-data', 'b.tar'], 1, /is not in a project of this generator/],
])('%j is refused with a sentence', async (args, code, sentence) => {
  const { exitCode, stderr } = await makinaImage(dir, args, { env: { PATH } });
  expect(stderr).toMatch(sentence);
  expect(exitCode).toBe(code);
  expect(existsSync(join(dir, 'b.tar'))).toBe(false);
});

/** An engine without a container, but for the one that reads and writes; `$do` is what that one is asked for. */
function engine(cases: string): { env: { PATH: string }; said: () => string } {
  const bin = mkdtempSync(join(dir, 'bin-'));
  symlinkSync(process.execPath, join(bin, 'node'));
  const text = `#!/bin/sh
export PATH=/usr/bin:/bin
cd '${bin}' && echo "$*" | head -n 1 >> said
inside() { while [ "$1" != /volumes ]; do shift; done; do=$2; }
case "$*" in
  exec*' /volumes '*) inside "$@" ;;
esac
case "$1 $2 $do" in
  ${cases}
  'container inspect '*) test -e runs && echo true ;;
  volume*) exit 1 ;;
  run*) touch runs; cat > /dev/null ;;
  rm*) rm -f runs ;;
  *find) echo '[null]' ;;
  exec*) cat > /dev/null ;;
esac
`;
  writeFileSync(join(bin, 'docker'), text, { mode: 0o755 });
  return { env: { PATH: bin }, said: () => readFileSync(join(bin, 'said'), 'utf8') };
}

test('a restore that stops half way says how to go on', async () => {
  await backupOf(join(dir, 'good.tar'), { data: 'x' });
  const { env } = engine("*swap) echo 'a disk is full' >&2; exit 74 ;;");
  const { exitCode, stderr } = await makinaImage(dir, ['restore-data', 'good.tar', '--project', 'shop'], { env });
  expect(stderr).toMatch(
    /a disk is full; some of the data may be replaced: make room, .* and run makina-image restore-data without a file/,
  );
  expect(exitCode).toBe(74);
});

describe('what a backup that was killed has left', () => {
  const leftover = (Status: string, folder: string, stopped = 'abc') => {
    const labels = { 'makina-image.stopped': stopped, 'makina-image.backup-of': folder };
    const text = JSON.stringify([{ State: { Status }, Config: { Labels: labels } }]);
    return engine(`'container inspect '*) test -e runs && echo true && exit; test -e removed || echo '${text}' ;;
  rm*) rm -f runs; touch removed ;;`);
  };
  const backup = ({ env }: ReturnType<typeof engine>) =>
    makinaImage(dir, ['backup', mkdtempSync(join(dir, 'out-')), '--project', 'shop'], { env });

  test.each(['exited', 'created'])('is taken over from a container that is %s', async (state) => {
    const fake = leftover(state, join(dir, 'shop'));
    const { stderr } = await backup(fake);
    expect(fake.said()).toMatch(/^rm --volumes makina-image-backup-shop$/m);
    expect(stderr).toMatch(/Backing up data\//);
  });
  test('is that of another folder with the same name: nothing of it is lost', async () => {
    const fake = leftover('exited', '/home/you/shop', `${'a'.repeat(64)},${'b'.repeat(64)}`);
    const { exitCode, stderr } = await backup(fake);
    expect(stderr).toMatch(
      /a backup of \/home\/you\/shop, which .* docker start a{12} b{12}, and then type docker rm makina-image-backup-shop$/,
    );
    expect(exitCode).toBe(75);
    expect(fake.said()).not.toMatch(/^rm/m);
    const none = leftover('exited', '/home/you/shop', '');
    await backup(none);
    expect(none.said()).toMatch(/^rm --volumes/m);
  });
  test('is still at work while it runs', async () => {
    const { exitCode, stderr } = await backup(leftover('running', join(dir, 'shop')));
    expect(stderr).toMatch(/is at work, in the container makina-image-backup-shop; wait until it ends$/);
    expect(exitCode).toBe(75);
  });
});
