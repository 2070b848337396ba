"""A configuration that circus would take, ignore or trip over later is refused before anything starts."""
import os
import time

import pytest

SLEEP = "/usr/bin/sleep 1000"

# Options of the watcher `web`, and the sentence that follows `[watcher:web] `.
WATCHER_DEFECTS = {
    "no cmd": ({}, "cmd: is missing"),
    "empty cmd": ({"cmd": ""}, "cmd: must begin with the absolute path"),
    "cmd without a path": ({"cmd": "sleep 1"}, "cmd: must begin with the absolute path"),
    "missing binary": ({"cmd": "/nowhere/program"}, "cmd: /nowhere/program is not there"),
    "binary that is not executable": ({"cmd": "/etc/passwd"}, "cmd: /etc/passwd is not executable"),
    "directory as binary": ({"cmd": "/etc"}, "cmd: /etc is not there"),
    "unbalanced quotes": ({"cmd": "/bin/sh -c 'x"}, "cmd: has unbalanced quotes"),
    "unbalanced quotes in args": ({"cmd": SLEEP, "args": '"x'}, "args: has unbalanced quotes"),
    "typo": ({"cmd": SLEEP, "graceful_timout": 5}, "graceful_timout: this option is unknown; did you mean graceful_timeout?"),
    "nothing near": ({"cmd": SLEEP, "zzz": 5}, "zzz: this option is unknown; remove it"),
    "stream class": ({"cmd": SLEEP, "stdout_stream.class": "X"}, "stdout_stream.class: this option is unknown"),
    "hook": ({"cmd": SLEEP, "hooks.before_start": "a.b"}, "hooks.before_start: this option is unknown"),
    "bad number": ({"cmd": SLEEP, "numprocesses": "two"}, "numprocesses: must be a whole number from 0 up"),
    "fewer than none": ({"cmd": SLEEP, "numprocesses": -1}, "numprocesses: must be a whole number from 0 up"),
    "bad priority": ({"cmd": SLEEP, "priority": "1.5"}, "priority: must be a whole number"),
    "bad seconds": ({"cmd": SLEEP, "graceful_timeout": "nan"}, "graceful_timeout: must be a number of seconds"),
    "negative seconds": ({"cmd": SLEEP, "graceful_timeout": "-1"}, "graceful_timeout: must be a number of seconds"),
    "odd retries": ({"cmd": SLEEP, "max_retry": -2}, "max_retry: must be a whole number from 0 up, or -1"),
    "no window": ({"cmd": SLEEP, "retry_window": 0}, "retry_window: must be more than 0 seconds"),
    "bad boolean": ({"cmd": SLEEP, "essential": "perhaps"}, "essential: must be True or False"),
    "bad signal": ({"cmd": SLEEP, "stop_signal": "TREM"}, "stop_signal: must be the name of a signal"),
    "signal 0": ({"cmd": SLEEP, "stop_signal": "0"}, "stop_signal: must be the name of a signal"),
    "unknown uid": ({"cmd": SLEEP, "uid": "nobody-here"}, "uid: there is no such user"),
    "unknown numeric uid": ({"cmd": SLEEP, "uid": "87654"}, "uid: there is no such user"),
    "unknown gid": ({"cmd": SLEEP, "gid": "nobody-here"}, "gid: there is no such group"),
    "missing directory": ({"cmd": SLEEP, "working_dir": "/nowhere"}, "working_dir: must be the absolute path"),
    "singleton": ({"cmd": SLEEP, "singleton": "True", "numprocesses": 2}, "numprocesses: must be 1 for a singleton"),
    "several lines": ({"cmd": SLEEP + "\n  more"}, "cmd: must be one line"),
}
CIRCUS_DEFECTS = {
    "tcp endpoint": ({"endpoint": "tcp://127.0.0.1:5555"}, "endpoint: must be ipc://"),
    "endpoint of nonsense": ({"pubsub_endpoint": "hello"}, "pubsub_endpoint: must be ipc://"),
    "relative endpoint": ({"endpoint": "ipc://a/b"}, "endpoint: must be ipc://"),
    "long endpoint": ({"endpoint": "ipc:///run/" + 120 * "x"}, "endpoint: the path of a socket can have 107 bytes"),
    "multicast": ({"multicast_endpoint": "udp://237.219.251.97:12027"}, "multicast_endpoint: must be empty"),
    "statsd": ({"statsd": "True"}, "statsd: must be False"),
    "bad delay": ({"check_delay": "soon"}, "check_delay: must be a number of seconds"),
    "bad deadline": ({"stop_deadline": "0"}, "stop_deadline: must be more than 0"),
    "typo": ({"stop_deadlin": 5}, "stop_deadlin: this option is unknown; did you mean stop_deadline?"),
    "includes": ({"include_dir": "/etc"}, "include_dir: this option is unknown"),
}
# Whole texts, and what the one sentence has after the file's name.
CIRCUS = "[circus]\nendpoint = ipc:///run/x/e\npubsub_endpoint = ipc:///run/x/p\n"
WEB = "[watcher:web]\ncmd = /usr/bin/sleep 1000\n"
TEXT_DEFECTS = {
    "no section": ("sec-ret = 1\n", "line 1: is before the first section"),
    "garbage": (CIRCUS + WEB + "sec-ret\n", "line 6: is neither a section nor an option"),
    "no circus": (WEB, "[circus]: is missing or empty"),
    "empty circus": ("[circus]\n" + WEB, "[circus]: is missing or empty"),
    "no watcher": (CIRCUS, "has no [watcher:NAME]"),
    "section twice": (CIRCUS + WEB + WEB, "line 6: [watcher:web] is there twice"),
    "option twice": (CIRCUS + WEB + "cmd = sec-ret\n", "line 6: [watcher:web] cmd is there twice"),
    "same name": (CIRCUS + WEB + WEB.replace("web", "Web"), "[watcher:Web]: another watcher has this name"),
    "unknown section": (CIRCUS + WEB + "[wacher:x]\n", "[wacher:x]: this section is unknown"),
    "defaults": (CIRCUS + WEB + "[DEFAULT]\nuid = sec-ret\n", "[DEFAULT]: this section is unknown"),
    "plugin": (CIRCUS + WEB + "[plugin:x]\n", "[plugin:x]: this section is unknown"),
    "watcher without a name": (CIRCUS + WEB + "[watcher:]\ncmd = /usr/bin/sleep 1\n", "[watcher:]: this name cannot be used"),
    "name with a blank": (CIRCUS + WEB.replace("web", "a b"), "[watcher:a b]: this name cannot be used"),
    "environment of nobody": (CIRCUS + WEB + "[env:wbe]\nA = sec-ret\n", "[env:wbe]: there is no watcher wbe"),
    "environment of two lines": (CIRCUS + WEB + "[env:web]\nA = sec-ret\n  x\n", "[env:web] A: must be one line"),
    "one socket": (CIRCUS.replace("x/p", "x/e") + WEB, "[circus] pubsub_endpoint: is the endpoint too"),
    "no endpoint": ("[circus]\npubsub_endpoint = ipc:///run/x/p\n" + WEB, "[circus] endpoint: is missing"),
}


def refused(runner, sentence):
    """The runner ends with 78 and this one sentence, having started nothing and told no value."""
    assert runner.start().wait() == 78
    assert runner.log().startswith(f"{runner.ini}: {sentence}")
    assert runner.log().count("\n") == 1
    assert "sec-ret" not in runner.log()
    assert not (runner.folder / "circus").exists()


@pytest.mark.parametrize("name", WATCHER_DEFECTS)
def test_a_defect_of_a_watcher(runner, name):
    options, sentence = WATCHER_DEFECTS[name]
    runner.write({"web": options})
    refused(runner, f"[watcher:web] {sentence}")


@pytest.mark.parametrize("name", CIRCUS_DEFECTS)
def test_a_defect_of_circus(runner, name):
    options, sentence = CIRCUS_DEFECTS[name]
    runner.write({"web": {"cmd": SLEEP}}, **options)
    refused(runner, f"[circus] {sentence}")


@pytest.mark.parametrize("name", TEXT_DEFECTS)
def test_a_defect_of_the_text(runner, name):
    text, sentence = TEXT_DEFECTS[name]
    runner.ini.write_text(text)
    refused(runner, sentence)


def test_an_ini_that_is_missing_a_directory_or_not_text(runner):
    refused(runner, "cannot be read (No such file or directory)")
    runner.ini.write_bytes(b"[circus]\nx = \xff\n")
    refused(runner, "is not UTF-8 text")
    runner.ini.unlink()
    runner.ini.mkdir()
    refused(runner, "cannot be read (Is a directory)")


def test_every_defect_has_its_sentence(runner):
    runner.write({"a": {"cmd": "x", "uid": "nobody-here"}, "b": {}})
    assert runner.start().wait() == 78
    assert [line.split(": ")[1] for line in runner.log().splitlines()] == [
        "[watcher:a] cmd",
        "[watcher:a] uid",
        "[watcher:b] cmd",
    ]


def test_check_only_validates(runner):
    runner.write({"web": {"cmd": SLEEP}})
    assert runner.start("--check").wait() == 0
    assert runner.log() == ""
    assert not (runner.folder / "circus").exists()
    runner.write({"web": {}})
    assert runner.start("--check").wait() == 78


def test_a_wrong_command_line(runner):
    runner.write({"web": {"cmd": SLEEP}})
    for arguments in (["--log-level", "loud"], ["--chek"], ["more"]):
        assert runner.start(*arguments).wait() == 78
        assert runner.log().count("\n") == 1


def test_the_log_level(runner):
    runner.write({"web": {"cmd": SLEEP}})
    runner.start("--log-level", "warning")
    time.sleep(0.6)
    assert runner.stop()[0] == 0
    assert runner.log() == ""


def test_an_endpoint_that_cannot_be_bound(runner):
    runner.write({"web": {"cmd": SLEEP}}, endpoint="ipc:///proc/none/endpoint.sock")
    assert runner.start().wait() == 1
    assert runner.log().count("\n") == 1 and "cannot be made" in runner.log()
    runner.write({"web": {"cmd": SLEEP}})
    (runner.folder / "circus").mkdir(0o700)
    (runner.folder / "circus/endpoint.sock").mkdir()
    assert runner.start().wait() == 1
    assert len(runner.lines("cannot be bound")) == 1 and "started" not in runner.log()
    assert "Traceback" not in runner.log()


def test_a_folder_of_sockets_that_others_can_enter_is_refused(runner):
    runner.write({"web": {"cmd": SLEEP}})
    folder = runner.folder / "circus"
    folder.mkdir(0o750)
    assert runner.start().wait() == 1
    folder.chmod(0o700)
    os.chown(folder, 33, 33)
    assert runner.start().wait() == 1
    folder.rmdir()
    folder.symlink_to("/root")
    assert runner.start().wait() == 1
    assert runner.log().count("\n") == 1 and "must be a directory of root with mode 0700" in runner.log()


def test_stale_sockets_are_no_problem_but_another_runner_is(runners):
    runner = runners()
    runner.write({"web": {"cmd": f"{SLEEP} 0.{os.getpid()}"}})
    runner.start().until("web started")
    second = runners()
    second.ini.write_text(runner.ini.read_text())
    assert second.start().wait() == 1
    assert "another runner answers here" in second.log()
    runner.process.kill()
    runner.wait()
    os.kill(runner.pids("web")[0], 9)
    runner.start().until("web started")
    assert os.stat(runner.folder / "circus").st_mode & 0o777 == 0o700
    assert runner.stop()[0] == 0
