"""wait_for: what a program needs before it starts. And the tries of what runs once."""
import contextlib
import os
import socket
import time

from .conftest import alive, poll
from .test_runner_report import report

SLEEP = "/usr/bin/sleep 1000"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def listening(port):
    with socket.create_server(("127.0.0.1", port)):
        yield


def waiting(runner, address, name="web", **options):
    return {name: {"cmd": SLEEP, "priority": 5, "wait_for": address, **options}}


def test_what_answers_holds_nothing_up(runner):
    port = free_port()
    with listening(port):
        runner.write({**waiting(runner, f"127.0.0.1:{port} localhost:{port}"), "front": {"cmd": SLEEP}})
        runner.start().until("front started")
    assert time.monotonic() - runner.started < 2 and not runner.lines("waits for")
    assert runner.stop()[0] == 0 and runner.left() == []


def test_it_starts_as_soon_as_all_answer_and_tells_once(runner):
    port, path = free_port(), runner.folder / "x.sock"
    runner.write({**waiting(runner, f"127.0.0.1:{port} unix:{path}"), "front": {"cmd": SLEEP}})
    told = runner.folder / "circus/starting"
    runner.start().until("web waits for")
    poll(lambda: told.exists() and "waits" in told.read_text())
    assert told.read_text() == f"web, which waits for 127.0.0.1:{port} (Connection refused), unix:{path} (No such file or directory)"
    with listening(port), socket.socket(socket.AF_UNIX) as server:
        time.sleep(1.5)
        assert not runner.pids("web") and not runner.pids("front")
        web = report(runner)[0]["web"]
        assert (web["state"], web["waits_for"]) == ("waiting", f"unix:{path} (No such file or directory)")
        server.bind(str(path))
        server.listen()
        runner.until("front started")
    assert len(runner.lines("waits for")) == 1 and "60 s at most" in runner.log()
    assert report(runner)[0]["web"]["waits_for"] is None
    assert runner.stop()[0] == 0


def test_in_the_end_an_essential_one_ends_the_container(runners):
    for options in ({}, {"oneshot": True}):
        runner = runners()
        address = f"127.0.0.1:{free_port()}"
        runner.write({**waiting(runner, address, wait_timeout=2, **options), "front": {"cmd": SLEEP}})
        assert runner.start().wait() == 1
        assert runner.pids("web") == [] and runner.pids("front") == []
        (line,) = runner.lines("web waited")
        assert line.endswith(f"web waited 2 s for {address} (Connection refused) and is essential: stopping everything, exit code 1")


def test_what_is_not_essential_starts_all_the_same_and_the_others_do_not_wait(runner):
    address = f"127.0.0.1:{free_port()}"
    runner.write({**waiting(runner, address, wait_timeout=2, essential=False), "front": {"cmd": SLEEP}})
    runner.start().until("front started")
    assert runner.pids("web") == []
    runner.until("web started")
    (line,) = runner.lines("web waited")
    assert line.endswith(f"web waited 2 s for {address} (Connection refused) and starts without it")
    assert runner.stop()[0] == 0


def test_what_runs_once_and_is_not_essential_holds_up_the_others(runner):
    runner.write({**waiting(runner, f"127.0.0.1:{free_port()}", wait_timeout=2, essential=False, oneshot=True, cmd="/bin/true"), "front": {"cmd": SLEEP}})
    runner.start().until("front started")
    assert 2 < time.monotonic() - runner.started < 5
    assert runner.stop()[0] == 0


def test_a_stop_ends_it_at_once(runners):
    for options in ({}, {"essential": False}, {"oneshot": True}):
        runner = runners()
        # An address that never answers and never refuses, where a network is.
        runner.write({**waiting(runner, "192.0.2.1:5432", **options), "front": {"cmd": "/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'", "graceful_timeout": 1}})
        runner.start().until("web waits for")
        helper = int(children(runner)[0])
        code, seconds = runner.stop()
        assert code == 0 and seconds < 2.5 and not alive(helper)
        assert runner.pids("web") == []


def test_a_program_that_waits_can_be_stopped_and_started(runner):
    port = free_port()
    runner.write({**waiting(runner, f"127.0.0.1:{port}", essential=False), "front": {"cmd": SLEEP}})
    runner.start().until("web waits for")
    runner.until("front started")
    assert runner.ctl("stop", "web") == "ok"
    assert runner.ctl("status", "web") == "stopped"
    time.sleep(1.2)
    assert len(children(runner)) == 1
    assert runner.ctl("start", "web") == "ok"
    with listening(port):
        runner.until("web started")
    assert len(runner.pids("web")) == 1
    assert runner.stop()[0] == 0


def test_a_death_does_not_wait(runner):
    port = free_port()
    with listening(port):
        runner.write(waiting(runner, f"127.0.0.1:{port}"))
        runner.start().until("web started")
    os.kill(runner.pids("web")[0], 9)
    runner.until("web started", 2)
    assert runner.stop()[0] == 0


def test_what_runs_once_is_tried_as_often_as_it_says(runner):
    text = "echo x >> $here/tries; test $(wc -l < $here/tries) = 3"
    runner.write({"migrate": {"cmd": runner.script("migrate", text), "oneshot": True, "max_retry": 4, "priority": 5}, "front": {"cmd": SLEEP}})
    runner.start().until("front started")
    assert len(runner.lines("migrate died")) == 2 and len(runner.lines("migrate is done")) == 1
    assert 1 < time.monotonic() - runner.started < 4
    assert runner.stop()[0] == 0


def test_and_no_more_often_however_long_each_try_takes(runner):
    runner.write({"migrate": {"cmd": runner.script("migrate", "sleep 0.4; exit 3"), "oneshot": True, "max_retry": 3, "retry_window": 0.5}, "front": {"cmd": SLEEP, "priority": -1}})
    assert runner.start().wait() == 3
    assert len(runner.pids("migrate")) == 3 and runner.pids("front") == []
    assert len(runner.lines("migrate failed 3 times and is essential: stopping everything, exit code 3")) == 1


def test_a_stop_between_two_tries(runner):
    runner.write({"migrate": {"cmd": runner.script("migrate", "exit 3"), "oneshot": True, "max_retry": -1}, "front": {"cmd": SLEEP, "priority": -1}})
    runner.start().until("restart in 4 s")
    code, seconds = runner.stop()
    assert code == 0 and seconds < 1 and runner.pids("front") == []


def test_addresses_that_are_none_are_refused(runner):
    for address in ("db", "db:x", "/x:80", "unix:"):
        runner.write(waiting(runner, address))
        assert runner.start().wait() == 78
        assert "wait_for: must be addresses such as db:5432 or unix:/PATH" in runner.log()


def children(runner):
    with open(f"/proc/{runner.process.pid}/task/{runner.process.pid}/children", encoding="ascii") as opened:
        return opened.read().split()
