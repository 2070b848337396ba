"""What the tests of the launcher share. A test file imports `package` and `world`, and takes NEEDS_ROOT for its marks."""
import ctypes
import os
import subprocess

import pytest
from volumes import GID, UID, World, generate, load, module

NEEDS_ROOT = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.xdist_group("launcher"),
]
# How often something is swapped in root's way.
ROUNDS = int(os.environ.get("SWAP_ROUNDS", 50))
CLONE_NEWNS = 0x20000


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The generated package, in a mount namespace of this process: what the tests mount is gone with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    folder = generate(tmp_path_factory.mktemp("project"))
    load(folder)
    return folder


@pytest.fixture
def world(package):
    world = World(package)
    yield world
    world.close()


def part(name):
    """A module of the package."""
    return module(name)


def as_user(*words, uid=UID):
    """The words of a command that runs these as the user of the volumes, or as another one."""
    return ["setpriv", f"--reuid={uid}", f"--regid={GID}", "--clear-groups", *map(str, words)]


def launch_error(act, code, *parts):
    """The one sentence that this ends with; it has these parts."""
    with pytest.raises(part("errors").LaunchError) as caught:
        act()
    sentence = str(caught.value)
    assert caught.value.code == code and "\n" not in sentence, sentence
    for each in parts:
        assert str(each) in sentence, sentence
    return sentence
