"""The metrics of a container: a project that real Salt built, under real circus and nginx, without Docker."""
import json
import os
import pathlib
import re

import pytest
from launched import ROOT, Launched

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = [
    pytest.mark.skipif(not TAR, reason="needs root on Debian 12"),
    pytest.mark.xdist_group("metrics"),
]
PROGRAMS = {
    "web": {"cmd": "python3 -m http.server 8000 --bind 127.0.0.1", "port": 8000, "env_from": {"PASSWORD": "app:password"}},
    # The name of another one in its own, and a process of its own with an odd name.
    "web-2": {"cmd": """sh -c 'exec -a ") R (web" sleep 1000 & wait'""".replace("sh -c", "bash -c"), "numprocesses": 2},
    "migrate": {"cmd": "true", "oneshot": True},
    "sick": {"cmd": "sh -c 'exit 3'", "essential": False, "max_retry": 2},
}
ANSWERS = {
    "demo": False,
    "programs": PROGRAMS,
    "metrics": 99,
    "app": {"password": "s3cr3t-0f-app"},
    "vhosts": {"localhost": {"locations": {"/": {"proxy_pass": "http://127.0.0.1:8000"}}}},
    "seeds": {"notes": {"target": "data/notes"}},
}
# Asks the endpoint, in words that no client would choose.
ASK = r"""
import re, socket, time, urllib.request

def page(port=99, words=b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", half=False, host="127.0.0.1"):
    with socket.create_connection((host, port), 15) as connection:
        connection.sendall(words)
        if half:
            connection.shutdown(socket.SHUT_WR)
        text = b""
        while True:
            try:
                chunk = connection.recv(65536)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                return text.decode()
            text += chunk

def values(port=99):
    time.sleep(1.1)
    return dict(line.rsplit(" ", 1) for line in page(port).partition("\r\n\r\n")[2].splitlines() if not line.startswith("#"))

def answers(port, host="127.0.0.1"):
    try:
        return bool(page(port, host=host))
    except OSError:
        return False

def runner():
    return next(int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if b"runtime/runner\0" in pathlib.Path("/proc/%s/cmdline" % pid).read_bytes())

def threads(pid):
    # All but those of ZeroMQ, which circus talks through.
    return [name for name in (path.read_text() for path in pathlib.Path("/proc/%d/task" % pid).glob("*/comm")) if not name.startswith("ZMQ")]

def find(word):
    # This test, as process 1, has the word too.
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found += [int(pid)] if pid != "1" and word in pathlib.Path("/proc/%s/cmdline" % pid).read_bytes() else []
        except OSError:
            pass
    return found
"""


# With Prometheus' own parser: the families of a text, and what it makes of hostile names.
PARSE = r"""
import json, sys
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as parse

sys.path.insert(0, "/srv/projects/demo/project/.salt/runtime/metrics")
import families, sources

HOSTILE = json.loads(sys.argv[1])
program = {"name": HOSTILE, "state": HOSTILE, "processes": [], "numprocesses": 1, "deaths": 0, "last_end": None}
cron = {"name": HOSTILE, "processes": [], "last_run": None, "next_run": None}
facts = {"project": HOSTILE, "version": HOSTILE, "configured": 1, "seeds": {HOSTILE: True}}
state = sources.State({"since": 1, "programs": [program], "crons": [cron]}, None, facts, False, {HOSTILE: 1})
labels = {}
for family in parse(generate_latest(families.Families(state)).decode()):
    for sample in family.samples:
        for label, value in sample.labels.items():
            if label != "state":
                labels[label] = value
found = {family.name + "_total" * (family.type == "counter"): family.type for family in parse(sys.stdin.read())}
print(json.dumps([found, labels]))
"""
HOSTILE = 'a"b\\c\nd{e="f"} 1 # \u2028\t\u00e9'


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    venvs, base = (pathlib.Path(os.environ[name]) for name in ("MAKINA_VENVS", "MAKINA_BASE"))
    return Launched(tmp_path_factory.mktemp("metrics"), TAR, venvs, base, "pinned", ANSWERS)


def test_what_runs_is_told(launched):
    found = launched.run(
        ASK
        + r"""
start = Start()
start.until(lambda: answers(99))
start.until(lambda: values().get('makina_program_state{program="sick",state="failed"}') == "1.0")
first = values()
whole = page()
status = subprocess.run(["/usr/local/bin/makina", "status", "--json"], capture_output=True, text=True, env=PLAIN).stdout
endpoint = find(b"runtime/metrics\0")[0]
owner = os.stat("/proc/%d/stat" % endpoint).st_uid, pathlib.Path("/proc/%d/status" % endpoint).read_text()
os.kill(next(p["pid"] for each in json.loads(status)["programs"] if each["name"] == "web" for p in each["processes"]), 9)
start.until(lambda: values()['makina_program_deaths_total{program="web"}'] == "1.0")
second = values()
os.kill(endpoint, 9)
start.until(lambda: answers(99))
third = values()
told({"first": first, "second": second, "third": third, "whole": whole, "status": json.loads(status), "owner": owner[1], "stop": start.stop(), "log": start.text()})
"""
    )
    first, second, third = found["first"], found["second"], found["third"]
    up = {name: first[f'makina_program_up{{program="{name}"}}'] for name in ("makina.metrics", "nginx", *PROGRAMS)}
    assert up == {"makina.metrics": "1.0", "nginx": "1.0", "web": "1.0", "web-2": "1.0", "migrate": "1.0", "sick": "0.0"}
    assert first["makina_up"] == first["nginx_up"] == "1.0" and first['makina_seed_filled{seed="notes"}'] == "1.0"
    assert first['makina_program_processes{program="web-2"}'] == "2.0"
    assert first['makina_program_last_exit_code{program="sick"}'] == "3.0" and first['makina_program_deaths_total{program="sick"}'] == "2.0"
    assert float(first['makina_program_resident_memory_bytes{program="web"}']) > 5_000_000
    assert float(first["nginx_connections_accepted_total"]) >= 1 and first["makina_config_last_reload_successful"] == "1.0"
    assert second['makina_program_last_exit_code{program="web"}'] == "-9.0" and second['makina_program_up{program="web-2"}'] == "1.0"
    assert third['makina_program_deaths_total{program="makina.metrics"}'] == "1.0"
    assert "s3cr3t" not in found["whole"] and "http.server" not in found["whole"]
    assert "text/plain; version=0.0.4; charset=utf-8" in found["whole"]
    assert [each["state"] for each in found["status"]["programs"] if each["name"] == "makina.metrics"] == ["running"]
    assert "Uid:\t65534\t65534\t65534\t65534" in found["owner"] and "CapEff:\t0000000000000000" in found["owner"]
    assert found["stop"] == 0 and "Traceback" not in found["log"]


def test_hostile_clients_keep_no_one_away(launched):
    found = launched.run(
        ASK
        + r"""
start = Start()
start.until(lambda: answers(99))
idle = [socket.create_connection(("127.0.0.1", 99)) for _ in range(500)]
for number, connection in enumerate(idle):
    try:
        connection.sendall(b"GET /metr" if number % 2 else b"GET /metrics HTTP/1.1\r\nX: ")
    except OSError:
        pass
began = time.monotonic()
beside = page()
took = time.monotonic() - began
files = len(os.listdir("/proc/%d/fd" % find(b"runtime/metrics\0")[0]))
odd = {
    "root": b"GET / HTTP/1.1\r\n\r\n", "up": b"GET /../metrics HTTP/1.1\r\n\r\n", "below": b"GET /metrics/ HTTP/1.1\r\n\r\n", "post": b"POST /metrics HTTP/1.1\r\n\r\n",
    "absolute": b"GET http://x/metrics HTTP/1.1\r\n\r\n", "coded": b"GET /%6detrics HTTP/1.1\r\n\r\n", "nul": b"GET /metrics\0 HTTP/1.1\r\n\r\n", "old": b"GET /metrics\r\n\r\n",
    "binary": b"\x16\x03\x01\xff\r\n\r\n", "long": b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 50000, "query": b"GET /metrics?x=1 HTTP/1.0\n\n",
    "two": b"GET /metrics HTTP/1.1\r\n\r\n" * 2, "head": b"HEAD /metrics HTTP/1.1\r\n\r\n",
}
answered = {name: page(words=words)[:12] for name, words in odd.items()}
half = page(half=True)[:15], page(words=b"GET /met", half=True)
os.kill(runner(), signal.SIGSTOP)
time.sleep(1.1)
began = time.monotonic()
stopped = page()
stopped_for = time.monotonic() - began
os.kill(runner(), signal.SIGCONT)
told({"beside": beside[:15], "took": took, "files": files, "answered": answered, "half": half, "stopped": stopped, "for": stopped_for, "stop": start.stop()})
"""
    )
    assert found["beside"] == "HTTP/1.1 200 OK" and found["took"] < 3 and found["files"] < 90
    not_found = ("root", "up", "below", "post", "absolute", "coded", "nul", "head")
    assert {name: found["answered"].pop(name)[9:] for name in not_found} == dict.fromkeys(not_found, "404")
    assert {name: told[9:] for name, told in found["answered"].items()} == {"old": "400", "binary": "400", "long": "431", "query": "200", "two": "200"}
    assert found["half"] == ["HTTP/1.1 200 OK", ""]
    assert "\nmakina_up 0.0\n" in found["stopped"] and "\nnginx_up 1.0\n" in found["stopped"] and found["for"] < 5
    assert found["stop"] == 0


def test_an_override_takes_it_away_and_sets_it(launched):
    found = launched.run(
        ASK
        + r"""
start = Start()
start.until(lambda: answers(99))
start.until(lambda: find(b"http.server"))
on = threads(runner())
web = find(b"http.server")
outside = answers(99, "127.0.0.2")
override({"metrics": None})
off = start.reconfigure(), answers(99), find(b"runtime/metrics\0"), os.path.exists("/run/mc_launcher/programs.sock"), os.path.exists("/run/mc_launcher/nginx-status.sock"), threads(runner())
override({"metrics": 9200, "metrics_address": "0.0.0.0"})
again = start.reconfigure(), find(b"http.server") == web
start.until(lambda: answers(9200))
good = values(9200)
everywhere = answers(9200, "127.0.0.2")
override({"metrics": 80})
refused = start.reconfigure()
bad = values(9200)
wrong = []
for value in ({"metrics": "9200"}, {"metrics": True}, {"metrics": 0}, {"metrics": [9200]}, {"metrics": 9200, "metrics_address": "localhost"}, {"metrics": 9200, "metrics_address": "::1; id"}, {"metrics": 9200, "metrics_address": None}):
    override(value)
    wrong.append(start.reconfigure())
override({"metrics": 9200})
inside = start.reconfigure()
start.until(lambda: not answers(9200, "127.0.0.2"))
start.until(lambda: answers(9200))
told({"on": on, "outside": outside, "off": off, "again": again, "good": good, "everywhere": everywhere, "refused": refused, "bad": bad, "wrong": wrong, "inside": inside, "stop": start.stop()})
"""
    )
    assert found["off"] == [[0, ""], False, [], False, False, ["python\n"]] and found["on"] == ["python\n"]
    assert found["again"] == [[0, ""], True]
    assert found["outside"] is False and found["everywhere"] is True
    assert found["good"]["makina_config_last_reload_successful"] == "1.0" and found["good"]["nginx_up"] == "1.0"
    assert found["good"]['makina_seed_filled{seed="notes"}'] == "1.0"
    assert found["refused"][0] == 78 and "data.metrics is the port of nginx (vhosts.localhost) too; give each its own" in found["refused"][1]
    assert found["bad"]["makina_config_last_reload_successful"] == "0.0"
    assert [code for code, _ in found["wrong"]] == [78] * 7
    assert all("data.metrics must be a whole number from 1 to 65535" in said for _, said in found["wrong"][:4])
    assert all("data.metrics_address must be an address" in said for _, said in found["wrong"][4:6])
    assert "data.metrics_address must be text" in found["wrong"][6][1]
    assert found["inside"] == [0, ""] and found["stop"] == 0


def test_a_port_that_is_taken_stops_no_one(launched):
    found = launched.run(
        ASK
        + r"""
start = Start()
start.until(lambda: answers(99))
other = socket.socket()
other.bind(("127.0.0.1", 9300))
other.listen()
override({"metrics": 9300})
taken = start.reconfigure()
start.until(lambda: "cannot listen at 127.0.0.1:9300" in start.text())
live = subprocess.run(["/usr/local/bin/makina", "live"], env=PLAIN).returncode
ready = subprocess.run(["/usr/local/bin/makina", "ready"], env=PLAIN).returncode
other.close()
start.until(lambda: answers(9300))
override({"metrics": 9300, "metrics_address": "192.0.2.7"})
away = start.reconfigure()
start.until(lambda: "cannot listen at 192.0.2.7:9300" in start.text())
override({"metrics": 9300, "metrics_address": "2001:db8::7"})
away6 = start.reconfigure()
start.until(lambda: "cannot listen at [2001:db8::7]:9300" in start.text())
time.sleep(4)
told({"codes": [taken, away, away6], "live": [live, ready, start.process.poll()], "log": start.text(), "stop": start.stop()})
"""
    )
    assert found["codes"] == [[0, ""]] * 3 and found["live"] == [0, 0, None] and found["stop"] == 0
    assert "metrics: cannot listen at 127.0.0.1:9300 (Address already in use); correct metrics, or metrics_address\n" in found["log"]
    assert "Traceback" not in found["log"] and found["log"].count("cannot listen at [2001:db8::7]") < 6


def test_the_text_is_of_prometheus(launched):
    """As its own library reads it, while programs die, and with names that no program can have."""
    found = launched.run(
        ASK
        + r"""
PARSE, HOSTILE = """
        + repr((PARSE, HOSTILE))
        + r"""
start = Start()
start.until(lambda: answers(99))
start.until(lambda: find(b"http.server"))
for _ in range(4):
    for pid in find(b"http.server"):
        os.kill(pid, 9)
    text = page().partition("\r\n\r\n")[2]
    time.sleep(1.1)
python = ["/srv/apps/circus/venv/bin/python", "-I", "-c", PARSE, json.dumps(HOSTILE)]
parsed = subprocess.run(python, input=text, capture_output=True, text=True)
told({"parsed": parsed.stdout, "wrong": parsed.stderr, "log": start.text(), "stop": start.stop()})
"""
    )
    assert "Traceback" not in found["log"], found["log"]
    assert found["wrong"] == "" and found["stop"] == 0
    families, hostile = json.loads(found["parsed"])
    assert families == dict(re.findall(r"^\| `([a-z_]+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE))
    assert hostile == dict.fromkeys(("project", "version", "program", "cron", "seed"), HOSTILE)
