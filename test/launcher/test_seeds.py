"""How the generated launcher fills volumes: all of a seed or nothing, once, and never outside of the volume."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

import pytest
from fixtures import NEEDS_ROOT, ROUNDS, launch_error, package, world
from volumes import GID, OTHER_GID, OTHER_UID, UID, module

pytestmark = NEEDS_ROOT


def refused(world, code, *parts, **seeds):
    """Filling ends with this code and one sentence that has these parts; nothing unfinished is left."""
    sentence = launch_error(lambda: world.fill(**seeds), code, *parts)
    assert "; " in sentence and world.leftovers() == []
    return sentence


def test_files_and_folders_get_their_content_owner_and_modes(world):
    filled = world.fill(
        file=world.seed(),
        site=world.seed("site", "data/a/b/site", mode="0644"),
        media=world.seed("site", f"{world.media}/site"),
        gone=None,
    )
    assert sorted(filled) == ["file", "media", "site"]
    data = world.tree(world.data)
    assert data["configuration"][:3] == ("drwxr-x---", 0, 0)
    assert data["data"][:3] == data["data/a"][:3] == data["data/a/b"][:3] == ("drwxr-x--x", UID, GID)
    assert data["data/welcome.txt"] == ("-rw-r-----", UID, GID, b"welcome")
    assert data["data/a/b/site"][:3] == data["data/a/b/site/empty"][:3] == ("drwxr-xr-x", UID, GID)
    assert data["data/a/b/site/deep/er/page.html"] == ("-rw-r--r--", UID, GID, b"page")
    assert data["data/a/b/site/link"] == ("lrwxrwxrwx", UID, GID, "../../outside/secret")
    assert world.tree(world.media)["site/index.html"] == ("-rw-r-----", UID, GID, b"index")
    assert (world.media.stat().st_uid, world.data.stat().st_uid) == (UID, 0)
    assert world.record() == ["data/welcome.txt", "data/a/b/site"] and world.record(world.media) == ["site"]
    assert (world.data / ".prepopulated").stat().st_mode & 0o7777 == 0o644
    assert world.leftovers() == []


def test_a_source_can_be_a_link_and_a_target_can_be_anywhere_in_the_data_volume(world):
    (world.project / "latest").symlink_to("site")
    filled = world.fill(link=world.seed("latest", "data/latest"), top=world.seed(target="other/place/welcome.txt"))
    assert sorted(filled) == ["link", "top"]
    assert os.readlink(world.data / "data/latest") == "site"
    # data/ itself is root's: there root makes the folders, and gives them to the user.
    assert world.tree(world.data)["other"][:3] == world.tree(world.data)["other/place"][:3] == ("drwxr-x--x", UID, GID)
    assert world.tree(world.data)["other/place/welcome.txt"] == ("-rw-r-----", UID, GID, b"welcome")


def test_a_seed_of_another_owner_is_copied_too(world):
    others = {"owner": "nobody", "group": "nogroup"}
    world.fill(site=world.seed("site", "data/in/site", **others), root=world.seed(owner="root", group="www-data"))
    data = world.tree(world.data)
    assert data["data/in"][1:3] == (UID, GID)
    assert {data[path][1:3] for path in data if path.startswith("data/in/")} == {(OTHER_UID, OTHER_GID)}
    assert data["data/welcome.txt"][1:3] == (0, GID)


def test_missing_volumes_are_made_even_one_in_another(world):
    inner, deep = world.media / "in/ner", world.root / "x/y"
    world.fill({"volumes": [str(inner), str(world.media), f"{deep}/"]}, a=world.seed(target=f"{inner}/a"))
    for folder in (inner, deep):
        assert (folder.stat().st_mode & 0o777, folder.stat().st_uid, folder.stat().st_gid) == (0o751, UID, GID)
    assert world.record(inner) == ["a"]


def test_the_outer_of_two_seeds_is_filled_first(world):
    inner, outer = world.seed(target="data/site/welcome.txt"), world.seed("site", "data/site")
    assert world.fill(a=inner, b=outer) == ["b", "a"]
    assert (world.data / "data/site/index.html").exists() and (world.data / "data/site/welcome.txt").exists()


def test_a_seed_without_source_is_an_empty_folder(world):
    assert world.fill(spool=world.seed(None, "data/a/spool", mode="0640")) == ["spool"]
    spool = world.data / "data/a/spool"
    found = spool.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (UID, GID, 0o750)
    spool.rmdir()
    assert world.fill(spool=world.seed(None, "data/a/spool")) == []


def test_what_exists_stays_as_it_is_and_is_recorded(world):
    (world.data / "data/full").mkdir(parents=True)
    (world.data / "data/welcome.txt").write_text("mine")
    (world.data / "data/dangling").symlink_to(world.outside / "nothing")
    (world.data / "data/file").write_text("a file where a folder would go")
    seeds = {
        "a": world.seed(),
        "b": world.seed("site", "data/full"),
        "c": world.seed(target="data/dangling"),
        "d": world.seed("site", "data/file"),
    }
    before = world.tree(world.data)
    assert world.fill(**seeds) == []
    after = world.tree(world.data)
    assert {path: after[path] for path in before if path != "data"} == {p: before[p] for p in before if p != "data"}
    assert sorted(world.record()) == ["data/dangling", "data/file", "data/full", "data/welcome.txt"]


def test_what_was_deleted_stays_deleted_over_an_upgrade(world):
    world.fill(a=world.seed())
    (world.data / "data/welcome.txt").unlink()
    world.write("welcome.txt", "of the next image")
    assert world.fill(a=world.seed(mode="0600"), b=world.seed(target="data/new.txt")) == ["b"]
    assert not (world.data / "data/welcome.txt").exists()
    # Whoever wants it back takes its line away.
    (world.data / ".prepopulated").write_text("data/new.txt\n")
    assert world.fill(a=world.seed(), b=world.seed(target="data/new.txt")) == ["a"]


def test_a_record_cut_short_by_a_crash_is_mended(world):
    (world.data / ".prepopulated").write_text("data/old.txt\ndata/welc")
    assert world.fill(a=world.seed()) == ["a"]
    assert world.record() == ["data/old.txt", "data/welcome.txt"]
    (world.data / ".prepopulated").write_text("data/welcome.txt")
    assert world.fill(a=world.seed()) == []
    assert (world.data / ".prepopulated").read_text() == "data/welcome.txt\n"


def test_leftovers_of_a_crash_are_removed_and_links_in_them_not_followed(world):
    for parent in (world.data, world.data / "data", world.media):
        leftover = parent / ".prepopulate-0123/inner"
        leftover.mkdir(parents=True)
        (leftover / "file").write_text("half")
        (leftover / "link").symlink_to(world.outside)
        (parent / ".prepopulate-4567").symlink_to(world.outside)
    world.fill(a=world.seed(), b=world.seed(target=f"{world.media}/welcome.txt"))
    assert world.leftovers() == []


@pytest.mark.parametrize("owner", ["www-data", "nobody"])
def test_a_big_file_is_copied_in_pieces(world, owner):
    world.write("big", os.urandom(3_000_001))
    world.fill(a=world.seed("big", "data/big", owner=owner))
    assert (world.data / "data/big").read_bytes() == (world.project / "big").read_bytes()


def test_a_large_volume_costs_no_more_than_an_empty_one(world):
    events, watching = [], []
    sys.addaudithook(lambda event, args: watching and event.startswith(("os.", "open")) and events.append(event))

    def cost():
        events.clear()
        watching.append(True)
        world.fill(a=world.seed(), b=world.seed("site", f"{world.media}/site"))
        watching.clear()
        return len(events)

    world.mount("-t", "tmpfs", "-o", "nr_inodes=300k", "tmpfs", world.media)
    cost()
    empty = cost()
    (world.media / "many").mkdir()
    for folder in (world.media, world.media / "many"):
        for number in range(100_000):
            os.mknod(folder / str(number))
    os.chown(world.media, 0, 0)
    assert cost() <= empty + 1 and not {"os.scandir", "os.listdir"} & set(events)
    assert world.media.stat().st_uid == UID and (world.media / "many").stat().st_uid == 0


# What the settings say wrong.


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"mode": 0o640}, 'seeds.a.mode must be text such as "0640"; put it in quotes'),
        ({"mode": None}, 'seeds.a.mode must be text such as "0640"; put it in quotes'),
        ({"mode": "rw"}, "seeds.a.mode must be an octal mode"),
        ({"mode": "4755"}, "seeds.a.mode must be an octal mode"),
        ({"mode": "keep "}, "seeds.a.mode must be an octal mode"),
        ({"mode": "keep", "source": None}, "seeds.a.mode cannot be keep without a source; give it one, or a mode"),
        ({"owner": "stranger"}, "there is no user stranger"),
        ({"group": "strangers"}, "there is no group strangers"),
        ({"owner": 33}, "seeds.a.owner must be text"),
        ({"source": "nothing.txt"}, "seeds.a.source {project}/nothing.txt does not exist"),
        ({"source": "no/thing.txt"}, "seeds.a.source {project}/no/thing.txt does not exist"),
        ({"source": "../outside/secret"}, 'seeds.a.source must be a path without ".."'),
        ({"source": "site/link/x"}, "{project}/site/link must be a folder, and not a link"),
        ({"source": 1}, "seeds.a.source must be text"),
        ({"target": "data/../../outside/x"}, 'seeds.a.target must be a path without ".."'),
        ({"target": "/etc/x"}, "seeds.a.target /etc/x is not in a volume"),
        ({"target": "{media}"}, "is not in a volume"),
        ({"target": "{media}er/x"}, "is not in a volume"),
        ({"target": "{media}/../outside/x"}, "without"),
        ({"target": "./"}, "without"),
        ({"target": "data/a\nb"}, "seeds.a.target has a control character"),
        ({"target": "data/a\0b"}, "seeds.a.target has a control character"),
        ({"target": "data/\ud800"}, "seeds.a.target has a control character"),
        ({"target": ".prepopulated"}, "the launcher keeps for itself"),
        ({"target": "data/.prepopulate-x/y"}, "the launcher keeps for itself"),
    ],
)
def test_bad_settings_are_refused(world, changes, sentence):
    changes = {k: v.format(media=world.media) if isinstance(v, str) else v for k, v in changes.items()}
    refused(world, 78, sentence.format(project=world.project), a={**world.seed(), **changes})
    assert not (world.data / "data/welcome.txt").exists()


def test_a_seed_that_is_no_mapping_is_refused(world):
    refused(world, 78, "seeds.a must be a mapping", a=["welcome.txt"])


def test_a_device_fifo_or_socket_in_a_source_is_refused(world):
    weird = world.project / "site/deep/weird"
    os.mkfifo(weird)
    refused(world, 78, "seeds.a.source", weird, "neither", a=world.seed("site", "data/site"))
    weird.unlink()
    os.mknod(weird, 0o600 | 0o020000, os.makedev(1, 3))
    refused(world, 78, weird, a=world.seed("site", "data/site", owner="nobody"))
    weird.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(weird))
        refused(world, 78, weird, a=world.seed("site/deep/weird", "data/site"))
    assert not (world.data / "data/site").exists()


def test_a_source_that_only_root_can_read_is_copied_as_the_user(world):
    (world.project / "site/deep").chmod(0o700)
    (world.project / "site/index.html").chmod(0o600)
    (world.data / "data").mkdir()
    os.chown(world.data / "data", UID, GID)
    assert world.fill(a=world.seed("site", "data/s")) == ["a"]
    assert world.tree(world.data)["data/s/deep/er/page.html"] == ("-rw-r-----", UID, GID, b"page")


# Modes.


@pytest.mark.parametrize("owner", ["www-data", "nobody"])
def test_four_digits_are_for_folders(world, owner):
    group = "www-data" if owner == "www-data" else "nogroup"
    world.fill(
        a=world.seed("site", "data/a", mode="2750", owner=owner, group=group),
        b=world.seed("site", "data/b", mode="1644", owner=owner, group=group),
        c=world.seed(None, "data/c", mode="3770", owner=owner, group=group),
    )
    data = world.tree(world.data)
    assert [data[path][0] for path in ("data/a", "data/a/deep/er", "data/a/index.html")] == ["drwxr-s---"] * 2 + ["-rwxr-x---"]
    assert [data[path][0] for path in ("data/b", "data/b/index.html", "data/c")] == ["drwxr-xr-t", "-rw-r--r--", "drwxrws--T"]


@pytest.mark.parametrize("owner", ["www-data", "nobody"])
def test_keep_takes_the_bits_of_each_source(world, owner):
    for path, mode in (("run", 0o6777), ("plain", 0o1646), ("site/index.html", 0o640), ("site/deep", 0o3757), ("site/empty", 0o555)):
        (world.project / path).touch()
        (world.project / path).chmod(mode)
    world.fill(
        a=world.seed("run", "data/run", mode="keep", owner=owner),
        b=world.seed("plain", "data/plain", mode="keep", owner=owner),
        c=world.seed("site", "data/site", mode="keep", owner=owner),
    )
    data = world.tree(world.data)
    modes = [data[path][0] for path in ("data/run", "data/plain", "data/site", "data/site/index.html", "data/site/deep", "data/site/empty")]
    assert modes == ["-rwxrwxr-x", "-rw-r--r--", "drwxr-xr-x", "-rw-r-----", "drwxr-sr-t", "dr-xr-xr-x"]


def test_keep_fits_a_disk(world):
    disk = world.data / "data/disk"
    disk.mkdir(parents=True)
    world.mount("-t", "tmpfs", "tmpfs", disk)
    (world.project / "site").chmod(0o2750)
    assert world.fill(a=world.seed("site", "data/disk", mode="keep")) == ["a"]
    assert stat.filemode(disk.stat().st_mode) == "drwxr-s---"


# Sources of the image.


@pytest.fixture
def package_folder():
    """A folder that a package could bring."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seeds-", dir="/opt"))
    folder.chmod(0o755)
    (folder / "brought").mkdir()
    (folder / "brought/file").write_text("of a package")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("owner", ["www-data", "nobody"])
def test_a_source_of_the_image(world, package_folder, owner):
    brought = package_folder / "brought"
    # As a package leaves it: its user's alone.
    for path in (brought / "file", brought):
        os.chown(path, OTHER_UID, OTHER_GID)
        path.chmod(0o700)
    (package_folder / "link").symlink_to(brought)
    seeds = {
        "whole": world.seed(str(brought), "data/whole", owner=owner),
        "file": world.seed(f"/opt//./{package_folder.name}/brought/file", "data/file", owner=owner, mode="keep"),
        "link": world.seed(str(package_folder / "link"), "data/link", owner=owner),
    }
    # The parents alone must be root's.
    os.chown(brought, 0, 0)
    assert sorted(world.fill(**seeds)) == ["file", "link", "whole"]
    data = world.tree(world.data)
    assert data["data/whole/file"][0] == "-rw-r-----" and data["data/file"][0] == "-rwx------"
    assert os.readlink(world.data / "data/link") == str(brought)


@pytest.mark.parametrize(
    "source", ["/proc/version", "/sys", "/dev/null", "/run", "/tmp/x", "/etc/makina-projects/demo/app.json", "/etc", "{data}/data/x", "{media}", "{root}"]
)
def test_what_is_not_of_the_image_is_no_source(world, source):
    source = source.format(data=world.data, media=world.media, root=world.root)
    refused(world, 78, "seeds.a.source must not lie in ", " or hold it; name a file or folder of the image's own", a=world.seed(source))


def test_a_way_to_a_source_that_others_can_change(world, package_folder):
    brought = package_folder / "brought"
    (package_folder / "data").symlink_to(world.data)
    (world.data / "x").touch()
    refused(world, 78, "must not be in /tmp, which others than root can change", a=world.seed(str(package_folder / "data/x")))
    (package_folder / "sys").symlink_to("/proc/sys")
    refused(world, 78, "seeds.a.source must not lie in /proc or hold it", a=world.seed(str(package_folder / "sys/kernel")))
    refused(world, 78, f"seeds.a.source {brought}/none does not exist", a=world.seed(str(brought / "none")))
    refused(world, 78, f"seeds.a.source {brought}/file/none does not exist", a=world.seed(str(brought / "file/none")))
    os.chown(package_folder, OTHER_UID, 0)
    refused(world, 78, f"must not be in {package_folder}, which others than root can change", a=world.seed(str(brought)))
    (package_folder / "link").symlink_to(brought)
    refused(world, 78, f"{package_folder}/link is a link that others can change", a=world.seed(str(package_folder / "link/file")))


def test_root_reads_nothing_for_a_user_that_the_user_put_there(world, package_folder):
    """Its own folder is a source, and what it must not read is moved or linked there."""
    brought = package_folder / "brought"
    os.chown(brought, OTHER_UID, OTHER_GID)
    secret = world.outside / "secret"
    secret.chmod(0o600)
    world.before = world.tree(world.outside)
    hidden = brought / "hidden"
    hidden.mkdir(0o700)
    (hidden / "secret").write_text("secret")
    for name in ("www-data", "nobody"):
        refused(world, 78, f"{hidden} is not for everyone to read", a=world.seed(str(brought), owner=name))
    shutil.rmtree(hidden)
    moved = package_folder / "moved"
    moved.write_text("secret")
    moved.chmod(0o640)
    os.link(moved, hidden)
    for name in ("www-data", "nobody"):
        refused(world, 78, f"{hidden} is not for everyone to read", a=world.seed(str(brought), owner=name))
    hidden.unlink()
    hidden.symlink_to(secret)
    assert world.fill(a=world.seed(str(brought), "data/b")) == ["a"]
    assert os.readlink(world.data / "data/b/hidden") == str(secret)


# Volumes that cannot be written.


@pytest.mark.parametrize("owner", ["www-data", "nobody"])
def test_a_full_disk_leaves_nothing_half_done(world, owner):
    world.mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", world.media)
    for number in range(20):
        world.write(f"big/{number}", os.urandom(200_000))
    world.write("huge", os.urandom(2_000_000))
    small = world.seed(target=f"{world.media}/a")
    for source in ("big", "huge"):
        target = f"{world.media}/x/{source}"
        seeds = {"a": small, "b": world.seed(source, target, owner=owner)}
        refused(world, 74, f"{target} cannot be written: No space left on device; make room", **seeds)
        # What came before is whole; what takes room is gone.
        assert (world.media / "a").read_text() == "welcome" and world.tree(world.media).keys() == {"a", "x"}
        assert world.record(world.media) == ["a"]
    free = os.statvfs(world.media)
    assert free.f_bavail * free.f_bsize > 900_000
    subprocess.run(["mount", "-o", "remount,size=20m", world.media], check=True)
    assert world.fill(**seeds) == ["b"]


def test_a_read_only_volume_is_fine_while_nothing_is_left_to_fill(world):
    a, b = world.seed(target=f"{world.media}/a"), world.seed(target=f"{world.media}/b")
    world.fill(a=a)
    (world.media / "a").unlink()
    (world.media / "b").write_text("there, not recorded")
    os.chown(world.media, OTHER_UID, OTHER_GID)
    world.mount("--bind", world.media, world.media)
    world.mount("-o", "remount,bind,ro", world.media)
    world.mounts.pop()
    assert world.fill(a=a, b=b) == []
    c = world.seed(target=f"{world.media}/sub/c")
    refused(world, 74, f"{world.media} cannot be written: Read-only file system; mount", c=c)


def test_a_read_only_data_volume_is_fine_once_filled(world):
    world.fill(a=world.seed())
    world.mount("--bind", world.data, world.data)
    world.mount("-o", "remount,bind,ro", world.data)
    world.mounts.pop()
    assert world.fill(a=world.seed()) == []
    refused(world, 74, "Read-only file system", b=world.seed(target="data/b"))


def test_a_folder_of_a_stranger_is_named_with_what_to_do(world):
    folder = world.data / "data/theirs"
    folder.mkdir(parents=True)
    os.chown(folder, OTHER_UID, OTHER_GID)
    sentence = refused(world, 74, f"chown {UID}:{GID} {folder}", a=world.seed(target="data/theirs/in/welcome.txt"))
    assert sentence.startswith(f"{folder}/in/welcome.txt cannot be written: Permission denied")
    (folder / "in").mkdir()
    (folder / "in/welcome.txt").write_text("theirs")
    assert world.fill(a=world.seed(target="data/theirs/in/welcome.txt")) == []


def test_a_top_that_cannot_be_given_matters_only_if_the_user_cannot_write(world):
    seeds = {"a": world.seed(target=f"{world.media}/a")}
    without = ("setpriv", "--bounding-set=-chown", "--inh-caps=-chown")

    def fill():
        return json.loads(world.start(seeds, *without).communicate()[0].splitlines()[1])

    world.fill()
    os.chown(world.media, OTHER_UID, OTHER_GID)
    world.media.chmod(0o755)
    code, sentence = fill()
    assert code == 74 and f"chown {UID}:{GID} {world.media}" in sentence
    world.media.chmod(0o777)
    assert fill() == ["a"]
    assert fill() == []


def test_five_capabilities_are_enough(world):
    seeds = {
        "user": world.seed("site", "data/a/site"),
        "other": world.seed("site", f"{world.media}/b/site", owner="nobody", group="nogroup"),
        "root": world.seed(target="data/root.txt", owner="root", group="root"),
    }
    names = ("chown", "dac_override", "kill", "setgid", "setuid")
    kept = "-all," + ",".join(f"+{name}" for name in names)
    process = world.start(seeds, "setpriv", f"--bounding-set={kept}", "--inh-caps=-all", "--no-new-privs")
    assert sorted(json.loads(process.communicate()[0].splitlines()[1])) == sorted(seeds)
    assert world.leftovers() == []


def test_without_the_right_to_pass_over_modes_only_the_users_own_seeds_can_be_filled(world):
    world.fill()
    world.media.chmod(0o751)
    seeds = {"a": world.seed(target="data/in/a")}

    def fill():
        wrapper = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
        return json.loads(world.start(seeds, *wrapper).communicate()[0].splitlines()[1])

    assert fill() == ["a"]
    assert fill() == []
    for target in ("data/b", f"{world.media}/b"):
        seeds["b"] = world.seed(target=target, owner="nobody")
        code, sentence = fill()
        advice = "; give the container the capabilities CHOWN and DAC_OVERRIDE"
        assert code == 74 and sentence.endswith(advice), sentence


# Volumes that others prepared.


def hostile_records(world):
    record, victim = world.data / ".prepopulated", world.outside / "secret"
    listener = socket.socket(socket.AF_UNIX)
    yield "not a regular file", lambda: record.symlink_to(victim), record.unlink
    yield "not a regular file", lambda: record.symlink_to(world.outside / "new"), record.unlink
    yield "not a regular file", lambda: os.mkfifo(record), record.unlink
    yield "not a regular file", record.mkdir, record.rmdir
    yield "not a regular file", lambda: listener.bind(str(record)), record.unlink
    yield "not a regular file", lambda: os.mknod(record, 0o020666, os.makedev(1, 5)), record.unlink
    yield "several names", lambda: os.link(victim, record), record.unlink
    yield "1 MiB", lambda: record.write_bytes(b"a\n" * 600_000), record.unlink
    yield "1 MiB", lambda: [record.touch(), os.truncate(record, 1 << 40)], record.unlink


def test_a_record_that_is_no_plain_small_file_is_refused(world):
    for part, make, remove in hostile_records(world):
        make()
        refused(world, 78, f"{world.data}/.prepopulated", part, a=world.seed())
        remove()
    assert world.fill(a=world.seed()) == ["a"]


def test_a_record_never_grows_too_large_to_be_read(world):
    (world.data / ".prepopulated").write_bytes(b"x" * (1024 * 1024 - 5) + b"\n")
    refused(world, 78, ".prepopulated would become larger", a=world.seed())


def test_the_lines_of_a_record_are_only_compared(world):
    lines = b"\xff\xfe\0\n../../outside/secret\n/etc/passwd\n\n" + os.urandom(100).replace(b"\n", b"") + b"\n"
    (world.data / ".prepopulated").write_bytes(lines)
    assert world.fill(a=world.seed()) == ["a"]
    assert (world.data / ".prepopulated").read_bytes() == lines + b"data/welcome.txt\n"


@pytest.mark.parametrize("owner", ["www-data", "nobody"])
@pytest.mark.parametrize("link", ["data/in", "data/in/deep", "data"])
def test_a_link_on_the_way_to_a_target_is_not_followed(world, link, owner):
    link = world.data / link
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(world.outside)
    seed = world.seed(target="data/in/deep/welcome.txt", owner=owner)
    refused(world, 78, f"{link} must be a folder, and not a link; replace it", a=seed)


def test_a_link_or_a_file_as_top_of_a_volume_is_refused(world):
    world.media.rmdir()
    world.media.symlink_to(world.outside)
    refused(world, 78, f"{world.media} must be a folder, and not a link", a=world.seed())
    world.media.unlink()
    world.media.write_text("")
    refused(world, 78, f"{world.media} must be a folder, and not a link", a=world.seed())


def test_a_folder_that_is_swapped_while_it_copies_leads_nowhere(world):
    # The user of the volume swaps a folder and a link to the outside as fast as it can.
    world.fill()
    os.chown(world.outside, UID, GID)
    world.before = world.tree(world.outside)
    swap = (
        "import ctypes, os, sys\n"
        "os.chdir(sys.argv[1]); os.setgid(33); os.setuid(33); os.mkdir('in'); os.symlink(sys.argv[2], 'swap')\n"
        "rename = ctypes.CDLL(None).renameat2\n"
        "print(flush=True)\n"
        "while True: rename(-100, b'in', -100, b'swap', 2)\n"
    )
    command = [sys.executable, "-c", swap, str(world.data / "data"), str(world.outside)]
    swapper = subprocess.Popen(command, stdout=subprocess.PIPE)
    swapper.stdout.readline()
    codes = set()
    try:
        for number in range(max(400, ROUNDS)):
            try:
                world.fill(a=world.seed("site", f"data/in/{number}/site", owner=random.choice(["www-data", "nobody"])))
                codes.add(0)
            except module("errors").LaunchError as error:
                codes.add(error.code)
    finally:
        swapper.kill()
        swapper.wait()
        swapper.stdout.close()
    assert codes <= {0, 74, 78} and 78 in codes


# Crashes and company.


def test_kill_at_any_moment_leaves_all_or_nothing(world):
    number = random.randrange(1 << 32)
    print("random seed", number)
    chance = random.Random(number)
    for index in range(60):
        world.write(f"tree/{index % 7}/{index}", os.urandom(20_000))
    world.write("big", os.urandom(2_000_000))
    volume = world.root / "kill"
    volume.mkdir()
    world.mount("-t", "tmpfs", "tmpfs", volume)
    world.data = volume / "data"
    seeds = {
        "tree": world.seed("tree", "data/a/tree"),
        "other": world.seed("tree", "data/b/c/tree", owner="nobody"),
        "big": world.seed("big", "data/big"),
    }
    expected, longest, outcomes = None, 0, set()
    for attempt in range(41):
        world.data.mkdir()
        process = world.start(seeds)
        process.stdout.readline()
        began = time.monotonic()
        orphan = attempt and attempt % 3 == 0
        if attempt:
            time.sleep(chance.uniform(0, longest))
            # A container ends with all of its processes; here at times a copy outlives the launcher.
            process.kill() if orphan else os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if not attempt:
            longest, expected = (time.monotonic() - began), world.tree(world.data)
        there = {name for name, seed in seeds.items() if (world.data / seed["target"]).exists()}
        if not orphan:
            found = world.tree(world.data)
            for name in there:
                path = seeds[name]["target"]
                half = [p for p in expected if p.startswith(path) and found.get(p) != expected[p]]
                assert half == [], (number, attempt, name)
        outcomes.add(frozenset(there))
        filled = json.loads(world.start(seeds).communicate()[0].splitlines()[1])
        assert not set(filled) & there, (number, attempt)
        assert world.tree(world.data) == expected, (number, attempt)
        assert sorted(world.record()) == sorted(seed["target"] for seed in seeds.values()), (number, attempt)
        subprocess.run(["rm", "-r", world.data], check=True)
    assert len(outcomes) > 1, (number, outcomes)


def test_two_containers_at_once_fill_each_seed_once(world):
    for number in range(5):
        world.write(f"tree/{number}", os.urandom(100_000))
    for attempt in range(6):
        targets = [f"data/{attempt}/{number}" for number in range(8)] + [f"{world.media}/{attempt}"]
        seeds = {f"s{index}": world.seed("tree", target) for index, target in enumerate(targets)}
        both = [world.start(seeds) for _ in range(2)]
        filled = [name for each in both for name in json.loads(each.communicate()[0].splitlines()[1])]
        assert sorted(filled) == sorted(seeds)
    assert len(set(world.record())) == len(world.record()) == 6 * 8
    assert world.leftovers() == []


def test_a_child_that_is_killed_is_an_error_and_the_next_start_completes(world, monkeypatch):
    seeds = module("seeds")
    monkeypatch.setattr(seeds, "put_in_place", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    refused(world, 74, f"{world.data}/data/welcome.txt was not filled: signal 9 ended the process that does it; start again", a=world.seed())
    monkeypatch.setattr(seeds, "put_in_place", lambda *_: 1 // 0)
    refused(world, 74, "ZeroDivisionError", a=world.seed())
    monkeypatch.undo()
    assert world.fill(a=world.seed()) == ["a"]


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "/a was not checked: signal 9 ended the process that does it; start again"),
        (lambda: 1 // 0, "/a was not checked: ZeroDivisionError("),
    ],
)
def test_a_child_that_only_looks_says_so(world, work, told):
    launch_error(lambda: module("forked").run_forked(work, None, "/a", "checked"), 74, told)


def test_what_gets_to_the_target_first_stays(world, monkeypatch):
    seeds = module("seeds")
    real = seeds.copy

    def slow_copy(source, source_name, label, folder, name, rights):
        real(source, source_name, label, folder, name, rights)
        os.mkdir("target", dir_fd=folder)

    monkeypatch.setattr(seeds, "copy", slow_copy)
    for parent, source in (("a", "welcome.txt"), ("b", "site")):
        assert world.fill(a=world.seed(source, f"data/{parent}/target")) == []
        assert list((world.data / f"data/{parent}").rglob("*")) == [world.data / f"data/{parent}/target"]


@pytest.mark.parametrize("name", ["link", "flock"])
def test_a_file_system_without_hard_links_or_locks_will_do(world, monkeypatch, name):
    import fcntl

    def unsupported(*_, **__):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl if name == "flock" else os, name, unsupported)
    assert world.fill(a=world.seed(), b=world.seed("site", "data/site")) == ["a", "b"]
    assert world.leftovers() == [] and (world.data / "data/welcome.txt").stat().st_nlink == 1


def test_the_umask_of_the_start_does_not_matter(world):
    umask = os.umask(0o777)
    try:
        world.fill(a=world.seed("site", "data/a/site"))
        assert os.umask(0o777) == 0o777
    finally:
        os.umask(umask)
    data = world.tree(world.data)
    assert data["configuration"][0] == "drwxr-x---" and data["data"][0] == data["data/a"][0] == "drwxr-x--x"
