"""Processes that are restarted for their age: one at a time, and never counted as deaths."""
import os
import signal
import time

import pytest

from .conftest import alive, poll

SLEEP = "/usr/bin/sleep 1000"


def aged(seconds, variance=0, **more):
    return {"cmd": SLEEP, "max_age": seconds, "max_age_variance": variance, **more}


def test_a_process_ends_at_its_age_and_another_takes_its_place(runner):
    runner.write({"web": aged(1, max_retry=1), "app": {"cmd": SLEEP}})
    runner.start().until("web started", 3, timeout=15)
    assert len(runner.lines("web is restarted for its age, process")) >= 2
    first, second = runner.pids("web")[:2]
    assert f"web is restarted for its age, process {first}" in runner.log() and not alive(first) and first != second
    assert "died" not in runner.log() and len(runner.pids("app")) == 1
    assert runner.stop()[0] == 0 and not runner.left()


def test_one_of_several_at_a_time_with_its_own_signal_and_time(runner):
    cmd = runner.script("web", "trap 'echo bye; sleep 0.5; exit' INT; echo hello; while :; do sleep 0.02; done")
    runner.write({"web": aged(1, cmd=cmd + " $(circus.wid)", numprocesses=3, stop_signal="INT", graceful_timeout=3)})
    runner.start()
    fewest, end = 3, time.monotonic() + 8
    poll(lambda: runner.output().count("hello") == 3 and len(runner.pids("web")) == 3)
    while time.monotonic() < end:
        fewest = min(fewest, sum(alive(pid) for pid in runner.pids("web")))
        time.sleep(0.02)
    assert fewest == 2 and runner.output().count("bye") >= 3
    assert sorted(runner.ctl("numprocesses", "web").split())[-1] == "3"
    assert runner.stop()[0] == 0 and not runner.left()


def test_processes_do_not_all_end_at_once(runner):
    runner.write({"web": aged(1, 30, numprocesses=8)})
    runner.start().until("web started", 8)
    time.sleep(4)
    # All eight within three of thirty seconds: not in a million years.
    assert len(runner.lines("restarted for its age")) < 8
    assert runner.stop()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_one_is_ended_for_its_age_starts_nothing(runner, number):
    cmd = runner.script("web", "trap 'sleep 0.7; exit' TERM; while :; do sleep 0.02; done")
    runner.write({"web": aged(1, cmd=cmd)})
    runner.start().until("restarted for its age")
    code, seconds = runner.stop(number)
    assert code == 0 and seconds < 3 and not runner.left()
    assert len(runner.pids("web")) == 1


def test_a_program_that_is_stopped_or_does_not_obey(runner):
    deaf = runner.script("deaf", "trap '' TERM; while :; do sleep 0.02; done")
    runner.write({"deaf": aged(1, cmd=deaf, graceful_timeout=1), "held": aged(2)})
    runner.start().until("held started")
    runner.ctl("stop", "held", "--waiting")
    runner.until("deaf started", 2)
    first = runner.pids("deaf")[0]
    assert not alive(first)
    time.sleep(1.5)
    assert len(runner.pids("held")) == 1 and "held is restarted" not in runner.log()
    assert runner.stop()[0] == 0


def test_a_process_that_dies_by_itself_is_young_again(runner):
    runner.write({"web": aged(3)})
    runner.start().until("web started")
    time.sleep(1.5)
    os.kill(runner.pids("web")[0], signal.SIGKILL)
    runner.until("web started", 2)
    time.sleep(2)
    assert "restarted for its age" not in runner.log()
    runner.until("restarted for its age")
    assert runner.stop()[0] == 0


def test_what_runs_once_has_no_age(runner):
    runner.write({"migrate": aged(1, oneshot=True)})
    assert runner.start("--check").wait() == 78
    assert "[watcher:migrate] max_age: must be 0 for a program that is oneshot" in runner.log()
    runner.write({"web": aged("1h")})
    assert runner.start("--check").wait() == 78
