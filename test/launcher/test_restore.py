"""The program of `restore-data` in a container: all of the old content or all of the new, whatever ends it, and nothing outside."""
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile

import pytest
from fixtures import NEEDS_ROOT, launch_error, package, part, world
from volumes import ROOT, USER, GROUP

pytestmark = NEEDS_ROOT
SCRIPT = ROOT / "templates/restore/restore.py"
IDENT = json.dumps({"id": "0", "file": "b.tar", "names": []})
CREATE = "tar --create --file=- --format=posix --numeric-owner --sparse --directory".split()
# Ends the program before its nth step, as a power cut would.
CUT = """
import os, sys
left = int(sys.argv.pop(1))
def cut(step):
    def stepped(*words, **more):
        global left
        left -= 1
        if left < 0:
            os._exit(99)
        return step(*words, **more)
    return stepped
for name in ("rename", "mkdir", "unlink", "rmdir", "chown", "chmod", "fsync", "fchown", "link", "symlink", "mkfifo", "write"):
    setattr(os, name, cut(getattr(os, name)))
exec(compile(open(sys.argv.pop(1)).read(), "restore.py", "exec"))
"""


class Place:
    """Two volumes with an old content, and the tars of a new one."""

    def __init__(self, folder):
        self.folder = folder
        self.volumes = folder / "volumes"
        self.sources = [fill(folder / f"source{index}", f"new{index}") for index in (0, 1)]
        self.tars = [subprocess.run([*CREATE, source, "."], check=True, stdout=subprocess.PIPE).stdout for source in self.sources]
        self.renew()

    def renew(self):
        subprocess.run(["rm", "-rf", self.volumes], check=True)
        self.volumes.mkdir()
        for index in (0, 1):
            fill(self.volumes / str(index), f"old{index}")

    def run(self, *words, text=b"", cut=None):
        program = [SCRIPT] if cut is None else ["-c", CUT, str(cut), SCRIPT]
        command = [sys.executable, "-I", *program, self.volumes, *words]
        return subprocess.run(list(map(str, command)), input=text, capture_output=True)

    def good(self, *words, **more):
        result = self.run(*words, **more)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def stage(self, index=0, tar=None, **more):
        tar = self.tars[index] if tar is None else tar
        return self.run("stage", index, IDENT, hashlib.sha256(tar).hexdigest(), text=tar, **more)

    def stage_all(self):
        for index in (0, 1):
            result = self.stage(index)
            assert result.returncode == 0, result.stderr
        self.good("mark", IDENT)

    def states(self):
        return [found and found["state"] for found in json.loads(self.good("find"))]

    def now(self):
        return [look(self.volumes / str(index)) for index in (0, 1)]


@pytest.fixture
def place(world):
    folder = world.root / "place"
    folder.mkdir(mode=0o755)
    # There an fsync costs nothing.
    world.mount("-t", "tmpfs", "-o", "mode=755", "none", folder)
    place = Place(folder)
    place.old, place.new = place.now(), [look(source) for source in place.sources]
    return place


def fill(top, name):
    """Files of every kind and owner."""
    top.mkdir()
    (top / "folder/deep").mkdir(parents=True)
    (top / name).write_text(name)
    (top / "both").write_text(name)
    (top / "folder/deep/file").write_text(name * 1000)
    (top / "set").write_text("x")
    (top / "set").chmod(0o4755)
    os.link(top / "both", top / "folder/other name of it")
    (top / "folder/dangling").symlink_to("/nowhere")
    (top / "link").symlink_to("folder/deep")
    os.mkfifo(top / "fifo", 0o620)
    with open(os.fsencode(top) + b"/new\nline-\xff-\xc3\xa4", "wb") as opened:
        opened.truncate(3 << 20)
        opened.seek(1 << 20)
        opened.write(b"in a hole")
    for at, path in enumerate(sorted(top.rglob("*"))):
        if path.name != "set":
            os.chown(path, 1000 + at, 2000 + at, follow_symlinks=False)
        os.utime(path, ns=(at, 1_600_000_000_123_456_789 + at), follow_symlinks=False)
    (top / "folder").chmod(0o2770)
    os.chown(top, 33, 34)
    top.chmod(0o751)
    os.utime(top / "folder", ns=(1, 1_500_000_000_000_000_001))
    return top


def look(top):
    """All that a backup keeps of a folder. The time of the top is that of the swap."""
    found = {}
    first = {}
    for path in [top, *sorted(top.rglob("*"))]:
        info = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        name = str(path.relative_to(top))
        same = first.setdefault(info.st_ino, name)
        time = 0 if path == top else info.st_mtime_ns
        found[name] = (oct(info.st_mode), info.st_uid, info.st_gid, time, same, content)
    return found


def test_owners_modes_times_links_and_holes_come_back(place):
    place.stage_all()
    assert place.now() != place.old
    place.good("swap", IDENT)
    assert place.now() == place.new
    (sparse,) = [path for path in (place.volumes / "0").iterdir() if path.name.startswith("new\n")]
    assert sparse.stat().st_blocks * 512 < sparse.stat().st_size / 2


def test_what_is_only_unpacked_is_removed(place):
    place.stage_all()
    place.good("undo")
    assert place.now() == place.old
    assert place.states() == [None, None]


def test_a_swap_that_is_cut_off_anywhere_is_finished(place, world):
    place.stage_all()
    subprocess.run(["cp", "-a", place.volumes, place.folder / "staged"], check=True)
    for cut in range(500):
        subprocess.run(["rm", "-rf", place.volumes], check=True)
        subprocess.run(["cp", "-a", place.folder / "staged", place.volumes], check=True)
        done = place.run("swap", IDENT, cut=cut).returncode
        states = place.states()
        begun = any(state in ("moving-out", "moving-in", "swapped") for state in states)
        for at, state in enumerate(states):
            # What starts on it finds the old or the new content, or refuses.
            path = place.volumes / str(at)
            if state in ("marked", "moving-out", "moving-in", "swapped"):
                launch_error(lambda: start(path), 74, path, "run makina-image restore-data")
            else:
                rest = look(path)
                assert {name: rest[name] for name in rest if not name.startswith(".makina-restore")} == place.new[at]
        place.good(*(["swap", IDENT] if begun else ["undo"]))
        assert place.now() == (place.old if states == ["marked", "marked"] else place.new), cut
        if done == 0:
            break
    assert cut > 40 and done == 0


def start(top):
    """What the launcher does first with a volume."""
    tops = {}
    try:
        part("volume_tops").open_tops(str(top), [], part("accounts").Account(USER, GROUP), tops)
    finally:
        for opened in tops.values():
            os.close(opened)


def test_unpacking_that_is_cut_off_anywhere_is_undone(place):
    for cut in [*range(12), *range(12, 200, 11)]:
        done = place.stage(cut=cut).returncode
        if done == 0:
            break
        assert done == 99
        place.good("undo")
        assert place.now() == place.old, cut
    assert done == 0


@pytest.mark.parametrize("state", ["moving-out", "moving-in"])
def test_what_came_while_a_swap_was_cut_off_does_not_stay(place, state):
    place.stage_all()
    for cut in range(3, 200):
        if state in place.states():
            # Half of it is there.
            left = set(os.listdir(place.volumes / "0/.makina-restore/new"))
            if state == "moving-out" or 0 < len(left) < len(os.listdir(place.sources[0])):
                break
        assert place.run("swap", IDENT, cut=1 if state in place.states() else cut).returncode == 99
    else:
        assert False, place.states()
    late = place.volumes / "0" / next(iter(left))
    subprocess.run(["rm", "-rf", late], check=True)
    late.mkdir()
    (late / "file").write_text("of a service that was started too early")
    (place.volumes / "0/late").write_text("too")
    place.good("swap", IDENT)
    assert place.now() == place.new


def made(*members):
    """A tar: the folder itself, and what is given as (name, type, more)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, more in [(".", tarfile.DIRTYPE, {}), *members]:
            info = tarfile.TarInfo(name)
            info.type = kind
            content = more.pop("content", b"")
            info.size = len(content)
            for key, value in more.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


FILE, FOLDER, LINK, OTHER = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("../outside/x", FILE, {})], "leads out of the volume"),
        ([("./../outside/x", FILE, {})], "leads out of the volume"),
        ([("./a/../../outside/x", FILE, {})], "leads out of the volume"),
        ([("/outside/x", FILE, {})], "leads out of the volume"),
        ([("x", FILE, {})], "leads out of the volume"),
        ([(".//x", FILE, {})], "leads out of the volume"),
        ([("./a", LINK, {"linkname": "../../outside"}), ("./a/x", FILE, {})], "is in something that is not a folder"),
        ([("./a", LINK, {"linkname": "../../outside/x"}), ("./a", FILE, {})], "twice"),
        ([("./a", FOLDER, {}), ("./a", LINK, {"linkname": "../../outside"})], "twice"),
        ([("./x", OTHER, {"linkname": "../../outside/secret"})], "another name of"),
        ([("./x", OTHER, {"linkname": "./../../outside/secret"})], "another name of"),
        ([("./x", OTHER, {"linkname": "/etc/passwd"})], "another name of"),
        ([("./a", LINK, {"linkname": "../../outside"}), ("./x", OTHER, {"linkname": "./a/secret"})], "another name of"),
        ([("./sda", tarfile.BLKTYPE, {"devmajor": 8})], "is a device"),
        ([("./null", tarfile.CHRTYPE, {"devmajor": 1, "devminor": 3})], "is a device"),
        ([("./.makina-restore", FOLDER, {})], "the name of a restore"),
        ([("./.makina-restore/old", FOLDER, {})], "is in something that is not a folder"),
        ([("./a/b", FILE, {})], "is in something that is not a folder"),
        ([("./x", b"V", {})], "of an unknown kind"),
        ([("./x", FILE, {"uid": -2})], ""),
        ([("./x", FILE, {"uid": 2**40})], ""),
    ],
)
def test_a_tar_that_leads_elsewhere_is_refused(place, members, why):
    outside = place.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    before = look(outside)
    result = place.stage(tar=made(*members))
    assert result.returncode == 65 and why.encode() in result.stderr and b"Traceback" not in result.stderr, result.stderr
    place.good("undo")
    assert (place.now(), look(outside)) == (place.old, before)


@pytest.mark.parametrize("tar", [b"", b"x" * 2000, bytes(10240), made()[512:], made(("./x", FILE, {"content": b"y" * 9000}))[:4000]])
def test_what_is_no_tar_of_a_volume_is_refused(place, tar):
    result = place.stage(tar=tar)
    assert result.returncode == 65 and b"Traceback" not in result.stderr, result.stderr
    place.good("undo")
    assert place.now() == place.old


def test_a_header_that_is_damaged_does_not_end_the_tar(place):
    good = made(*[(f"./{at}", FILE, {"content": b"y" * 512}) for at in range(5)])
    for block in range(len(good) // 512):
        for what in (bytes(512), b"\xff" * 512):
            tar = good[: block * 512] + what + good[block * 512 + 512 :]
            # Blocks 0, 1, 3, 5 ... are the headers; what follows the content must be zeros.
            is_good = good[block * 512 : block * 512 + 512] == what or (block % 2 == 0 and 2 <= block <= 10)
            result = place.stage(tar=tar)
            assert result.returncode == (0 if is_good else 65) and b"Traceback" not in result.stderr, (block, result.stderr)
            place.good("undo")


def sparse_tar(real, pieces, size=None):
    """A tar as GNU tar writes a file with holes: in pax format, with the size of the pieces where that is above 8 GiB."""
    text = "".join(f"{number}\n" for number in [len(pieces), *[part for at, content in pieces for part in (at, len(content))]])
    content = text.encode() + bytes(-len(text) % 512) + b"".join(content for _, content in pieces)
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "./big", "GNU.sparse.realsize": str(real)}
    if size:
        pax["size"] = str(len(content))
    later = [(f"./later{at}", FILE, {"content": b"hello"}) for at in range(5)]
    return made(("./GNUSparseFile.1/big", FILE, {"content": content, "pax_headers": pax}), *later)


@pytest.mark.parametrize("size", [True, False])
def test_a_file_with_holes_above_8_gib_does_not_hide_what_follows(place, size):
    result = place.stage(tar=sparse_tar(1 << 20, [(512, b"A" * 1000), (9216, b"B" * 512)], size))
    assert result.returncode == 0, result.stderr
    place.good("swap", IDENT)
    top = place.volumes / "0"
    content = (top / "big").read_bytes()
    assert content == (bytes(512) + b"A" * 1000).ljust(9216, b"\0") + b"B" * 512 + bytes((1 << 20) - 9728)
    assert sorted(os.listdir(top)) == ["big", *[f"later{at}" for at in range(5)]]
    assert {(top / f"later{at}").read_text() for at in range(5)} == {"hello"}


def test_a_file_of_10_gb_with_holes_comes_back_as_tar_writes_it(place):
    source = place.folder / "large"
    source.mkdir()
    with open(source / "big", "wb") as opened:
        opened.write(b"begin")
        opened.truncate(10_000_000_000)
    (source / "later").write_text("later")
    for name in ("big", "later"):
        os.chown(source / name, 1, 1)
    # The order of a tar is that of the folder.
    tar = subprocess.run([*CREATE, source, "--no-recursion", ".", "./big", "./later"], check=True, stdout=subprocess.PIPE).stdout
    result = place.stage(tar=tar)
    assert result.returncode == 0, result.stderr
    place.good("swap", IDENT)
    big = place.volumes / "0/big"
    assert (big.stat().st_size, big.open("rb").read(6)) == (10_000_000_000, b"begin\0")
    assert (place.volumes / "0/later").read_text() == "later"


@pytest.mark.parametrize(
    ("real", "pieces"),
    [(1024, [(2048, b"x" * 512)]), (4096, [(2048, b"x" * 512), (0, b"y" * 512)]), (4096, [(0, b"x" * 512), (511, b"y" * 512)])],
)
def test_pieces_of_a_file_that_do_not_fit_are_refused(place, real, pieces):
    result = place.stage(tar=sparse_tar(real, pieces, size=True))
    assert result.returncode == 65 and b"'big' has pieces in no order" in result.stderr, result.stderr


def test_a_file_that_claims_a_huge_hole_does_not_take_forever(place):
    # What the disk itself can hold as a hole is a file as any other; what it cannot is refused.
    for real, codes in ((1 << 60, (0, 74)), (1 << 63, (65, 74)), (1 << 70, (65, 74))):
        result = place.stage(tar=sparse_tar(real, [(0, b"x" * 512)], size=True))
        assert result.returncode in codes and b"Traceback" not in result.stderr, result.stderr
        place.good("undo")
    assert place.now() == place.old


def test_another_checksum_is_refused(place):
    result = place.run("stage", 0, IDENT, "0" * 64, text=place.tars[0])
    assert (result.returncode, result.stderr) == (65, b"its checksum is not that of the backup\n")


@pytest.mark.parametrize("plant", ["symlink_to", "mkdir", "write_text", "folder of another user"])
def test_what_a_program_put_in_the_place_of_the_record_is_refused(place, plant):
    own = place.volumes / "0/.makina-restore"
    outside = place.folder / "outside"
    outside.mkdir()
    if plant == "folder of another user":
        own.mkdir(0o700)
        os.chown(own, 33, 33)
    else:
        getattr(own, plant)(*{"symlink_to": [outside], "write_text": ["x"], "mkdir": []}[plant])
    for words in (["find"], ["undo"], ["swap", IDENT]):
        result = place.run(*words)
        assert result.returncode == 74 and b"move it away" in result.stderr and b"Traceback" not in result.stderr
    assert own.lstat() and not list(outside.iterdir())


@pytest.mark.parametrize("options", ["size=64k", "nr_inodes=16"])
def test_a_full_disk_leaves_the_old_content(place, world, options):
    subprocess.run(["rm", "-rf", place.volumes / "0"], check=True)
    (place.volumes / "0").mkdir()
    world.mount("-t", "tmpfs", "-o", options, "none", place.volumes / "0")
    (place.volumes / "0/old").write_text("old")
    before = place.now()
    result = place.stage(tar=made(*[(f"./{at}", FILE, {"content": b"x" * 5000}) for at in range(40)]))
    assert (result.returncode, result.stderr) == (74, b"0: its disk is full; nothing was replaced\n")
    place.good("undo")
    assert place.now() == before


def test_too_little_room_is_said_before_anything_is_unpacked(place, world):
    world.mount("-t", "tmpfs", "-o", "size=64k", "none", place.volumes / "0")
    result = place.run("room", 100_000, 0)
    assert result.returncode == 74 and b"0: its disk has 65536 bytes free, and the restore needs 100000" in result.stderr


def test_a_disk_that_is_mounted_inside_is_refused(place, world):
    world.mount("-t", "tmpfs", "none", place.volumes / "0/folder/deep")
    result = place.stage()
    assert result.returncode == 74 and b"another disk is mounted at 'folder/deep'" in result.stderr


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"state": 1}', '{"state": "staged"}', '{"state": "cleaning"}'])
def test_a_volume_with_another_record_starts(place, world, text):
    own = place.volumes / "0/.makina-restore"
    own.mkdir(0o700)
    (own / "state").write_text(text)
    start(place.volumes / "0")


def test_a_record_that_a_program_made_does_not_stop_a_start(place, world):
    own = place.volumes / "0/.makina-restore"
    own.mkdir(0o700)
    (own / "state").write_text('{"state": "swapped"}')
    os.chown(own, 33, 33)
    start(place.volumes / "0")
    (own / "state").unlink()
    os.mkfifo(own / "state")
    os.chown(own, 0, 0)
    start(place.volumes / "0")
