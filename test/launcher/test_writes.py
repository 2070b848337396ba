"""What root writes below folders of other users: nothing outside is made, renamed, chowned or written, whatever they swap meanwhile.

SWAP_ROUNDS is how many rounds each of these tests takes.
"""
import grp
import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import pytest
from fixtures import ROUNDS
from volumes import GID, OTHER_UID, UID, USER, generate, load, module

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
# Puts a link in the place of a folder, and the folder back, as fast as it can.
SWAPPER = """
import os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1]))
name, outside = sys.argv[3:]
print('ready', flush=True)
while True:
    try:
        os.rename(name, name + '.away')
        os.symlink(outside, name)
        os.unlink(name)
        os.rename(name + '.away', name)
    except OSError:
        pass
"""


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    package = pathlib.Path(generate(tmp_path_factory.mktemp("writes")))
    load(package)
    return package, *(module(name) for name in ("folders", "paths", "errors"))


@pytest.fixture
def place(parts):
    """A folder of root's, on whose way nobody else can write; nothing in its `outside` may change."""
    place = pathlib.Path(tempfile.mkdtemp(dir="/srv" if os.path.isdir("/srv") else "/opt", prefix="writes-"))
    place.chmod(0o755)
    (place / "outside").mkdir()
    (place / "outside/secret").write_text("secret")
    before = listing(place / "outside")
    yield place
    after = listing(place / "outside")
    shutil.rmtree(place)
    assert after == before


def listing(folder):
    found = {"": folder.lstat(), **{path.name: path.lstat() for path in folder.rglob("*")}}
    return {name: (status.st_mode, status.st_uid, status.st_gid, status.st_size, status.st_mtime_ns) for name, status in found.items()}


@pytest.fixture
def swapper(place):
    """Starts swapping a folder of the user's with a link to `outside`."""
    running = []

    def start(folder):
        command = [sys.executable, "-c", SWAPPER, str(UID), str(GID), str(folder), str(place / "outside")]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout.readline() == "ready\n"

    yield start
    for process in running:
        process.kill()
        process.wait()


def users(folder, mode=0o755):
    folder.mkdir(mode=mode)
    os.chown(folder, UID, GID)
    folder.chmod(mode)
    return folder


def settings(**directories):
    return {"directories": directories, "sockets": {}, "tops": {}, "root": [], "volumes": []}


def state(path):
    found = path.lstat()
    return found.st_uid, found.st_gid, found.st_mode & 0o7777


# ---- directories ----


def test_directories_get_owner_and_mode_and_those_on_the_way_are_roots(parts, place):
    folders = parts[1]
    wanted = settings(**{f"{place}/a/b": [USER, USER, "2750"], f"{place}/a/b/c": ["root", "root", "0700"]})
    assert folders.make_folders(wanted) is True and folders.make_folders(wanted) is False
    assert state(place / "a") == (0, 0, 0o755) and state(place / "a/b") == (UID, GID, 0o2750)
    assert state(place / "a/b/c") == (0, 0, 0o700)
    # What is there stays as its owner wants it, but while the image is built.
    (place / "a/b").chmod(0o700)
    assert folders.make_folders(wanted) is False and state(place / "a/b") == (UID, GID, 0o700)
    assert folders.make_folders(wanted, is_build=True) is True and state(place / "a/b") == (UID, GID, 0o2750)


def test_the_folder_of_a_socket_is_corrected_at_each_start(parts, place):
    folders = parts[1]
    wanted = dict(settings(), sockets={f"{place}/run/app": [USER, "www-data", "2750"]})
    nginx = grp.getgrnam("www-data").gr_gid
    assert folders.make_folders(wanted) is True and folders.make_folders(wanted) is False
    assert state(place / "run") == (0, 0, 0o755) and state(place / "run/app") == (UID, nginx, 0o2750)
    # The program had another user, or has changed the mode.
    os.chown(place / "run/app", 0, 0)
    (place / "run/app").chmod(0o777)
    assert folders.make_folders(wanted) is True and state(place / "run/app") == (UID, nginx, 0o2750)
    (place / "run/app").rename(place / "other")
    (place / "run/app").symlink_to(place / "other")
    os.chown(place / "other", 0, 0)
    os.chown(place / "run", UID, GID)
    with pytest.raises(parts[3].LaunchError, match="is a link that others can change"):
        folders.make_folders(wanted)
    assert state(place / "other")[:2] == (0, 0)


def test_a_link_of_roots_is_followed_and_one_of_a_users_is_not(parts, place):
    _, folders, _, errors = parts
    (place / "real").mkdir()
    (place / "link").symlink_to("real")
    folders.make_folders(settings(**{f"{place}/link/x": [USER, USER, "0750"]}))
    assert state(place / "real/x") == (UID, GID, 0o750)
    (users(place / "users") / "link").symlink_to(place / "outside")
    with pytest.raises(errors.LaunchError) as caught:
        folders.make_folders(settings(**{f"{place}/users/link/x": [USER, USER, "0750"]}))
    assert caught.value.code == 78
    assert str(caught.value) == f"{place}/users/link/x cannot be made: {place}/users/link is a link that others can change; put a folder there"


def test_a_folder_in_a_volume_or_in_the_way_of_a_file_is_refused(parts, place):
    _, folders, _, errors = parts
    (place / "volume").mkdir()
    (place / "link").symlink_to("volume")
    (place / "file").write_text("")
    for path, told in ((f"{place}/link/x", "leads into a volume"), (f"{place}/file", "put a folder there"), (f"{place}/file/x", "is not a folder")):
        with pytest.raises(errors.LaunchError, match=told):
            folders.make_folders(dict(settings(**{path: [USER, USER, "0750"]}), volumes=[f"{place}/volume"]))


def test_directories_below_a_folder_that_is_swapped(parts, place, swapper):
    _, folders, _, errors = parts
    way = users(users(place / "users") / "way")
    swapper(way)
    made = 0
    for round in range(ROUNDS):
        try:
            made += folders.make_folders(settings(**{f"{way}/{round}/x": [USER, USER, "0777"]}), is_build=True)
        except errors.LaunchError:
            pass
        time.sleep(0.001)
    assert made > 0


# ---- the rule ----


def cfg(place, **data):
    project = {"name": "demo", "user": USER, "group": USER, "projects_dir": f"{place}", "project_dir": f"{place}/demo"}
    project.update(project_root=f"{place}/demo/project", data_root=f"{place}/demo/data", salt_root="", pillar_root="")
    return {**project, "data": {"volumes": [f"{place}/vol/a"], **data}}


CONFIGS = {
    "a folder of a user's": ("users/x", "in {place}/users, which www-data can change"),
    "a folder below one": ("users/y/../z/x", "in {place}/users, which www-data can change"),
    "a link into one": ("link/x", "in {place}/users, which www-data can change"),
    "a folder that a group can write to": ("shared/x", "in {place}/shared, which others than root can change"),
    "a sticky folder": ("/tmp/x", "in /tmp, where others than root can write"),
    "the home of the user": ("/home/users/www-data/x", "in /home/users/www-data, where others than root can write"),
    "a folder of directories": ("given/x/y", "in {place}/given, where others than root can write"),
}


@pytest.mark.parametrize("target, told", CONFIGS.values(), ids=CONFIGS)
def test_a_config_lies_where_nobody_but_root_can_put_anything(parts, place, target, told):
    users(place / "users")
    (place / "shared").mkdir()
    (place / "shared").chmod(0o775)
    (place / "link").symlink_to("users")
    # Not Path, which takes the dots away.
    path = target if target.startswith("/") else f"/{place}/{target}"
    given = {f"{place}/given": {"user": USER}}
    found = parts[2].wrong_paths(cfg(place, configs={"c": {"source": "x", "target": path}}, directories=given), ["configs"])
    why = told.format(place=place)
    assert list(found) == [f"data.configs.c.target must not be {why}: Salt writes it as root; use a seed there, or another path"]


@pytest.mark.parametrize(
    ("target", "user", "told"),
    [
        ("./vol//a/x", USER, None),
        ("demo/data/data/x", USER, None),
        ("./vol//a/x", "root", "user must not be root in a volume; name the user of the program that reads the file"),
        ("./vol//a/", USER, "target must not be a volume itself; use a path in it"),
        ("demo/data/data", USER, "target must not be a volume itself; use a path in it"),
        ("demo/data/configuration/x", USER, "target must not be in {place}/demo/data/configuration, which is root's; use another path"),
    ],
)
def test_a_config_in_a_volume_is_not_roots(parts, place, target, user, told):
    configs = {"c": {"source": "x", "target": f"/{place}/{target}", "user": user}}
    found = list(parts[2].wrong_paths(cfg(place, configs=configs), ["configs"]))
    assert found == ([f"data.configs.c.{told.format(place=place)}"] if told else [])


def test_a_link_lies_where_only_root_can_put_anything(parts, place):
    users(place / "users")
    (place / "to").symlink_to("users")
    (place / "demo/data").mkdir(parents=True)
    (place / "made").symlink_to(place / "demo/data")
    why = "Salt writes it as root; use a seed there, or another path"
    expected = {
        f"{place}/made": [],
        f"{place}/vol/a/x": [],
        f"{place}/users/x": [f"must not be in {place}/users, which www-data can change: {why}"],
        f"{place}/to/x": [f"must not be in {place}/users, which www-data can change: {why}"],
        f"{place}/made/x": [f"must not be in a volume: {why}"],
        "/tmp/x": [f"must not be in /tmp, where others than root can write: {why}"],
        "/run/x": ["must not be in /run, which can be in memory; use another path"],
        "/usr": ["must not be in the way of /usr/bin"],
        "{project_root}/.salt": [f"must not be in the way of {place}/demo/project/.salt"],
    }
    for path, sentences in expected.items():
        found = list(parts[2].wrong_paths(cfg(place, symlinks={path: {"target": "x"}}), ["symlinks"]))
        assert found == [f"data.symlinks.{path} {sentence}" for sentence in sentences], path


@pytest.mark.parametrize(
    ("more", "other"),
    [
        ({"configs": {"c": {"source": "x", "target": "{place}/vol/a/x/y", "user": "www-data"}}}, "configs.c"),
        ({"seeds": {"s": {"target": "{place}/vol/a/x"}, "gone": None}}, "seeds.s"),
        ({"seeds": {"s": {"target": "{place}/vol/a/xy"}}, "configs": {"c": None}}, None),
    ],
)
def test_a_link_is_in_the_way_of_no_other_setting(parts, place, more, other):
    path = f"{place}/vol/a/x"
    data = json.loads(json.dumps(more).replace("{place}", str(place)))
    found = list(parts[2].wrong_paths(cfg(place, symlinks={path: {"target": "x"}}, **data), ["symlinks"]))
    assert found == ([f"data.symlinks.{path} is in the way of {other}; use another path"] if other else [])


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("/etc/acme/x.ini", "/etc//acme/./x.ini", "b goes to /etc/acme/x.ini, and configs.a is the file /etc/acme/x.ini"),
        ("/etc/acme/x/y", "/etc/acme/x", "a goes to /etc/acme/x/y, and configs.b is the file /etc/acme/x"),
        ("/etc/acme/x", "/etc/acme/xy", None),
    ],
)
def test_two_configs_do_not_meet(parts, place, a, b, told):
    configs = {"a": {"source": "x", "target": a}, "b": {"source": "x", "target": b}, "gone": None}
    found = list(parts[2].wrong_paths(cfg(place, configs=configs), ["configs"]))
    assert found == ([f"data.configs.{told}; give one of them another target"] if told else [])


def test_what_root_may_write_and_read(parts, place):
    (place / "demo/data/configuration").mkdir(parents=True)
    # Whoever mounts a folder has no account in the image.
    os.chown(place / "demo/data", 54321, 54321)
    data = {
        "configs": {"c": {"source": "x"}, "d": {"source": "x", "target": f"{place}/etc/x"}},
        "vhosts": {"a": {"ssl_certificate": f"{place}/demo/data/configuration/www.pem"}},
        "downloads": {"e": {"url": "https://x", "target": f"{place}/e", "unpack": "tar", "user": USER}},
        "directories": {f"{place}/e": {"user": USER}, "/run/{name}": {"user": USER, "mode": "0750"}},
    }
    kinds = ["configs", "vhosts", "downloads", "directories", "virtualenvs"]
    assert list(parts[2].wrong_paths(cfg(place, **data), kinds)) == []
    assert parts[2].directories(cfg(place, **data))["/run/demo"] == (USER, "root", "0750")
    os.chown(place / "demo/data", UID, GID)
    (sentence,) = parts[2].wrong_paths(cfg(place, **data), kinds)
    assert sentence == f"data.vhosts.a.ssl_certificate must not be in {place}/demo/data, which www-data can change: root reads it; use another path"


def test_unknown_references_in_what_no_schema_knows(parts, place):
    data = {"directories": {"/run/{nme}": {}}, "downloads": {"d": {"url": "file://{projct_root}/x", "target": "/opt/{version}"}}}
    found = list(parts[2].wrong_paths(cfg(place, **data), ["downloads", "directories"]))
    assert [sentence.split(", ")[0] for sentence in found] == [
        "data.downloads.d.url has the unknown {projct_root}; known are {project_root}",
        "data.downloads.d.target has the unknown {version}; known are {user}",
        "data.directories./run/{nme} has the unknown {nme}; known are {name}",
    ]


@pytest.mark.parametrize("path", ["/", "/etc", "/run", "/srv", "{project_root}", "{salt_root}/files", "/srv/apps/x", "/var/lib"])
def test_no_folder_of_a_users_is_in_the_way_of_what_root_runs(parts, path):
    project = cfg(pathlib.Path("/srv/projects"), directories={path: {"user": USER}})
    project.update(project_dir="/srv/projects/demo", project_root="/srv/projects/demo/project", salt_root="/srv/projects/demo/project/.salt")
    (sentence,) = parts[2].wrong_paths(project, ["directories"])
    assert "must be of root alone, since it is in the way of" in sentence
    project["data"]["directories"] = {path: {}}
    assert list(parts[2].wrong_paths(project, ["directories"])) == []


def test_what_keeps_owner_and_mode_below_project(parts, place):
    root = f"{place}/demo/project"
    data = {
        "directories": {"{project_root}/a": {"user": USER}, "{project_root}//b/": {"mode": "0750"}, "/c": {"user": USER}},
        "downloads": {"d": {"url": "x", "target": f"{root}/d", "mode": "0600"}},
        "configs": {"e": {"source": "x", "target": f"{root}/e"}, "f": {"source": "x"}},
    }
    assert parts[2].kept_paths(cfg(place, **data)) == {"whole": [f"{root}/a", f"{root}/d", f"{root}/e"], "alone": [f"{root}/b"]}


# ---- log files ----


@pytest.fixture
def loud(parts, place):
    """A program's file, and starting exec_program.py with it; `data` is a folder of the user's."""
    data = users(place / "data")
    scripts = shutil.copytree(parts[0].parent, place / "salt") / "bin/exec_program.py"

    def start(user, log, script="for i in $(seq 9); do seq 30; sleep 0.002; done"):
        group = "nogroup" if user == "nobody" else user
        command = {
            "cmd": "sh -c", "args": [script], "env": {}, "copy_env": False, "port": None, "working_dir": "/", "user": user,
            "group": group, "rlimits": {}, "log_file": str(log), "log_max_bytes": 100, "log_backup_count": 3,
            "data_root": str(data), "healthcheck": None, "socket": None, "umask": "0027", "log_format": "plain",
        }  # fmt: skip
        path = place / "loud.json"
        path.write_text(json.dumps(command))
        path.chmod(0o644)
        done = subprocess.run(
            [sys.executable, "-I", "-S", scripts, path],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        # The writer holds it to its end.
        subprocess.run(["flock", path, "true"], check=True)
        return done

    return start


@pytest.mark.parametrize("user", ["root", "nobody"])
def test_a_log_below_a_folder_that_is_swapped(place, loud, swapper, user):
    swapper(users(place / "data/log", 0o777))
    (place / "outside").chmod(0o777)
    # Each starts a program, so there are fewer in the suite.
    rounds = ROUNDS if ROUNDS > 50 else 5
    assert {loud(user, place / "data/log/loud.log").returncode for _ in range(rounds)} <= {0, 78}
    (place / "outside").chmod(0o755)


def test_a_log_that_is_rotated_below_a_folder_that_is_swapped(parts, place, swapper, monkeypatch):
    monkeypatch.syspath_prepend(str(parts[0].parent / "bin"))
    monkeypatch.syspath_prepend(str(parts[0].parent))
    log_writer = importlib.import_module("log_writer")
    way = users(users(place / "data") / "log")
    log = log_writer.LogFile(str(way / "root.log"), 100, 2)
    swapper(way)
    written, end = 0, time.monotonic() + 60
    while written < ROUNDS and time.monotonic() < end:
        try:
            log.write(b"x" * 60 + b"\n")
            written += 1
        except OSError:
            pass
    assert written == ROUNDS


def test_a_log_below_a_link_of_another_users_is_refused(place, loud):
    (place / "data/log").symlink_to(place / "outside")
    done = loud("root", place / "data/log/x/root.log")
    assert done.returncode == 78
    told = f"log_file {place}/data/log/x/root.log cannot be written: {place}/data/log is a link that others can change; give it a folder"
    assert told in done.stderr


def test_a_link_of_the_programs_own_user_or_of_roots_is_followed(place, loud):
    users(place / "data/real")
    (place / "data/log").symlink_to("real")
    (place / "link").symlink_to("data")
    assert loud(USER, place / "link/log/x.log").returncode == 0
    # How often it is begun anew depends on how much comes at a time.
    assert {path.name for path in (place / "data/real").iterdir()} >= {"x.log", "x.log.1"}
    assert state(place / "data/real/x.log")[0] == UID


def test_a_file_of_several_names_is_no_log(place, loud):
    (place / "data/other").write_text("")
    os.link(place / "data/other", place / "data/x.log")
    done = loud("root", place / "data/x.log")
    assert done.returncode == 78 and "it is one of several names of a file" in done.stderr


# ---- what is in memory ----


def test_memory_that_root_writes_to_is_closed(parts, place, monkeypatch):
    _, folders, _, _ = parts
    for name in ("run", "conf", "other", "users"):
        (place / name).mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "none", place / name], check=True)
    try:
        os.chown(place / "users", OTHER_UID, 0)
        monkeypatch.setattr(folders, "MEMORY", (f"{place}/run", f"{place}/none"))
        folders.close_mounts([f"{place}/conf/deep/er", f"{place}/users"])
        modes = {name: state(place / name)[2] for name in ("run", "conf", "other", "users")}
        assert modes == {"run": 0o755, "conf": 0o755, "other": 0o1777, "users": 0o1777}
        # A mount in the place of one of `directories` gets its owner and mode; one that somebody owns is left alone.
        folders.make_folders(settings(**{f"{place}/other": [USER, USER, "0750"], f"{place}/users": [USER, USER, "0750"]}))
        assert state(place / "other") == (UID, GID, 0o750) and state(place / "users") == (OTHER_UID, 0, 0o1777)
    finally:
        for name in ("run", "conf", "other", "users"):
            subprocess.run(["umount", place / name], check=True)
