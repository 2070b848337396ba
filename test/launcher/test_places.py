"""Volumes that are not as they should be: shares without owners, mapped users, folders nobody gets to, disks that fail.

Each is used as it is, or told in one sentence; who does what the sentence says gets a volume that is filled.
"""
import errno
import importlib
import json
import os
import shutil
import subprocess
import sys

import pytest
from fixtures import NEEDS_ROOT, as_user, launch_error, package, part, world
from volumes import GID, OTHER_UID, UID

pytestmark = NEEDS_ROOT
needs_bindfs = pytest.mark.skipif(not shutil.which("bindfs") or not os.path.exists("/dev/fuse"), reason="needs bindfs and /dev/fuse")


def refused(world, _changes=None, **seeds):
    return launch_error(lambda: world.fill(_changes, **seeds), 74)


def can_write(folder):
    words = as_user("sh", "-c", 'echo x > "$1/written" && cat "$1/written"', "sh", folder)
    return subprocess.run(words, capture_output=True).returncode == 0


# Shares.

SHARES = {
    "root's, all may write, changes ignored": ("--force-user=root", "--force-group=root", "-p", "0777", "--chmod-ignore", "--chown-ignore"),
    "the user's, changes denied": (f"--force-user={UID}", f"--force-group={GID}", "-p", "0770", "--chmod-deny", "--chown-deny"),
    "the user's, changes ignored": (f"--force-user={UID}", f"--force-group={GID}", "-p", "0770", "--chmod-ignore", "--chown-ignore"),
    "a stranger's, all may write": ("--force-user=4321", "--force-group=4321", "-p", "0777", "--chmod-deny", "--chown-deny"),
    "the user's, with the modes that are asked for": (f"--force-user={UID}", f"--force-group={GID}", "-p", "0700,f-x", "--chmod-deny", "--chown-deny"),
}


def share(world, folder, options):
    source = world.root / f"source-{folder.name}"
    source.mkdir()
    subprocess.run(["bindfs", *options, source, folder], check=True)
    world.mounts.append(folder)


@needs_bindfs
@pytest.mark.parametrize("options", SHARES.values(), ids=SHARES)
def test_a_share_without_owners_is_filled_where_the_user_can_write(world, options):
    for folder in (world.data, world.media):
        share(world, folder, options)
    seeds = {
        "file": world.seed(),
        "site": world.seed("site", "data/a/site"),
        "spool": world.seed(None, "data/spool"),
        "media": world.seed("site", f"{world.media}/b/site"),
        "other": world.seed(target="data/other", owner="nobody", group="nogroup"),
    }
    if "4321" in " ".join(options) or "0700" in " ".join(options):
        # The modes of the share say what becomes of the way: here it is the top that the user needs.
        seeds.pop("other")
    assert sorted(world.fill(**seeds)) == sorted(seeds)
    assert (world.data / "data/a/site/deep/er/page.html").read_text() == "page"
    assert can_write(world.data / "data") and can_write(world.media / "b/site")
    assert world.fill(**seeds) == [] and world.leftovers() == []


@needs_bindfs
def test_a_share_that_the_user_cannot_write_says_how_to_mount_it(world):
    share(world, world.media, ("--force-user=4321", "--force-group=4321", "-p", "0755", "--chmod-ignore", "--chown-ignore"))
    sentence = refused(world, a=world.seed(target=f"{world.media}/a"))
    assert sentence.endswith(f"its file system (fuse) may keep no owners, so mount it for the user: uid={UID},gid={GID}")
    subprocess.run(["umount", world.media], check=True)
    subprocess.run(["bindfs", f"--force-user={UID}", f"--force-group={GID}", "--chmod-ignore", "--chown-ignore", world.root / "source-media", world.media])
    assert world.fill(a=world.seed(target=f"{world.media}/a")) == ["a"]


def test_a_folder_that_was_put_in_place_of_a_new_one_is_still_found(world, monkeypatch):
    world.fill()
    os.chown(world.media, 0, 0)
    safe_folders = part("safe_folders")
    folder = os.open(world.media, os.O_RDONLY)
    real = os.mkdir

    def swapped(name, mode, dir_fd):
        real(name, mode, dir_fd=dir_fd)
        os.chown(name, OTHER_UID, 0, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", swapped)
    with pytest.raises(OSError, match="replaced"):
        safe_folders.make_folder(folder, "new")
    os.close(folder)


# The way to a folder.


@pytest.mark.parametrize("mode, owner", [(0o700, 4321), (0o700, 0), (0o750, 4321), (0o710, 0)])
def test_a_data_folder_nobody_gets_through_is_told_and_the_advice_helps(world, mode, owner):
    world.data.chmod(mode)
    os.chown(world.data, owner, owner)
    sentence = refused(world, a=world.seed())
    assert sentence.startswith(f"www-data cannot pass through {world.data} ({owner}:{owner}, {mode:04o}), and needs what is in there; ")
    command = sentence.partition("; ")[2]
    assert command == f"chmod o+x {world.data}"
    subprocess.run(command.split(), check=True)
    assert world.fill(a=world.seed()) == ["a"]
    assert can_write(world.data / "data")


def test_each_folder_on_the_way_counts(world):
    deep = world.root / "closed/media"
    deep.mkdir(parents=True)
    deep.parent.chmod(0o700)
    sentence = refused(world, {"volumes": [str(deep)]}, a=world.seed(target=f"{deep}/a"))
    assert f"cannot pass through {deep.parent} " in sentence
    subprocess.run(sentence.partition("; ")[2].split(), check=True)
    assert world.fill({"volumes": [str(deep)]}, a=world.seed(target=f"{deep}/a")) == ["a"]


@pytest.mark.parametrize("mode", [0o700, 0o500, 0o000])
def test_a_folder_made_under_a_strict_umask_lets_servers_in_once_it_is_the_users(world, mode):
    for folder in (world.data / "data", world.media):
        folder.mkdir(exist_ok=True)
        os.chown(folder, 4321, 4321)
        folder.chmod(mode)
    world.fill(a=world.seed())
    for folder in (world.data / "data", world.media):
        assert (folder.stat().st_uid, folder.stat().st_mode & 0o711) == (UID, 0o711)
    # What the user makes of it then stays.
    world.media.chmod(0o700)
    world.fill(a=world.seed())
    assert world.media.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_the_users_own_that_it_cannot_write_is_told(world):
    os.chown(world.media, UID, GID)
    world.media.chmod(0o500)
    sentence = refused(world, a=world.seed(target=f"{world.media}/a"))
    assert sentence.endswith(f"; let its owner write: chmod u+rwx {world.media}")
    subprocess.run(sentence.rpartition(": ")[2].split(), check=True)
    assert world.fill(a=world.seed(target=f"{world.media}/a")) == ["a"]


# Rights.


@pytest.mark.parametrize("names", ["dac_override,dac_read_search", "chown,dac_override,dac_read_search"])
def test_no_advice_gives_the_user_the_top_of_the_data_volume(world, names):
    os.chown(world.data, 4321, 4321)
    os.chown(world.media, UID, GID)
    taken = ",".join(f"-{name}" for name in names.split(","))
    process = world.start({"a": world.seed()}, "setpriv", f"--bounding-set={taken}", "--inh-caps=-all")
    code, sentence = json.loads(process.communicate()[0].splitlines()[1])
    assert code == 74 and sentence.endswith("; give the container the capabilities CHOWN and DAC_OVERRIDE")
    assert world.fill(a=world.seed()) == ["a"]


# Mapped users.

MAPPED = """
import ctypes, os, sys
reader, writer = os.pipe()
answer, asked = os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None, use_errno=True).unshare(0x10000000) == 0
    os.write(writer, b'x')
    os.read(answer, 1)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
os.read(reader, 1)
for kind in ('uid', 'gid'):
    with open(f'/proc/{child}/{kind}_map', 'w') as table:
        table.write('0 200000 65536')
os.write(asked, b'x')
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def mapped(world):
    """Runs a script of volumes.py in a user namespace. Out: what it prints, as JSON."""
    (world.root / "mapped.py").write_text(MAPPED)
    probe = subprocess.run([sys.executable, world.root / "mapped.py", "-c", "import os; print(os.getuid())"], capture_output=True, text=True)
    if probe.stdout != "0\n":
        pytest.skip("no user namespace can be made here")
    # Whoever is mapped may read them.
    copies = world.root / "copies"
    copies.mkdir()
    shutil.copytree(world.package, copies / "launcher")
    script = copies / "volumes.py"
    shutil.copy(importlib.import_module("volumes").__file__, script)
    for path in [copies, *copies.rglob("*"), *world.project.rglob("*")]:
        path.chmod(0o755) if path.is_dir() else path.is_symlink() or path.chmod(0o644)

    def run(seeds):
        command = [sys.executable, world.root / "mapped.py", script, copies / "launcher", json.dumps(world.settings(seeds))]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
        return json.loads(done.stdout.splitlines()[1]), done.stderr

    return run


def follow(sentence):
    """Does what the sentence says, on the host."""
    for words in sentence.partition("; on the host, ")[2].split(", and on the host, "):
        owner, paths = words.removeprefix("chown ").split(" what is ")
        subprocess.run(["chown", owner, *paths.removesuffix(" in the container").split(" and ")], check=True)


def test_with_mapped_users_the_numbers_are_those_of_the_host(world, mapped):
    os.chown(world.media, 4321, 4321)
    os.chown(world.data, 4321, 4321)
    seeds = {"a": world.seed(), "b": world.seed(target=f"{world.media}/b")}
    told = []
    for _ in range(4):
        (result, *more), _ = mapped(seeds)
        if result == "a":
            break
        told.append(more[0])
        follow(more[0])
    assert f"chown 200000:200000 what is {world.data} in the container" in " ".join(told)
    assert f"chown {200000 + UID}:{200000 + GID} what is {world.media} in the container" in " ".join(told)
    assert (world.data / "data").stat().st_uid == 200000 + UID and len(told) == 2


# Errors of the system.

NUMBERS = [getattr(errno, name) for name in (
    "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE", "ENOMEM", "EIO", "ESTALE", "EPERM", "EACCES", "ENAMETOOLONG", "EFBIG", "ENOTCONN", "EOVERFLOW",
)]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=[errno.errorcode[number] for number in NUMBERS])
@pytest.mark.parametrize("where", ["write", "fsync", "mkdir", "rename"])
def test_each_error_of_a_volume_is_told_with_its_place_and_what_to_do(world, monkeypatch, number, where):
    world.fill()
    real = getattr(os, where)

    def fail(*args, **kwargs):
        # Not the report of the child to its parent.
        if where == "write" and isinstance(args[1], bytes) and b"welcome" not in args[1]:
            return real(*args, **kwargs)
        if where == "mkdir" and not args[0].startswith(".prepopulate-"):
            return real(*args, **kwargs)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, where, fail)
    seed = world.seed("site" if where == "mkdir" else "welcome.txt", "data/in/x" if where == "rename" else "data/x")
    sentence = refused(world, a=seed)
    assert f"{world.data}" in sentence and os.strerror(number) in sentence and "None" not in sentence
    told = part("os_errors").ADVICE.get(number)
    assert told is None or sentence.endswith("; " + told), sentence
    assert not sentence.endswith("; ")


@pytest.mark.parametrize("number", NUMBERS, ids=[errno.errorcode[number] for number in NUMBERS])
def test_an_error_of_the_image_is_told_with_its_place(number, package):
    os_errors = part("os_errors")
    for error in (OSError(number, os.strerror(number)), OSError(number, os.strerror(number), "x"), OSError(number, os.strerror(number), 5)):
        sentence = str(os_errors.sentence(error, "/etc/demo"))
        assert sentence.startswith(f"/etc/demo: {os.strerror(number)}; ") and len(sentence.split("; ")[1]) > 5


def test_a_full_disk_names_the_file_that_was_written(world):
    world.mount("-t", "tmpfs", "-o", "size=16k", "tmpfs", world.media)
    with pytest.raises(OSError) as caught:
        part("files").write_whole(f"{world.media}/app.json", "x" * 100_000, 0o600)
    assert str(part("os_errors").sentence(caught.value, "/")) == f"{world.media}/app.json: No space left on device; make room on its disk"


def test_a_full_disk_that_nobody_names_is_the_fullest_one(world):
    world.mount("-t", "tmpfs", "-o", "size=16k", "tmpfs", world.media)
    (world.media / "x").write_bytes(b"x" * 16384)
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    sentence = part("os_errors").sentence(error, str(world.data), "/nowhere", str(world.media), "/tmp")
    assert str(sentence) == f"{world.media}: No space left on device; make room on its disk"


def test_an_error_of_the_system_within_a_state_is_known(package):
    of_text = part("os_errors").of_text
    text = "file.managed x (/etc/x): Unable to manage file: [Errno 28] No space left on device: '/etc/.x'"
    assert of_text(text).errno == errno.ENOSPC
    assert of_text("file.managed x: Unable to manage file: Jinja syntax error") is None
