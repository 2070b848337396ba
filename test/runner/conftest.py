"""Starts the base image's runner on an ini of a test, with real circus.

test/salt/run sets MAKINA_BASE (the base image folder) and MAKINA_VENVS (the folder of the virtual environments).
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

RUNNER = pathlib.Path(os.environ["MAKINA_BASE"]) / "runtime/runner"
CIRCUS = pathlib.Path(os.environ["MAKINA_VENVS"]) / "circus/bin"


class Runner:
    """One runner with a folder of its own: the ini, the sockets, and what its programs write."""

    def __init__(self):
        # Not pytest's folder: its path can be too long for a socket. Programs of other users write here.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="runner-"))
        self.folder.chmod(0o755)
        self.ini = self.folder / "circusd.ini"
        self.endpoint = f"ipc://{self.folder}/circus/endpoint.sock"
        self.process = None
        self.started = self.ended = None

    def write(self, programs, more="", **circus):
        """Writes the ini: {name: {option: value}}, further text, and options of [circus]."""
        circus = {
            "endpoint": self.endpoint,
            "pubsub_endpoint": f"ipc://{self.folder}/circus/pubsub.sock",
            "multicast_endpoint": "",
            "statsd": "False",
            "check_delay": 1,
            "warmup_delay": 0,
            **circus,
        }
        sections = {"circus": circus, **{f"watcher:{name}": options for name, options in programs.items()}}
        lines = []
        for section, options in sections.items():
            lines += [f"[{section}]", *(f"{name} = {value}" for name, value in options.items())]
        self.ini.write_text("\n".join([*lines, more]) + "\n")

    def script(self, name, text):
        """Writes a shell script that starts with the test's folder in $here. Out: the command line that runs it."""
        path = self.folder / name
        path.write_text(f"here={self.folder}\n{text}\n")
        return f"/bin/sh {path}"

    def start(self, *arguments):
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [CIRCUS / "python", "-I", "-S", RUNNER, *arguments, self.ini],
            stdout=open(self.folder / "stdout", "w"),
            stderr=open(self.folder / "stderr", "w"),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def wait(self, timeout=15):
        """Waits for the runner's end. Out: its exit code."""
        code = self.process.wait(timeout)
        self.ended = time.monotonic()
        return code

    def stop(self, number=signal.SIGTERM, timeout=15):
        """Sends a signal. Out: (exit code, seconds until the end)."""
        start = time.monotonic()
        self.process.send_signal(number)
        code = self.wait(timeout)
        return code, self.ended - start

    def log(self):
        return (self.folder / "stderr").read_text()

    def output(self):
        return (self.folder / "stdout").read_text()

    def lines(self, words):
        return [line for line in self.log().splitlines() if words in line]

    def until(self, words, times=1, timeout=10):
        """Waits until the log has words, that often."""
        poll(lambda: self.log().count(words) >= times, timeout, lambda: f"no {words!r} in {self.log()}")

    def pids(self, name):
        """The processes of a program that were started, in order."""
        return [int(line.rpartition(" ")[2]) for line in self.lines(f"{name} started, process")]

    def ctl(self, *words, timeout=10):
        """Runs circusctl. Out: what it prints."""
        done = subprocess.run(
            [CIRCUS / "circusctl", "--endpoint", self.endpoint, *words],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return (done.stdout + done.stderr).strip()

    def left(self):
        """The processes that still have the test's folder on their command line."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.folder).encode() in path.read_bytes():
                    found.append(int(path.parent.name))
            except OSError:
                pass
        return found

    def clean(self):
        programs = []
        if self.process and self.process.poll() is None:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            programs = [int(pid) for pid in children.read_text().split()]
            self.process.kill()
            self.process.wait()
        for pid in [*programs, *self.left()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.folder)


def poll(condition, timeout=10, explain=lambda: "in vain"):
    """Waits until a condition is true."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, explain()
        time.sleep(0.01)


def alive(pid):
    """Whether a process is there and no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def runners():
    """Makes runners, and takes away all that is left of them."""
    made = []

    def make():
        made.append(Runner())
        return made[-1]

    yield make
    for runner in made:
        runner.clean()


@pytest.fixture
def runner(runners):
    return runners()


@pytest.fixture(autouse=True)
def root():
    if os.geteuid() != 0:
        pytest.skip("the runner switches users: run this as root")


def reload(runner):
    """Reloads. Out: what the runner says that it changed."""
    answer = json.loads(runner.ctl("--json", "reloadconfig", "--waiting"))
    assert answer["status"] == "ok"
    return [sentence.partition(";")[0] for sentence in answer["changes"]]
