"""Replaces the content of volumes with that of a backup, as root of a container that has them in the folder TOP and nothing else.

    restore.py TOP find                  print the state of each volume
    restore.py TOP room BYTES...         check that each volume has room for that many bytes more
    restore.py TOP stage INDEX ID SHA256 unpack the tar on standard input beside the content of a volume; ID is any text
    restore.py TOP mark ID               from now on no container of the project starts on these volumes
    restore.py TOP swap ID               replace the content of all volumes with what was staged
    restore.py TOP undo                  remove what was only staged

Everything is in the folder .makina-restore at the top of each volume: `state`, `names`, `new`, `old` and `late`. The content of a volume is replaced by
renames, which can be repeated: a swap that was killed is finished by the next one.
"""
from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tarfile
from collections.abc import Iterator
from decimal import Decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, NoReturn

OWN = '.makina-restore'
FOLDERS = ('new', 'old', 'late')
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# sysexits.h: unusable data, a disk that is full or cannot be written.
EX_DATAERR, EX_IOERR = 65, 74
FULL = (errno.ENOSPC, errno.EDQUOT)
CHUNK = 1 << 20
# A swap that has begun is finished; what is only staged is removed. The launcher starts nothing from MARKED to SWAPPED.
STAGED, MARKED, MOVING_OUT, MOVING_IN, SWAPPED, CLEANING = 'staged', 'marked', 'moving-out', 'moving-in', 'swapped', 'cleaning'
BEGUN = (MOVING_OUT, MOVING_IN, SWAPPED)


def fail(sentence: str, code: int) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


class Volume:
    """A volume, by the number of its mount."""

    def __init__(self, top: str, index: str) -> None:
        self.index = index
        self.path = f'{top}/{index}'
        self.top = os.open(self.path, FOLDER)

    def own(self) -> int | None:
        """Our folder, open; None if there is none. Anyone who can write to the volume could make another one."""
        try:
            own = os.open(OWN, FOLDER, dir_fd=self.top)
        except FileNotFoundError:
            return None
        except OSError:
            fail(f'{self.index}: {OWN} is not a folder; move it away', EX_IOERR)
        found = os.fstat(own)
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            fail(f'{self.index}: {OWN} is not that of a restore; move it away', EX_IOERR)
        return own

    def state(self) -> dict[str, str] | None:
        """`id` and `state`; None if no restore is under way."""
        own = self.own()
        if own is None:
            return None
        try:
            with open(os.open('state', os.O_RDONLY | os.O_NOFOLLOW, dir_fd=own), encoding='utf-8') as opened:
                state: dict[str, str] = json.load(opened)
                return state
        except (FileNotFoundError, ValueError):
            # It was killed before it had one.
            return {'id': '', 'state': ''}
        finally:
            os.close(own)

    def write_state(self, ident: str, state: str) -> None:
        own = self.own()
        if own is None:
            fail(f'{self.index}: {OWN} is gone', EX_IOERR)
        self.write(own, 'state', {'id': ident, 'state': state})
        os.close(own)

    def write(self, own: int, name: str, what: object) -> None:
        """Writes JSON into our folder, all of it or nothing."""
        made = os.open(f'{name}.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=own)
        with open(made, 'w', encoding='utf-8') as opened:
            json.dump(what, opened)
            opened.flush()
            os.fsync(made)
        os.rename(f'{name}.new', name, src_dir_fd=own, dst_dir_fd=own)
        os.fsync(own)

    def begin(self, ident: str) -> int:
        """Makes our folder. Out: `new` in it, open."""
        self.refuse_mounts()
        try:
            os.mkdir(OWN, 0o700, dir_fd=self.top)
        except FileExistsError:
            fail(f'{self.index}: another restore is under way', EX_IOERR)
        own = self.own()
        self.write_state(ident, '')
        for name in FOLDERS:
            os.mkdir(name, 0o700, dir_fd=own)
        new = os.open('new', FOLDER, dir_fd=own)
        if own is not None:
            os.close(own)
        return new

    def refuse_mounts(self) -> None:
        """What is mounted inside of a volume cannot be moved, and must not be removed with the old content."""
        with open('/proc/self/mountinfo', 'rb') as opened:
            points = [re.sub(rb'\\([0-7]{3})', lambda found: bytes([int(found[1], 8)]), line.split()[4]) for line in opened]
        for point in points:
            if point.startswith(os.fsencode(self.path) + b'/'):
                inner = os.fsdecode(point)[len(self.path) + 1:]
                fail(f'{self.index}: another disk is mounted at {inner!a} inside of it; unmount it, and restore it yourself', EX_IOERR)

    def swap(self, ident: str) -> None:
        """Goes on from where it is until the new content is in place."""
        own = self.own()
        state = (self.state() or {}).get('state')
        if own is None:
            return
        if state in (STAGED, MARKED):
            self.write_state(ident, MOVING_OUT)
            state = MOVING_OUT
        if state == MOVING_OUT:
            with self.opened(own, 'old') as old, self.opened(own, 'late') as late:
                for name in os.listdir(self.top):
                    if name == OWN:
                        continue
                    # A container that was started too early may have made a name again.
                    is_new = not _exists(old, name)
                    os.rename(name, name if is_new else f'{len(os.listdir(late))}', src_dir_fd=self.top, dst_dir_fd=old if is_new else late)
                os.fsync(old)
            os.fsync(self.top)
            with self.opened(own, 'new') as new:
                self.write(own, 'names', os.listdir(new))
            self.write_state(ident, MOVING_IN)
            state = MOVING_IN
        if state == MOVING_IN:
            with open(os.open('names', os.O_RDONLY | os.O_NOFOLLOW, dir_fd=own), encoding='utf-8') as opened:
                names = set(json.load(opened))
            with self.opened(own, 'new') as new, self.opened(own, 'late') as late:
                # A service may have been started too early, too.
                for name in os.listdir(self.top):
                    if name != OWN and (name not in names or _exists(new, name)):
                        os.rename(name, f'{len(os.listdir(late))}', src_dir_fd=self.top, dst_dir_fd=late)
                for name in os.listdir(new):
                    os.rename(name, name, src_dir_fd=new, dst_dir_fd=self.top)
                found = os.fstat(new)
            os.chown(self.top, found.st_uid, found.st_gid)
            os.chmod(self.top, stat.S_IMODE(found.st_mode))
            os.fsync(self.top)
            self.write_state(ident, SWAPPED)
        os.close(own)

    @contextlib.contextmanager
    def opened(self, own: int, name: str) -> Iterator[int]:
        folder = os.open(name, FOLDER, dir_fd=own)
        try:
            yield folder
        finally:
            os.close(folder)

    def clean(self) -> None:
        """Removes our folder, with all that is in it; `state` last, since it says how far a run that is killed came."""
        own = self.own()
        if own is not None:
            for name in set(os.listdir(own)) - {'state'}:
                shutil.rmtree(f'{self.path}/{OWN}/{name}') if name in FOLDERS else os.unlink(name, dir_fd=own)
            os.close(own)
            shutil.rmtree(f'{self.path}/{OWN}')
            os.fsync(self.top)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


class Counted:
    """Standard input, with its hash."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.sum = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.sum.update(data)
        return data


class StrictInfo(tarfile.TarInfo):
    """A member of a tar that is not over before its end mark: for tarfile, anything that is no header ends it, and what follows is lost."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> StrictInfo:
        try:
            return super().fromtarfile(tar)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None

    def _proc_gnusparse_10(self, next: tarfile.TarInfo, pax_headers: dict[str, str], tar: tarfile.TarFile) -> None:
        # Above 8 GiB tar also writes `size`, that of the pieces. tarfile would take it for the size of the whole file.
        size, begin = pax_headers.pop('size', None), next.offset_data
        super()._proc_gnusparse_10(next, pax_headers, tar)  # type: ignore[misc]
        if size:
            tar.offset = begin + -(-int(size) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


class Unpacking:
    """Unpacks the tar of a volume into an empty folder that no one else can enter. No link of the archive is ever followed."""

    def __init__(self, new: int) -> None:
        self.new = new
        self.folders: dict[str, tarfile.TarInfo] = {}
        self.others: set[str] = set()

    def unpack(self, tar: tarfile.TarFile) -> None:
        for member in tar:
            path = self.checked(member)
            if path == '.':
                self.folders[path] = member
            elif member.isdir():
                os.mkdir(path, 0o700, dir_fd=self.new)
                self.folders[path] = member
            else:
                self.make(tar, member, path)
                self.others.add(path)
        if '.' not in self.folders:
            fail('it does not have the folder itself', EX_DATAERR)
        # At the end: what is made in a folder changes its time.
        for path, member in self.folders.items():
            folder = os.open(path, FOLDER, dir_fd=self.new)
            self.give(folder, member)
            os.close(folder)

    def checked(self, member: tarfile.TarInfo) -> str:
        """The path of a member below the folder, which no link can lead elsewhere."""
        # tar gives a sparse file another name, too, and tarfile may take that one.
        name = member.pax_headers.get('GNU.sparse.name', member.name)
        steps = name.split('/')
        if steps[0] != '.' or any(step in ('', '.', '..') for step in steps[1:]) or '\0' in name:
            fail(f'it has the name {name!a}, which leads out of the volume', EX_DATAERR)
        path = '/'.join(steps[1:]) or '.'
        parent = '/'.join(steps[1:-1]) or '.'
        if path in self.folders or path in self.others:
            fail(f'it has {path!a} twice', EX_DATAERR)
        if path != '.' and parent not in self.folders:
            fail(f'{path!a} is in something that is not a folder of it', EX_DATAERR)
        if path == '.' and not member.isdir():
            fail('it does not have the folder itself', EX_DATAERR)
        if steps[1:2] == [OWN]:
            fail(f'it has {OWN}, the name of a restore', EX_DATAERR)
        if member.ischr() or member.isblk():
            fail(f'{path!a} is a device', EX_DATAERR)
        if not (member.isdir() or member.isreg() or member.issym() or member.islnk() or member.isfifo()):
            fail(f'{path!a} is of an unknown kind', EX_DATAERR)
        if member.islnk() and (not member.linkname.startswith('./') or member.linkname[2:] not in self.others):
            fail(f'{path!a} is another name of {member.linkname!a}, which is not a file of it', EX_DATAERR)
        return path

    def make(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        if member.islnk():
            os.link(member.linkname[2:], path, src_dir_fd=self.new, dst_dir_fd=self.new, follow_symlinks=False)
        elif member.issym() or member.isfifo():
            if member.issym():
                os.symlink(member.linkname, path, dir_fd=self.new)
            else:
                os.mkfifo(path, 0o600, dir_fd=self.new)
            os.chown(path, member.uid, member.gid, dir_fd=self.new, follow_symlinks=False)
            if member.isfifo():
                os.chmod(path, member.mode & 0o7777, dir_fd=self.new)
            os.utime(path, ns=_times(member), dir_fd=self.new, follow_symlinks=False)
        else:
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=self.new)
            try:
                self.write(tar, member, made, path)
                self.give(made, member)
            finally:
                os.close(made)

    def write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, made: int, path: str) -> None:
        stream: BinaryIO = tar.fileobj  # type: ignore[assignment]
        # Without the holes: the size of a file with holes is whatever the tar says.
        pieces: list[tuple[int, int]] = [(0, member.size)] if member.sparse is None else member.sparse  # type: ignore[assignment]
        end = 0
        for begin, size in pieces:
            if not end <= begin <= begin + size <= member.size:
                fail(f'{path!a} has pieces in no order', EX_DATAERR)
            end = begin + size
            os.lseek(made, begin, os.SEEK_SET)
            while begin < end:
                data = stream.read(min(CHUNK, end - begin))
                if not data:
                    fail(f'{path!a} is cut off', EX_DATAERR)
                begin += len(data)
                while data:
                    data = data[os.write(made, data):]
        # A hole at the end.
        os.ftruncate(made, member.size)

    def give(self, descriptor: int, member: tarfile.TarInfo) -> None:
        # The owner first: a change of it takes setuid away.
        os.fchown(descriptor, member.uid, member.gid)
        os.fchmod(descriptor, member.mode & 0o7777)
        os.utime(descriptor, ns=_times(member))


def _times(member: tarfile.TarInfo) -> tuple[int, int]:
    exact = int(Decimal(member.pax_headers.get('mtime') or member.mtime) * 10**9)
    return exact, exact


def stage(volume: Volume, ident: str, expected: str) -> None:
    """Unpacks standard input into `new`."""
    new = volume.begin(ident)
    source = Counted(sys.stdin.buffer)
    try:
        # The stream has no place to go back to: `r|`.
        with tarfile.open(fileobj=source, mode='r|', tarinfo=StrictInfo, encoding='utf-8', errors='surrogateescape') as tar:  # type: ignore[call-overload]
            Unpacking(new).unpack(tar)
            while data := tar.fileobj.read(CHUNK):
                if data.strip(b'\0'):
                    fail('it has more after its end', EX_DATAERR)
    except (tarfile.TarError, ValueError, OverflowError, ArithmeticError, EOFError) as error:
        fail(f'it is not a tar of a volume ({error})', EX_DATAERR)
    except OSError as error:
        if error.errno in FULL:
            fail(f'{volume.index}: its disk is full; nothing was replaced', EX_IOERR)
        raise
    if source.sum.hexdigest() != expected:
        fail('its checksum is not that of the backup', EX_DATAERR)
    os.close(new)
    volume.write_state(ident, STAGED)


def room(volumes: list[Volume], sizes: list[str]) -> None:
    """Volumes of one disk share its room."""
    needed: dict[int, int] = {}
    for volume, size in zip(volumes, sizes):
        device = os.fstat(volume.top).st_dev
        needed[device] = needed.get(device, 0) + int(size)
        disk = os.fstatvfs(volume.top)
        free = disk.f_bavail * disk.f_frsize
        if needed[device] > free:
            fail(f'{volume.index}: its disk has {free} bytes free, and the restore needs {needed[device]}, since the old content stays until the end', EX_IOERR)


def main(top: str, command: str, words: list[str]) -> None:
    volumes = [Volume(top, index) for index in sorted(os.listdir(top), key=int)]
    states = [(volume, volume.state()) for volume in volumes]
    if command == 'find':
        print(json.dumps([state for _, state in states]))
    elif command == 'room':
        room(volumes, words)
    elif command == 'stage':
        stage(volumes[int(words[0])], words[1], words[2])
    elif command == 'mark':
        # All that was unpacked, before anything is replaced by it.
        os.sync()
        for volume, state in states:
            if state and state['id'] == words[0]:
                volume.write_state(words[0], MARKED)
    elif command == 'swap':
        parts = [volume for volume, state in states if state and state['id'] == words[0] and state['state'] != CLEANING]
        for volume in parts:
            volume.swap(words[0])
        for volume in parts:
            volume.write_state(words[0], CLEANING)
        for volume, state in states:
            if state:
                volume.clean()
    elif command == 'undo':
        for volume, state in states:
            if state and state['state'] in BEGUN:
                fail(f'{volume.index}: its content is replaced already', EX_IOERR)
        for volume, _ in states:
            volume.clean()


if __name__ == '__main__':
    try:
        main(sys.argv[1], sys.argv[2], sys.argv[3:])
    except OSError as error:
        fail('a disk is full' if error.errno in FULL else f'{error.strerror}: {error.filename or "a volume"}', EX_IOERR)
