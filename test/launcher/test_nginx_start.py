"""What nginx has from the container: its files at each start, and why a deployment failed."""
import os
import pathlib
import subprocess
import sys
import types

import pytest
from volumes import generate, load, module

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
CONFIGURATION = """
include /run/mc_launcher/nginx/processes.con[f];
    include /run/mc_launcher/nginx/http.con[f];
        include /run/mc_launcher/nginx/listen-80-default.con[f];
        include /run/mc_launcher/nginx/listen-443-ssl.con[f];
        include /run/mc_launcher/nginx/name-backend.con[f];
        include /run/mc_launcher/nginx/name-given.example.con[f];
# include /run/mc_launcher/nginx/listen-81.con[f];
"""


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    load(pathlib.Path(generate(tmp_path_factory.mktemp("start"))))
    return types.SimpleNamespace(**{name: module(name) for name in ("nginx_start", "nginx_names", "failed_states", "errors")})


@pytest.fixture
def names(parts, tmp_path, monkeypatch):
    """Writes /etc/hosts and /etc/resolv.conf of a container; answers: the names that its name servers know."""
    known = set()
    monkeypatch.setattr(parts.nginx_names, "_answers", lambda server, name: name in known)

    def names(hosts="", resolv="", answers=(), interfaces=""):
        for key, text in (("HOSTS", hosts), ("RESOLV_CONF", resolv), ("IF_INET6", interfaces)):
            (tmp_path / key).write_text(text)
            monkeypatch.setattr(parts.nginx_names, key, str(tmp_path / key))
        known.clear()
        known.update(answers)
        return lambda name: parts.nginx_names.address_or_name(name, float("inf"))

    names.known = known
    return names


@pytest.fixture
def start(parts, tmp_path, monkeypatch):
    """Writes the files for a configuration. Out: their texts by name."""
    monkeypatch.setattr(parts.nginx_start, "FOLDER", str(tmp_path / "run/nginx"))
    monkeypatch.setattr(parts.nginx_start, "SOCKET", str(tmp_path / "run/nginx/health.sock"))
    (tmp_path / "etc/nginx").mkdir(parents=True)

    def start(configuration=CONFIGURATION):
        (tmp_path / "etc/nginx/nginx.conf").write_text(configuration)
        parts.nginx_start.write(types.SimpleNamespace(conf_dir=str(tmp_path / "etc")))
        return {path.stem: path.read_text() for path in (tmp_path / "run/nginx").glob("*.conf")}

    return start


def test_the_files_of_a_start(start, names, tmp_path):
    names("10.0.0.9 given.example\n", "nameserver 10.0.0.1\n")
    written = start()
    assert start() == written
    assert sorted(written) == ["events", "files", "http", "listen-443-ssl", "listen-80-default", "name-backend", "name-given.example", "processes", "resolver"]
    assert written["listen-80-default"] == "listen [::]:80 default_server;\n"
    assert written["listen-443-ssl"] == "listen [::]:443 ssl;\n"
    assert written["name-given.example"] == 'here "10.0.0.9";\n' and written["name-backend"] == 'here "backend";\n'
    assert oct((tmp_path / "run/nginx").stat().st_mode) == "0o40700" and oct((tmp_path / "run").stat().st_mode) == "0o40711"
    changed = start("include /run/mc_launcher/nginx/listen-90.con[f];\n")
    assert changed["http"] != written["http"] and "listen-90" in changed and "listen-443-ssl" not in changed


def test_without_ipv6(start, names, parts, monkeypatch):
    names()
    monkeypatch.setattr(parts.nginx_start, "has_ipv6", lambda: False)
    written = start()
    assert not [name for name in written if name.startswith("listen")] and written["resolver"] == ""


def test_there_is_room_for_the_files_that_connections_take(start, names, parts, monkeypatch):
    names()
    for limit, connections in ((1024, 448), (10**6, 8192), (parts.nginx_start.resource.RLIM_INFINITY, 8192)):
        monkeypatch.setattr(parts.nginx_start.resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        written = start()
        assert written["events"] == "worker_connections %d;\n" % connections
        (files,) = [int(line.split()[1].strip(";")) for line in written["files"].splitlines() if "nofile" in line]
        assert 2 * connections < files and (files <= limit or limit < 0)


@pytest.mark.parametrize(
    "files, count",
    [
        ({}, 4),
        ({"/sys/fs/cgroup/cpu.max": "max 100000\n"}, 4),
        ({"/sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
        ({"/sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1),
        ({"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/cpu.max": "300000 100000\n"}, 3),
        ({"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"/proc/self/cgroup": "4:cpu,cpuacct:/d\n", "/sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_quota_us": "50000", "/sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_period_us": "50000"}, 1),
        ({"/sys/fs/cgroup/cpu.max": "x y z\n"}, 4),
    ],
)
def test_workers_are_as_many_as_the_container_may_use(parts, monkeypatch, files, count):
    monkeypatch.setattr(parts.nginx_start, "_text", lambda path: files.get(path, ""))
    monkeypatch.setattr(parts.nginx_start.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(parts.nginx_start.os, "sched_getaffinity", lambda _: set(range(4)))
    assert parts.nginx_start.processors() == count


@pytest.mark.parametrize(
    "resolv, line",
    [
        ("", ""),
        ("nameserver 127.0.0.11\noptions ndots:0\n", "resolver 127.0.0.11 valid=1s"),
        ("# nameserver 1.1.1.1\nnameserver fd00::1\nnameserver 10.0.0.1 # x\n", "resolver [fd00::1] 10.0.0.1 valid=1s"),
        ("nameserver fe80::1%eth0\n", ""),
        ("nameserver fe80::1%eth0\nnameserver 10.0.0.1\n", "resolver 10.0.0.1 valid=1s"),
        ("nameserver\nnameserver not;an;address\n", ""),
    ],
)
def test_name_servers(names, parts, resolv, line):
    names(resolv=resolv)
    assert parts.nginx_names.resolver_line().partition("\n")[0].replace(" ipv6=off", "").rstrip(";") == line


KUBERNETES = "nameserver 10.96.0.10\nsearch team.svc.cluster.local svc.cluster.local\noptions ndots:5\n"


@pytest.mark.parametrize(
    "hosts, resolv, answers, name, found",
    [
        ("fd00::2 six\n10.0.0.2 a b.example # c\n", "", [], "B.example", "10.0.0.2"),
        ("fd00::2 six\n", "", [], "six", "[fd00::2]"),
        ("10.0.0.2 a # c\n", "", [], "c", "c"),
        ("", KUBERNETES, ["db.svc.cluster.local"], "db", "db.svc.cluster.local"),
        ("", KUBERNETES, [], "db", "db.team.svc.cluster.local"),
        ("", KUBERNETES, ["example.com"], "example.com", "example.com"),
        ("", KUBERNETES, [], "db.", "db."),
        ("", "nameserver 1.1.1.1\nsearch corp.example\noptions ndots:0\n", ["db", "db.corp.example"], "db", "db"),
        ("", "nameserver 1.1.1.1\nsearch corp.example\noptions ndots:0\n", ["db.corp.example"], "db", "db.corp.example"),
        ("", "nameserver 1.1.1.1\nsearch evil;} .\n", [], "db", "db"),
    ],
)
def test_what_nginx_asks_for(names, hosts, resolv, answers, name, found):
    assert names(hosts, resolv, answers)(name) == found


BOTH = "fe80::9%eth0 db\nfd00::2 db\n10.0.0.2 db\n"
LOOPBACK = "00000000000000000000000000000001 01 80 10 80       lo\n"
LINK = LOOPBACK + "fe800000000000000042acfffe110002 02 40 20 80     eth0\n"


@pytest.mark.parametrize(
    "hosts, interfaces, found, resolver",
    [
        (BOTH, "", "10.0.0.2", " ipv6=off"),
        (BOTH, LOOPBACK, "10.0.0.2", " ipv6=off"),
        (BOTH, LINK, "10.0.0.2", " ipv6=off"),
        (BOTH, LINK + "fd000000000000000000000000000005 02 40 00 80     eth0\n", "[fd00::2]", ""),
        ("10.0.0.3 db\n" + BOTH, LINK + "fd000000000000000000000000000005 02 40 00 80     eth0\n", "10.0.0.3", ""),
        ("fd00::2 db\n", "", "[fd00::2]", " ipv6=off"),
        ("fe80::9%eth0 db\n0x7f.1 db\n", "", "db", " ipv6=off"),
    ],
)
def test_a_name_with_addresses_of_both_kinds(names, parts, hosts, interfaces, found, resolver):
    assert names(hosts, "nameserver 10.0.0.1\n", interfaces=interfaces)("db") == found
    assert parts.nginx_names.resolver_line().startswith(f"resolver 10.0.0.1 valid=1s{resolver};\n")


def test_a_certificate_behind_a_link(start, names, tmp_path):
    names()
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "tls.crt").write_text(version)
    (tmp_path / "tls.crt").symlink_to("..data/tls.crt")
    (tmp_path / "..data").symlink_to("one")
    configuration = f'    ssl_certificate "{tmp_path}/tls.crt";\n'
    before = start(configuration)
    assert start(configuration) == before
    (tmp_path / "..data").unlink()
    (tmp_path / "..data").symlink_to("two")
    assert start(configuration)["http"] != before["http"]


def test_nginx_that_does_not_take_its_configuration(start, names, parts, monkeypatch):
    names()
    start()
    monkeypatch.setattr(parts.nginx_start, "LIMIT", 0.1)
    with pytest.raises(parts.errors.LaunchError, match="nginx does not answer with its new configuration") as failed:
        parts.nginx_start.wait_until_new({})
    assert failed.value.code == 1


MAKINA = """\x1b[0;31mlocal:
----------
          ID: one
    Function: file.managed
      Result: True
     Comment: File one is in the correct state
----------
          ID: demo-nginx-configuration
    Function: file.managed
        Name: /etc/x
      Result: False
     Comment: check_cmd execution failed
              nginx: unknown directive "autoindexx", in the virtual host x.org
     Started: 10:00
     Changes:
              diff: password
----------
          ID: waits
    Function: file.directory
      Result: False
     Comment: One or more requisite failed: x
----------
          ID: secret
    Function: cmd.run
      Result: False
     Comment: Command "use s3cret" run
\x1b[0m"""


@pytest.mark.parametrize(
    "result, said",
    [
        ({"failed": ["a: One or more requisite failed: b", "b: is wrong\nthere"]}, "b: is wrong there"),
        ({"failed": [], "comment": "x"}, "a state of 200,300"),
        ({"comment": MAKINA}, 'file.managed demo-nginx-configuration: nginx: unknown directive "autoindexx", in the virtual host x.org'),
        ({"comment": MAKINA[MAKINA.index("----------\n          ID: waits") :]}, "cmd.run secret"),
        ({"comment": "no states at all"}, "a state of 200,300"),
        ({}, "a state of 200,300"),
    ],
)
def test_the_state_that_failed(parts, result, said):
    assert parts.failed_states.reason(result, "200,300") == said


def test_a_process_may_have_any_name(parts, tmp_path, monkeypatch):
    """What programs call themselves is theirs: a reconfiguration looks at each process for nginx's workers."""
    name = "import ctypes, sys, time; ctypes.CDLL(None).prctl(15, b') \\xff'); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", name], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        (tmp_path / "pid").write_text(str(os.getpid()))
        monkeypatch.setattr(parts.nginx_start, "NGINX_PID", str(tmp_path / "pid"))
        assert parts.nginx_start.workers() == []
        assert parts.nginx_start._parent(str(process.pid)) == str(os.getpid())
    finally:
        process.kill()
        process.wait()


def test_a_proxy_that_anyone_can_be_is_told(start, capsys):
    start(CONFIGURATION + "    set_real_ip_from 10.0.0.0/8;\n    set_real_ip_from 192.0.2.0;\n")
    assert capsys.readouterr().err == ""
    start(CONFIGURATION + "    set_real_ip_from 0.0.0.0/0;\n    set_real_ip_from ::/0;\n")
    assert capsys.readouterr().err.splitlines() == [
        "data.trusted_proxies has %s, which trusts everybody: any client can then choose the address and the host that it seems to have; "
        "name the addresses of your proxies" % network
        for network in ("0.0.0.0/0", "::/0")
    ]


def test_what_the_settings_say_counts_before_what_the_container_has(start, names):
    names(resolv="nameserver 192.0.2.9\nsearch a.example\n")
    own = CONFIGURATION + "include /run/mc_launcher/nginx/files.con[f]; # 100 connections\n    include /run/mc_launcher/nginx/resolver.con[f]; # 192.0.2.1 ::1\n"
    found = start(own)
    assert found["events"] == "worker_connections 100;\n"
    assert found["files"] == "worker_rlimit_nofile 712;\n"
    assert found["resolver"].startswith("resolver 192.0.2.1 [::1] valid=1s")
    assert start()["resolver"].startswith("resolver 192.0.2.9 valid=1s")
