"""The first programs run before circus is loaded; circus then keeps them as its own."""
import pytest

from .conftest import alive, poll

POLITE = """
trap 'echo stopped >> $here/told; exit 0' TERM
echo up >> $here/told
while :; do sleep 0.05; done"""


@pytest.mark.parametrize("_", range(5))
def test_a_signal_that_comes_meanwhile_stops_all_gracefully(runner, _):
    runner.write({"web": {"cmd": runner.script("web", POLITE), "priority": 2}, "late": {"cmd": runner.script("late", POLITE), "oneshot": True}})
    told = runner.folder / "told"
    runner.start()
    poll(lambda: told.exists() and told.read_text() == "up\n")
    assert runner.stop()[0] == 0
    assert "stopped" in told.read_text().splitlines()
    assert len(runner.lines("web started")) == len(runner.lines("web stopped")) == 1
    assert runner.left() == []


def test_each_of_several_processes_is_kept(runner):
    runner.write({"web": {"cmd": f"{runner.script('web', POLITE)} $(circus.wid)", "numprocesses": 3}})
    runner.start().until("web started", 3)
    pids = runner.pids("web")
    assert len(set(pids)) == 3 and all(map(alive, pids))
    assert runner.ctl("numprocesses", "web") == "3"
    assert runner.ctl("incr", "web") == "ok"
    runner.until("web started", 4)
    assert runner.stop()[0] == 0 and runner.left() == []


def test_a_program_that_dies_meanwhile_counts(runner):
    runner.write({"web": {"cmd": runner.script("web", "exit 3"), "max_retry": 2}})
    assert runner.start().wait() == 3
    assert len(runner.lines("web died, process")) == 2


def test_what_runs_is_ended_where_circus_cannot_start(runner):
    (runner.folder / "circus").mkdir(mode=0o755)
    runner.write({"web": {"cmd": runner.script("web", POLITE)}})
    assert runner.start().wait() == 1
    assert "0700" in runner.log() and runner.left() == []


@pytest.mark.parametrize("option", [{"oneshot": True}, {"warmup_delay": 0.5}])
def test_nothing_is_started_after_what_others_wait_for(runner, option):
    runner.write({"first": {"cmd": runner.script("first", "sleep 0.3; echo first >> $here/told; sleep 5"), "priority": 2, "essential": False, **option}, "web": {"cmd": runner.script("web", POLITE)}})
    told = runner.folder / "told"
    runner.start().until("first started")
    poll(lambda: told.exists())
    assert told.read_text().split()[0] == "first"
    assert runner.stop()[0] == 0
