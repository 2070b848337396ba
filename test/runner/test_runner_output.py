"""Nobody reads the log: the runner obeys all the same, and tells what was lost once somebody reads again."""
import fcntl
import os
import pty
import socket
import subprocess
import time

import pytest

from .conftest import CIRCUS, RUNNER, alive, poll

SLEEP = "/usr/bin/sleep 1000"
LOUD = "/usr/bin/yes a-line-that-fills-it"


def pipe():
    return os.pipe()


def sockets():
    return tuple(one.detach() for one in socket.socketpair())


def terminal():
    return pty.openpty()


@pytest.fixture(params=[pipe, sockets, terminal])
def unread(request, runner):
    """Starts the runner with an output that nobody reads. Out: a function that reads what is there."""
    reader, writer = request.param()

    def start():
        command = [CIRCUS / "python", "-I", RUNNER, runner.ini]
        runner.process = subprocess.Popen(command, stdout=writer, stderr=writer, stdin=subprocess.DEVNULL, start_new_session=True)
        return reader, writer

    yield start
    os.close(reader)
    os.close(writer)


def fill(writer):
    """Writes until nothing more is taken, through a descriptor of its own."""
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    os.set_blocking(writer, False)
    try:
        for size in (4096, 1):
            try:
                while True:
                    os.write(writer, b"x" * size)
            except BlockingIOError:
                pass
    finally:
        fcntl.fcntl(writer, fcntl.F_SETFL, flags)


def test_a_stop_and_commands_are_obeyed(runner, unread):
    runner.write({"web": {"cmd": SLEEP}, "loud": {"cmd": LOUD}, "dying": {"cmd": "/bin/false", "max_retry": -1}})
    _, writer = unread()
    poll(lambda: "loud: active" in runner.ctl("status"))
    fill(writer)
    before = time.monotonic()
    assert runner.ctl("restart", "web", "--waiting").endswith("ok")
    assert runner.ctl("restart", "loud", "--waiting").endswith("ok")
    assert runner.ctl("reloadconfig", "--waiting").endswith("ok")
    assert time.monotonic() - before < 5
    code, seconds = runner.stop()
    assert code == 0 and seconds < 2


def test_what_could_not_be_written_is_told_later(runner, unread):
    runner.write({"web": {"cmd": SLEEP}})
    reader, writer = unread()
    poll(lambda: "web: active" in runner.ctl("status"))
    fill(writer)
    for _ in range(10):
        runner.ctl("restart", "web", "--waiting")
    os.set_blocking(reader, False)
    found = b""
    end = time.monotonic() + 5
    while found.count(b"web started") < 11 and time.monotonic() < end:
        try:
            found += os.read(reader, 65536)
        except BlockingIOError:
            time.sleep(0.01)
    assert found.count(b"web started") == 11
    assert runner.stop()[0] == 0


def test_the_lines_that_wait_are_few(runner):
    script = (
        "import os, sys, logging; sys.path.insert(0, sys.argv[1]); import output; reader, writer = os.pipe()\n"
        "lines = output.Output(writer)\n"
        "log = logging.getLogger(); log.addHandler(lines)\n"
        "for number in range(100000): log.error('%s ' + 'x' * 300, number)\n"
        "assert len(lines.waiting) == output.KEPT\n"
        "found = b''\n"
        "while lines.waiting: found += os.read(reader, 65536); lines.push()\n"
        "os.set_blocking(reader, False); found += os.read(reader, 1 << 20)\n"
        "told = found.decode().splitlines()\n"
        "assert all(len(line) > 300 for line in told[:-1]), told[-2:]\n"
        "assert told[-1] == f'{100000 - len(told) + 1} lines of the runner were lost: no one read them', told[-1]\n"
        "assert told[-2].startswith('99999 ')\n"
    )
    subprocess.run([CIRCUS / "python", "-I", "-c", script, RUNNER], check=True, timeout=60)


def test_a_reader_that_is_gone_is_no_problem(runner):
    runner.write({"web": {"cmd": SLEEP}})
    reader, writer = os.pipe()
    runner.process = subprocess.Popen([CIRCUS / "python", "-I", RUNNER, runner.ini], stderr=writer, start_new_session=True)
    os.close(writer)
    poll(lambda: "web: active" in runner.ctl("status"))
    os.close(reader)
    assert runner.ctl("restart", "web", "--waiting").endswith("ok")
    assert alive(runner.process.pid) and runner.stop()[0] == 0
