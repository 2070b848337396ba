"""What the tests of volumes begin with. A test file imports `package` and `world`, and takes NEEDS_ROOT for its marks."""
import ctypes
import importlib
import os
import subprocess

import pytest
from volumes import World, generate, load

NEEDS_ROOT = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.xdist_group("launcher"),
]
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
    return importlib.import_module("demo_launcher." + name)
