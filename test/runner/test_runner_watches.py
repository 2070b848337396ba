"""A reload restarts or signals what reads a changed file, tells so, and touches nothing else."""
import fcntl
import json
import os
import signal
import subprocess
import time

import pytest

from .conftest import poll, reload

SLEEP = "/usr/bin/sleep 1000"


def watching(path, reaction="restart", **more):
    return {"cmd": SLEEP, "watches": f"{reaction}:{path}", **more}


@pytest.fixture
def file(runner):
    path = runner.folder / "settings"
    path.write_text("one")
    return path


def rewritten(path):
    path.write_text("two")


def replaced(path):
    path.with_name("new").write_text("two")
    path.with_name("new").rename(path)


def gone(path):
    path.unlink()


def closed(path):
    path.chmod(0o600)


def given(path):
    os.chown(path, 1, 1)


def a_link(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


def a_fifo(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("change", [rewritten, replaced, gone, closed, given, a_link, a_fifo])
def test_a_changed_file_restarts_its_readers_alone(runner, file, change):
    runner.write({"web": watching(file), "app": {"cmd": SLEEP}})
    runner.start().until("started", 2)
    assert reload(runner) == []
    change(file)
    assert reload(runner) == [f"web restarted: {file} changed"]
    assert reload(runner) == []
    assert (len(runner.pids("web")), len(runner.pids("app"))) == (2, 1)
    assert runner.stop()[0] == 0


def test_a_file_in_a_folder_or_behind_a_link_counts(runner):
    folder = runner.folder / "conf.d"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/a").write_text("one")
    link = runner.folder / "certificate"
    (runner.folder / "1").write_text("one")
    (runner.folder / "2").write_text("two")
    link.symlink_to("1")
    runner.write({"web": watching(folder), "tls": watching(link)})
    runner.start().until("started", 2)
    for change in (lambda: (folder / "deep/a").write_text("two"), lambda: (folder / "b").write_text(""), lambda: (folder / "b").unlink()):
        change()
        assert reload(runner) == [f"web restarted: {folder} changed"]
    link.unlink()
    link.symlink_to("2")
    assert reload(runner) == [f"tls restarted: {link} changed"]
    assert runner.stop()[0] == 0


def test_a_signal_instead_of_a_restart(runner, file):
    cmd = runner.script("web", "trap 'echo hup' HUP\ntrap 'echo usr1' USR1\necho ready\nwhile :; do sleep 0.02; done")
    other = runner.folder / "other"
    runner.write({"web": {"cmd": cmd, "watches": f"HUP:{file} USR1:{other}", "numprocesses": 2}})
    runner.start()
    poll(lambda: runner.output().count("ready") == 2)
    file.write_text("two")
    assert reload(runner) == [f"web got HUP: {file} changed"]
    poll(lambda: runner.output().count("hup") == 2)
    other.write_text("new")
    assert reload(runner) == [f"web got USR1: {other} changed"]
    poll(lambda: runner.output().count("usr1") == 2)
    assert reload(runner) == [] and len(runner.pids("web")) == 2
    assert runner.stop()[0] == 0


def test_what_also_has_other_settings_is_restarted_once_and_not_signalled(runner, file):
    runner.write({"web": watching(file, "HUP", fingerprint=1)})
    runner.start().until("started")
    file.write_text("two")
    runner.write({"web": watching(file, "HUP", fingerprint=2)})
    assert reload(runner) == [f"web restarted: {file} changed"]
    assert len(runner.pids("web")) == 2 and "got HUP" not in runner.log()
    assert runner.stop()[0] == 0


def test_a_file_that_is_taken_away_or_added_counts(runner, file):
    runner.write({"web": watching(file), "app": {"cmd": SLEEP}})
    runner.start().until("started", 2)
    runner.write({"web": {"cmd": SLEEP}, "app": watching(file)})
    assert sorted(reload(runner)) == [f"app restarted: {file} changed", f"web restarted: {file} changed"]
    assert runner.stop()[0] == 0


def test_another_reaction_alone_changes_nothing(runner, file):
    runner.write({"web": watching(file)})
    runner.start().until("started")
    runner.write({"web": watching(file, "HUP")})
    assert reload(runner) == []
    assert len(runner.pids("web")) == 1
    assert runner.stop()[0] == 0


@pytest.mark.parametrize("reaction", ["restart", "HUP"])
def test_what_runs_once_runs_again_before_the_others(runner, file, reaction):
    migrate = runner.script("migrate", "sleep 0.3; cat $here/settings; echo")
    web = runner.script("web", "echo web; exec sleep 1000")
    runner.write(
        {
            "migrate": {"cmd": migrate, "oneshot": True, "respawn": False, "watches": f"{reaction}:{file}"},
            "web": {"cmd": web, "watches": f"restart:{file}"},
        }
    )
    runner.start()
    poll(lambda: runner.output() == "one\nweb\n")
    file.write_text("two")
    assert reload(runner) == [f"migrate runs again: {file} changed", f"web restarted: {file} changed"]
    poll(lambda: runner.output() == "one\nweb\ntwo\nweb\n", 10, runner.output)
    assert runner.stop()[0] == 0


@pytest.mark.parametrize("reaction", ["restart", "HUP"])
def test_what_does_not_run_stays_down_until_it_is_started(runner, file, reaction):
    runner.write({"web": {"cmd": SLEEP}, "tool": watching(file, reaction, autostart=False)})
    runner.start().until("started")
    file.write_text("two")
    assert reload(runner) == ([f"tool stays down: {file} changed"] if reaction == "restart" else [])
    assert runner.ctl("status") == "tool: stopped\nweb: active"
    runner.ctl("start", "tool", "--waiting")
    file.write_text("three")
    expected = f"tool restarted: {file} changed" if reaction == "restart" else f"tool got HUP: {file} changed"
    assert reload(runner) == [expected]
    poll(lambda: "tool: active" in runner.ctl("status"))
    assert runner.stop()[0] == 0


def test_what_was_started_anew_has_read_its_files(runner, file):
    runner.write({"web": watching(file)})
    runner.start().until("started")
    file.write_text("two")
    runner.ctl("restart", "web", "--waiting")
    assert reload(runner) == [] and len(runner.pids("web")) == 2
    assert runner.stop()[0] == 0


def test_a_refused_reload_restarts_nothing(runner, file):
    runner.write({"web": watching(file)})
    runner.start().until("started")
    file.write_text("two")
    runner.write({"web": watching(file, "SOMETIMES")})
    assert "watches: must be words such as restart:/PATH or HUP:/PATH" in runner.ctl("reloadconfig")
    assert len(runner.pids("web")) == 1
    runner.write({"web": watching(file)})
    assert reload(runner) == [f"web restarted: {file} changed"]
    assert runner.stop()[0] == 0


def test_huge_folders_and_files_cost_no_time(runner):
    big = runner.folder / "big"
    with open(big, "wb") as made:
        made.truncate(1 << 40)
    many = runner.folder / "many"
    many.mkdir()
    for number in range(3000):
        (many / str(number)).touch()
    runner.write({"web": {"cmd": SLEEP, "watches": f"restart:{big} restart:{many} restart:/dev/zero restart:/proc/self/mem"}})
    runner.start().until("started")
    begin = time.monotonic()
    assert reload(runner) == []
    assert time.monotonic() - begin < 3
    (many / "more").touch()
    assert reload(runner) == [f"web restarted: {many} changed"]
    with open(big, "r+b") as made:
        made.write(b"x")
    assert reload(runner) == [f"web restarted: {big} changed"]
    assert runner.stop()[0] == 0


def test_it_tells_how_long_a_program_was_away(runner, file):
    cmd = runner.script("web", "trap 'sleep 0.5; exit' TERM; while :; do sleep 0.02; done")
    runner.write({"web": {**watching(file), "cmd": cmd}})
    runner.start().until("started")
    time.sleep(0.3)
    file.write_text("two")
    (sentence,) = json.loads(runner.ctl("--json", "reloadconfig", "--waiting"))["changes"]
    start, _, rest = sentence.partition(" changed; it was away for ")
    assert start == f"web restarted: {file}" and rest.endswith(" s and the time it takes to be ready")
    assert 0.4 < float(rest.split()[0]) < 3
    assert runner.stop()[0] == 0


def test_what_the_owner_of_a_folder_does_there_holds_nothing_up(runner):
    folder = runner.folder / "watched"
    folder.mkdir()
    runner.write({"web": watching(folder)})
    runner.start().until("started")
    leased = folder / "leased"
    leased.write_text("one")
    lease = os.open(leased, os.O_RDWR)
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fcntl.fcntl(lease, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    below = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("deep", dir_fd=below)
        above, below = below, os.open("deep", os.O_RDONLY, dir_fd=below)
        os.close(above)
    os.close(below)
    start = time.monotonic()
    assert reload(runner) == [f"web restarted: {folder} changed"]
    assert time.monotonic() - start < 5
    os.close(lease)
    subprocess.run(["rm", "-rf", folder], check=True)
