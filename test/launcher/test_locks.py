"""The lock of a volume: who may write to the volume can neither hold up nor lead astray those who fill it."""
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from fixtures import NEEDS_ROOT, ROUNDS, as_user, package, part, world
from volumes import GID, OTHER_GID, OTHER_UID, UID

pytestmark = NEEDS_ROOT
NAME = ".prepopulated.lock"


def started(script, *args, uid=UID):
    """A process of the volume's user, once it has said a line."""
    process = subprocess.Popen(as_user(sys.executable, "-c", script, *args, uid=uid), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline(), process.stderr.read()
    return process


def end(process):
    process.kill()
    process.communicate()


HOLD = """
import fcntl, glob, os, sys, time
held = []
for folder, _, names in os.walk(sys.argv[1]):
    for path in [folder, *(os.path.join(folder, name) for name in names)]:
        for flags in (os.O_RDWR, os.O_RDONLY):
            try:
                held.append(os.open(path, flags))
                fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                pass
print(len(held), flush=True)
time.sleep(60)
"""


def test_locks_on_all_that_the_user_can_open_hold_nothing_up(world):
    world.fill(a=world.seed(), b=world.seed(target=f"{world.media}/a"))
    holder = started(HOLD, world.root)
    try:
        began = time.monotonic()
        assert world.fill(c=world.seed(target="data/c"), d=world.seed(target=f"{world.media}/d")) == ["c", "d"]
        assert time.monotonic() - began < 5
    finally:
        end(holder)
    assert {(path.stat().st_uid, path.stat().st_mode & 0o777) for path in world.root.rglob(NAME)} == {(0, 0o600)}


def hostile_locks(lock, victim):
    yield lambda: lock.write_text("mine")
    yield lambda: lock.symlink_to(victim)
    yield lambda: lock.symlink_to(victim.parent / "new")
    yield lambda: os.mkfifo(lock)
    yield lambda: [lock.mkdir(), (lock / "full").write_text("")]
    yield lambda: socket.socket(socket.AF_UNIX).bind(str(lock))
    yield lambda: os.link(victim, lock)


@pytest.mark.parametrize("number", range(7))
def test_a_lock_of_the_users_own_making_is_replaced(world, number):
    world.fill()
    lock = world.media / NAME
    list(hostile_locks(lock, world.outside / "secret"))[number]()
    os.chown(lock, UID, GID, follow_symlinks=False) if number != 6 else None
    holder = None
    if number == 0:
        holder = started("import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, 2); print(1, flush=True); time.sleep(60)", lock)
    try:
        assert world.fill(a=world.seed(target=f"{world.media}/a")) == ["a"]
    finally:
        if holder:
            end(holder)
    assert (lock.lstat().st_uid, lock.lstat().st_mode) == (0, 0o100600)


def test_a_wait_for_another_container_ends_with_a_sentence(world):
    world.fill(a=world.seed())
    with open(world.data / NAME) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            with pytest.raises(part("errors").LaunchError, match="locked by another container.*; start this one again afterwards") as caught:
                world.fill(b=world.seed(target="data/b"))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert caught.value.code == 74
    assert world.fill(b=world.seed(target="data/b")) == ["b"]


def test_a_wait_goes_on_until_the_other_is_done(world):
    world.fill(a=world.seed())
    with open(world.data / NAME) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(0.5, lambda: fcntl.flock(held, fcntl.LOCK_UN)).start()
        assert world.fill(b=world.seed(target="data/b")) == ["b"]


def test_the_user_can_neither_stop_nor_kill_the_copy(world):
    world.write("big", os.urandom(30_000_000))
    world.fill()
    # The children of this process alone.
    script = (
        "import os, signal, sys\npath = '/proc/%s/task/%s/children' % (sys.argv[1], sys.argv[1])\nprint(1, flush=True)\n"
        "while True:\n for child in map(int, open(path).read().split()):\n  if child != os.getpid():\n"
        "   try: os.kill(child, signal.SIGSTOP if child % 2 else signal.SIGKILL)\n   except OSError: pass\n"
    )
    killer = started(script, os.getpid())
    try:
        for number in range(5):
            assert world.fill(a=world.seed("big", f"data/{number}")) == ["a"]
    finally:
        end(killer)


def test_a_lock_that_is_swapped_all_the_time_leads_nowhere(world):
    """Links, folders and files of the user in the place of the lock and the record, while root fills the volume."""
    world.fill()
    victim = world.outside / "secret"
    script = (
        "import os, random, sys\nos.chdir(sys.argv[1])\nprint(1, flush=True)\nwhile True:\n"
        " for name in ('.prepopulated', '.prepopulated.lock'):\n"
        "  for act in (lambda: os.symlink(sys.argv[2], 'swap'), lambda: os.mkdir('swap'), lambda: os.mkfifo('swap'), lambda: os.link('own', 'swap')):\n"
        "   try:\n    open('own', 'a').close(); act(); os.replace('swap', name)\n"
        "   except OSError:\n    os.system('rm -rf swap') if os.path.isdir('swap') else None\n"
        "   try: os.rename(name, 'gone%d' % random.randrange(9))\n   except OSError: pass\n"
    )
    swapper = started(script, world.media, victim)
    codes = set()
    try:
        for number in range(ROUNDS):
            try:
                world.fill(a=world.seed(target=f"{world.media}/in/{number}"))
                codes.add(0)
            except part("errors").LaunchError as error:
                codes.add(error.code)
    finally:
        end(swapper)
    assert codes <= {0, 74, 78}
    assert victim.read_text() == "secret" and victim.stat().st_uid == 0


def test_the_names_of_the_launcher_are_no_targets(world):
    with pytest.raises(part("errors").LaunchError, match="the launcher keeps for itself"):
        world.fill(a=world.seed(target=NAME))


def test_a_stranger_cannot_hold_it_up_either(world):
    world.fill(a=world.seed())
    holder = started(HOLD, world.root, uid=OTHER_UID)
    try:
        assert world.fill(b=world.seed(target="data/b", owner="nobody", group="nogroup")) == ["b"]
    finally:
        end(holder)
    assert (world.data / "data/b").stat().st_gid == OTHER_GID
