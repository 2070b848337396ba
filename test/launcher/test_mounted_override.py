"""An override that is mounted: as a folder of links, as a single file, on a share; what is not to be trusted is refused with a way out."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

import pytest
from fixtures import NEEDS_ROOT, ROUNDS, package, part
from volumes import UID

pytestmark = NEEDS_ROOT
KEY = "makina-projects.demo"


@pytest.fixture
def place(package, tmp_path):
    place = Place(package, tmp_path)
    yield place
    for where in reversed(place.mounts):
        subprocess.run(["umount", where], check=True)


class Place:
    """A project's data folder, and `source`, what is mounted at its folder `configuration`."""

    def __init__(self, package, folder):
        self.project = part("project").Project("demo")
        self.project.data_root = str(folder / "data")
        self.configuration = folder / "data/configuration"
        self.configuration.mkdir(parents=True)
        self.source = folder / "source"
        self.source.mkdir()
        self.mounts = []

    def mount(self, *options, source=None, target=None):
        target = target or self.configuration
        subprocess.run(["mount", "--bind", source or self.source, target], check=True)
        self.mounts.append(target)
        if options:
            subprocess.run(["mount", "-o", ",".join(["remount", "bind", *options]), target], check=True)

    def links(self, greeting="One", mode=0o1777, dated="..2026_11_27_22_48_00.123456789"):
        """As Kubernetes lays it out: a new dated folder, and `..data` is renamed over the one before."""
        (self.source / dated).mkdir(exist_ok=True)
        write(self.source / dated / "pillar.sls", greeting)
        for folder in (self.source, self.source / dated):
            folder.chmod(mode)
        new = self.source / "..data_tmp"
        new.symlink_to(dated)
        new.rename(self.source / "..data")
        if not (self.source / "pillar.sls").is_symlink():
            (self.source / "pillar.sls").symlink_to("..data/pillar.sls")

    def read(self):
        read = part("override").read_override(self.project)
        return read[KEY]["data"]["app"]["greeting"] if read else None

    def refused(self, code=78):
        with pytest.raises(part("errors").LaunchError) as caught:
            self.read()
        assert caught.value.code == code and "\n" not in str(caught.value) and "; " in str(caught.value)
        return str(caught.value)


def write(path, greeting, mode=0o640):
    path.write_text(f"{KEY}: {{data: {{app: {{greeting: {greeting}}}}}}}\n")
    path.chmod(mode)


@pytest.mark.parametrize("mode, options", [(0o1777, ["ro"]), (0o777, ["ro"]), (0o755, ["ro"]), (0o755, [])])
def test_a_mounted_folder_of_links_is_read_and_read_again(place, mode, options):
    place.links("One", mode)
    place.mount(*options)
    assert place.read() == "One"
    place.links("Two", mode, "..2026_11_28_00_00_00.1")
    assert place.read() == "Two"


@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o775])
def test_a_folder_of_links_that_others_can_write_is_refused_and_read_only_it_is_read(place, mode):
    place.links(mode=mode)
    place.mount()
    assert "users other than root can write to it; mount it read-only" in place.refused()
    subprocess.run(["mount", "-o", "remount,bind,ro", place.configuration], check=True)
    assert place.read() == "One"


@pytest.mark.parametrize("inner", [False, True])
def test_a_folder_of_links_that_is_not_roots_is_refused(place, inner):
    place.links()
    os.chown(place.source / "..2026_11_27_22_48_00.123456789" if inner else place.source, UID, UID)
    place.mount("ro")
    assert "mount it read-only" in place.refused()


ELSEWHERE = {
    "data to the outside": ("..data", "/etc"),
    "data to above": ("..data", "../secret"),
    "data to above itself": ("..data", ".."),
    "data to itself": ("..data", "..data"),
    "data to a plain name": ("..data", "plain"),
    "data to a deep name": ("..data", "..2026/../../secret"),
    "data to nothing": ("..data", ""),
    "the file to the outside": ("pillar.sls", "/etc/shadow"),
    "the file to another file": ("pillar.sls", "..data/other.sls"),
    "the file around": ("pillar.sls", "..data/../pillar.sls"),
}


@pytest.mark.parametrize("name, target", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_link_elsewhere_is_refused(place, name, target):
    place.links()
    for folder in (place.source / "plain", place.source.parent / "secret"):
        folder.mkdir()
        write(folder / "pillar.sls", "Secret")
    (place.source / name).unlink()
    if target:
        (place.source / name).symlink_to(target)
    place.mount("ro")
    assert re.search("is a link, and none is followed; .*mount the file alone", place.refused())


def test_a_link_in_the_dated_folder_is_refused(place):
    place.links()
    inner = place.source / "..2026_11_27_22_48_00.123456789"
    (inner / "pillar.sls").unlink()
    (inner / "pillar.sls").symlink_to("/etc/shadow")
    place.mount("ro")
    assert "is a link" in place.refused()
    (place.source / "..data").unlink()
    (place.source / "..2").symlink_to("/etc")
    (place.source / "..data").symlink_to("..2")
    assert "must be a folder, and not a link" in place.refused()


def test_names_that_are_swapped_while_it_is_read_lead_nowhere_else(place):
    place.links("One")
    (place.source.parent / "secret").mkdir()
    write(place.source.parent / "secret/pillar.sls", "Secret")
    place.mount("ro")
    script = (
        "import os, sys\nos.chdir(sys.argv[1])\nprint(1, flush=True)\nwhile True:\n"
        " for target in ('../secret', '..2026_11_27_22_48_00.123456789', '/etc', '..gone'):\n"
        "  os.symlink(target, 'x'); os.replace('x', '..data')\n"
    )
    swapper = subprocess.Popen([sys.executable, "-c", script, place.source], stdout=subprocess.PIPE)
    swapper.stdout.readline()
    seen = set()
    try:
        for _ in range(ROUNDS * 4):
            try:
                seen.add(place.read())
            except part("errors").LaunchError as error:
                assert error.code == 78
                seen.add("refused")
    finally:
        swapper.kill()
        swapper.communicate()
    assert seen <= {"One", "refused"} and "refused" in seen


def test_a_flip_while_it_is_read_gives_the_old_or_the_new_one(place):
    place.links("One")
    place.mount("ro")
    stop = threading.Event()

    def flip():
        number = 0
        while not stop.is_set():
            number += 1
            place.links("Two" if number % 2 else "One", dated=f"..{number}")
            shutil.rmtree(place.source / f"..{number - 1}", ignore_errors=True)

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        assert {place.read() for _ in range(ROUNDS)} <= {"One", "Two"}
    finally:
        stop.set()
        thread.join()


def test_a_single_mounted_file_that_the_host_replaced_is_told(place):
    file = place.source / "pillar.sls"
    write(file, "One")
    target = place.configuration / "pillar.sls"
    target.write_text("")
    place.mount("ro", source=file, target=target)
    assert place.read() == "One"
    write(place.source / "new", "Two")
    (place.source / "new").rename(file)
    assert "which the host has replaced since; restart the container" in place.refused()
    subprocess.run(["umount", target], check=True)
    subprocess.run(["mount", "--bind", file, target], check=True)
    assert place.read() == "Two"


def test_a_certificate_that_the_host_replaced_is_told(place):
    file, target = place.source / "cert.pem", place.configuration / "cert.pem"
    for path in (file, target):
        path.write_text("One")
    place.mount("ro", source=file, target=target)
    check = part("check").check_certificates
    check({"certificates": {str(target): True}})
    (place.source / "new").write_text("Two")
    (place.source / "new").rename(file)
    with pytest.raises(part("errors").LaunchError, match="cert.pem is mounted as a single file, which the host has replaced since") as caught:
        check({"certificates": {str(target): True}})
    assert caught.value.code == 78


@pytest.mark.skipif(not shutil.which("bindfs") or not os.path.exists("/dev/fuse"), reason="needs bindfs and /dev/fuse")
def test_on_a_share_without_owners_it_holds_what_programs_may_set(place):
    write(place.source / "pillar.sls", "One")
    options = [f"--force-user={UID}", "--force-group=33", "-p", "0770", "--chmod-ignore", "--chown-ignore"]
    subprocess.run(["bindfs", *options, place.source, place.configuration], check=True)
    place.mounts.append(place.configuration)
    assert place.read() == "One"
    with pytest.raises(part("errors").LaunchError, match="cannot be a template"):
        part("override").read_override(place.project, lambda text: text)
    (place.source / "pillar.sls").write_text(f"{KEY}: {{data: {{app: {{greeting: One}}, programs: {{x: {{cmd: id, user: root}}}}}}}}\n")
    sentence = place.refused()
    assert "cannot set programs; mount the file alone and read-only" in sentence
    target = place.configuration / "pillar.sls"
    place.mount("ro", source=target, target=target)
    assert place.read() == "One"


def test_a_folder_that_root_cannot_read_says_so(place, monkeypatch):
    real = os.open

    def fail(path, *args, **kwargs):
        if str(path).endswith("configuration"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", fail)
    assert "configuration cannot be read: Permission denied; give the container the capability" in place.refused(74)
    assert pathlib.Path(place.configuration).exists()
