// A project on disk: what the scenarios do to it, and what they look for in it.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

const MARKERS = /^(<{7,}|>{7,}) /m;

export function tree(root) {
  const at = (path) => join(root, path);
  const stat = (path) => fs.lstatSync(at(path), { throwIfNoEntry: false });
  const read = (path) => (stat(path)?.isFile() ? fs.readFileSync(at(path)) : undefined);
  const has = (path, text) => read(path)?.includes(text) ?? false;
  const write = (path, bytes) => {
    fs.mkdirSync(dirname(at(path)), { recursive: true });
    // Some tools make their files read-only.
    if (stat(path)?.isFile()) fs.chmodSync(at(path), stat(path).mode | 0o200);
    fs.writeFileSync(at(path), bytes);
  };
  const files = () =>
    fs
      .readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .filter((path) => !path.startsWith('.git/'))
      .sort();
  return {
    root,
    stat,
    read,
    has,
    write,
    change(path, from, to) {
      if (!has(path, from)) throw new Error(`${path} has no ${from}`);
      write(path, read(path).toString().replace(from, to));
    },
    remove: (path) => fs.rmSync(at(path)),
    rename: (from, to) => fs.renameSync(at(from), at(to)),
    link: (path, target) => {
      fs.rmSync(at(path));
      fs.symlinkSync(target, at(path));
    },
    chmod: (path, mode) => fs.chmodSync(at(path), mode),
    /** Merged without markers, and nothing of it beside the file. */
    isClean: (path) => !MARKERS.test(read(path) ?? '') && !fs.existsSync(`${at(path)}.rej`),
    /** Whether any file, be it a backup or a rejected hunk, has a text. */
    anywhere: (text) => files().some((path) => has(path, text)),
    /** Content, kind and mode of every file. */
    state: () =>
      files().map((path) => {
        const { mode } = stat(path);
        const bytes = read(path) ?? Buffer.from(fs.readlinkSync(at(path)));
        return `${path} ${mode & 0o170111} ${createHash('sha256').update(bytes).digest('hex')}`;
      }),
    /** Files by inode and time: what was written again, even with the same bytes. */
    times: () => new Map(files().map((path) => [path, `${stat(path).ino} ${stat(path).mtimeMs}`])),
  };
}
