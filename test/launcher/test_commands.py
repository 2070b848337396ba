"""exec_program.py and its log files: what a program is given, and where its words go. Real processes, no circus."""
import fcntl
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from volumes import USER, generate

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
PYTHON = "/usr/bin/python3"
TELL = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))"
PIECES = ["'", '"', "\\", "\n", ";", "$", "$HOME", "$(id)", "$(circus.env.HOME)", "%", "%(x)s", "{{", "}}", "{%", "{#", "#", "`id`", " ", "\t", "\r", "é", "日本", "🎉", "-x", "=", "*", "~", "&&", "|", "\x01", "\x7f", "a", "yes", "$(circus.", "wid)"]  # fmt: skip


@pytest.fixture(scope="session")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    return generate(folder).parent / "bin"


@pytest.fixture
def world(scripts, tmp_path):
    return World(scripts, tmp_path)


class World:
    """A folder with the JSON of commands; `data` is the project's data folder, and the user's."""

    def __init__(self, scripts, folder):
        self.scripts = scripts
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        os.chown(self.data, *owner())
        for path in (folder, *folder.parents[:3]):
            path.chmod(path.stat().st_mode | 0o055)

    def write(self, name="web", **changes):
        command = {
            "cmd": shlex.join([PYTHON, "-c", TELL]),
            "args": [],
            "env": {},
            "env_files": {},
            "secrets": {},
            "copy_env": False,
            "port": None,
            "socket": None,
            "umask": "0027",
            "working_dir": "/",
            "user": USER,
            "group": USER,
            "rlimits": {},
            "log_file": None,
            "log_format": "plain",
            "log_max_bytes": 1000,
            "log_backup_count": 2,
            "data_root": str(self.folder),
            "healthcheck": None,
        }
        path = self.folder / "programs" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**command, **changes}))
        return path

    def start(self, path, wid=1, prefix=(), **options):
        command = [*prefix, sys.executable, "-I", "-S", self.scripts / "exec_program.py", path, str(wid)]
        usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": {}}
        return subprocess.Popen(command, text=True, **{**usual, **options})

    def run(self, path, wid=1, **options):
        """Out: (exit code, stdout, stderr)."""
        process = self.start(path, wid, **options)
        out, err = process.communicate(timeout=20)
        return process.returncode, out, err

    def told(self, wid=1, options=(), **changes):
        """What a program says of its arguments, environment and folder."""
        code, out, err = self.run(self.write(**changes), wid, **dict(options))
        assert (code, err) == (0, "")
        return json.loads(out)


def owner():
    import pwd

    return pwd.getpwnam(USER)[2:4]


def test_hostile_words_arrive_as_they_are(world):
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print("SEED=%d" % seed)
    chance = random.Random(seed)
    words = ["".join(chance.choices(PIECES, k=chance.randrange(12))) for _ in range(900)]
    # The only two that mean something.
    words = [word.replace("$(circus.wid)", "").replace("$(circus.port)", "") for word in words]
    env = {"V%d" % number: word for number, word in enumerate(words[600:])}
    cmd = shlex.join([PYTHON, "-c", TELL, *words[:300]])
    args, seen, _ = world.told(wid=7, cmd=cmd, args=words[300:600], env=env)
    assert args == words[:600]
    assert {name: seen[name] for name in env} == env


def test_the_number_and_the_port_of_a_process(world):
    words = ["$(circus.wid)", "x$(circus.port)y$(circus.wid)", "$(circus.WID)", "((circus.wid))", "$$(circus.widx)"]
    expected = ["3", "x8002y3", "$(circus.WID)", "((circus.wid))", "$$(circus.widx)"]
    cmd = shlex.join([PYTHON, "-c", TELL, *words])
    args, env, _ = world.told(3, cmd=cmd, args=words, env={"A": words[1]}, port=8000)
    assert args == expected * 2
    assert (env["A"], env["PORT"]) == ("x8002y3", "8002")
    assert world.told(3, port=8000, env={"PORT": "1"})[1]["PORT"] == "1"
    args, env, _ = world.told(2, args=words[:2])
    assert args == ["2", "x$(circus.port)y2"] and "PORT" not in env


def test_the_umask(world):
    show = shlex.join([PYTHON, "-c", "import json, os; print(json.dumps(oct(os.umask(0))))"])
    assert [world.told(cmd=show, umask=umask) for umask in ("0027", "0007", "000", "0777")] == ["0o27", "0o7", "0o0", "0o777"]
    log = world.data / "x.log"
    assert world.run(world.write(cmd=show, umask="0777", log_file=str(log)))[0] == 0
    subprocess.run(["flock", world.folder / "programs/web.json", "true"], check=True)
    assert log.read_text() == '"0o777"\n'
    assert log.stat().st_mode & 0o777 == 0o640


TALK = """
import json, os, sys
os.write(1, b"one\\n\\xff\\xfe \\xc3\\xa9 \\x00\\x1b[31m\\ntwo ")
os.write(1, b"halves\\n" + json.dumps({"a": "b \\\\ c"}).encode() + b"\\n\\n")
os.write(2, b"wrong\\n")
os.write(1, "é".encode() * 700000 + b"\\n")
os.write(1, b"last words")
os.kill(os.getpid(), 9)
"""
SPOKEN = ["one", "\\xff\\xfe é \0\x1b[31m", "two halves", '{"a": "b \\\\ c"}', "", "é" * 524288, "é" * 175712, "last words"]


def test_lines_with_the_name_of_the_program(world):
    code, out, err = world.run(world.write(cmd=shlex.join([PYTHON, "-c", TALK]), log_format="prefixed"), wid=3, errors="backslashreplace")
    assert code == -9 and err == "web[3] wrong\n"
    assert out == "".join(f"web[3] {line}\n" for line in SPOKEN)


def test_lines_as_json(world):
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    code, out, err = world.run(world.write("purge", cmd=shlex.join([PYTHON, "-c", TALK]), log_format="json"), wid=3)
    found = [json.loads(line) for line in out.splitlines() + err.splitlines()]
    assert code == -9 and all(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z", each["time"]) and each.pop("time") >= began for each in found)
    expected = [{"program": "purge", "wid": 3, "stream": "stdout", "message": line} for line in SPOKEN]
    assert found == expected + [{"program": "purge", "wid": 3, "stream": "stderr", "message": "wrong"}]


def test_lines_of_many_stay_whole_and_a_stop_waits_for_them(world):
    line = "x" * 9000
    path = world.write(cmd=shlex.join(["/bin/sh", "-c", f"for i in $(seq 100); do echo {line}; done"]), log_format="prefixed")
    reader, writer = os.pipe()
    processes = [world.start(path, wid, stdout=writer, stderr=writer) for wid in range(1, 9)]
    os.close(writer)
    with open(reader, encoding="utf-8") as opened:
        lines = opened.read().splitlines()
    assert [process.wait() for process in processes] == [0] * 8
    assert sorted(lines) == sorted(f"web[{wid}] {line}" for wid in range(1, 9) for _ in range(100))
    # The writer holds the program's file to its end.
    with open(world.folder / "out", "w", encoding="utf-8") as opened:
        world.start(path, stdout=opened, stderr=opened).wait()
        subprocess.run(["flock", path, "true"], check=True)
    assert (world.folder / "out").read_text().count("\n") == 100


def test_the_last_lines_are_kept_also_where_memory_is_full(world):
    path = world.write(cmd="seq 100000", log_format="prefixed")
    folder = "mount -t tmpfs -o size=64k none /run && mkdir -m 711 /run/mc_launcher && : > /run/mc_launcher/environment"
    show = f'{folder} && "$@"; flock "$0" true; tail -c 15 /run/mc_launcher/lines/programs/web'
    code, out, _ = world.run(path, prefix=["unshare", "--mount", "--propagation", "private", "sh", "-c", show, path])
    assert code == 0 and out.endswith("web[1] 99999\nweb[1] 100000\n\nweb[1] 100000\n")


def test_a_writer_is_the_users_and_a_healthcheck_has_none(world):
    path = world.write(cmd="sleep 1000", log_format="json", healthcheck="echo healthy")
    process = world.start(path)
    writers = []
    while not writers:
        pids = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if cmdline(pid).endswith(f"{path}\0001\0")]
        writers = [pid for pid in pids if int(pid) != process.pid and open(f"/proc/{pid}/stat").read().split()[3] == "1"]
    assert all(os.stat(f"/proc/{pid}").st_uid == owner()[0] for pid in writers)
    done = subprocess.run([sys.executable, "-I", "-S", world.scripts / "exec_program.py", "--healthcheck", path], capture_output=True, text=True)
    assert done.stdout == "healthy\n"
    process.kill()
    process.communicate(timeout=5)


def cmdline(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


LISTEN = """
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print(oct(os.lstat(sys.argv[1]).st_mode & 0o777), os.lstat(sys.argv[1]).st_gid, flush=True)
"""


def test_a_socket_has_the_group_of_its_folder_and_one_that_was_left_does_not_matter(world):
    folder = world.folder / "run"
    folder.mkdir()
    os.chown(folder, owner()[0], 33)
    folder.chmod(0o2750)
    path = world.write(cmd=shlex.join([PYTHON, "-c", LISTEN, f"{folder}/$(circus.wid).sock"]), socket=f"{folder}/$(circus.wid).sock", umask="0007")
    for _ in range(2):
        assert world.run(path, wid=3) == (0, "0o770 33\n", "")
    assert [each.name for each in folder.iterdir()] == ["3.sock"]
    # Nothing else is removed, and nothing with root's rights.
    (folder / "4.sock").write_text("kept")
    assert world.run(path, wid=4)[0] == 1 and (folder / "4.sock").read_text() == "kept"
    with socket.socket(socket.AF_UNIX) as roots:
        roots.bind(str(world.folder / "5.sock"))
    os.symlink(world.folder, world.folder / "link")
    there = world.write(cmd="true", socket=f"{world.folder}/link/5.sock")
    assert world.run(there)[0] == 0 and (world.folder / "5.sock").exists()


# In a mount namespace of its own, whose /run has the environment of a start.
STARTED = "mount -t tmpfs none /run && mkdir /run/mc_launcher && printf '%b' \"$0\" > /run/mc_launcher/environment && exec \"$@\""


def started(*variables):
    return {"prefix": ["unshare", "--mount", "--propagation", "private", "sh", "-c", STARTED, "".join(f"{entry}\\0" for entry in variables)]}


def test_the_environment(world):
    given = {"options": {"env": {"PATH": os.environ["PATH"], "OF_CIRCUS": "x"}, **started("FROM=outside", "HOME=/root", "A=outside", "b.c-d=", "TZ=CET-1")}}
    _, env, folder = world.told(env={"A": "own"}, working_dir="/usr", **given)
    assert set(env) - {"LC_CTYPE"} == {"A", "HOME", "LANG", "PATH", "TZ", "USER"} and (env["A"], folder) == ("own", "/usr")
    _, env, _ = world.told(env={"A": "own", "TZ": "EST5"}, copy_env=True, **given)
    assert set(env) - {"LC_CTYPE"} == {"A", "FROM", "HOME", "LANG", "PATH", "TZ", "USER", "b.c-d"}
    assert (env["A"], env["FROM"], env["USER"], env["b.c-d"], env["TZ"]) == ("own", "outside", USER, "", "EST5")


def test_signals_are_the_usual_ones(world):
    code, out, _ = world.run(world.write(cmd="sh -c 'grep SigIgn /proc/self/status'"))
    assert code == 0 and int(out.split()[1], 16) == 0


def test_limits(world):
    cmd = "sh -c 'ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc'"
    assert world.run(world.write(cmd=cmd, rlimits={"nofile": 321, "core": 0}))[1].split() == ["321", "321", "0", "0"]
    lower = ["prlimit", "--nofile=200:300", "setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"]
    code, out, err = world.run(world.write(rlimits={"nofile": 5000}), prefix=lower)
    assert (code, out) == (78, "")
    assert err.endswith(
        "web.json: the limit nofile cannot be 5000: the container allows 300 at most; start it with docker --ulimit nofile=5000\n"
    )


def test_what_cannot_be_run_is_told(world):
    code, _, err = world.run(world.write(cmd="/nowhere/x"))
    assert code == 1 and "cannot run /nowhere/x in /: No such file or directory" in err
    code, _, err = world.run(world.write(cmd="/nowhere/x", log_file=str(world.data / "web.log")))
    assert code == 1 and "cannot run /nowhere/x in /: No such file or directory" in err


# ---- log files ----


def until_free(path):
    """Waits, as launch.sh does, until no writer holds a program's file."""
    subprocess.run(["flock", "-w", "5", path, "true"], check=True)


def test_all_words_come_into_the_log_file_to_the_last(world):
    log = world.data / "logs/deep/web.log"
    path = world.write(cmd="sh -c 'echo first; echo second >&2; printf last; kill -9 $$'", log_file=str(log))
    assert world.run(path) == (-signal.SIGKILL, "", "")
    until_free(path)
    assert log.read_text() == "first\nsecond\nlast"
    assert log.stat().st_mode & 0o777 == 0o640


def test_the_last_words_survive_the_end_of_the_process_group(world):
    log = world.data / "web.log"
    path = world.write(cmd="sh -c 'seq 20000; echo end; sleep 100'", log_file=str(log), log_max_bytes=0)
    process = world.start(path, start_new_session=True)
    end = time.monotonic() + 10
    while not log.exists() or b"end" not in log.read_bytes():
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    until_free(path)
    assert log.read_text().split() == [*map(str, range(1, 20001)), "end"]


def test_a_full_file_is_renamed_and_the_oldest_goes(world):
    log = world.data / "web.log"
    path = world.write(cmd="sh -c 'for i in $(seq 1000 1999); do echo $i; sleep 0.001; done'", log_file=str(log))
    assert world.run(path)[0] == 0
    until_free(path)
    files = [pathlib.Path(f"{log}{end}") for end in (".2", ".1", "")]
    assert sorted(path.name for path in world.data.iterdir()) == ["web.log", "web.log.1", "web.log.2"]
    assert all(0 < file.stat().st_size <= 1000 for file in files)
    numbers = [int(word) for file in files for word in file.read_text().split()]
    assert numbers == list(range(2000 - len(numbers), 2000)) and len(numbers) > 200


@pytest.mark.parametrize("backups", [0, 1])
def test_few_backups(world, backups):
    log = world.data / "web.log"
    path = world.write(cmd="sh -c 'for i in $(seq 10000 39999); do echo $i; done'", log_file=str(log), log_backup_count=backups)
    assert world.run(path)[0] == 0
    until_free(path)
    assert len(list(world.data.iterdir())) == backups + 1


def test_processes_that_share_a_file_lose_nothing_and_mix_no_lines(world):
    log = world.data / "web.log"
    cmd = "sh -c 'for i in $(seq 500); do echo $0 $i; done' $(circus.wid)"
    path = world.write(cmd=cmd, log_file=str(log), log_max_bytes=2000, log_backup_count=50)
    processes = [world.start(path, wid) for wid in range(1, 5)]
    assert [process.wait(20) for process in processes] == [0] * 4
    until_free(path)
    lines = [line for file in world.data.iterdir() for line in file.read_text().splitlines()]
    assert sorted(lines) == sorted(f"{wid} {i}" for wid in range(1, 5) for i in range(1, 501))


def test_who_holds_a_lock_of_the_file_stops_nobody(world):
    log = world.data / "web.log"
    log.touch()
    shutil.chown(log, USER)
    path = world.write(cmd="sh -c 'for i in $(seq 20000); do echo line $i; done'", log_file=str(log), log_max_bytes=1000)
    with open(log) as reader:
        fcntl.flock(reader, fcntl.LOCK_EX)
        assert world.start(path).wait(8) == 0
        until_free(path)
    assert log.read_text() == "".join(f"line {i}\n" for i in range(1, 20001))


def test_what_is_no_file_of_the_program_is_refused(world):
    log = world.data / "web.log"
    log.symlink_to("/etc/motd")
    for path, what in ((log, "Too many levels of symbolic links"), ("/nowhere/web.log", "No such file or directory")):
        code, out, err = world.run(world.write(cmd="echo here", log_file=str(path)))
        assert (code, out) == (78, "") and f"log_file {path} cannot be written: {what}; give it a folder" in err
    os.mkfifo(world.data / "fifo")
    code, _, err = world.run(world.write(log_file=str(world.data / "fifo")))
    assert code == 78 and err.count("\n") == 1


def test_the_log_file_may_be_taken_away(world):
    log = world.data / "web.log"
    path = world.write(cmd="sh -c 'echo a; read x; echo b; read x; echo c'", log_file=str(log))
    process = world.start(path, stdin=subprocess.PIPE)
    for word in "abc":
        end = time.monotonic() + 5
        while not (log.exists() and log.read_text() == f"{word}\n"):
            assert time.monotonic() < end
            time.sleep(0.01)
        log.unlink()
        if word != "c":
            process.stdin.write("\n")
            process.stdin.flush()
    process.communicate()


# ---- healthcheck.py ----


@pytest.fixture
def healthcheck(world):
    """Runs healthcheck.py for programs with these healthchecks. Out: (exit code, stdout, seconds)."""
    launched, pid_file = world.folder / "launched", world.folder / "nginx.pid"

    def run(mark=True, nginx=os.getpid(), options=None, words=(), **checks):
        for name, check in checks.items():
            world.write(name, healthcheck=check, **(options or {}))
        for path, text in ((launched, mark), (pid_file, nginx)):
            path.unlink(missing_ok=True)
            if text:
                path.write_text(f"{text}\n")
        start = time.monotonic()
        command = [sys.executable, "-I", "-S", world.scripts / "healthcheck.py", world.folder / "programs", launched, pid_file, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert done.stderr == ""
        return done.returncode, done.stdout, time.monotonic() - start

    return run


def test_healthy(healthcheck):
    assert healthcheck(web=None, other="true")[:2] == (0, "")


def test_the_start_and_nginx_count(healthcheck):
    assert healthcheck(mark=False, web=None)[:2] == (1, "the start is not done\n")
    assert healthcheck(nginx=None, web=None)[:2] == (1, "nginx: does not run\n")
    assert healthcheck(nginx=4194304, web=None)[:2] == (1, "nginx: does not run\n")


def test_what_is_wrong_is_named_within_the_limit(healthcheck):
    code, out, seconds = healthcheck(
        bad="sh -c 'echo one; echo two >&2; exit 3'", good="true", slow="sleep 60", slower="sh -c 'sleep 60 & sleep 60'", gone="/nowhere"
    )
    assert code == 1 and seconds < 4.8
    lines = out.splitlines()
    assert lines[0] == "bad: its healthcheck ended with code 3: two"
    assert lines[1].startswith("gone: its healthcheck ended with code 1: ") and "cannot run /nowhere" in lines[1]
    assert lines[2:] == [f"{name}: its healthcheck took longer than 4 s" for name in ("slow", "slower")]


def test_it_runs_as_the_program_would(healthcheck):
    test = 'test "$(id -un) $(id -gn) $A $PORT $(pwd) $0" = "www-data www-data b 8000 /usr 8000"'
    options = {"env": {"A": "b"}, "port": 8000, "working_dir": "/usr", "log_file": "/nowhere/x"}
    assert healthcheck(options=options, web=f"sh -c '{test}' $(circus.port)")[:2] == (0, "")


def test_what_runs_once_makes_docker_wait_and_nobody_ready(healthcheck, world):
    starting = world.folder / "circus/starting"
    starting.parent.mkdir()
    starting.write_text("migrate")
    assert healthcheck(nginx=None, web="true")[:2] == (1, "the start is not done: it waits for migrate\n")
    assert healthcheck(nginx=None, web="false", words=["--alive"])[:2] == (0, "")
    assert healthcheck(mark=False, words=["--alive"])[:2] == (1, "the start is not done\n")
    # While programs are restarted nginx runs, and each program counts.
    assert healthcheck(web="false")[0] == 1
    # The first one answers, for docker inspect.
    assert healthcheck(nginx=None, web="true", words=["--wait"])[:2] == (1, "the start is not done: it waits for migrate\n")
    os.utime(world.folder / "circus/told", (time.time() + 60,) * 2)
    threading.Timer(6, starting.unlink).start()
    code, out, seconds = healthcheck(web="true", words=["--wait"])
    assert (code, out) == (0, "") and 5 < seconds < 8
    assert healthcheck(nginx=None, web="true", words=["--alive"])[:2] == (1, "nginx: does not run\n")


STRAYS = {
    "background": "SLEEP &",
    "session": "setsid SLEEP &",
    "forked": "(setsid SLEEP &)",
    "deaf": "(trap '' TERM HUP INT; setsid SLEEP &)",
    "stopped": "(setsid sh -c 'kill -STOP $$; SLEEP' &)",
    "loop": "(setsid sh -c 'while :; do sleep 0.01; setsid SLEEP & done' &)",
    "output": "(setsid sh -c 'while :; do echo x; sleep 0.01; done; SLEEP' &)",
}


@pytest.mark.parametrize("then", ["true", "exit 3", "SLEEP"])
def test_nothing_that_it_started_is_left(healthcheck, world, then):
    sleep = f"sleep 10{os.getpid()}"
    checks = {}
    for name, stray in STRAYS.items():
        script = world.folder / name
        script.write_text(f"{stray}\nsleep 0.1\n{then}\n".replace("SLEEP", sleep))
        checks[name] = f"sh {script}"
    code, out, seconds = healthcheck(**checks)
    assert code == (0 if then == "true" else 1) and seconds < 4.9
    assert len(out.splitlines()) == (0 if then == "true" else len(STRAYS))
    left = subprocess.run(["pgrep", "-af", sleep], stdout=subprocess.PIPE, text=True, check=False)
    assert left.stdout == ""


def test_output_without_end_is_cut_off(healthcheck):
    """Each as much memory as is left would not do."""
    code, out, seconds = healthcheck(yes="yes", zero="cat /dev/zero", lines="sh -c 'while :; do echo x; done'", good="true")
    assert code == 1 and seconds < 4.9
    told = dict(line.split(": ", 1) for line in out.splitlines())
    assert told.keys() == {"yes", "zero", "lines"}
    assert told["yes"] == told["zero"] == "its healthcheck printed more than 16 MB"


def test_a_lot_of_output_is_no_problem(healthcheck):
    code, out, seconds = healthcheck(web="sh -c 'seq 200000; exit 1'")
    assert (code, out) == (1, "web: its healthcheck ended with code 1: 200000\n") and seconds < 3
