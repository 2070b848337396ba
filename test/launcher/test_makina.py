"""The word `makina` in a container: a project that real Salt built, under real circus, without Docker."""
import json
import os
import pathlib

import pytest
import yaml
from launched import Launched

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = [
    pytest.mark.skipif(not TAR, reason="needs root on Debian 12"),
    pytest.mark.xdist_group("makina"),
]
SERVER = "python3 -m http.server 8000 --bind 127.0.0.1"
PROGRAMS = {
    "web": {
        "cmd": SERVER,
        "port": 8000,
        "env": {"QUOTED": "a 'b' $c"},
        "env_from": {"DB_PASSWORD": "app:database:password"},
        "healthcheck": "sh -c 'test ! -e /tmp/sick || { printf \"\\033[31msick\\n\"; exit 3; }'",
    },
    "migrate": {"cmd": "sh -c 'test ! -e /tmp/broken || exit 5'", "oneshot": True, "essential": False},
    "flaky": {"cmd": "sh -c 'sleep 0.2; exit 7'", "autostart": False, "essential": False},
    "stubborn": {"cmd": "sh -c \"trap '' TERM; while :; do sleep 0.1; done\"", "graceful_timeout": 1, "working_dir": "/tmp"},
}
APP = {"database": {"password": "s3cr3t", "url": "postgres://shop:s3cr3t@db/shop"}, "both": "sample", "greeting": "Grüße \x1b[31m"}
ANSWERS = {"demo": False, "programs": PROGRAMS, "app": APP}
FILES = {
    "custom.sls": "makina-projects.demo: {data: {app: {both: custom, from_custom: 'yes'}}}\n",
    "pillar/init.sls": "makina-projects.demo: {data: {app: {both: init, from_init: {{ 40 + 2 }}, api_token: t0k3n-of-init}}}\n",
}
# Runs `makina` as docker exec does, and waits for it.
MAKINA = r"""
def makina(*words, **options):
    given = {"stdin": subprocess.DEVNULL, "env": PLAIN, "cwd": "/"}
    done = subprocess.run(["/usr/local/bin/makina", *words], capture_output=True, text=True, timeout=40, **{**given, **options})
    return [done.returncode, done.stdout, done.stderr]

def as_user(*words):
    return makina(*words, user="demo-user", group="demo-grp", extra_groups=[])

def process(word):
    # Its number, once it is what it was started for.
    while True:
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            words = path.read_bytes().decode().split("\0")
            if any(each.endswith(word) for each in words) and not any(each.endswith("exec_program.py") for each in words):
                return int(path.parent.name)
        time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    venvs, base = (pathlib.Path(os.environ[name]) for name in ("MAKINA_VENVS", "MAKINA_BASE"))
    return Launched(tmp_path_factory.mktemp("makina"), TAR, venvs, base, "pinned", ANSWERS, FILES)


def test_exec_has_all_that_a_program_has(launched):
    found = launched.run(
        MAKINA
        + r"""
start = Start({"TERM": "dumb", "FROM_CONTAINER": "1"})
web = process("http.server")
tell = "import json, os; print(json.dumps([dict(os.environ), os.getcwd(), os.getresuid(), os.getgroups()]))"
told({
    "web": [dict(entry.decode().split("=", 1) for entry in environ(web)), os.readlink("/proc/%s/cwd" % web), [os.stat("/proc/%d" % web).st_uid] * 3],
    "seen": makina("exec", "web", "python3", "-c", tell, env={**PLAIN, "NEW": "x", "LD_BIND_NOW": "1"}),
    "words": makina("exec", "web", "--", "printf", "%s.", "$(circus.wid)", "$HOME", "a b", "", "--json", "-h")[1],
    "stdin": makina("exec", "web", "cat", stdin=None, input="one\ntwo")[1],
    "codes": [makina("exec", "web", "sh", "-c", text)[0] for text in ("exit 42", "exit 255", "kill -KILL $$")],
    "folder": makina("exec", "stubborn", "pwd")[1],
    "not there": makina("exec", "web", "nowhere"),
    "no program": makina("exec", "web", "/etc/passwd"),
    "stop": start.stop(),
})
"""
    )
    env, folder, ids, groups = json.loads(found["seen"][1])
    assert [env, folder, ids] == found["web"] and env["DB_PASSWORD"] == "s3cr3t" and env["QUOTED"] == "a 'b' $c" and env["PORT"] == "8000"
    assert groups == [ids[0]]
    assert found["words"] == "$(circus.wid).$HOME.a b..--json.-h."
    assert (found["stdin"], found["codes"], found["folder"], found["stop"]) == ("one\ntwo", [42, 255, -9], "/tmp\n", 0)
    assert found["not there"][0] == 127 and "cannot run nowhere in /srv/projects/demo/project: No such file" in found["not there"][2]
    assert found["no program"][0] == 126 and "Permission denied" in found["no program"][2]


def test_exec_and_shell_pass_terminal_and_signals_on(launched):
    found = launched.run(
        MAKINA
        + r"""
import pty
os.makedirs("/dev/pts", exist_ok=True)
subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "none", "/dev/pts"], check=True)
if not os.path.lexists("/dev/ptmx"):
    os.symlink("pts/ptmx", "/dev/ptmx")
start = Start()

def on_terminal(words, typed):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve("/usr/local/bin/makina", ["makina", *words], {**PLAIN, "TERM": "vt100", "COLORTERM": "truecolor", "PS1": "x"})
    text = b""
    for wait, keys in typed:
        while wait not in text:
            text += os.read(terminal, 1000)
        os.write(terminal, keys)
    try:
        while True:
            text += os.read(terminal, 1000)
    except OSError:
        pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode()

sleeper = subprocess.Popen(["/usr/local/bin/makina", "exec", "web", "sleep", "60"], env=PLAIN)
start.until(lambda: b"sleep" == pathlib.Path("/proc/%d/cmdline" % sleeper.pid).read_bytes().split(b"\0")[0])
sleeper.terminate()
told({
    "sleeper": sleeper.wait(10),
    "shell": on_terminal(["shell", "web"], [(b"$ ", b"echo ${TERM}-$(id -un)-$DB_PASSWORD; test -t 0 && exit 9\n")]),
    "ctrl-c": on_terminal(["exec", "web", "sh", "-c", "trap 'echo got INT; exit 6' INT; echo ready; while :; do sleep 0.1; done"], [(b"ready", b"\x03")]),
    "which": [makina("shell"), makina("shell", "nowhere"), makina("shell", "web", "ls")],
    "piped": makina("shell", "web", stdin=None, input="echo $DB_PASSWORD ${COLORTERM-none}; exit 3"),
    "stop": start.stop(),
})
"""
    )
    assert found["sleeper"] == -15
    assert found["shell"][0] == 9 and "vt100-demo-user-s3cr3t" in found["shell"][1]
    assert found["ctrl-c"][0] == 6 and "got INT" in found["ctrl-c"][1]
    assert found["which"][0] == [64, "", "demo: shell needs a program: makina shell PROGRAM; there are flaky, migrate, stubborn, web\n"]
    assert found["which"][1] == [64, "", "demo: there is no program 'nowhere'; there are flaky, migrate, stubborn, web\n"]
    assert found["which"][2][0] == 64
    assert found["piped"] == [3, "s3cr3t none\n", ""]


def test_wrong_words_are_refused(launched):
    found = launched.run(
        MAKINA
        + r"""
words = [["bogus"], ["exec"], ["exec", "web"], ["exec", "../../etc/web", "ls"], ["exec", "w\x1b[2Jb", "ls"], ["exec", "-u", "root", "ls"], ["exec", "nginx", "ls"],
    ["status", "web"], ["start"], ["stop", "--all"], ["restart", "*"], ["restart", "web", "WEB"], ["live", "x"], ["ready", "x"], ["reconfigure", "x"]]
before = [makina(command) for command in ("status", "restart", "live", "ready")]
start = Start()
told({
    "before": before,
    "wrong": [makina(*each) for each in words],
    "user": [as_user(*each) for each in (["status"], ["exec", "web", "ls"], ["live"], [], ["--help"], ["exec", "--help"])],
    "help": makina(),
    "helps": [makina(command, "--help") for command in ("status", "exec")],
    "running": makina("status")[0],
    "stop": start.stop(),
})
"""
    )
    assert [each[0] for each in found["before"]] == [69, 64, 69, 1]
    assert found["before"][0][2] == "demo: nothing runs in this container\n"
    for code, out, errors in found["wrong"]:
        assert (code, out) == (64, "") and errors.startswith("demo: ") and errors.count("\n") == 1 and errors.strip().isprintable(), errors
    assert "'w\\x1b[2Jb'; there are flaky, migrate, stubborn, web" in found["wrong"][4][2]
    assert "there is no program '*'; there are " in found["wrong"][10][2] and "nginx" in found["wrong"][10][2]
    assert [each[0] for each in found["user"]] == [77, 77, 77, 0, 0, 0]
    assert found["user"][0][2] == "demo: makina status needs root; leave out --user (-u) of docker exec\n"
    assert found["help"][0] == 0 and "\n  exec PROGRAM COMMAND..." in found["help"][1]
    assert [each[1].splitlines()[0] for each in found["helps"]] == ["makina status [--json]", "makina exec PROGRAM COMMAND..."]
    assert (found["running"], found["stop"]) == (0, 0)


def test_status_tells_how_all_goes_and_why_not(launched):
    found = launched.run(
        MAKINA
        + r"""
start = Start()
def status():
    code, out, errors = makina("status", "--json")
    return code, json.loads(out), errors
began = time.monotonic()
well = [makina("status"), makina("ready"), makina("live")]
seconds = (time.monotonic() - began) / 3
first = status()
open("/tmp/sick", "w").close()
sick = [makina("status"), makina("ready"), status()]
os.unlink("/tmp/sick")
failed = [makina("start", "flaky"), status()]
start.until(lambda: status()[1]["programs"][-2]["state"] == "failed" or any(each["state"] == "failed" for each in status()[1]["programs"]))
told({"well": well, "seconds": seconds, "first": first, "sick": sick, "failed": failed, "last": makina("status"), "head": os.system("makina status | head -c 1 > /dev/null"), "stop": start.stop()})
"""
    )
    assert [each[0] for each in found["well"]] == [0, 0, 0] and found["well"][1:] == [[0, "", ""]] * 2
    assert found["seconds"] < 0.5
    table = [line.split() for line in found["well"][0][1].splitlines()]
    assert table[0][:5] == ["PROGRAM", "STATE", "PID", "SINCE", "DEATHS"]
    code, whole, errors = found["first"]
    assert (code, errors, whole["project"], whole["healthy"], whole["problems"], whole["crons"]) == (0, "", "demo", True, [], [])
    assert {each["name"]: (each["state"], each["healthy"], len(each["processes"])) for each in whole["programs"]} == {
        "migrate": ("done", None, 0),
        "flaky": ("not started", None, 0),
        "stubborn": ("running", None, 1),
        "web": ("running", True, 1),
        "nginx": ("running", True, 1),
    }
    (code, text, _), ready, (_, whole, _) = found["sick"]
    assert code == 1 and "Not well:\n  web: its healthcheck ended with code 3: \\x1b[31msick\n" in text
    assert ready == [1, "", "demo: web: its healthcheck ended with code 3: \\x1b[31msick\n"]
    assert whole["problems"] == [{"program": "web", "problem": "web: its healthcheck ended with code 3: \\x1b[31msick"}]
    started, (_, whole, _) = found["failed"]
    assert started == [1, "", "flaky was started and ended: exit code 7; its output is in the log of the container\n"]
    (flaky,) = [each for each in whole["programs"] if each["name"] == "flaky"]
    assert flaky["deaths"] >= 1 and (flaky["last_end"]["code"], flaky["last_end"]["how"]) == (7, "exit code 7")
    assert found["last"][0] == 1 and "flaky: died too often and stays down; makina start flaky starts it again" in found["last"][1]
    assert (found["head"], found["stop"]) == (0, 0)


def test_programs_are_started_and_stopped(launched):
    found = launched.run(
        MAKINA
        + r"""
start = Start()
def states():
    return {each["name"]: each["state"] for each in json.loads(makina("status", "--json")[1])["programs"]}
told({
    "done": [[makina(*words), states()] for words in (["stop", "web"], ["stop", "web"], ["start", "web"], ["start", "web"], ["restart", "web", "stubborn", "nginx"], ["start", "migrate"])],
    "nginx": [makina("stop", "nginx"), makina("ready"), makina("start", "nginx"), makina("ready")],
    "broken": [open("/tmp/broken", "w").close(), makina("restart", "migrate")],
    "reconfigure": [override({"programs": {"web": {"env": {"NEW": "1"}}}}), makina("reconfigure"), makina("exec", "web", "sh", "-c", "echo $NEW")],
    "refused": [override({"programs": {"web": {"numprocesses": "x"}}}), makina("reconfigure")],
    "stop": start.stop(),
})
"""
    )
    (stop, down), (again, _), (begin, up), (already, _), (restart, all_up), (migrate, _) = found["done"]
    assert stop == [0, "web stopped; makina start web starts it again\n", ""] and down["web"] == "stopped"
    assert again == [0, "web is stopped already\n", ""]
    assert begin[0] == 0 and begin[1].startswith("web started: process ") and up["web"] == "running"
    assert already == [0, "web runs already\n", ""]
    assert restart[0] == 0 and [line.split(":")[0] for line in restart[1].splitlines()] == ["stubborn restarted", "web restarted", "nginx restarted"]
    assert {all_up[name] for name in ("web", "stubborn", "nginx")} == {"running"}
    assert migrate[0] == 0 and migrate[1].startswith("migrate ran to its end in ")
    nginx = found["nginx"]
    assert [each[0] for each in nginx] == [0, 1, 0, 0] and "the container is not healthy without it" in nginx[0][1]
    assert found["broken"][1] == [1, "", "migrate was started and ended: exit code 5; its output is in the log of the container\n"]
    assert found["reconfigure"][1][0] == 0 and "web restarted" in found["reconfigure"][1][1] and found["reconfigure"][2][1] == "1\n"
    assert found["refused"][1][0] == 78 and found["stop"] == 0


def test_while_the_container_starts_it_lives_and_is_not_ready(launched):
    found = launched.run(
        MAKINA
        + r"""
override({"programs": {"migrate": {"cmd": "sh -c 'until test -e /tmp/go; do sleep 0.1; done'"}}})
start = Start(wait=False)
early = []
while not os.path.exists("/run/mc_launcher.launched"):
    early.append(makina("live"))
start.until(lambda: os.path.exists("/run/circus/starting") and open("/run/circus/starting").read() == "migrate")
waits = [makina("live"), makina("ready"), makina("status"), makina("exec", "web", "true")]
restart = subprocess.Popen(["/usr/local/bin/makina", "restart", "web"], env=PLAIN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
time.sleep(2)
is_waiting = restart.poll() is None
open("/tmp/go", "w").close()
restarted = restart.communicate(timeout=30)
start.until(lambda: os.path.exists("/run/nginx.pid"))
told({"early": early, "waits": waits, "is_waiting": is_waiting, "restart": [restart.returncode, *restarted], "ready": makina("ready"), "stop": start.stop()})
"""
    )
    # The first one may come before launch.sh itself.
    assert len(found["early"]) > 2 and {each[0] for each in found["early"][1:]} <= {0}, found["early"]
    live, ready, status, command = found["waits"]
    assert (live, command) == ([0, "", ""], [0, "", ""])
    assert ready == [1, "", "demo: the start is not done: it waits for migrate\n"]
    states = {line.split()[0]: line.split()[1] for line in status[1].splitlines() if line}
    assert status[0] == 1 and (states["migrate"], states["web"], states["nginx"]) == ("running", "waiting", "waiting")
    assert "Not well:\n  the start is not done: it waits for migrate\n" in status[1] + "\n"
    code, out, errors = found["restart"]
    assert found["is_waiting"] and code == 0 and out.startswith("web restarted: process ")
    assert errors == "circus is starting or reloading programs; waiting for that\n"
    assert (found["ready"][0], found["stop"]) == (0, 0)


def test_a_circus_that_hangs_or_is_gone_is_told_in_time(launched):
    found = launched.run(
        MAKINA
        + r"""
start = Start()
socket, circus = "/run/circus/endpoint.sock", process("/runtime/runner")
def timed(*words):
    began = time.monotonic()
    return [*makina(*words), time.monotonic() - began]
os.kill(circus, signal.SIGSTOP)
hangs = [timed("status"), timed("live"), timed("restart", "web"), makina("exec", "web", "echo", "goes on")]
os.kill(circus, signal.SIGCONT)
os.rename(socket, socket + ".x")
gone = [makina("status"), makina("live"), makina("stop", "web")]
os.rename(socket + ".x", socket)
back = makina("live")
os.kill(circus, signal.SIGKILL)
killed = start.process.wait(20)
told({"hangs": hangs, "gone": gone, "back": back, "killed": killed, "after": [makina("status"), makina("live")]})
"""
    )
    for code, out, errors, seconds in found["hangs"][:3]:
        assert (code, out, errors) == (69, "", "demo: circus does not answer within 5 s; restart the container\n") and 4.5 < seconds < 7
    assert found["hangs"][3] == [0, "goes on\n", ""]
    assert [each[0] for each in found["gone"]] == [69] * 3
    assert found["gone"][0][2] == "demo: circus does not run (/run/circus/endpoint.sock: No such file or directory); restart the container\n"
    assert found["back"][0] == 0 and found["killed"] == 1
    assert [each[0] for each in found["after"]] == [69, 69]


def test_nothing_of_the_application_is_loaded(launched):
    found = launched.run(
        MAKINA
        + r"""
trap = ROOT / "data/data/trap"
trap.mkdir(parents=True)
for name in "json zmq os commands bin launcher signal socket".split():
    (trap / (name + ".py")).write_text("open('/tmp/loaded', 'w').close()\n")
for name in "python python3 sh env grep".split():
    (trap / name).write_text("#!/bin/sh\n: > /tmp/loaded\n")
    (trap / name).chmod(0o755)
hostile = {**PLAIN, "PATH": "%s:/usr/bin:/bin" % trap, "PYTHONPATH": str(trap), "PYTHONHOME": str(trap), "PYTHONINSPECT": "1", "PYTHONIOENCODING": "utf-16", "ENV": str(trap / "sh"), "LC_ALL": "xx_YY", "PYTHONUSERBASE": str(trap), "IFS": "/"}
start = Start(hostile)
told({"done": [makina(*words, env=hostile, cwd=trap)[::2] for words in (["status"], ["ready"], ["restart", "web"], ["exec", "web", "true"], ["--help"])], "loaded": os.path.exists("/tmp/loaded"), "stop": start.stop()})
"""
    )
    assert found == {"done": [[0, ""]] * 5, "loaded": False, "stop": 0}


def test_config_tells_what_counts_and_where_it_comes_from(launched):
    found = launched.run(
        MAKINA
        + r"""
before = makina("config", "app:both")
override({"app": {"greeting": "from the override"}, "programs": {"flaky": None, "web": {"numprocesses": 2}}})
start = Start()
told_at = [makina("config"), makina("config", "--json")]
keys = [makina("config", "app:database", "programs:web:numprocesses"), makina("config", "app:nothing"), makina("config", "-x")]
began = time.monotonic()
makina("config")
seconds = time.monotonic() - began
override({"app": {"greeting": "later"}})
changed = makina("config", "app:greeting")
override({"programs": {"web": {"numprocesses": "many"}}})
refused = makina("config", "app:greeting")
os.chmod(ROOT / "data/configuration/pillar.sls", 0o666)
written_by_others = makina("config", "app:greeting")
os.unlink(ROOT / "data/configuration/pillar.sls")
os.mkfifo(ROOT / "data/configuration/pillar.sls")
fifo = makina("config", "app:greeting")
told({"before": before, "all": told_at, "keys": keys, "seconds": seconds, "changed": changed, "refused": refused, "others": written_by_others, "fifo": fifo, "stop": start.stop()})
"""
    )
    assert found["before"] == [0, "app:\n  both: init  # pillar/init.sls\n", ""]
    (code, text, errors), (json_code, printed, _) = found["all"]
    assert (code, errors, json_code) == (0, "", 0)
    assert "s3cr3t" not in text + printed and "t0k3n" not in text + printed and text.replace("\n", "").isprintable()
    settings = {":".join(each["path"]): (each["value"], each["source"]) for each in json.loads(printed)}
    expected = {
        "app:both": ("init", "pillar/init.sls"),
        "app:from_custom": ("yes", "custom.sls"),
        "app:from_init": (42, "pillar/init.sls"),
        "app:api_token": ("***", "pillar/init.sls"),
        "app:database:password": ("***", "PILLAR.sample"),
        "app:database:url": ("postgres://shop:***@db/shop", "PILLAR.sample"),
        "app:greeting": ("from the override", "data/configuration/pillar.sls"),
        "programs:flaky": (None, "data/configuration/pillar.sls"),
        "programs:web:numprocesses": (2, "data/configuration/pillar.sls"),
        "programs:web:env_from:DB_PASSWORD": ("app:database:password", "PILLAR.sample"),
        "program_defaults:user": ("demo-user", "the defaults of the runtime"),
    }
    assert {key: settings.get(key) for key in expected} == expected
    assert yaml.safe_load(text)["app"]["from_init"] == 42
    one, nothing, flag = found["keys"]
    assert one[0] == 0 and [line.split("  # ")[0] for line in one[1].splitlines()] == [
        "programs:", "  web:", "    numprocesses: 2", "app:", "  database:", '    password: "***"', '    url: "postgres://shop:***@db/shop"',
    ]  # fmt: skip
    assert nothing[0] == 64 and "there is no setting 'app:nothing'; at the top there are " in nothing[2]
    assert flag[0] == 64 and found["seconds"] < 10
    reconfigure = "demo: data/configuration/pillar.sls was changed and does not count yet; makina reconfigure applies it\n"
    assert found["changed"] == [0, "app:\n  greeting: \"from the override\"  # data/configuration/pillar.sls\n", reconfigure]
    for each in ("refused", "others", "fifo"):
        code, out, errors = found[each]
        assert (code, out) == (0, found["changed"][1]), each
        assert errors.startswith("demo: the override does not count, and the next start refuses it: ") and errors.count("\n") == 1
    assert found["stop"] == 0


TALK = r"""
import sys, time
out = sys.stdout.buffer
out.write(b"first\n\x1b[2J\x07red \xc2\x9b31m \xff \xe2\x80\xae end\tof line\r\n")
out.flush()
time.sleep(1000)
"""
FLOOD = "import os\nwhile True:\n    os.write(1, (b'x' * 99 + b'\\n') * 600)"
SHOWN = ["talk[1] first", "talk[1] \\u001b[2J\\u0007red \\u009b31m \\xff \\u202e end\tof line\\r"]


def test_logs_shows_the_lines_of_one_program(launched):
    found = launched.run(
        MAKINA
        + f"TALK = {TALK!r}\nFLOOD = {FLOOD!r}\n"
        + r"""
import fcntl, shlex, shutil
logged = ROOT / "data/data/log/filed.log"
say = "import time\nfor i in range(300): print('line', i, flush=True)\ntime.sleep(1000)"
told_by = lambda text: shlex.join(["python3", "-c", text])
more = {"essential": False, "graceful_timeout": 1}
override({"log_format": "prefixed", "programs": {
    "talk": {"cmd": told_by(TALK), **more},
    "wide": {"cmd": told_by("import time\nprint('short')\nprint('é' * 300000, flush=True)\ntime.sleep(1000)"), **more},
    "flood": {"cmd": told_by(FLOOD), "log_format": "json", "numprocesses": 2, **more},
    "filed": {"cmd": told_by(say), "log_file": str(logged), **more},
    "silent": {"cmd": "sleep 1000", **more},
    "plain": {"cmd": "echo hidden", "log_format": "plain", "oneshot": True},
    "migrate": None,
}, "crons": {"tick": {"cmd": "echo ticked", "schedule": "0 0 1 1 *"}}})
before = makina("logs", "web")
start = Start(stdout=subprocess.DEVNULL)
kept = pathlib.Path("/run/mc_launcher/lines")
start.until(lambda: makina("logs", "talk", "-n", "1")[1] and makina("logs", "filed")[1].count("\n") == 100)
talk = makina("logs", "talk")
sizes = []
for _ in range(20):
    sizes.append((kept / "programs/flood").stat().st_size)
    time.sleep(0.1)
flood = makina("logs", "flood", "-n", "50")
# A stopped process may hold the lock without end.
with open(kept / "programs/flood") as opened:
    fcntl.flock(opened, fcntl.LOCK_EX)
    locked = makina("logs", "flood", "-n", "1")
modes = [[path.stat().st_mode & 0o7777, path.stat().st_uid] for path in (kept, kept / "programs", kept / "programs/talk")]

# Whoever follows sees all of it, also across the dropping of old lines and a renamed log file.
def follow(*words, **options):
    return subprocess.Popen(["/usr/local/bin/makina", "logs", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN, cwd="/", text=True, **options)

following = follow("silent", "--follow", "-n", "0", stdin=subprocess.PIPE)
time.sleep(1)
following.stdin.close()
ended = [following.wait(10), following.stdout.read(), following.stderr.read()]
detached = follow("filed", "-f", "-n", "1", stdin=subprocess.DEVNULL)
lines = [detached.stdout.readline()]
logged.rename(str(logged) + ".1")
with open(str(logged) + ".1", "a") as opened:
    opened.write("before\n")
logged.write_text("after\nhalf")
shutil.chown(logged, "demo-user")
lines += [detached.stdout.readline() for _ in range(2)]
with open(logged, "a") as opened:
    opened.write(" and half\n")
lines.append(detached.stdout.readline())
detached.terminate()
lines.append(detached.wait(10))
# Links to what the program's user may not read, and other files.
secret = ROOT / "data/configuration/secret"
secret.write_text("s3cr3t")
secret.chmod(0o600)
odd = []
for make in (lambda: logged.symlink_to(secret), lambda: os.mkfifo(logged), lambda: os.link(secret, logged), logged.mkdir):
    if os.path.lexists(logged):
        logged.unlink()
    make()
    odd.append(makina("logs", "filed"))
logged.rmdir()
told({
    "before": before, "talk": talk, "end of it": makina("logs", "talk", "-n", "1"), "wide": makina("logs", "wide"), "sizes": sizes, "flood": flood, "locked": locked, "modes": modes,
    "ended": ended, "lines": lines, "odd": odd, "gone": makina("logs", "filed"), "silent": makina("logs", "silent"), "plain": makina("logs", "plain"),
    "nginx": makina("logs", "nginx"), "tick": makina("logs", "tick"),
    "wrong": [makina("logs", *words) for words in ([], ["nowhere"], ["migrate"], ["../talk"], ["web", "talk"], ["web", "-n"], ["web", "-n", "-1"], ["--all"], ["web", "\x1b[2J"])],
    "user": as_user("logs", "talk"),
    "stop": start.stop(),
})
"""
    )
    assert found["before"] == [1, "", PLAIN_LINES.format("web")] and found["plain"] == [1, "", PLAIN_LINES.format("plain")]
    assert found["talk"] == [0, "".join(f"{line}\n" for line in SHOWN), ""] and found["end of it"] == [0, f"{SHOWN[1]}\n", ""]
    # Of a line that is longer than what is kept, its end is.
    assert found["wide"][0] == 0 and found["wide"][1].endswith("é" * 32767 + "\n") and len(found["wide"][1]) < 33000
    assert all(60000 < size <= 21 + 2 * 65536 for size in found["sizes"])
    assert found["flood"][0] == 0 and {json.loads(line)["message"] for line in found["flood"][1].splitlines()} == {"x" * 99}
    assert found["flood"][1].count("\n") == 50 and found["locked"][0] == 0 and found["locked"][1].count("\n") == 1
    assert found["modes"] == [[0o700, 0], [0o700, 0], [0o600, 0]]
    assert found["ended"] == [0, "", "demo: there are no lines of silent yet\n"]
    assert found["lines"] == ["line 299\n", "before\n", "after\n", "half and half\n", -15]
    for (code, out, errors), why in zip(found["odd"], ["it is a link", "it is not a regular file", "Permission denied", "it is not a regular file"]):
        path = "/srv/projects/demo/data/data/log/filed.log"
        assert (code, out, errors) == (1, "", f"demo: log_file {path} of filed cannot be read by its user: {why}\n")
    for name in ("gone", "silent", "nginx", "tick"):
        assert found[name] == [0, "", f"demo: there are no lines of {name.replace('gone', 'filed')} yet\n"]
    for code, out, errors in found["wrong"]:
        assert (code, out) == (64, "") and errors.startswith("demo: ") and errors.count("\n") == 1 and errors.strip().isprintable(), errors
    known = "nginx, filed, flaky, flood, plain, silent, stubborn, talk, web, wide, tick"
    assert found["wrong"][2][2] == f"demo: there is no program 'migrate'; there are {known}\n"
    assert found["user"] == [77, "", "demo: makina logs needs root; leave out --user (-u) of docker exec\n"]
    assert found["stop"] == 0


PLAIN_LINES = (
    "demo: the lines of {} go to the log of the container alone, since its log_format is plain: "
    "read them with docker logs, or give it log_format: prefixed\n"
)
