"""Links and configuration files in volumes: written as their owner's at each start, whole, and never outside of the volume."""
import json
import os
import pathlib
import random
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest
from fixtures import NEEDS_ROOT, ROUNDS, launch_error, package, world
from volumes import GID, OTHER_GID, OTHER_UID, UID, module

pytestmark = NEEDS_ROOT


@pytest.fixture
def files(world):
    return Files(world)


class Files:
    """`staged` is where Salt would write what goes into the volumes."""

    def __init__(self, world):
        self.world, self.data = world, world.data / "data"
        self.staged = world.root / "staged"
        self.staged.mkdir(mode=0o755)
        world.fill()

    def config(self, target="data/app.conf", text=None, name="app", **changes):
        """The settings of a config, as Salt has written it."""
        if text is not None:
            (self.staged / name).unlink(missing_ok=True)
            (self.staged / name).write_text(text)
            (self.staged / name).chmod(0o400)
        rights = {"user": "www-data", "group": "www-data", "mode": "0640", "replace": True}
        return {"file": str(self.staged / name), "target": str(self.world.data / target), **rights, **changes}

    def settings(self, links=None, configs=None):
        links = {str(self.world.data / path): target for path, target in (links or {}).items()}
        return self.world.settings({}, links=links, configs=configs or {})

    def write(self, links=None, **configs):
        """Write them; return what is said. Checks that no unfinished file is left."""
        files = module("volume_files")
        files.check_ways(self.settings(links, configs))
        try:
            return files.write_files(self.settings(links, configs))
        finally:
            assert self.world.leftovers() == []

    def refused(self, code, *parts, links=None, **configs):
        return launch_error(lambda: self.write(links, **configs), code, *parts)

    def look(self, path):
        info = (self.world.data / path).lstat()
        return stat.filemode(info.st_mode), info.st_uid, info.st_gid


def test_a_config_is_its_owners(files):
    owned = {"user": "nobody", "group": "nogroup", "mode": "0400"}
    assert files.write(
        app=files.config("data/a/b/app.conf", "one"),
        theirs=files.config("data/theirs", "two", "theirs", **owned),
        media=files.config(files.world.media / "c.conf", "three", "media", mode="0444"),
    ) == []
    assert files.look("data/a/b/app.conf") == ("-rw-r-----", UID, GID) and files.look("data/a") == ("drwxr-x--x", UID, GID)
    assert files.look("data/theirs") == ("-r--------", OTHER_UID, OTHER_GID)
    assert (files.world.media / "c.conf").read_text() == "three"
    assert len((files.world.data / ".prepopulated.configs").read_text().splitlines()) == 2


def test_a_config_is_replaced_only_if_it_changed(files):
    path = files.data / "app.conf"
    config = files.config(text="one")
    files.write(app=config)
    path.write_text("the program's")
    assert files.write(app=config) == [] and path.read_text() == "the program's"
    config = files.config(text="two")
    (sentence,) = files.write(app=config)
    assert sentence == f"{path} was changed by a program, and is replaced since configs.app has changed"
    assert path.read_text() == "two" and files.write(app=config) == []
    # One that no program changed is replaced without a word.
    assert files.write(app=files.config(text="three")) == [] and path.read_text() == "three"
    assert files.write(app=files.config(mode="0600")) == [] and files.look("data/app.conf")[0] == "-rw-------"
    path.unlink()
    assert files.write(app=files.config(mode="0600")) == [] and path.read_text() == "three"


def test_what_was_there_before_is_replaced_and_told(files):
    path = files.data / "app.conf"
    path.write_text("old")
    assert len(files.write(app=files.config(text="one"))) == 1 and path.read_text() == "one"
    (files.world.data / ".prepopulated.configs").unlink()
    assert files.write(app=files.config()) == []
    os.truncate(path, 1 << 40)
    assert len(files.write(app=files.config(text="two"))) == 1


def test_replace_false_writes_only_what_is_absent(files):
    path, config = files.data / "app.conf", files.config(text="one", replace=False)
    files.write(app=config)
    path.write_text("the program's")
    config = files.config(text="two", replace=False)
    assert files.write(app=config) == [] and path.read_text() == "the program's"
    path.unlink()
    assert files.write(app=config) == [] and path.read_text() == "two"


def test_a_mounted_file_stays(files):
    path, other = files.data / "app.conf", files.world.root / "own.conf"
    files.write(app=files.config(text="one"))
    other.write_text("mounted")
    files.world.mount("--bind", other, path)
    assert files.write(app=files.config(text="two")) == [] and path.read_text() == "mounted"


def test_a_disk_in_a_volume(files):
    disk = files.data / "disk"
    disk.mkdir()
    files.world.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", disk)
    os.chown(disk, UID, GID)
    config = files.config("data/disk/in/app.conf", "one")
    files.write({"data/disk/current": "in"}, app=config)
    assert files.look("data/disk/in/app.conf")[1] == UID and os.readlink(disk / "current") == "in"
    assert files.write({"data/disk/current": "in"}, app=config) == []


def test_links(files):
    links = {"data/current": "releases/1", "data/a/b/log": "/var/log/app", "other/x": "../data"}
    assert files.write(links) == []
    for path, target in links.items():
        assert os.readlink(files.world.data / path) == target and files.look(path)[1:] == (UID, GID)
    before = (files.data / "current").lstat().st_ino
    assert files.write(links) == [] and (files.data / "current").lstat().st_ino == before
    assert files.write({"data/current": "releases/2"}) == [] and os.readlink(files.data / "current") == "releases/2"
    # Of another owner, to a folder of others: only the link itself is replaced.
    (files.data / "current").unlink()
    (files.data / "current").symlink_to(files.world.outside)
    os.chown(files.data / "current", 0, 0, follow_symlinks=False)
    files.write(links)
    assert files.look("data/current")[1] == UID


@pytest.mark.parametrize("owner", ["www-data", "nobody"])
@pytest.mark.parametrize("way", ["data/in", "data/in/deep", "data"])
def test_a_link_on_the_way_is_78(files, way, owner):
    way = files.world.data / way
    if way == files.data:
        way.rmdir()
    way.parent.mkdir(parents=True, exist_ok=True)
    way.symlink_to(files.world.outside)
    expected = f"{way} must be a folder, and not a link; replace it"
    files.refused(78, expected, app=files.config("data/in/deep/x", "one", user=owner))
    files.refused(78, expected, links={"data/in/deep/x": "y"})


def things(path, outside):
    """What can be in the way of a file or a link."""
    yield "a folder", lambda: path.mkdir(), path.rmdir
    yield "a FIFO", lambda: os.mkfifo(path), path.unlink
    yield "a device", lambda: os.mknod(path, 0o020666, os.makedev(1, 5)), path.unlink
    listener = socket.socket(socket.AF_UNIX)
    yield "a socket", lambda: listener.bind(str(path)), path.unlink


def test_what_is_in_the_way_of_a_config_is_78(files):
    path = files.data / "app.conf"
    for replace in (True, False):
        config = files.config(text="one", replace=replace)
        for target in (files.world.outside / "secret", "nowhere", files.world.outside):
            path.symlink_to(target)
            files.refused(78, f"{path} is a link, and configs.app.target is a file there; move it away", app=config)
            path.unlink()
        for _, make, remove in things(path, files.world.outside):
            make()
            files.refused(78, f"{path} is not a file, and configs.app.target is a file there; move it away", app=config)
            remove()


def test_what_is_in_the_way_of_a_link_is_78(files):
    path = files.data / "current"
    path.write_text("a file")
    files.refused(78, f"{path} is a file, and symlinks.{path} is a link there; move it away", links={"data/current": "x"})
    path.unlink()
    for what, make, remove in things(path, files.world.outside):
        make()
        files.refused(78, f"{path} is {'a folder' if what == 'a folder' else 'a file'}", links={"data/current": "x"})
        remove()


def test_nothing_is_written_where_something_else_is_refused(files):
    config = files.config("data/a.conf", "one", "a")
    files.write({"data/a": "1"}, a=config)
    (files.data / "z.conf").mkdir()
    before = files.world.tree(files.world.data)
    more = files.config("data/z.conf", "z", "z")
    files.refused(78, "z.conf is not a file", links={"data/a": "2"}, a=files.config("data/a.conf", "two", "a"), z=more)
    assert files.world.tree(files.world.data) == before


def test_a_hard_link_is_let_go(files):
    path, victim = files.data / "app.conf", files.world.outside / "secret"
    before = victim.stat()
    os.link(victim, path)
    files.world.before = files.world.tree(files.world.outside)
    for owner in ("www-data", "nobody"):
        files.write(app=files.config(text="one", user=owner))
        assert path.read_text() == "one" and path.stat().st_nlink == 1
        path.unlink()
        os.link(victim, path)
    after = victim.stat()
    assert (after.st_uid, after.st_mode, victim.read_text()) == (before.st_uid, before.st_mode, "secret")


@pytest.mark.parametrize("more", [{"user": "root"}, {"user": "root", "group": "www-data"}])
def test_root_owns_no_config_of_a_volume(files, more):
    files.refused(78, "configs.app.user must not be root in a volume", app=files.config(text="one", **more))
    assert not (files.data / "app.conf").exists()


def test_a_volume_that_cannot_be_written_is_74(files):
    media = files.world.media
    config = files.config(media / "app.conf", "one")
    files.write({media / "link": "x"}, app=config)
    files.world.mount("--bind", media, media)
    files.world.mount("-o", "remount,bind,ro", media)
    files.world.mounts.pop()
    assert files.write({media / "link": "x"}, app=config) == []
    files.refused(74, f"{media} cannot be written: Read-only file system; mount", app=files.config(media / "app.conf", "two"))
    files.refused(74, "Read-only file system", links={media / "link": "y"})


def test_a_strangers_folder_is_74_with_what_to_do(files):
    theirs = files.data / "theirs"
    theirs.mkdir()
    os.chown(theirs, OTHER_UID, OTHER_GID)
    files.refused(74, f"chown {UID}:{GID} {theirs}", app=files.config("data/theirs/x", "one"))
    files.refused(74, f"chown {UID}:{GID} {theirs}", links={"data/theirs/x": "y"})


def test_a_full_disk_leaves_the_old_file(files):
    media = files.world.media
    files.world.mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", media)
    files.write(app=files.config(media / "app.conf", "one"))
    files.refused(74, "No space left on device", app=files.config(media / "app.conf", "x" * 2_000_000))
    assert (media / "app.conf").read_text() == "one"


def test_a_hostile_record_changes_nothing_but_whether_a_file_is_replaced(files):
    record, path, config = files.world.data / ".prepopulated.configs", files.data / "app.conf", files.config(text="one")
    for text in (b"\xff\xfe\0\n", b"a\n \n  \n", b"x y ../../outside/secret\n" * 1000, b"x y data/app.conf", os.urandom(1000)):
        record.write_bytes(text)
        path.write_text("other")
        assert len(files.write(app=config)) == 1 and path.read_text() == "one"
    record.unlink()
    for make, part in (
        (lambda: record.symlink_to(files.world.outside / "new"), "not a regular file"),
        (lambda: os.link(files.world.outside / "secret", record), "several names"),
        (lambda: os.mkfifo(record), "not a regular file"),
        (lambda: [record.touch(), os.truncate(record, 1 << 40)], "1 MiB"),
    ):
        make()
        files.refused(78, f"{record} ", part, app=config)
        record.unlink()


def test_what_is_swapped_while_it_is_written_leads_nowhere(files):
    """The user of the volume swaps a folder, and the file itself, with links to the outside as fast as it can."""
    os.chown(files.world.outside, UID, GID)
    files.world.before = files.world.tree(files.world.outside)
    swap = (
        "import ctypes, os, sys\n"
        "os.chdir(sys.argv[1]); os.setgid(33); os.setuid(33); os.mkdir('in'); os.symlink(sys.argv[2], 'swap')\n"
        "open('x', 'w'); os.symlink(sys.argv[2] + '/secret', 'y')\n"
        "rename = ctypes.CDLL(None).renameat2\n"
        "print(flush=True)\n"
        "while True: rename(-100, b'in', -100, b'swap', 2); rename(-100, b'x', -100, b'y', 2)\n"
    )
    command = [sys.executable, "-c", swap, str(files.data), str(files.world.outside)]
    swapper = subprocess.Popen(command, stdout=subprocess.PIPE)
    swapper.stdout.readline()
    codes, volume_files = set(), module("volume_files")
    try:
        for number in range(max(200, ROUNDS)):
            owner = random.choice(["www-data", "nobody"])
            configs = {"app": files.config("data/in/app.conf", str(number), user=owner), "x": files.config("data/x", "x", "x", user=owner)}
            try:
                volume_files.write_files(files.settings({"data/in/link": str(number), "data/y": "y"}, configs))
                codes.add(0)
            except module("errors").LaunchError as error:
                codes.add(error.code)
    finally:
        swapper.kill()
        swapper.wait()
        swapper.stdout.close()
    assert codes <= {0, 74, 78} and 78 in codes


def test_kill_at_any_moment_leaves_the_old_or_the_new(files):
    number = random.randrange(1 << 32)
    print("random seed", number)
    chance, longest, outcomes = random.Random(number), 0, set()
    texts = ["a" * 1_000_000, "b" * 1_500_000]
    for attempt in range(41):
        now, before = texts[attempt % 2], texts[(attempt + 1) % 2]
        configs = {
            "app": files.config("data/a/app.conf", now),
            "theirs": files.config("data/b/theirs", now, "theirs", user="nobody"),
        }
        links = {str(files.data / "a/link"): now[:3]}
        process = files.world.start({}, configs=configs, links=links)
        process.stdout.readline()
        process.stdout.readline()
        began = time.monotonic()
        if attempt:
            time.sleep(chance.uniform(0, longest))
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if attempt:
            found = [(files.world.data / path).read_text() for path in ("data/a/app.conf", "data/b/theirs")]
            assert set(found) <= {now, before}, (number, attempt)
            assert os.readlink(files.data / "a/link") in (now[:3], before[:3])
            outcomes.add(tuple(text == now for text in found))
        longest = longest or time.monotonic() - began
        said = files.write(links={path: target for path, target in links.items()}, **configs)
        # No program changed anything.
        assert said == [], (number, attempt)
        assert (files.data / "a/app.conf").read_text() == (files.data / "b/theirs").read_text() == now
        assert files.look("data/b/theirs")[1] == OTHER_UID and os.readlink(files.data / "a/link") == now[:3]
    assert len(outcomes) > 1, (number, outcomes)


def test_two_containers_at_once(files):
    for number in range(5):
        configs = {f"c{each}": files.config(f"data/{each}.conf", f"{number}", f"c{each}") for each in range(8)}
        links = {str(files.data / f"l{each}"): str(number) for each in range(8)}
        both = [files.world.start({}, configs=configs, links=links) for _ in range(2)]
        assert [each.communicate()[0].splitlines()[1:] for each in both] == [["[]"]] * 2
        assert {(files.data / f"{each}.conf").read_text() for each in range(8)} == {str(number)}
    assert files.world.leftovers() == []


def test_five_capabilities_are_enough(files):
    configs = {"a": files.config(text="one"), "b": files.config("data/b", "two", "b", user="nobody", group="nogroup")}
    kept = "-all," + ",".join(f"+{name}" for name in ("chown", "dac_override", "kill", "setgid", "setuid"))
    wrapper = ("setpriv", f"--bounding-set={kept}", "--inh-caps=-all", "--no-new-privs")
    process = files.world.start({}, *wrapper, configs=configs, links={str(files.data / "l"): "x"})
    assert json.loads(process.communicate()[0].splitlines()[-1]) == []
    assert files.look("data/app.conf")[1] == UID and files.look("data/b")[1] == OTHER_UID and files.look("data/l")[1] == UID
