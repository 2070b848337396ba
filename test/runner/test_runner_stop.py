"""A stop that is asked for is never lost, goes in order, and is bounded."""
import concurrent.futures
import os
import pathlib
import signal
import time

import pytest

from .conftest import alive, poll

SLEEP = "/usr/bin/sleep 1000"
STUBBORN = "trap '' TERM QUIT\nwhile :; do sleep 0.05; done"
# Takes TIME seconds to stop, and writes when it was told to and when it was done.
SLOW = """trap 'echo NAME told $(date +%s.%N) >> $here/events; sleep TIME; echo NAME done $(date +%s.%N) >> $here/events; exit' TERM
while :; do sleep 0.02; done"""


def slow(runner, name, seconds):
    return runner.script(name, SLOW.replace("NAME", name).replace("TIME", str(seconds)))


def events(runner):
    """{(program, event): time}."""
    words = [line.split() for line in (runner.folder / "events").read_text().splitlines()]
    return {(name, event): float(when) for name, event, when in words}


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1


def moment(make, number, after):
    """Runs one runner and sends it a signal at a moment. Out: what happened."""
    runner = make()
    runner.write(
        {"front": {"cmd": runner.script("front", "exec sleep 1000"), "priority": 50}}
        | {f"p{i}": {"cmd": runner.script(f"p{i}", "sleep 1000 & wait"), "priority": 100, "uid": "www-data"} for i in range(3)}
    )
    runner.start()
    time.sleep(max(0, runner.started + after - time.monotonic()))
    code, seconds = runner.stop(number)
    return after, code, seconds, runner.log(), runner.left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_no_signal_is_lost_at_any_moment(runners, number):
    moments = [i * 0.025 for i in range(60 if number == signal.SIGTERM else 20)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda after: moment(runners, number, after), moments))
    for after, code, seconds, log, left in found:
        assert left == [], (after, log)
        assert seconds < 3, (after, seconds, log)
        assert "Traceback" not in log or log.rstrip().endswith("KeyboardInterrupt"), log
        # Before the interpreter runs the first line of the runner the kernel or Python decides: nothing has started then.
        assert code == 0 or "started" not in log, (after, code, log)
    assert sum(code == 0 for _, code, *_ in found) > len(found) / 2


def test_the_handlers_are_set_before_anything_is_loaded(runner):
    runner.write({"web": {"cmd": SLEEP}})
    runner.start()
    while not catches(runner.process.pid, signal.SIGTERM):
        pass
    assert "zmq" not in pathlib.Path(f"/proc/{runner.process.pid}/maps").read_text()
    assert runner.stop()[0] == 0
    assert runner.log() == ""


def test_signals_may_be_repeated_and_hup_is_ignored(runner):
    runner.write({"web": {"cmd": slow(runner, "web", 0.5)}})
    runner.start()
    poll(lambda: catches(runner.process.pid, signal.SIGHUP))
    for _ in range(20):
        runner.process.send_signal(signal.SIGHUP)
        time.sleep(0.02)
    runner.until("web started")
    runner.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert len(runner.pids("web")) == 1 and runner.process.poll() is None
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        runner.process.send_signal(number)
        time.sleep(0.05)
    assert runner.wait() == 0
    assert len(runner.lines("stopping")) == 1 and len(runner.lines("web stopped")) == 1


@pytest.mark.parametrize("command", [["restart"], ["restart", "web"], ["stop", "web"], ["reloadconfig"], ["reload"]])
def test_a_stop_during_another_command(runner, command):
    runner.write({"web": {"cmd": runner.script("web", STUBBORN), "graceful_timeout": 2}, "app": {"cmd": SLEEP}})
    runner.start().until("started", 2)
    runner.ini.write_text(runner.ini.read_text().replace("graceful_timeout = 2", "graceful_timeout = 3"))
    assert runner.ctl(*command) == "ok"
    code, seconds = runner.stop()
    assert (code, runner.left()) == (0, [])
    assert seconds < 3.5
    assert len(runner.lines("started")) == 2 and "Conflict" not in runner.log() and "Traceback" not in runner.log()


def test_a_stop_during_a_slow_start(runner):
    runner.write({f"p{i}": {"cmd": runner.script(f"p{i}", "exec sleep 1000")} for i in range(5)}, warmup_delay=1)
    runner.start().until("started", 2)
    code, seconds = runner.stop()
    assert (code, runner.left()) == (0, []) and seconds < 0.5
    assert len(runner.lines("started")) == 2


def test_low_priorities_stop_first_group_by_group(runner):
    runner.write(
        {
            "front": {"cmd": slow(runner, "front", 0.6), "priority": 50},
            "web": {"cmd": slow(runner, "web", 0.5), "priority": 100},
            "worker": {"cmd": slow(runner, "worker", 0.3), "priority": 100},
            "store": {"cmd": slow(runner, "store", 0.1), "priority": 200},
        }
    )
    runner.start().until("started", 4)
    assert [line.rpartition("] ")[2].split()[0] for line in runner.lines("started")][0] == "store"
    time.sleep(0.3)
    assert runner.stop()[0] == 0
    at = events(runner)
    assert at["front", "done"] <= at["web", "told"] and at["front", "done"] <= at["worker", "told"]
    assert abs(at["web", "told"] - at["worker", "told"]) < 0.1
    assert at["worker", "done"] < at["web", "done"] <= at["store", "told"]
    assert [line.rpartition("] ")[2].split()[0] for line in runner.lines("stopped")] == ["front", "worker", "web", "store"]


def test_one_deadline_holds_for_all(runner):
    programs = {f"p{i}": {"cmd": runner.script(f"p{i}", STUBBORN), "priority": i, "graceful_timeout": 30} for i in range(3)}
    runner.write(programs, stop_deadline=1.5)
    runner.start().until("started", 3)
    code, seconds = runner.stop()
    assert (code, runner.left()) == (0, [])
    assert 1.4 < seconds <= 2.0
    assert len(runner.lines("killing what is left")) == 1


def test_each_program_has_its_own_graceful_timeout(runner):
    runner.write({"a": {"cmd": runner.script("a", STUBBORN), "graceful_timeout": 0.7}})
    runner.start().until("started")
    code, seconds = runner.stop()
    assert (code, runner.left()) == (0, []) and 0.6 < seconds < 1.2
    assert "died" not in runner.log()


def test_a_stopped_program_ends_too(runner):
    runner.write({"a": {"cmd": runner.script("a", "exec sleep 1000"), "graceful_timeout": 0.5}})
    runner.start().until("started")
    os.kill(runner.pids("a")[0], signal.SIGSTOP)
    code, seconds = runner.stop()
    assert code == 0 and seconds < 1.2 and not alive(runner.pids("a")[0])


def test_descendants_end_with_a_program_that_must_be_killed(runner):
    runner.script("leaf", STUBBORN)
    nested = f"/bin/sh -c '/bin/sh {runner.folder}/leaf; :'"
    lines = ["trap '' TERM", "/bin/sh $here/leaf &", "setsid /bin/sh $here/leaf &", f"{nested} &", "while :; do sleep 0.1; done"]
    cmd = runner.script("a", "\n".join(lines))
    runner.write({"a": {"cmd": cmd, "graceful_timeout": 0.5}})
    runner.start().until("started")
    poll(lambda: len(runner.left()) >= 6)
    code, seconds = runner.stop()
    assert code == 0 and seconds < 1.3
    poll(lambda: runner.left() == [], 1, lambda: str(runner.left()))


def test_the_stop_signal_is_repeated(runner):
    """nginx misses a QUIT that comes as it starts."""
    cmd = runner.script("a", "trap 'trap \"exit 0\" QUIT' QUIT\necho ready\nwhile :; do sleep 0.02; done")
    runner.write({"a": {"cmd": cmd, "stop_signal": "QUIT"}})
    runner.start()
    poll(lambda: "ready" in runner.output())
    code, seconds = runner.stop()
    assert code == 0 and 0.9 < seconds < 1.5


def test_an_idle_program_stops_at_once(runner):
    runner.write({"a": {"cmd": SLEEP}})
    runner.start().until("started")
    code, seconds = runner.stop()
    assert code == 0 and seconds < 0.5
