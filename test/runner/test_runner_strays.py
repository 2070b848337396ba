"""Nothing that a program started outlives its stop, its restart or its death, in whatever session; nobody else is killed."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

from .conftest import poll

SLEEP = "/usr/bin/sleep 1000"
# Each is the folder's own script, so that the test finds it. The last one closes all files, as daemons do.
STRAYS = {
    "session": "setsid sh $here/leaf &",
    "forked": "(setsid sh $here/leaf &)",
    "thrice": "(setsid sh -c '(setsid sh $0/leaf &)' $here &)",
    "deaf": "(trap '' TERM HUP INT QUIT; setsid sh $here/leaf &)",
    "stopped": "(setsid sh -c 'kill -STOP $$; sh $0/leaf' $here &)",
    "another-user": "(setsid setpriv --reuid nobody --clear-groups sh $here/leaf &)",
    "cleared": "(setsid env -i /bin/sh $here/leaf 0<&- 1>&- 2>&- &)",
    "forking": "(setsid sh -c 'while :; do sleep 0.01; setsid sh $0/leaf & done' $here &)",
}


@pytest.fixture
def program(runner):
    runner.script("leaf", "echo $$ >> $here/leaves; while :; do sleep 1000; done")
    (runner.folder / "leaves").touch()
    (runner.folder / "leaves").chmod(0o666)

    def write(name="web", end="exec sleep 1000", **options):
        lines = [*STRAYS.values(), "touch $here/ready", end]
        runner.write({name: {"cmd": runner.script("program", "\n".join(lines)), **options}, "other": {"cmd": other(runner)}})

    return write


def other(runner):
    runner.script("stays", "sleep 1000; :")
    return runner.script("other", "setsid sh $here/stays & exec sleep 1000")


def having(runner, word):
    """The processes with the test's folder and a word on their command line."""
    found = []
    for pid in runner.left():
        with contextlib.suppress(OSError):
            if word in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def stays(runner):
    return having(runner, b"/stays")


def leaves(runner):
    return having(runner, b"/leaf")


def started(runner):
    poll(lambda: (runner.folder / "ready").exists() and len((runner.folder / "leaves").read_text().split()) > len(STRAYS))
    poll(lambda: len(stays(runner)) == 1)


def test_a_stop_leaves_nothing_and_harms_nobody(runner, program):
    program()
    runner.start()
    started(runner)
    stranger = subprocess.Popen(["/bin/bash", "-c", "ulimit -S -x 4711; exec sleep 1000"], start_new_session=True)
    try:
        before = stays(runner)
        assert runner.ctl("stop", "web", "--waiting").endswith("ok")
        assert leaves(runner) == []
        assert stays(runner) == before and stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
    assert runner.stop()[0] == 0
    poll(lambda: runner.left() == [])


@pytest.mark.parametrize("end", ["exit 3", "kill -9 $$"])
def test_a_death_leaves_nothing(runner, program, end):
    program(end=f"sleep 0.5; until test -e $here/go; do sleep 0.05; done; {end}", max_retry=1, essential=False)
    runner.start()
    started(runner)
    (runner.folder / "go").touch()
    runner.until("web died")
    poll(lambda: leaves(runner) == [], 2, lambda: str(leaves(runner)))
    assert runner.stop()[0] == 0


def test_a_restart_has_the_port_for_itself(runner):
    serve = "import socket, time; s = socket.create_server(('127.0.0.1', int(__import__('sys').argv[1]))); time.sleep(1000)"
    (runner.folder / "serve").write_text(serve)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    cmd = runner.script("web", f"(setsid python3 $here/serve {port} &) ; exec sleep 1000")
    runner.write({"web": {"cmd": cmd}})
    runner.start().until("web started")
    poll(lambda: len(having(runner, b"/serve")) == 1)
    first = having(runner, b"/serve")
    assert runner.ctl("restart", "web", "--waiting").endswith("ok")
    poll(lambda: len(having(runner, b"/serve")) == 1 and having(runner, b"/serve") != first)
    time.sleep(0.5)
    assert len(having(runner, b"/serve")) == 1
    assert runner.stop()[0] == 0


def test_one_process_of_several_takes_only_its_own(runner):
    cmd = runner.script("web", "(setsid sh $here/leaf &) ; exec sleep 1000")
    runner.script("leaf", "sleep 1000; :")
    runner.write({"web": {"cmd": cmd, "numprocesses": 2}})
    runner.start().until("web started", 2)
    poll(lambda: len(leaves(runner)) == 2)
    os.kill(runner.pids("web")[0], signal.SIGKILL)
    runner.until("web started", 3)
    poll(lambda: len(leaves(runner)) == 2)
    assert runner.stop()[0] == 0


def test_children_in_sessions_of_their_own_get_the_stop_signal_too(runner):
    runner.script("leaf", "trap 'echo told > $here/told; exit' TERM; while :; do sleep 0.02; done")
    cmd = runner.script("web", "(setsid sh $here/leaf &) ; trap 'sleep 0.5; exit' TERM; while :; do sleep 0.02; done")
    runner.write({"web": {"cmd": cmd, "stop_children": True}})
    runner.start().until("started")
    poll(lambda: len(leaves(runner)) == 1)
    time.sleep(0.2)
    assert runner.ctl("stop", "web", "--waiting").endswith("ok")
    assert (runner.folder / "told").exists()
    assert runner.stop()[0] == 0
