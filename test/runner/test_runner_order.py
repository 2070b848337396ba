"""What starts when: programs that run once, pauses between starts, numbers of processes."""
import os
import signal
import time

from .conftest import alive, poll

SLEEP = "/usr/bin/sleep 1000"
# One line in `events` for each start, with the arguments; then it stays.
STAY = "echo $* $(date +%s.%N) >> $here/events; exec sleep 1000"


def events(runner):
    path = runner.folder / "events"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def once(runner, text, name="migrate", **options):
    return {name: {"cmd": runner.script(name, text), "oneshot": True, "respawn": False, **options}}


def test_what_runs_once_ends_before_the_others_start(runner):
    runner.write({**once(runner, "sleep 0.5; echo done >> $here/events"), "web": {"cmd": runner.script("web", STAY) + " web"}})
    runner.start().until("web started")
    poll(lambda: len(events(runner)) == 2)
    assert [words[0] for words in events(runner)] == ["done", "web"]
    assert runner.ctl("status") == "migrate: stopped\nweb: active"
    assert len(runner.lines("migrate is done")) == 1 and "died" not in runner.log()
    time.sleep(1.2)
    assert len(runner.pids("migrate")) == 1
    assert runner.stop()[0] == 0


def test_a_file_tells_what_is_being_started(runner):
    runner.write({**once(runner, "until test -e $here/go; do sleep 0.02; done"), "web": {"cmd": SLEEP}})
    told = runner.folder / "circus/starting"
    runner.start().until("migrate started")
    assert told.read_text() == "migrate"
    (runner.folder / "go").touch()
    runner.until("web started")
    poll(lambda: not told.exists())
    (runner.folder / "go").unlink()
    runner.ini.write_text(runner.ini.read_text().replace("oneshot = True", "oneshot = True\nfingerprint = 2"))
    assert runner.ctl("reloadconfig") == "ok"
    poll(lambda: told.exists() and told.read_text() == "migrate")
    assert runner.stop()[0] == 0 and not told.exists()


def test_a_failure_ends_all_before_anything_else_starts(runners):
    for text, code in {"exit 3": 3, "kill -9 $$": 1, "exit 143": 1}.items():
        runner = runners()
        runner.write({**once(runner, text), "web": {"cmd": SLEEP}})
        assert runner.start().wait() == code
        assert len(runner.pids("migrate")) == 1 and runner.pids("web") == []
        assert len(runner.lines("is essential: stopping everything")) == 1


def test_the_start_goes_on_after_a_failure_of_what_is_not_essential(runner):
    runner.write({**once(runner, "exit 3", essential=False), "web": {"cmd": SLEEP}})
    runner.start().until("web started")
    assert runner.ctl("status") == "migrate: stopped\nweb: active"
    assert len(runner.lines("migrate died")) == 1 and len(runner.pids("migrate")) == 1
    assert runner.ctl("start", "migrate") == "ok"
    runner.until("migrate died", 2)
    assert runner.stop()[0] == 0


def test_a_stop_during_it(runner):
    runner.write({**once(runner, "exec sleep 1000"), "web": {"cmd": SLEEP}})
    runner.start().until("migrate started")
    assert "already running" in runner.ctl("reloadconfig", "--waiting")
    code, seconds = runner.stop()
    assert (code, runner.pids("web")) == (0, []) and seconds < 2


def test_none_of_it_holds_nothing_up(runner):
    runner.write({**once(runner, "exit 1", numprocesses=0), "web": {"cmd": SLEEP}})
    runner.start().until("web started")
    assert runner.stop()[0] == 0


def test_a_reload_runs_it_again_if_and_only_if_it_changed(runner):
    def write(fingerprint, web):
        program = once(runner, "echo once >> $here/events; sleep 0.3; echo done >> $here/events", fingerprint=fingerprint)
        runner.write({**program, "web": {"cmd": runner.script("web", STAY) + " web", "fingerprint": web}})

    write(1, 1)
    runner.start()
    poll(lambda: len(events(runner)) == 3)
    write(1, 2)
    assert runner.ctl("reloadconfig", "--waiting").endswith("ok")
    poll(lambda: len(events(runner)) == 4)
    write(2, 3)
    assert runner.ctl("reloadconfig", "--waiting").endswith("ok")
    poll(lambda: len(events(runner)) == 7)
    assert [words[0] for words in events(runner)] == ["once", "done", "web", "web", "once", "done", "web"]
    assert runner.ctl("status") == "migrate: stopped\nweb: active"
    assert runner.stop()[0] == 0


def test_warmup_delay_is_between_processes_and_before_the_next_program(runner):
    stay = runner.script("stay", STAY)
    runner.write(
        {
            "a": {"cmd": stay + " a", "numprocesses": 2, "warmup_delay": 0.4, "priority": 2},
            "b": {"cmd": stay + " b"},
        }
    )
    runner.start().until("b started")
    poll(lambda: len(events(runner)) == 3)
    assert [name for name, _ in events(runner)] == ["a", "a", "b"]
    times = [float(when) for _, when in events(runner)]
    assert times[1] - times[0] > 0.3 and times[2] - times[1] > 0.3
    # Long after the start a dead one is back at once.
    start = time.monotonic()
    os.kill(runner.pids("a")[0], signal.SIGKILL)
    runner.until("a started", 3)
    assert time.monotonic() - start < 0.3
    assert runner.stop()[0] == 0


def test_a_stop_during_the_warmup(runner):
    runner.write({"a": {"cmd": SLEEP, "numprocesses": 3, "warmup_delay": 30}})
    runner.start().until("a started")
    code, seconds = runner.stop()
    assert code == 0 and seconds < 2 and len(runner.pids("a")) == 1


def test_a_program_without_autostart_waits_for_circusctl(runner):
    runner.write({"a": {"cmd": SLEEP, "autostart": False}, "b": {"cmd": SLEEP}})
    runner.start().until("b started")
    assert runner.ctl("status") == "a: stopped\nb: active"
    assert runner.ctl("start", "a") == "ok"
    runner.until("a started")
    assert runner.stop()[0] == 0


def test_children_get_the_stop_signal_where_asked_for(runner):
    text = "export here; sh -c 'trap \"echo child >> $here/events; exit\" TERM; while :; do sleep 0.02; done' &\ntrap 'sleep 0.3; exit' TERM\nwhile :; do wait; done"
    for children, told in ((False, []), (True, [["child"]])):
        runner.write({"web": {"cmd": runner.script("web", text), "stop_children": children}})
        runner.start().until("web started")
        time.sleep(0.3)
        assert runner.stop()[0] == 0
        assert events(runner) == told


def test_the_numbers_of_processes_are_1_to_numprocesses_and_come_again(runner):
    program = {"cmd": runner.script("a", "echo $1 $$ >> $here/events; exec sleep 1000") + " $(circus.wid)", "numprocesses": 3}
    runner.write({"a": program})
    runner.start()
    poll(lambda: sorted(number for number, _ in events(runner)) == ["1", "2", "3"])
    for _ in range(2):
        pids = dict(events(runner))
        os.kill(int(pids["2"]), signal.SIGKILL)
        poll(lambda: dict(events(runner))["2"] != pids["2"])
    # The first death is made good at once, the second after a second: meanwhile there are 1 and 3, and 3 goes.
    pids = dict(events(runner))
    os.kill(int(pids["2"]), signal.SIGKILL)
    assert runner.ctl("decr", "a", "--waiting").endswith("2")
    poll(lambda: dict(events(runner))["2"] != pids["2"])
    assert dict(events(runner))["1"] == pids["1"]
    assert [alive(int(pids[number])) for number in "13"] == [True, False]
    assert runner.stop()[0] == 0
