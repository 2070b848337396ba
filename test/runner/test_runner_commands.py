"""circusctl works, and a reload touches only what changed."""
import signal
import subprocess
import time

import pytest

from .conftest import CIRCUS, RUNNER, poll, reload

SLEEP = "/usr/bin/sleep 1000"


def test_start_stop_restart_are_no_deaths(runner):
    runner.write({"web": {"cmd": SLEEP}, "app": {"cmd": SLEEP}})
    runner.start().until("started", 2)
    assert runner.ctl("status") == "app: active\nweb: active"
    assert runner.ctl("stop", "web", "--waiting").endswith("ok")
    assert runner.ctl("status") == "app: active\nweb: stopped"
    assert runner.ctl("start", "web", "--waiting").endswith("ok")
    assert runner.ctl("restart", "web", "--waiting").endswith("ok")
    assert runner.ctl("restart") == "ok"
    runner.until("app started", 2)
    runner.until("web started", 4)
    assert "died" not in runner.log()
    assert runner.ctl("quit", "--waiting").endswith("ok")
    assert runner.wait() == 0
    assert "Traceback" not in runner.log() and "Conflict" not in runner.log()


@pytest.mark.parametrize("words", [["web"], ["w*b"], []], ids=["one", "some", "all"])
def test_what_an_operator_has_stopped_stays_down_through_a_reload(runner, words):
    programs = {"web": {"cmd": SLEEP}, "wob": {"cmd": SLEEP}}
    runner.write(programs)
    runner.start().until("started", 2)
    assert runner.ctl("stop", *words, "--waiting").endswith("ok")
    for cmd in ("/usr/bin/sleep 1001", "/usr/bin/sleep 1002"):
        runner.write({**programs, "web": {"cmd": cmd}})
        assert reload(runner) == ["web stays down: its settings changed"]
        assert "web: stopped" in runner.ctl("status")
    assert runner.ctl("start", "web", "--waiting").endswith("ok")
    runner.write(programs)
    (told,) = reload(runner)
    assert told.startswith("web restarted: its settings changed") and "web: active" in runner.ctl("status")
    assert runner.stop()[0] == 0


def test_quit_without_waiting(runner):
    runner.write({"web": {"cmd": SLEEP}})
    runner.start().until("started")
    assert runner.ctl("quit") == "ok"
    assert runner.wait() == 0


def test_reload_sends_hup_or_restarts(runner):
    hup = runner.script("hup", "trap 'echo hup' HUP\necho ready\nwhile :; do sleep 0.02; done")
    runner.write({"nginx": {"cmd": hup, "send_hup": True}, "app": {"cmd": SLEEP}})
    runner.start()
    poll(lambda: "ready" in runner.output())
    assert runner.ctl("reload", "nginx") == "ok"
    poll(lambda: "hup" in runner.output())
    assert runner.ctl("reload", "app") == "ok"
    runner.until("app started", 2)
    assert len(runner.pids("nginx")) == 1 and "died" not in runner.log()
    # The port is free before the new one starts.
    assert runner.log().index("app stopped") < runner.log().rindex("app started")
    assert runner.stop()[0] == 0


def test_numbers_of_processes(runner):
    runner.write({"web": {"cmd": SLEEP, "numprocesses": 2}})
    runner.start().until("started", 2)
    assert runner.ctl("incr", "web", "--waiting").endswith("3")
    assert runner.ctl("numprocesses", "web") == "3"
    assert runner.ctl("decr", "web", "2", "--waiting").endswith("1")
    assert runner.ctl("numprocesses") == "1"
    assert "died" not in runner.log()
    assert runner.stop()[0] == 0


def test_signal(runner):
    runner.write({"web": {"cmd": SLEEP}})
    runner.start().until("started")
    assert runner.ctl("signal", "web", "KILL") == "ok"
    runner.until("web started", 2)
    assert runner.stop(signal.SIGINT)[0] == 0


def test_kill_is_a_stop_of_processes_that_come_again(runner):
    deaf = runner.script("deaf", "trap 'trap \"exit 0\" TERM' TERM\necho ready\nwhile :; do sleep 0.02; done")
    runner.write({"web": {"cmd": deaf}, "app": {"cmd": f"{deaf} app", "stop_signal": "USR1"}})
    runner.start()
    poll(lambda: runner.output().count("ready") == 2)
    # The signal is repeated, as by a stop.
    assert runner.ctl("kill", "web", "--waiting").endswith("ok")
    assert runner.ctl("kill", "app", "--signum", "KILL", "--graceful_timeout", "5", "--waiting").endswith("ok")
    runner.until("web started", 2)
    runner.until("app started", 2)
    assert "died" not in runner.log() and "Traceback" not in runner.log()
    assert runner.stop()[0] == 0


def test_options_tell_what_the_ini_says(runner):
    runner.write({"web": {"cmd": SLEEP, "copy_env": True, "max_retry": 7, "essential": False, "graceful_timeout": 3}})
    runner.start().until("started")
    told = dict(line.split(": ", 1) for line in runner.ctl("options", "web").splitlines())
    expected = {"copy_env": "True", "max_retry": "7", "essential": "False", "graceful_timeout": "3.0", "cmd": SLEEP}
    assert expected.items() <= told.items()


def test_a_stop_of_all_goes_by_priority(runner):
    slow = {name: runner.script(name, "trap 'sleep 0.3; exit 0' TERM\necho ready\nwhile :; do sleep 0.02; done") for name in "ab"}
    runner.write({"a": {"cmd": slow["a"], "priority": 2}, "b": {"cmd": slow["b"], "priority": 1}})
    runner.start()
    poll(lambda: runner.output().count("ready") == 2)
    start = time.monotonic()
    assert runner.ctl("stop", "--waiting").endswith("ok")
    assert time.monotonic() - start > 0.6
    assert [line.rpartition("] ")[2].split()[0] for line in runner.lines("stopped")] == ["b", "a"]


def test_programs_come_from_the_ini_alone(runner):
    runner.write({"web": {"cmd": SLEEP}})
    runner.start().until("started")
    assert f"programs are added in {runner.ini}" in runner.ctl("add", "x", SLEEP)
    assert f"programs are removed in {runner.ini}" in runner.ctl("rm", "web")
    assert runner.ctl("status") == "web: active"
    assert runner.stop()[0] == 0


def test_reloadconfig_touches_only_what_changed(runner):
    programs = {name: {"cmd": SLEEP, "fingerprint": 1} for name in ("kept", "changed", "removed", "many")}
    runner.write(programs)
    runner.start().until("started", 4)
    del programs["removed"]
    programs["changed"]["fingerprint"] = 2
    programs["many"]["numprocesses"] = 3
    programs["added"] = {"cmd": SLEEP, "fingerprint": 1}
    runner.write(programs, stop_deadline=5)
    assert runner.ctl("reloadconfig", "--waiting").endswith("ok")
    assert runner.ctl("status") == "added: active\nchanged: active\nkept: active\nmany: active"
    assert {name: len(runner.pids(name)) for name in [*programs, "removed"]} == {
        "kept": 1, "changed": 2, "removed": 1, "many": 3, "added": 1
    }  # fmt: skip
    assert "died" not in runner.log() and "Conflict" not in runner.log()
    assert runner.ctl("reloadconfig", "--waiting").endswith("ok")
    time.sleep(0.2)
    assert len(runner.lines("started")) == 8
    assert runner.stop()[0] == 0


def test_a_changed_environment_restarts(runner):
    runner.write({"web": {"cmd": SLEEP}, "app": {"cmd": SLEEP}}, "[env:web]\nA = 1")
    runner.start().until("started", 2)
    runner.write({"web": {"cmd": SLEEP}, "app": {"cmd": SLEEP}}, "[env:web]\nA = 2")
    assert runner.ctl("reloadconfig", "--waiting").endswith("ok")
    assert (len(runner.pids("web")), len(runner.pids("app"))) == (2, 1)
    assert runner.stop()[0] == 0


def test_an_invalid_ini_changes_nothing(runner):
    runner.write({"web": {"cmd": SLEEP}})
    runner.start().until("started")
    runner.write({"web": {"cmd": SLEEP, "graceful_timout": 1}, "new": {"cmd": SLEEP}})
    sentence = f"{runner.ini}: [watcher:web] graceful_timout: this option is unknown; did you mean graceful_timeout?"
    assert sentence in runner.ctl("reloadconfig")
    assert sentence in runner.ctl("reloadconfig", "--waiting")
    runner.write({"web": {"cmd": SLEEP}}, check_delay=2)
    assert "[circus] check_delay: only a new start can change this" in runner.ctl("reloadconfig")
    assert runner.ctl("status") == "web: active"
    assert len(runner.lines("started")) == 1
    assert runner.stop()[0] == 0


def test_new_programs_have_the_same_guarantees(runner):
    runner.write({"web": {"cmd": SLEEP}})
    runner.start().until("started")
    runner.write({"web": {"cmd": SLEEP}, "new": {"cmd": runner.script("new", "exit 7"), "max_retry": 2}})
    assert runner.ctl("reloadconfig") == "ok"
    assert runner.wait() == 7
    assert len(runner.lines("new died, process")) == 2


# Tells each call of two methods that replace circus's own: without them circus's code would run, and look the same.
TELLING = """
import runpy, sys
sys.path.insert(0, {runner!r})
import supervisor, watcher
def tell(owner, name):
    ours = getattr(owner, name)
    def telling(*arguments, **named):
        print("ours:", name, flush=True)
        return ours(*arguments, **named)
    setattr(owner, name, telling)
tell(watcher.RunnerWatcher, "_stop")
tell(supervisor.Supervisor, "manage_watchers")
sys.argv = ["runner", *sys.argv[1:]]
runpy.run_path({runner!r}, run_name="__main__")
"""


def test_circus_calls_what_replaces_its_own(runner):
    runner.write({"web": {"cmd": "/bin/sleep 1000"}}, check_delay=0.2)
    script = runner.folder / "telling.py"
    script.write_text(TELLING.format(runner=str(RUNNER)))
    with open(runner.folder / "stdout", "w") as stdout, open(runner.folder / "stderr", "w") as stderr:
        command = [CIRCUS / "python", "-I", script, runner.ini]
        runner.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True)
    runner.until("web started")
    # Nothing ends meanwhile, so it is circus that calls.
    poll(lambda: runner.output().count("ours: manage_watchers") > 2)
    assert "ours: _stop" not in runner.output()
    runner.ctl("stop", "web", "--waiting")
    assert "ours: _stop" in runner.output()
    assert runner.stop()[0] == 0
