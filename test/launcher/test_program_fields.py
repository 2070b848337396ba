"""Fields of programs in a project that real Salt built, under real circus and nginx, without Docker."""
import json
import os
import pathlib
import socket

import pytest
from launched import Launched

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = [
    pytest.mark.skipif(not TAR, reason="needs root on Debian 12"),
    pytest.mark.xdist_group("makina"),
]
# Says its name at a socket, or at a port.
SERVER = """
import http.server, os, socket, socketserver, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())

    def address_string(self):
        return "-"

    def log_message(self, *words):
        pass

class Unix(socketserver.ThreadingUnixStreamServer):
    pass

address = sys.argv[1]
server = Unix(address, Handler) if address.startswith("/") else http.server.ThreadingHTTPServer(("127.0.0.1", int(address)), Handler)
server.serve_forever()
"""
WEB = {
    "cmd": "python3 {project_root}/server.py /run/app/web-$(circus.wid).sock web$(circus.wid)",
    "socket": "/run/app/web-$(circus.wid).sock",
    "numprocesses": 2,
    "priority": 120,
}


def free_port():
    """The network of the sandbox is the machine's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PORT, DATABASE = free_port(), free_port()
ANSWERS = {
    "demo": False,
    "programs": {"web": WEB},
    "upstreams": {"web": {"program": "web"}},
    "vhosts": {"localhost": {"listen": PORT, "default_server": True, "locations": {"/": {"proxy_pass": "http://web"}}}},
}
ASK = f"PORT, DATABASE = {PORT}, {DATABASE}\n" + r"""
import urllib.request

def page(path="/"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as answer:
            return answer.read().decode()
    except Exception as error:
        return str(error)

def state(path):
    import grp, pwd
    found = os.lstat(path)
    return [pwd.getpwuid(found.st_uid).pw_name, grp.getgrgid(found.st_gid).gr_name, oct(found.st_mode & 0o7777)]
"""


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    venvs, base = (pathlib.Path(os.environ[name]) for name in ("MAKINA_VENVS", "MAKINA_BASE"))
    return Launched(tmp_path_factory.mktemp("fields"), TAR, venvs, base, "pinned", ANSWERS, {"project/server.py": SERVER, "project/back.conf": BACK})


def test_nginx_reaches_programs_at_sockets(launched):
    found = launched.run(
        ASK
        + r"""
start = Start()
start.until(lambda: {page() for _ in range(8)} == {"web1", "web2"})
first = [state("/run/app"), state("/run/app/web-1.sock"), open("/tmp/log").read()]
# A kill leaves the socket behind.
pids = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if b"server.py" in open(f"/proc/{pid}/cmdline", "rb").read()]
for pid in pids:
    os.kill(int(pid), 9)
start.until(lambda: {page() for _ in range(8)} == {"web1", "web2"})
# Another one, of another user, and no more of the first one.
override({"programs": {
    "web": {"numprocesses": 1},
    "api": {"cmd": "python3 {project_root}/server.py /run/api/deep/api.sock api", "socket": "/run/api/deep/api.sock", "user": "nobody", "group": "nogroup", "umask": "0027"},
}, "upstreams": {"web": {"program": "api"}}})
changed = start.reconfigure()
second = [state("/run/api/deep"), state("/run/api"), state("/run/api/deep/api.sock"), page()]
override({"programs": {"web": {"port": 8000}}})
refused = start.reconfigure()
override({"programs": {"web": {"socket": "/run/web.sock", "numprocesses": 1}}})
above = start.reconfigure()
# A user of another start may have been another one.
override({"programs": {"web": {"user": "nobody", "group": "nogroup"}}})
other = [start.reconfigure()[0], state("/run/app")]
start.until(lambda: page().startswith("web"))
told({"first": first, "changed": changed, "second": second, "refused": refused, "above": above, "other": other, "stop": start.stop()})
"""
    )
    assert found["first"][:2] == [["demo-user", "www-data", "0o2750"], ["demo-user", "www-data", "0o770"]]
    assert found["changed"][0] == 0
    folder, above, path, page = found["second"]
    # The umask that it gives itself counts: nginx cannot connect.
    assert (folder, above, path) == (["nobody", "www-data", "0o2750"], ["root", "root", "0o755"], ["nobody", "www-data", "0o750"])
    assert "502" in page
    assert found["refused"][0] == 78 and "data.programs.web.socket must not be given together with port" in found["refused"][1]
    assert found["above"][0] == 78 and "must be in a folder of its own below /run" in found["above"][1]
    assert found["other"] == [0, ["nobody", "www-data", "0o2750"]]
    assert found["stop"] == 0


def test_what_entries_have_in_common(launched):
    found = launched.run(
        ASK
        + r"""
def program(name):
    return json.load(open(f"/etc/makina-projects/demo/circus/programs/{name}.json"))

override({
    "program_defaults": {"user": "nobody", "group": "nogroup", "umask": "0022", "env": {"A": "1"}},
    "cron_defaults": {"log_file": "/tmp/cron.log"},
    "config_defaults": {"mode": "0600", "restarts": ["other"]},
    "programs": {"other": {"cmd": "sleep 1000"}, "own": {"cmd": "sleep 1000", "user": "www-data", "umask": None, "env": {}}},
    "crons": {"c": {"cmd": "true", "schedule": "@yearly"}},
    "configs": {"listed": {"source": "server.py"}},
})
start = Start()
start.until(lambda: page().startswith("web"))
keys = ("user", "group", "umask", "env")
first = {name: [program(name)[key] for key in keys] for name in ("web", "other", "own")}
files = [state("/etc/makina-projects/demo/listed"), json.load(open("/etc/makina-projects/demo/circus/crons/c.json"))["log_file"], state("/run/app")]
override({"program_defaults": {"user": None}})
refused = [start.reconfigure()]
override({"program_defaults": {"socket": "/run/a/b"}})
refused += [start.reconfigure()]
override({"config_defaults": {"restarts": ["nothing"]}, "configs": {"listed": {"source": "server.py"}}})
refused += [start.reconfigure()]
told({"first": first, "files": files, "refused": refused, "stop": start.stop()})
"""
    )
    common = ["nobody", "nogroup", "0022", {"A": "1"}]
    # nginx must reach the socket.
    web = ["nobody", "nogroup", "0007", {"A": "1"}]
    assert found["first"] == {"web": web, "other": common, "own": ["www-data", "nogroup", "0027", {}]}
    assert found["files"] == [["root", "demo-grp", "0o600"], "/tmp/cron.log", ["nobody", "www-data", "0o2750"]]
    assert [code for code, _ in found["refused"]] == [78, 78, 78]
    sentences = ["program_defaults.user must be text", "program_defaults.socket is not a setting", "configs.listed.restarts.0 names nothing, which is not a program"]
    assert all(sentence in told for sentence, (_, told) in zip(sentences, found["refused"]))


# A server of one process that reads its settings anew at HUP, as nginx does.
BACK = """
pid /tmp/back.pid;
error_log /dev/stderr;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path /tmp/back-a; proxy_temp_path /tmp/back-b; fastcgi_temp_path /tmp/back-c; uwsgi_temp_path /tmp/back-d; scgi_temp_path /tmp/back-e;
  server { listen unix:/run/back/back.sock; location / { return 200 "{{ data.app.greeting }}"; } }
}
"""


def test_a_program_that_can_reload_loses_no_request(launched):
    found = launched.run(
        ASK
        + r"""
import threading

BACK = {"cmd": "nginx -c /etc/makina-projects/demo/back.conf -g 'daemon off;'", "socket": "/run/back/back.sock", "umask": "0000", "reload_signal": "HUP"}
def declare(greeting, **more):
    override({"app": {"greeting": greeting}, "programs": {"back": {**BACK, **more}}, "configs": {"back.conf": {"source": "back.conf"}}, "upstreams": {"web": {"program": "back"}}})

def load(change):
    # What the pages said, and what failed, while something is changed under the load of four clients.
    seen, failed, over = set(), [], threading.Event()
    def ask():
        while not over.is_set():
            (seen.add if (said := page()) in ("one", "two", "three", "four") else failed.append)(said)
    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    time.sleep(0.5)
    answer = change()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        time.sleep(0.1)
    over.set()
    for client in clients:
        client.join()
    return {"answer": answer, "seen": sorted(seen), "failed": failed[:5], "last": page()}

def started():
    return start.text().count("back started, process")

declare("one")
start = Start()
start.until(lambda: page() == "one")
declare("two")
signalled = [load(start.reconfigure), started()]
declare("three", reload_signal="USR1")
other = [start.reconfigure(), started()]
declare("three", reload_signal=None)
none = [start.reconfigure(), started()]
declare("four", reload_signal=None)
restarted = [load(start.reconfigure), started()]
declare("four", env={"A": "b"})
environment = [start.reconfigure(), started()]
start.until(lambda: page() == "four")
refused = []
for more in ({"stop_signal": "HUP"}, {"max_age": 1, "reload_signal": None, "oneshot": True, "numprocesses": 1, "socket": None}, {"reload_signal": "KILL"}, {"max_age": -1}):
    declare("four", **more)
    refused.append(start.reconfigure())
told({"signalled": signalled, "other": other, "none": none, "restarted": restarted, "environment": environment, "refused": refused, "stop": start.stop()})
"""
    )
    (load, started) = found["signalled"]
    assert load["answer"][0] == 0 and (load["failed"], load["last"], load["seen"], started) == ([], "two", ["one", "two"], 1)
    # The config is another, and the signal is: nginx takes USR1 for something else.
    assert found["other"][0][0] == 0 and found["other"][1] == 1
    assert found["none"][0][0] == 0 and found["none"][1] == 1
    # Without the field it is away for a moment.
    (load, started) = found["restarted"]
    assert load["answer"][0] == 0 and started == 2 and load["last"] == "four" and any("502" in each for each in load["failed"])
    assert found["environment"][0][0] == 0 and found["environment"][1] == 3
    assert [code for code, _ in found["refused"]] == [78] * 4
    sentences = [
        "data.programs.back.reload_signal is its stop_signal too, which ends it; give it another",
        "data.programs.back.max_age must be 0 for a program that is oneshot",
        "data.programs.back.reload_signal",
        "data.programs.back.max_age must be a whole number from 0 to 31536000",
    ]
    assert all(sentence in told for sentence, (_, told) in zip(sentences, found["refused"])), found["refused"]
    assert found["stop"] == 0


def test_a_program_is_restarted_for_its_age(launched):
    found = launched.run(
        ASK
        + r"""
override({"programs": {"web": {"numprocesses": 2, "max_age": 1}}})
start = Start()
start.until(lambda: "web is restarted for its age, process" in start.text(), 60)
status = json.loads(subprocess.run(["/usr/local/bin/makina", "status", "--json"], env=PLAIN, capture_output=True, text=True).stdout)
told({"deaths": {each["name"]: each["deaths"] for each in status["programs"]}, "stop": start.stop()})
"""
    )
    assert found == {"deaths": {"web": 0, "nginx": 0}, "stop": 0}


def test_lines_say_whose_they_are(launched):
    found = launched.run(
        ASK
        + r"""
TALK = '''sh -c 'trap "echo last words; exit" TERM; echo hello; while :; do sleep 0.1; done\''''
override({"log_format": "json", "programs": {
    "talk": {"cmd": TALK, "log_format": "prefixed", "numprocesses": 2},
    "plain": {"cmd": TALK, "log_format": "plain"},
}})
start = Start()
start.until(lambda: page().startswith("web") and start.text().count("hello") == 3)
page("/asked")
# nginx may also tell of it on standard error.
start.until(lambda: any("/asked" in line and "stdout" in line for line in start.text().splitlines()))
code = start.stop()
json_log = start.text()
override({"programs": {"talk": {"cmd": TALK}}})
again = Start()
again.until(lambda: page().startswith("web"))
override({"log_format": "prefixed", "programs": {"talk": {"cmd": TALK}}})
changed = again.reconfigure()
page("/then")
again.until(lambda: "nginx[1] 127.0.0.1" in again.text())
told({"code": code, "log": json_log, "changed": changed, "stop": again.stop(), "all": again.text()})
"""
    )
    lines = found["log"].splitlines()
    objects = [json.loads(line) for line in lines if line.startswith("{")]
    asked = next(each for each in objects if "/asked" in each["message"] and each["stream"] == "stdout")
    assert (asked["program"], asked["wid"]) == ("nginx", 1)
    assert sorted(line for line in lines if "hello" in line) == ["hello", "talk[1] hello", "talk[2] hello"]
    assert sorted(line for line in lines if "last words" in line) == ["last words", "talk[1] last words", "talk[2] last words"]
    assert any("circus[" in line and "talk started" in line and not line.startswith("{") for line in lines)
    assert (found["code"], found["changed"][0], found["stop"]) == (0, 0, 0)
    assert "talk[1] last words" in found["all"][len(found["log"]) :]


def test_a_start_waits_for_a_neighbour(launched):
    found = launched.run(
        ASK
        + r"""
import socket, threading

override({"programs": {"migrate": {"cmd": "true", "oneshot": True, "priority": 200, "wait_for": [f"127.0.0.1:{DATABASE}"], "max_retry": 3}}})
began = time.monotonic()
start = Start(wait=False)
start.until(lambda: "migrate waits for" in start.text())
health = subprocess.run(["/usr/local/bin/makina", "ready"], env=PLAIN, capture_output=True, text=True)
status = subprocess.run(["/usr/local/bin/makina", "status"], env=PLAIN, capture_output=True, text=True)
time.sleep(2)
before = [os.path.exists("/run/nginx.pid"), "web started" in start.text()]
server = socket.create_server(("127.0.0.1", DATABASE))
start.until(lambda: page().startswith("web"))
# The time of the start has nothing to do with it.
override({"programs": {"migrate": {"cmd": "true", "oneshot": True, "priority": 200, "wait_for": ["127.0.0.1:1"], "wait_timeout": 2}}})
late = [start.reconfigure()[0], start.process.wait(30)]
told({"health": [health.returncode, health.stdout + health.stderr], "status": [status.returncode, status.stdout], "before": before, "late": late, "log": start.text()})
"""
    )
    waits = f"migrate waits for 127.0.0.1:{DATABASE} (Connection refused), 60 s at most"
    assert found["log"].count(waits) == 1
    assert found["health"] == [1, f"demo: the start is not done: it waits for migrate, which waits for 127.0.0.1:{DATABASE} (Connection refused)\n"]
    assert found["status"][0] == 1 and f"migrate: waits for 127.0.0.1:{DATABASE} (Connection refused)" in found["status"][1]
    assert found["before"] == [False, False]
    assert "migrate waited 2 s for 127.0.0.1:1 (Connection refused) and is essential: stopping everything, exit code 1" in found["log"]
    assert found["late"][1] == 1
