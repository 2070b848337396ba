"""The command `programs` of the control socket tells how each program and each cron goes."""
import json
import subprocess
import time

from .conftest import CIRCUS, poll
from .test_runner_crons import crons, start

ASK = """
import sys, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.connect(sys.argv[1])
socket.send(b'{"id": "1", "command": "programs"}')
print(socket.recv().decode())
"""
SLEEP = "/usr/bin/sleep 1000"


def report(runner):
    done = subprocess.run([CIRCUS / "python", "-I", "-c", ASK, runner.endpoint], capture_output=True, text=True, timeout=10, check=True)
    answer = json.loads(done.stdout)
    return {each["name"]: each for each in answer["programs"]}, {each["name"]: each for each in answer["crons"]}


def test_each_state_of_a_program_is_told(runner):
    go = runner.folder / "go"
    runner.write(
        {
            "web": {"cmd": SLEEP, "numprocesses": 2, "priority": 10},
            "migrate": {"cmd": runner.script("migrate", "while [ ! -e $here/go ]; do sleep 0.02; done"), "oneshot": True, "priority": 20},
            "given": {"cmd": runner.script("given", "exit 3"), "essential": False, "max_retry": 2, "priority": 5},
            "pausing": {"cmd": runner.script("pausing", "exit 4"), "essential": False, "max_retry": -1, "priority": 4},
            "manual": {"cmd": SLEEP, "autostart": False, "priority": 3},
        }
    )
    began = time.time()
    runner.start().until("migrate started")
    programs, crons = report(runner)
    assert list(programs) == ["migrate", "web", "given", "pausing", "manual"] and crons == {}
    assert [each["state"] for each in programs.values()] == ["running", "waiting", "waiting", "waiting", "not started"]
    go.touch()
    runner.until("given died 2 times")
    poll(lambda: report(runner)[0]["pausing"]["state"] == "restarting")
    programs, _ = report(runner)
    assert {name: each["state"] for name, each in programs.items()} == {
        "migrate": "done", "web": "running", "given": "failed", "pausing": "restarting", "manual": "not started",
    }  # fmt: skip
    web, given, migrate = programs["web"], programs["given"], programs["migrate"]
    assert [each["pid"] for each in web["processes"]] == runner.pids("web")
    assert all(began < each["since"] < time.time() for each in web["processes"])
    assert (web["deaths"], web["last_end"], web["essential"], web["oneshot"], web["numprocesses"]) == (0, None, True, False, 2)
    assert (given["deaths"], given["last_end"]["code"], given["last_end"]["how"], given["essential"]) == (2, 3, "exit code 3", False)
    assert (migrate["deaths"], migrate["last_end"]["code"], migrate["oneshot"]) == (0, 0, True)
    for words, state in ((["stop", "web"], "stopped"), (["start", "web"], "running"), (["start", "migrate"], "done")):
        assert runner.ctl(*words, "--waiting").endswith("ok")
        assert report(runner)[0][words[1]]["state"] == state
    subprocess.run(["kill", "-KILL", str(runner.pids("web")[-1])], check=True)
    poll(lambda: report(runner)[0]["web"]["deaths"] == 1)
    assert report(runner)[0]["web"]["last_end"]["how"] == "signal 9 (SIGKILL)"
    assert runner.stop()[0] == 0 and "Traceback" not in runner.log()


def test_the_last_run_of_a_cron_is_told(runner):
    runner.write({"web": {"cmd": SLEEP}}, crons(bad=(runner.script("bad", "exit 4"), "* * * * *"), long=(SLEEP, "* * * * *"), later=(SLEEP, "@yearly")))
    start(runner)
    runner.until("cron bad ended with exit code 4")
    _, found = report(runner)
    assert (found["bad"]["last_run"]["code"], found["bad"]["last_run"]["how"], found["bad"]["processes"]) == (4, "exit code 4", [])
    assert len(found["long"]["processes"]) == 1 and found["long"]["last_run"] is None
    assert (found["later"]["schedule"], found["later"]["last_run"], found["later"]["processes"]) == ("@yearly", None, [])
    assert 0 < found["bad"]["next_run"] < found["later"]["next_run"]
    assert runner.stop()[0] == 0
