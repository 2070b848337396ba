"""The container's environment is the application's: no tool of ours obeys it, and programs get the whole of it. launch.sh as a whole."""
import os
import pathlib
import re

import pytest
from launched import Launched

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = pytest.mark.skipif(not TAR, reason="needs root and Python 3.11 of Debian 12")
SALTS = [pytest.param(salt, marks=pytest.mark.xdist_group("launched-" + salt)) for salt in ("pinned", "3004")]
SHOW = "import json, os, time; print(json.dumps([os.fsencode(k + '=' + v).hex() for k, v in os.environ.items()]), flush=True); time.sleep(1000)"
PROGRAMS = {
    "copies": {"cmd": "python3 -c", "args": [SHOW], "copy_env": True, "env": {"OWN": "own"}},
    "plain": {"cmd": "python3 -c", "args": [SHOW]},
}
# Reads a variable, so that what Salt sees can be looked at.
WATCH = "watched:\n  file.managed:\n    - name: /tmp/watched\n    - contents: {{ salt['environ.get']('a.dotted-name', 'nothing') }} {{ salt['environ.get']('OTHER', 'nothing') }}\n"
ANSWERS = {"demo": False, "programs": PROGRAMS, "watched_env": ["a.dotted-name"], "reconfigure_steps": ["250_watch"]}


@pytest.fixture(scope="module", params=SALTS)
def launched(request, tmp_path_factory):
    venvs, base = (pathlib.Path(os.environ[name]) for name in ("MAKINA_VENVS", "MAKINA_BASE"))
    folder = tmp_path_factory.mktemp("launched-" + request.param)
    return Launched(folder, TAR, venvs, base, request.param, ANSWERS, {"project/.salt/250_watch.sls": WATCH})


# A folder of the application's, in which everything tells who loaded it, and an environment that points there.
TRAP = r'''
trap = ROOT / "data/data/trap"
trap.mkdir(parents=True)
python = "import os; open('/tmp/loaded/%d python ' % os.getuid() + __name__, 'w').close()\nraise RuntimeError('code of the application')\n"
shell = "#!/bin/sh\n: > \"/tmp/loaded/$(/usr/bin/id -u) shell $(/usr/bin/basename \"$0\")\"\nexit 99\n"
os.mkdir("/tmp/loaded")
os.chmod("/tmp/loaded", 0o1777)
for name in "yaml json logging salt circus zmq sitecustomize usercustomize pwd grp resource launcher configuration encodings".split():
    (trap / (name + ".py")).write_text(python)
for name in "dirname id flock sleep cat rm kill env python3 python sh nginx salt-call circusd circusctl mount pwd".split():
    (trap / name).write_text(shell)
    (trap / name).chmod(0o755)
for name in (".profile", ".bashrc", "rc"):
    (trap / name).write_text(shell)
(trap / ".salt").mkdir()
(trap / ".salt/minion").write_text("module_dirs: [%s]\n" % trap)
os.system("chown -R demo-user: %s" % (ROOT / "data/data"))
names = "PYTHONPATH PYTHONHOME PYTHONUSERBASE PYTHONPYCACHEPREFIX HOME TMPDIR XDG_CONFIG_HOME XDG_RUNTIME_DIR XDG_DATA_HOME LOCPATH GCONV_PATH TZDIR LD_LIBRARY_PATH SALT_CONFIG_DIR OPENSSL_MODULES SSL_CERT_DIR PERL5LIB CDPATH NLSPATH NIS_PATH PWD OLDPWD CIRCUS_HOME".split()
TRAPS = {name: str(trap) for name in names}
TRAPS.update({name: str(trap / "rc") for name in "PYTHONSTARTUP ENV BASH_ENV OPENSSL_CONF LD_AUDIT SSL_CERT_FILE SSLKEYLOGFILE HOSTALIASES NETRC CURL_HOME PIP_CONFIG_FILE NOTIFY_SOCKET GIT_CONFIG_GLOBAL MALLOC_TRACE LD_DEBUG_OUTPUT".split()})
TRAPS.update(PATH=str(trap) + ":/usr/bin:/bin", LD_PRELOAD=str(trap / "none.so"), PYTHONINSPECT="1", PYTHONVERBOSE="1", PYTHONBREAKPOINT="os.abort",
    PYTHONOPTIMIZE="2", PYTHONIOENCODING="utf-16", PYTHONWARNINGS="error", PYTHONHASHSEED="x", PYTHONMALLOC="none", PYTHONTRACEMALLOC="x",
    LC_ALL="xx_YY.ISO-8859-1", LANG="tr_TR", LANGUAGE="xx", IFS="/r", SALT_MINION_CONFIG="/x", SALT_CALL=str(trap / "salt-call"),
    CIRCUSCTL_ENDPOINT="tcp://127.0.0.1:1", MC_LAUNCHER_STARTED_OVER="1", MC_LAUNCHER_APPLIED="/tmp/applied", POSIXLY_CORRECT="1",
    http_proxy="http://127.0.0.1:1", https_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1", no_proxy="", GLIBC_TUNABLES="x=y",
    PS4="$(id > /tmp/loaded/ps4)", SHELLOPTS="xtrace", child="1", code="7", command="x", PROJECT="other", PYTHON=str(trap / "python"), status="5", stopping="1")
'''


def test_nothing_of_ours_obeys_the_environment_of_the_application(launched):
    found = launched.run(
        TRAP
        + r'''
override({"app": {"greeting": "one"}, "programs": {"copies": None}})
start = Start(TRAPS)
override({"app": {"greeting": "two"}, "programs": {"copies": None}})
code, errors = start.reconfigure(cwd=trap)
health = subprocess.run(["/srv/apps/circus/venv/bin/python", "-I", "-S", "/srv/projects/demo/project/.salt/runtime/bin/healthcheck.py",
    "/etc/makina-projects/demo/circus/programs", "/run/mc_launcher.launched", "/run/nginx.pid"], env=start.env, capture_output=True, text=True)
seen = {}
for path in glob.glob("/proc/[0-9]*"):
    if int(path[6:]) not in (1, start.process.pid):
        words = pathlib.Path(path, "cmdline").read_bytes().split(b"\0")
        seen[b" ".join(words[:4]).decode()] = sorted(set(entry.split(b"=")[0].decode() for entry in environ(path[6:])) & set(TRAPS) - {"PATH", "HOME", "LANG"})
told({"loaded": os.listdir("/tmp/loaded"), "code": [code, errors, health.returncode, health.stdout], "seen": seen, "stopped": start.stop(),
    "app": "two" in pathlib.Path("/etc/makina-projects/demo/app.json").read_text(), "log": start.text()})
'''
    )
    assert [name for name in found["loaded"] if name.startswith("0")] == []
    assert (found["code"][0], found["code"][2:]) == (0, [0, ""]) and found["app"] and found["stopped"] == 0
    assert len(found["seen"]) >= 3 and set(map(tuple, found["seen"].values())) == {()}, found["seen"]
    # The loader of launch.sh's own shell, which nothing can come before.
    assert found["log"].count("none.so' from LD_PRELOAD") == 1
    assert [line for line in found["log"].splitlines() if "is ignored" in line] == [
        "demo: SALT_CALL is ignored because it is not the path of a program that root alone can change; to set that of the launcher, use MAKINA_SALT_CALL"
    ]
    # And that of `docker exec`.
    assert found["code"][1].count("none.so' from LD_PRELOAD") == 1 and "Traceback" not in found["log"]


def test_programs_get_the_environment_of_the_start_whole(launched):
    found = launched.run(
        r'''
given = {b"spring.datasource.url": b"one", b"feature-x": b"two", b"a.dotted-name": b"watched", b"OTHER": b"other", b"empty": b"", b"LINES": b"one\ntwo\n", b"RAW": b"\xff\xe9x",
    b"PATH": b"/app/bin:/usr/bin:/bin", b"VIRTUAL_ENV": b"/app", b"PWD": b"/nowhere", b"SHLVL": b"9", b"_": b"x", b"LC_ALL": b"C", b"MC_LAUNCHER_X": b"1", b"PS1": b"mine", b"0digit": b"d", b"a b": b"blank"}
start = Start({"OLD": "old"})
start.stop()
os.truncate("/tmp/log", 0)
start = Start({os.fsdecode(name): os.fsdecode(value) for name, value in given.items()})

def shown(name, count=1):
    path = pathlib.Path("/tmp/log")
    lines = lambda: [line for line in path.read_text().splitlines() if line.startswith("[") and (name in bytes.fromhex("00".join(json.loads(line))))]
    start.until(lambda: len(lines()) >= count)
    return [bytes.fromhex(entry).partition(b"=")[::2] for entry in json.loads(lines()[-1])]

whole = {**{os.fsencode(k): os.fsencode(v) for k, v in start.env.items()}, b"HOME": b"/home/users/demo-user", b"USER": b"demo-user", b"OWN": b"own", b"LANG": b"C.UTF-8"}
first = dict(shown(b"OWN=own"))
watched = open("/tmp/watched").read()
override({"programs": {"copies": {"max_retry": 7}, "plain": None}})
code = start.reconfigure({"a.dotted-name": "of the exec", "OTHER": "of the exec", "NEW": "x"})
second = dict(shown(b"OWN=own", 2))
mode = os.stat("/run/mc_launcher/environment")
told({"first": repr(sorted(first.items())), "second": repr(sorted(second.items())), "whole": repr(sorted(whole.items())), "code": code, "watched": watched,
    "again": open("/tmp/watched").read(), "mode": [oct(mode.st_mode), mode.st_uid], "stop": start.stop(), "plain": "of the exec" in start.text()})
'''
    )
    assert found["first"] == found["whole"] == found["second"]
    assert found["code"] == [0, ""] and found["stop"] == 0
    assert found["watched"] == found["again"] == "watched nothing\n"
    assert found["mode"] == ["0o100400", 0]


@pytest.mark.parametrize("launched", SALTS[:1], indirect=True)
def test_settings_of_ours_and_everyday_names(launched):
    found = launched.run(
        r'''
log = []
for env in ({"LOG_LEVEL": "debug", "START_TIMEOUT": "5 minutes", "SALT_CALL": "/nowhere"}, {"LOG_LEVEL": "INFO", "MAKINA_LOG_LEVEL": "error"}, {"LOG_LEVEL": "critical"}, {"LOG_LEVEL": "", "MAKINA_LOG_LEVEL": "info"}):
    os.truncate("/tmp/log", 0) if os.path.exists("/tmp/log") else None
    start = Start(env)
    log.append([start.stop(), start.text()])
refused = []
for env in ({"MAKINA_LOG_LEVEL": "debug"}, {"MAKINA_START_TIMEOUT": "0"}, {"MAKINA_START_TIMEOUT": "٣"}, {"MAKINA_SALT_CALL": "/tmp/x"}, {"MAKINA_SALT_CALL": "true"}):
    os.truncate("/tmp/log", 0)
    start = Start(env, wait=False)
    refused.append([start.process.wait(), start.text()])
told([log, refused])
'''
    )
    log, refused = found
    assert [code for code, _ in log] == [0] * 4 and [code for code, _ in refused] == [78] * 5
    for name in ("LOG_LEVEL", "START_TIMEOUT", "SALT_CALL"):
        assert log[0][1].count(f"demo: {name} is ignored because it is not ") == 1
    assert [text.count("ignored") for _, text in log] == [3, 0, 0, 0]
    assert [text.count("[INFO]") > 0 for _, text in log] == [True, False, False, True]
    assert all(text.count("\n") == 1 and text.startswith("demo: MAKINA_") and "correct it in the environment" in text for _, text in refused)


@pytest.mark.parametrize("launched", SALTS[:1], indirect=True)
def test_what_was_not_applied_is_not_told_as_done(launched):
    """A salt-call that ends with 0 for a signal, is killed, or fails without a word."""
    found = launched.run(
        r'''
start = Start({})
before = open("/etc/makina-projects/demo/app.json").read()
override({"app": {"greeting": "changed"}})
ends = []
for text in ("trap 'exit 0' TERM; sleep 20 & wait", "kill -KILL $$", "kill -SEGV $$", "exit 0", "exit 3"):
    pathlib.Path("/usr/local/bin/stand-in").write_text("#!/bin/sh\n" + text + "\n")
    os.chmod("/usr/local/bin/stand-in", 0o755)
    process = subprocess.Popen([LAUNCH, "reconfigure"], env={**start.env, "MAKINA_SALT_CALL": "/usr/local/bin/stand-in"}, stderr=subprocess.PIPE)
    time.sleep(0.7)
    process.send_signal(signal.SIGTERM) if "trap" in text else None
    errors = process.communicate()[1].decode()
    ends.append([process.returncode, errors])
same = before == open("/etc/makina-projects/demo/app.json").read()
code = start.reconfigure()
changed = "changed" in open("/etc/makina-projects/demo/app.json").read()
start.stop()
override({"app": {"greeting": "again"}})
for text in ("kill -KILL $$", "kill -SEGV $$", "exit 0", "sleep 100"):
    pathlib.Path("/usr/local/bin/stand-in").write_text("#!/bin/sh\n" + text + "\n")
    os.truncate("/tmp/log", 0)
    start = Start({"MAKINA_SALT_CALL": "/usr/local/bin/stand-in", "MAKINA_START_TIMEOUT": "1"}, wait=False)
    ends.append([start.process.wait(), start.text()])
told([ends, same, code, changed, os.listdir("/run/mc_launcher")])
'''
    )
    ends, same, code, changed, left = found
    assert same and code == [0, ""] and changed
    assert ends == [
        [143, "demo: the reconfiguration was ended by signal 15 (code 143) before all was applied; run it again\n"],
        [137, "demo: the reconfiguration was killed (code 137) before all was applied, as happens when memory runs out; give the container more memory\n"],
        [139, "demo: the reconfiguration was ended by signal 11 (code 139) before all was applied; run it again\n"],
        [1, "demo: Salt ended with code 0 before all was applied; MAKINA_LOG_LEVEL=error shows why\n"],
        [3, "demo: Salt ended with code 3 before all was applied; MAKINA_LOG_LEVEL=error shows why\n"],
        [1, "demo: the start was killed (code 137) before anything was started, as happens when memory runs out; give the container more memory\n"],
        [1, "demo: the start was ended by signal 11 (code 139) before anything was started; run it again\n"],
        [1, "demo: Salt ended with code 0 before anything was started; MAKINA_LOG_LEVEL=error shows why\n"],
        [1, "demo: the start took longer than 1 s; raise MAKINA_START_TIMEOUT or look at what it waits for\n"],
    ]
    assert [name for name in left if name.startswith("applied")] == []


OUTPUT = r"""
def opener(name):
    return {"cmd": "sh -c", "args": ["echo by path %s > /dev/stdout; echo by error %s > /dev/stderr; exec sleep 1000" % (name, name)], "essential": False}

override({"programs": {"copies": None, "plain": None, "opener": opener("a"), "last": {"cmd": "sh -c", "args": ["trap 'seq 20000; echo last words; exit 0' TERM; echo waits; while :; do sleep 0.1; done"]}}})
"""


@pytest.mark.parametrize("launched", SALTS[:1], indirect=True)
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_programs_can_open_their_output_by_path(launched, kind):
    """A pipe of root's, as Docker gives it; a socket, which nobody can open, as it is with the pipe of another user namespace."""
    found = launched.run(
        OUTPUT
        + r"""
import socket, threading
if KIND == "pipe":
    reader, writer = os.pipe()
else:
    ends = socket.socketpair()
    reader, writer = (end.detach() for end in ends)
collected = bytearray()

def collect():
    while True:
        data = os.read(reader, 65536)
        if not data:
            return
        collected.extend(data)

start = Start({}, stdout=writer, stderr=writer)
os.close(writer)
thread = threading.Thread(target=collect)
thread.start()
start.until(lambda: b"by error a" in collected and b"waits" in collected)
relays = [path for path in glob.glob("/proc/[0-9]*/cmdline") if path != "/proc/1/cmdline" and b"relay.py" in open(path, "rb").read()]
code = start.stop()
thread.join(10)
told([code, len(relays), collected.decode()])
""".replace("KIND", repr(kind))
    )
    code, relays, text = found
    assert (code, relays) == (0, kind == "socket")
    # The first program may speak before circus does.
    assert all(f"\n{line}\n" in "\n" + text for line in ("by path a", "by error a", "20000", "last words")), text[-2000:]


@pytest.mark.parametrize("launched", SALTS[:1], indirect=True)
def test_what_a_killed_run_left_is_gone_at_the_next_start(launched):
    found = launched.run(
        r"""
# The folders of the container's own layer, and not what a test mounts.
for folder in ("/tmp", "/run"):
    subprocess.run(["umount", folder], check=True)
    subprocess.run(["sh", "-c", "rm -rf %s/* /var/lib/mc_launcher" % folder])
os.chmod("/tmp", 0o1777)
os.makedirs("/run/brought/deep"); pathlib.Path("/run/brought/file").write_text("of the image"); pathlib.Path("/tmp/brought").write_text("of the image")
for name in ("mounted", "outside"):
    os.makedirs("/srv/" + name); pathlib.Path("/srv", name, "kept").write_text("")
os.makedirs("/run/secrets"); subprocess.run(["mount", "--bind", "/srv/mounted", "/run/secrets"], check=True)
read, write = os.pipe()
override({"programs": {"copies": None}})
start = Start({}, stdout=write, stderr=write)
second = subprocess.run([LAUNCH], env=PLAIN, capture_output=True, text=True)
healthy = os.path.exists("/run/mc_launcher.launched")
for group in ("/run/x", "/tmp/y/z", "/run/brought/deep/in"):
    os.makedirs(group, exist_ok=True)
    pathlib.Path(group, "pid").write_text("1")
os.symlink("/srv/outside", "/tmp/link"); os.symlink("/srv/outside/kept", "/tmp/y/link")
pathlib.Path("/tmp/beat.pid").write_text("1")
os.mkfifo("/tmp/fifo")
import socket
socket.socket(socket.AF_UNIX).bind("/run/left.sock")
for path in glob.glob("/proc/[0-9]*"):
    if int(path[6:]) != 1:
        try: os.kill(int(path[6:]), 9)
        except OSError: pass
start.process.wait()
again = Start({}, stdout=write, stderr=write, wait=False)
again.until(lambda: not os.path.exists("/tmp/beat.pid"))
again.until(lambda: os.path.exists("/run/mc_launcher.launched") and os.path.exists("/run/nginx.pid"))
left = sorted(path for folder in ("/run", "/tmp", "/srv/mounted", "/srv/outside") for path, _, _ in os.walk(folder)) + sorted(str(path) for folder in ("/run", "/tmp", "/srv/mounted", "/srv/outside") for path in pathlib.Path(folder).rglob("*") if not path.is_dir())
code = again.stop()
subprocess.run(["umount", "/run/secrets"])
told([second.returncode, second.stderr, healthy, left, code])
"""
    )
    code, errors, healthy, left, end = found
    assert (code, errors, healthy, end) == (1, "demo: the container is already running; launch.sh reconfigure applies a change\n", True, 0)
    for path in ("/run/brought/deep", "/run/brought/file", "/tmp/brought", "/srv/mounted/kept", "/srv/outside/kept", "/run/secrets/kept"):
        assert path in left, left
    gone = ("/run/x", "/tmp/y", "/run/brought/deep/in", "/tmp/link", "/tmp/beat.pid", "/tmp/fifo", "/run/left.sock")
    assert [path for path in left if path.startswith(gone)] == []


@pytest.mark.parametrize("launched", SALTS[:1], indirect=True)
def test_one_clock_and_a_zone_that_is_not_there(launched):
    found = launched.run(
        r"""
trap = ROOT / "data/data/zone"
trap.parent.mkdir(parents=True, exist_ok=True)
trap.write_text("no zone of the image")
ends = []
for zone in ("EST5EDT,M3.2.0,M11.1.0", "Nowhere/Town", str(trap), "../../../" + str(trap)):
    os.truncate("/tmp/log", 0) if os.path.exists("/tmp/log") else None
    override({"programs": {"copies": None, "plain": {"cmd": "sh -c", "args": ["echo \"zone [$TZ]\"; exec sleep 1000"]}}})
    start = Start({"TZ": zone})
    start.until(lambda: "zone [" in start.text())
    own = [dict(entry.decode().split("=", 1) for entry in environ(path[6:])).get("TZ") for path in glob.glob("/proc/[0-9]*") if open(path + "/cmdline").read().startswith("/srv/apps/circus/venv/bin/python\0-I\0-S\0/srv/projects/demo/project/.salt/runtime/runner")]
    ends.append([start.stop(), own, start.text()])
told(ends)
"""
    )
    for (code, own, text), (zone, known) in zip(found, (("EST5EDT,M3.2.0,M11.1.0", True), ("Nowhere/Town", False), ("/srv/projects/demo/data/data/zone", False), ("../../..//srv", False))):
        assert code == 0 and set(own) == {zone if known else "UTC0"} and len(own) >= 1
        assert f"zone [{zone}" in text
        assert text.count("the image does not know the time zone") == (not known)


@pytest.mark.parametrize("launched", SALTS[:1], indirect=True)
def test_a_run_time_of_the_same_minor_version_is_taken_and_another_one_is_refused(launched):
    (before, after, again), found = launched.run(
        r"""
version = ROOT / "project/.salt/runtime/version"
text, prints = version.read_text(), []

def started():
    assert Start().stop() == 0
    prints.append(json.loads(pathlib.Path("/etc/makina-projects/demo/launch.json").read_text())["fingerprint"])

started()
version.write_text(text.split()[0] + " 99.0.1 newer\n")
started()
started()
version.write_text("99.0 99.0.0 other\n")
done = subprocess.run([LAUNCH], env=PLAIN, capture_output=True, text=True)
version.write_text(text)
started()
told([prints[:3], [done.returncode, done.stderr, prints[3] == prints[0]]])
"""
    )
    assert before != after == again
    assert found[0] == 78 and found[2]
    assert re.fullmatch(
        r"demo is written for runtime [0-9.]+ and this image has 99\.0; build it on a base image [0-9.]+, or run makina-image upgrade\n",
        found[1],
    )


OWN_STEP = r'''
launcher = ROOT / "project/.salt/_modules/mc_launcher.py"
written = launcher.read_text()
(place,) = [line for line in written.splitlines() if "A step of yours for each start goes here." in line]
step = "        open('/tmp/own', 'a').write(str([bool(image.salt), *sorted({'a.dotted-name', 'TZ', 'OTHER'} & set(os.environ))]) + '\\n')"
launcher.write_text(written.replace(place, place + "\n" + step))
codes = [Start({"a.dotted-name": "1", "OTHER": "2", "TZ": "Europe/Paris"}).stop() for _ in range(2)]
launcher.write_text(written)
told([codes, pathlib.Path("/tmp/own").read_text().splitlines()])
'''


@pytest.mark.parametrize("launched", SALTS[:1], indirect=True)
def test_a_step_of_the_owners_for_each_start_runs_once(launched):
    """Where mc_launcher.py and docs/runtime.md say. The first start finds it new and runs Salt, the second one does not."""
    codes, runs = launched.run(OWN_STEP)
    assert codes == [0, 0]
    assert runs == ["[True, 'TZ', 'a.dotted-name']", "[False, 'OTHER', 'TZ']"]
