"""What happens when a program dies unasked."""
import os
import signal
import time

from .conftest import alive, poll

SLEEP = "/usr/bin/sleep 1000"


def test_a_killed_program_is_back_at_once(runner):
    runner.write({"web": {"cmd": SLEEP}, "other": {"cmd": SLEEP}})
    runner.start().until("started", 2)
    pid = runner.pids("web")[0]
    start = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    runner.until("web started", 2)
    assert time.monotonic() - start < 0.3
    assert len(runner.lines(f"web died, process {pid}, signal 9 (SIGKILL); restart at once")) == 1
    assert len(runner.pids("other")) == 1
    assert runner.stop()[0] == 0


def test_a_program_killed_while_others_start_is_back_too(runner):
    programs = {f"p{i}": {"cmd": SLEEP, "priority": 10 - i} for i in range(4)}
    runner.write(programs, warmup_delay=0.4)
    runner.start().until("p0 started")
    start = time.monotonic()
    os.kill(runner.pids("p0")[0], signal.SIGKILL)
    runner.until("p0 started", 2)
    assert time.monotonic() - start < 0.3
    runner.until("started", 5)
    assert runner.stop()[0] == 0


def crash(runner, text, **options):
    runner.write({"app": {"cmd": runner.script("app", text), **options}, "front": {"cmd": SLEEP, "priority": -1}})
    return runner.start()


def test_a_crash_loop_ends_the_runner_with_the_program_s_code(runner):
    assert crash(runner, "exit 3").wait(30) == 3
    assert 6 < runner.ended - runner.started < 12
    deaths = runner.lines("app died, process")
    assert len(deaths) == 5 and all("exit code 3" in line for line in deaths)
    assert [line.partition("; ")[2] for line in deaths] == ["restart at once", "restart in 1 s", "restart in 2 s", "restart in 4 s", ""]
    assert len(runner.lines("app died 5 times within 60 s and is essential: stopping everything, exit code 3")) == 1
    assert runner.lines("front stopped") and runner.lines("app stopped")
    assert runner.left() == []


def test_exit_code_0_and_signals_become_1(runners):
    for text, code in {"exit 0": 1, "kill -9 $$": 1, "exit 137": 1, "exit 255": 255}.items():
        assert crash(runners(), text, max_retry=2).wait() == code


def test_many_retries_still_end_within_half_the_window(runner):
    assert crash(runner, "exit 4", max_retry=8, retry_window=4).wait() == 4
    assert runner.ended - runner.started < 4
    assert len(runner.lines("app died, process")) == 8


def test_each_process_counts(runner):
    assert crash(runner, "exit 5", max_retry=2, numprocesses=3, retry_window=4).wait() == 5
    # The processes that are left when the sixth dies may die too.
    assert 6 <= len(runner.lines("app died, process")) <= 8
    assert len(runner.lines("is essential: stopping everything")) == 1


def test_a_program_that_is_not_essential_stays_down(runner):
    crash(runner, "exit 3", essential=False, max_retry=2)
    runner.until("app stopped")
    assert len(runner.lines("app died 2 times within 60 s and stays down")) == 1
    time.sleep(0.5)
    assert runner.ctl("status") == "app: stopped\nfront: active"
    assert len(runner.lines("app started")) == 2 and len(runner.lines("front started")) == 1
    runner.script("app", "exec sleep 1000")
    assert runner.ctl("start", "app") == "ok"
    runner.until("app started", 3)
    assert runner.stop()[0] == 0


def test_for_ever(runner):
    crash(runner, "exit 3", max_retry=-1, retry_window=0.2)
    runner.until("app died", 12)
    assert runner.ctl("status") == "app: active\nfront: active"
    code, seconds = runner.stop()
    assert code == 0 and seconds < 0.5


def test_deaths_outside_the_window_do_not_add_up(runner):
    crash(runner, "sleep 0.4; exit 3", max_retry=2, retry_window=0.3)
    runner.until("app died", 4)
    assert runner.process.poll() is None
    assert runner.stop()[0] == 0


def test_a_program_that_cannot_be_executed(runner):
    """A death, though no process came of it."""
    program = runner.folder / "program"
    program.write_text("#!/nowhere/interpreter\n")
    program.chmod(0o755)
    runner.write({"app": {"cmd": program, "max_retry": 3, "retry_window": 2}})
    assert runner.start().wait() == 1
    assert len(runner.lines("app could not be executed: [Errno 2]")) == 3
    assert "app started" not in runner.log() and "Traceback" not in runner.log()


def test_the_loop_goes_on_while_a_program_pauses(runner):
    crash(runner, "exit 3")
    runner.until("restart in 2 s")
    start = time.monotonic()
    assert runner.ctl("status") == "app: active\nfront: active"
    os.kill(runner.pids("front")[-1], signal.SIGKILL)
    runner.until("front started", 2)
    assert time.monotonic() - start < 1
    code, seconds = runner.stop()
    assert code == 0 and seconds < 0.5


def test_what_a_dead_program_leaves_in_its_group_holds_no_port(runner):
    runner.script("worker", "while :; do sleep 0.1; done")
    runner.write({"app": {"cmd": runner.script("app", "/bin/sh $here/worker & wait")}})
    runner.start().until("app started")
    poll(lambda: len(runner.left()) == 3)
    old = [pid for pid in runner.left() if pid != runner.process.pid]
    os.kill(runner.pids("app")[0], signal.SIGKILL)
    runner.until("app started", 2)
    poll(lambda: not any(alive(pid) for pid in old), 1)
    assert runner.stop()[0] == 0


def test_streams_are_inherited_apart_and_users_switched(runner):
    cmd = runner.script("app", "id -un; id -gn; id -Gn; echo wid $1; echo error >&2; echo $A; exec sleep 1000")
    runner.write(
        {"app": {"cmd": f"{cmd} $(circus.wid)", "numprocesses": 2, "uid": "www-data", "gid": "www-data"}},
        "[env:app]\nA = pa$SWORD1x %% $(b)",
    )
    runner.start()
    poll(lambda: len(runner.output().splitlines()) == 10)
    out = runner.output().splitlines()
    assert sorted(line for line in out if line.startswith("wid")) == ["wid 1", "wid 2"]
    assert out.count("www-data") == 6 and out.count("pa$SWORD1x %% $(b)") == 2
    assert runner.log().count("error") == 2
    assert runner.stop()[0] == 0


def test_without_retries_the_first_death_counts(runner):
    assert crash(runner, "exit 6", max_retry=0).wait(10) == 6
    assert len(runner.lines("app died, process")) == 1


def test_a_program_may_have_no_processes(runner):
    crash(runner, "exit 6", numprocesses=0)
    runner.until("front started")
    assert not runner.lines("app died") and runner.stop()[0] == 0
