"""Links and configuration files in the volume of a container that real Salt configures: at starts, and while it runs."""
import os
import pathlib

import pytest
from launched import Launched

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = pytest.mark.skipif(not TAR, reason="needs root and Python 3.11 of Debian 12")
SALTS = [pytest.param(salt, marks=pytest.mark.xdist_group("launched-" + salt)) for salt in ("pinned", "3004")]
VOLUME = {"user": "{user}", "mode": "0640"}
ANSWERS = {
    "demo": False,
    "app": {"x": "one"},
    "variables": {"version": "1.0"},
    "programs": {
        "reader": {"cmd": "sleep 1000", "env": {"CONF": "{data_root}/data/etc/app.conf"}},
        "other": {"cmd": "sleep 1000"},
    },
    "configs": {
        "app.conf": {"source": "app.conf", "target": "{data_root}/data/etc/app.conf", **VOLUME},
        "own.conf": {"source": "app.conf", "target": "{data_root}/data/own.conf", "replace": False, **VOLUME},
        "once": {"source": "app.conf", "target": "/etc/acme/once", "replace": False},
    },
    "symlinks": {
        "{data_root}/data/current": {"target": "releases/{version}"},
        "/opt/app/log": {"target": "{data_root}/data/log"},
        "{project_root}/tmp": {"target": "../data/data/tmp"},
    },
}


@pytest.fixture(scope="session", params=SALTS)
def launched(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("volume-files-" + request.param)
    base, venvs = pathlib.Path(os.environ["MAKINA_BASE"]), pathlib.Path(os.environ["MAKINA_VENVS"])
    return Launched(folder, TAR, venvs, base, request.param, ANSWERS, {"project/app.conf": "x = {{ data.app.x }}\n"})


LOOK = r'''
data = ROOT / "data/data"
names = ("etc/app.conf", "own.conf")

def look():
    found = {name: (data / name).read_text() for name in names}
    owned = sorted({(os.lstat(data / name).st_uid, oct(os.lstat(data / name).st_mode)) for name in (*names, "current")})
    return [found, os.readlink(data / "current"), owned]
'''


def test_a_start_writes_them_and_needs_no_salt_for_it(launched):
    told = launched.run(LOOK + r'''
outside = [os.readlink("/opt/app/log"), os.readlink(ROOT / "project/tmp"), open("/etc/acme/once").read()]
start = Start()
first = look()
(data / "etc/app.conf").write_text("the program's")
start.stop()
second = Start()
again = look()
second.stop()
(data / "current").unlink()
(data / "current").mkdir()
third = Start(wait=False)
told([outside, first, again, third.process.wait(60), third.text().splitlines()[-1], "salt" in start.text()])
''')
    text = "x = one\n"
    owned = [[900, "0o100640"], [900, "0o120777"]]
    assert told[0] == ["/srv/projects/demo/data/data/log", "../data/data/tmp", text]
    assert told[1] == [{"etc/app.conf": text, "own.conf": text}, "releases/1.0", owned]
    assert told[2] == [{"etc/app.conf": "the program's", "own.conf": text}, "releases/1.0", owned]
    path = "/srv/projects/demo/data/data/current"
    assert told[3:] == [78, f"demo: {path} is a folder, and symlinks.{path} is a link there; move it away", False]


def test_a_reconfiguration(launched):
    told = launched.run(LOOK + r'''
def running():
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes() == b"sleep\x001000\x00":
                found["reader" if b"CONF=" in (folder / "environ").read_bytes() else "other"] = folder.name
        except OSError:
            pass
    return found

start = Start()
start.until(lambda: len(running()) == 2)
before = running()
for name in names:
    (data / name).write_text("the program's")
(data / "own.conf").chmod(0o600)
override({"app": {"x": "two"}, "symlinks": {"{data_root}/data/current": {"target": "releases/2.0"}, "{data_root}/data/more": {"target": "x"}}})
changed = start.reconfigure()
start.until(lambda: len(running()) == 2)
after = running()
told_more = [os.readlink(data / "more"), open("/etc/acme/once").read()]
state = look()
(data / "folder").mkdir()
refused = []
for links in (
    {"/opt/app/log": {"target": "/elsewhere"}}, {"/opt/app/log": None}, {"/opt/new": {"target": "x"}},
    {"{data_root}/data/folder": {"target": "x"}}, {"{data_root}/data/etc": {"target": "x"}}, {"/run/x": {"target": "x"}}, {"{data_root}/data/y": {"target": "a b"}}, {"{data_root}/data/y": {}},
):
    override({"app": {"x": "three"}, "symlinks": links})
    refused.append(start.reconfigure())
override({"app": {"x": "two"}, "configs": {"app.conf": {"user": "root"}}})
refused.append(start.reconfigure())
override({"app": {"x": "two"}, "directories": {"/opt/x": None}})
refused.append(start.reconfigure())
same = look() == state
start.stop()
told([changed, before["reader"] != after["reader"], before["other"] == after["other"], told_more, state, refused, same])
''')
    path = "/srv/projects/demo/data/data"
    line = f"demo: {path}/etc/app.conf was changed by a program, and is replaced since configs.app.conf has changed\n"
    assert told[0] == [0, line] and told[1:4] == [True, True, ["x", "x = one\n"]]
    assert told[4][:2] == [{"etc/app.conf": "x = two\n", "own.conf": "the program's"}, "releases/2.0"]
    only_built = "is not in a volume, so only a build can change it; change it in the answers, and build the image again"
    expected = [
        f"data.symlinks./opt/app/log {only_built}",
        f"data.symlinks./opt/app/log {only_built}",
        f"data.symlinks./opt/new {only_built}",
        f"{path}/folder is a folder, and symlinks.{path}/folder is a link there; move it away",
        "data.symlinks.{data_root}/data/etc is in the way of configs.app.conf; use another path",
        "data.symlinks./run/x must not be in /run, which can be in memory; use another path",
        "data.symlinks.{data_root}/data/y.target must be a path of letters, digits and _./{}@+-",
        "data.symlinks.{data_root}/data/y has no target",
        "data.configs.app.conf.user must not be root in a volume; name the user of the program that reads the file",
        "data.directories is only read by a build; change it in the answers, and build the image again",
    ]
    for (code, sentence), words in zip(told[5], expected):
        assert code == 78 and words in sentence and sentence.count("\n") == 1, sentence
    assert told[6] is True
