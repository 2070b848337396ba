"""A generated project, built and reconfigured in a throw-away Debian root, under both Salts."""
import hashlib
import json
import os
import pathlib
import random
import shlex
import subprocess
import sys

import pytest
import yaml
from conftest import BASE, SALTS, VENVS, override_text
from image import Image, generate, install_base

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = pytest.mark.skipif(not TAR, reason="needs root and Python 3.11 of Debian 12")

KEY = "makina-projects.demo"
HOSTILE = [
    "a 'b' \"c\"", "{{ x }}", "{% raw %}", "{%- endraw %}", "{# x #}", "a # b", "a: b", "two\nlines\n", " spaces ",
    "é ü ß", "日本 🎉", "- x", "yes", "1e3", "0777", "\\n $HOME %s `id`", "!!python/object", "&a *a", "\t", "", "<%= x %>",
]  # fmt: skip
# Of the project's user, below project/ and below a folder of that user.
GIVEN = {"user": "{user}", "group": "{group}", "mode": "0750"}
FOLDERS = {"{project_root}/var/tmp": GIVEN, "/srv/users": GIVEN, "/srv/users/way": GIVEN, "/srv/users/way/{name}": GIVEN}
# Numbers that a package could take, a home in the volume, and one that the build makes.
USERS = {
    "svc": {"uid": 901, "group": "svc", "groups": ["www-data", "ssl-cert"], "home": "{data_root}/data/svc"},
    "homed": {"uid": 999, "group": "{group}", "home": "/home/homed", "shell": "/bin/sh", "createhome": True},
}
ANSWERS = {
    "directories": {**FOLDERS, "/srv/svc": {"user": "svc", "group": "svc", "mode": "2750"}},
    "groups": {"svc": {"gid": 901}},
    "users": USERS,
    "packages": ["ssl-cert"],
    "symlinks": {"/opt/links/log": {"target": "{data_root}/data/log"}, "{project_root}/tmp": {"target": "../data/data/tmp"}},
    "seeds": {"nginx-1.2": {"source": "/etc/nginx", "target": "data/nginx", "mode": "keep"}},
    "app": {"greeting": "It works", "hostile": HOSTILE, "order": {key: "sample" for key in "abcd"} | {"list": [1]}, "n": 7},
    "programs": {"probe": {"cmd": "true", "args": HOSTILE, "env_from": {"FIRST": "app:hostile:0", "N": "app:n", "HOSTILE": "app:hostile:8"}}},
    "crons": {"tick": {"schedule": "*/5 1-3 * jan sun", "cmd": "true", "env": {"A": HOSTILE[7]}, "user": "www-data"}},
}
CIRCUS = "etc/makina-projects/demo/circus"
PROGRAM = "/srv/projects/demo/project/.salt/runtime/bin/exec_program.py"
STEPS = ("100_dirs_and_prerequisites", "200_reconfigure", "300_nginx", "400_circus")


@pytest.fixture(scope="session", params=SALTS)
def image(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    image = Image(folder / "root", TAR, [VENVS / request.param])
    install_base(image, BASE, VENVS / request.param)
    image.build(generate(folder, ANSWERS))
    image.left_in_run = sorted(os.listdir(image.root / "run"))
    return image


@pytest.fixture
def override(image):
    """Write a runtime override and reconfigure; it is gone after the test."""
    path = image.root / "srv/projects/demo/data/configuration/pillar.sls"

    def write(data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(override_text(data))
        assert image.salt_call("demo_mc_launcher.reconfigure", "demo") is True

    yield write
    path.unlink(missing_ok=True)
    assert image.salt_call("demo_mc_launcher.reconfigure", "demo") is True


def deploy(image, *args):
    ret = image.salt_call("mc_project.deploy", "demo", *args)
    assert ret["result"] is True, ret["comment"]
    return ret["comment"]


def app(image):
    return image.salt_call("mc_project.get_configuration", "demo")["data"]["app"]


@pytest.mark.parametrize("step", STEPS)
def test_a_second_run_changes_nothing(image, step):
    comment = deploy(image, "only=install", f"only_steps={step}")
    (line,) = [line for line in comment.splitlines() if line.startswith(step)]
    assert line.endswith(", 0 changed") and not line.startswith(f"{step}: 0 states")


def test_the_whole_deployment_succeeds_again(image):
    comment = deploy(image, "only=install,fixperms")
    assert [line.split(":")[0] for line in comment.splitlines() if " states, " in line] == [*STEPS, "fixperms"]


def test_an_edit_of_the_code_runs_no_salt(image):
    """The image's last step again, with a file that everybody can write to, and without Salt."""
    folder = "/srv/projects/demo/project"
    build = (f"{folder}/.salt/runtime/build.sh", "demo", "code")
    image.run(*build)
    salt_call, new = image.root / "srv/makina-states/bin/salt-call", image.root / folder[1:] / "app/new.txt"
    aside = salt_call.rename(salt_call.with_name("aside"))
    try:
        new.write_text("new")
        new.chmod(0o666)
        assert image.run(*build).stdout == ""
        assert new.stat().st_mode & 0o777 == 0o644
    finally:
        aside.rename(salt_call)
        new.unlink()


def test_directories_keep_owner_and_mode(image):
    folders = ("/srv/projects/demo/project/var/tmp", "/srv/users", "/srv/users/way", "/srv/users/way/demo")
    assert image.run("stat", "-c", "%U %G %a", *folders).stdout.split("\n")[:4] == ["demo-user demo-grp 750"] * 4


def test_accounts_of_ones_own(image):
    users = image.run("getent", "passwd", "svc", "homed").stdout
    assert users == "svc:x:901:901::/srv/projects/demo/data/data/svc:/usr/sbin/nologin\nhomed:x:999:900::/home/homed:/bin/sh\n"
    assert set(image.run("id", "-Gn", "svc").stdout.split()) == {"svc", "www-data", "ssl-cert"}
    folders = image.run("stat", "-c", "%n %U %G %a", "/srv/svc", "/home/homed").stdout
    assert folders == "/srv/svc svc svc 2750\n/home/homed homed demo-grp 750\n"
    # It is the volume's.
    assert not (image.root / "srv/projects/demo/data/data/svc").exists()


ACCOUNTS = {
    "another number": ({"users": {"svc": {"uid": 905}}}, "data.users.svc.uid is 905, and the image has svc already with 901; use that number, or another name"),
    "a taken number": ({"users": {"new": {"uid": 900, "group": "svc"}}}, "data.users.new.uid is 900, which demo-user has in the image; use another number"),
    "another group": ({"users": {"svc": {"group": "games"}}}, "data.users.svc.group is games, and the image has svc already with another group; use that, or another name"),
    "no group": ({"users": {"new": {"uid": 905, "group": "nix"}}}, "data.users.new.group is nix, which `groups` does not have; add it there"),
    "root's number": ({"unix_groups": {"new": {"gid": 0}}}, "data.groups.new.gid must be a whole number from 100 to 2147483647"),
    "text": ({"users": {"new": {"uid": "905", "group": "svc"}}}, "data.users.new.uid must be a whole number from 100 to 2147483647"),
    "nothing": ({"unix_groups": {"new": {"x": 1}}}, "data.groups.new has no gid"),
    "a number twice": ({"unix_groups": {"new": {"gid": 901}}}, "data.groups.new.gid is the number of groups.svc too; use another one"),
}


@pytest.mark.parametrize("data, sentence", ACCOUNTS.values(), ids=ACCOUNTS)
def test_an_account_that_is_there_is_not_changed(image, data, sentence):
    builtin, passwd = image.root / "srv/projects/demo/pillar/builtin.sls", image.root / "etc/passwd"
    before, accounts = builtin.read_text(), passwd.read_text()
    try:
        builtin.write_text(yaml.safe_dump({KEY: {"data": data}}))
        ret = image.salt_call("mc_project.deploy", "demo", "only=install", f"only_steps={STEPS[0]}", check=False)
        assert ret["result"] is False and sentence in ret["comment"] and passwd.read_text() == accounts
    finally:
        builtin.write_text(before)


def test_the_answers_are_readable_for_root_alone(image):
    found = "find /srv/projects/demo/project/.salt -perm /o+r -type f ! -path '*/launcher/*' ! -path '*/files/circus/*'"
    assert image.run("sh", "-c", found).stdout == ""
    image.run("setpriv", "--reuid=demo-user", "--regid=demo-grp", "--clear-groups", "test", "-r", PROGRAM)
    for user in ("demo-user", "nobody"):
        sample = "/srv/projects/demo/project/.salt/PILLAR.sample"
        assert image.run("setpriv", f"--reuid={user}", "--clear-groups", "cat", sample, check=False).returncode == 1


SWAPPER = """
import os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1]))
print("ready", flush=True)
while True:
    try:
        os.rename(sys.argv[3], sys.argv[3] + ".away")
        os.symlink("/srv/outside", sys.argv[3])
        os.unlink(sys.argv[3])
        os.rename(sys.argv[3] + ".away", sys.argv[3])
    except OSError:
        pass
"""


def test_a_reconfiguration_while_a_folder_is_swapped(image):
    outside, way = image.root / "srv/outside", image.root / "srv/users/way"
    outside.mkdir()
    before, (uid, gid) = outside.stat(), (way.stat().st_uid, way.stat().st_gid)
    process = subprocess.Popen([sys.executable, "-c", SWAPPER, str(uid), str(gid), str(way)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        for _ in range(max(3, int(os.environ.get("SWAP_ROUNDS", 50)) // 20)):
            image.run("sh", "-c", "rmdir /srv/users/way*/demo; true")
            # It may be refused, as the folder is a link at that moment.
            image.run("/srv/makina-states/bin/salt-call", "--local", "demo_mc_launcher.reconfigure", "demo", check=False)
            after = outside.stat()
            assert not list(outside.iterdir())
            assert (after.st_mtime_ns, after.st_uid, after.st_mode) == (before.st_mtime_ns, before.st_uid, before.st_mode)
    finally:
        process.kill()
        process.wait()
        for name in ("way.away", "way"):
            path = way.with_name(name)
            path.unlink() if path.is_symlink() else None
        if way.with_name("way.away").exists():
            way.with_name("way.away").rename(way)


def test_nothing_secret_is_readable_by_everyone(image):
    listing = "find /etc/makina-projects/demo /srv/projects/demo/pillar -type f -perm -o+r"
    assert image.run("sh", "-c", listing).stdout == ""


def test_no_access_control_list_is_set(image):
    probe = (
        "import os\n"
        "for top, folders, files in os.walk('/srv/projects'):\n"
        "    for name in folders + files:\n"
        "        path = os.path.join(top, name)\n"
        "        assert not [x for x in os.listxattr(path, follow_symlinks=False) if 'acl' in x], path\n"
    )
    image.run("python3", "-c", probe)
    assert image.run("sh", "-c", "command -v setfacl", check=False).returncode


def test_a_build_leaves_nothing_that_runs(image):
    assert not {"nginx.pid", "mc_launcher.lock"} & set(image.left_in_run)


MISSING = {
    "a seed": (
        {"seeds": {"late": {"source": "gone/x", "target": "data/x"}}},
        "demo: seeds.late.source /srv/projects/demo/project/gone/x does not exist; add it, and build the image again\n",
    ),
    "a seed of the image": (
        {"seeds": {"late": {"source": "/opt/none", "target": "data/x"}}},
        "demo: seeds.late.source /opt/none does not exist; add it, and build the image again\n",
    ),
    "a config": (
        {"configs": {"late": {"source": "gone/x", "target": "/etc/acme/x"}}},
        "demo: the settings of demo cannot be used: data.configs.late.source /srv/projects/demo/project/gone/x is not there; add it",
    ),
}


@pytest.mark.parametrize("data, sentence", MISSING.values(), ids=MISSING)
def test_the_last_step_of_a_build_looks_for_the_sources(image, data, sentence):
    path = image.root / "srv/projects/demo/data/configuration/pillar.sls"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(override_text(data))
    try:
        last_step = ("/srv/makina-states/bin/salt-call", "--local", "--retcode-passthrough", "--id=demo", "--log-level=warning")
        done = image.run(*last_step, "demo_mc_launcher.reconfigure", "'demo'", check=False)
        assert done.returncode == 78 and done.stderr.startswith(sentence) and done.stderr.count("\n") == 1
    finally:
        path.unlink()
    assert image.salt_call("demo_mc_launcher.reconfigure", "demo") is True


def test_a_download_of_the_image_itself_is_held_to_its_hash(image):
    builtin, target = image.root / "srv/projects/demo/pillar/builtin.sls", image.root / "opt/fetched"
    before = builtin.read_text()
    (image.root / "opt/source").write_text("one")
    command = ("--local", "--retcode-passthrough", "--id=demo", "--log-level=warning", "mc_project.deploy", "demo", "only=install", f"only_steps={STEPS[0]}")

    def fetch(content):
        download = {"url": "file:///opt/source", "sha256": hashlib.sha256(content).hexdigest(), "target": "/opt/fetched"}
        download.update(user="root", group="root", mode="0644", unpack=None)
        builtin.write_text(yaml.safe_dump({KEY: {"data": {"downloads": {"tool": download}}}}))
        return image.run("/srv/makina-states/bin/salt-call", *command, check=False)

    try:
        wrong = fetch(b"two")
        assert wrong.returncode and "demo-download-tool" in wrong.stdout and not target.exists()
        right = fetch(b"one")
        assert right.returncode == 0 and target.read_text() == "one"
        assert "source_hash" not in wrong.stderr + right.stderr
    finally:
        builtin.write_text(before)
        target.unlink(missing_ok=True)


def test_hostile_answers_survive(image):
    assert app(image)["hostile"] == HOSTILE


def test_the_order_of_the_pillar(image, override):
    """PILLAR.sample < custom.sls < built-in pillar < runtime override, and back when that is removed."""
    values = {"custom": "bcd", "builtin": "cd"}
    for source, path in (("custom", "srv/salt/custom.sls"), ("builtin", "srv/projects/demo/pillar/builtin.sls")):
        order = {key: source for key in values[source]} | {"list": [source]}
        (image.root / path).write_text(yaml.safe_dump({KEY: {"data": {"app": {"order": order}}}}))
    built = {"a": "sample", "b": "custom", "c": "builtin", "d": "builtin", "list": ["builtin"]}
    assert app(image)["order"] == built
    override({"app": {"order": {"d": "override", "list": [2, 3]}}})
    assert app(image)["order"] == {**built, "d": "override", "list": [2, 3]}
    (image.root / "srv/projects/demo/data/configuration/pillar.sls").unlink()
    assert image.salt_call("demo_mc_launcher.reconfigure", "demo") is True
    assert app(image)["order"] == built


def test_hostile_values_of_an_override_survive(image, override):
    override({"app": {"greeting": HOSTILE[1], "more": HOSTILE}})
    found = app(image)
    assert (found["greeting"], found["more"]) == (HOSTILE[1], HOSTILE)


def test_an_override_reaches_the_files(image, override):
    override({"app": {"greeting": "Changed é 🎉"}})
    text = (image.root / "etc/makina-projects/demo/app.json").read_text(encoding="utf-8")
    assert "Changed" in text
    assert yaml.safe_load(text)["greeting"] == "Changed é 🎉"


def test_odd_characters_of_a_context_reach_the_file(image, override):
    (image.root / "srv/projects/demo/project/odd.conf").write_text("{{ odd }}")
    odd = "a\x7f\x80\x9f\u2028\u2029\ufffe\uffffb{{ x }}"
    override({"configs": {"odd-2.4.conf": {"source": "odd.conf", "target": "/etc/acme/odd", "context": {"odd": odd}}}})
    assert (image.root / "etc/acme/odd").read_bytes().decode() == odd


def test_a_start_looks_at_the_sources_of_configs(image, override):
    """A source can be mounted over the image's: a start that skipped Salt would leave the old text."""
    (image.root / "srv/projects/demo/project/mounted.conf").write_text("one")
    override({"configs": {"mounted.conf": {"source": "mounted.conf"}}})
    assert (image.root / "etc/makina-projects/demo/mounted.conf").read_text() == "one"
    record = json.loads((image.root / "etc/makina-projects/demo/launch.json").read_text())
    assert "/srv/projects/demo/project/mounted.conf" in record["outputs"]


def test_nginx_accepts_the_configuration(image):
    image.run("nginx", "-t", "-c", "/etc/makina-projects/demo/nginx/nginx.conf")
    assert pathlib.Path(image.root / "srv/apps/circus/venv/bin/circusd").exists()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate and its key, as text."""
    folder = tmp_path_factory.mktemp("certificate")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tls -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return (folder / "cert.pem").read_text(), (folder / "key.pem").read_text()


def test_a_certificate_of_the_pillar_is_readable_for_root_alone(image, override, certificate):
    nginx = image.root / "etc/makina-projects/demo/nginx"
    cert, key = certificate
    override({"vhosts": {"tls": {"ssl_cert": cert, "ssl_key": key, "auth_basic": "x", "auth_basic_users": {"a": "{PLAIN}b"}}}})
    found = {path.suffix: path for path in (nginx / "ssl").iterdir()}
    assert found[".key"].read_text().strip() == key.strip() and found[".key"].stat().st_mode & 0o777 == 0o400
    (users,) = (nginx / "users").iterdir()
    assert users.read_text() == "a:{PLAIN}b\n" and users.stat().st_mode & 0o777 == 0o440
    configuration = (nginx / "nginx.conf").read_text()
    assert "listen 443 ssl;" in configuration and f"ssl/{found['.crt'].name}" in configuration
    override({"vhosts": {"tls": {"ssl_cert": cert, "ssl_key": key, "ssl_redirect": False}}})
    assert list((nginx / "users").iterdir()) == []
    override({})
    assert list((nginx / "ssl").iterdir()) == []


def test_a_certificate_of_a_volume_counts_once_it_is_there(image, override, certificate):
    configuration = image.root / "etc/makina-projects/demo/nginx/nginx.conf"
    folder = image.root / "srv/projects/demo/data/configuration"
    data = {"vhosts": {"tls": {"ssl_certificate": "{data_root}/configuration/c.pem", "ssl_certificate_key": "{data_root}/configuration/k.pem"}}}
    override(data)
    assert "listen 443" not in configuration.read_text()
    for name, text in zip(("c.pem", "k.pem"), certificate):
        (folder / name).write_text(text)
    override(data)
    assert "listen 443 ssl;" in configuration.read_text()
    for name in ("c.pem", "k.pem"):
        (folder / name).unlink()


def command(image, path):
    return json.loads((image.root / CIRCUS / path).read_text(encoding="utf-8"))


def test_hostile_commands_survive(image):
    found = command(image, "programs/probe.json")
    assert (found["args"], found["env"]) == (HOSTILE, {"FIRST": HOSTILE[0], "N": "7", "HOSTILE": HOSTILE[8]})
    assert command(image, "crons/tick.json")["env"] == {"A": HOSTILE[7]}


def test_hostile_words_reach_the_program_as_they_are(image, override):
    """From the override through Salt, program.json and exec_program.py."""
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print("SEED=%d" % seed)
    chance = random.Random(seed)
    pieces = ["'", '"', "\\", "\n", ";", "$HOME", "$(id)", "%", "%(x)s", "{{", "}}", "{%", "%}", "{#", "#", "`", " ", "\t", "é", "🎉", "-", "=", ":", "[", "&a", "*", "~", "!!", "x", "1e3", "yes"]  # fmt: skip
    words = ["".join(chance.choices(pieces, k=chance.randrange(10))) for _ in range(300)]
    env = {"V%d" % number: word for number, word in enumerate(words[200:])}
    tell = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
    cmd = shlex.join(["python3", "-c", tell, *words[:100]])
    override({"programs": {"probe": {"cmd": cmd, "args": words[100:200], "env": env}}})
    exec_program = "/srv/projects/demo/project/.salt/runtime/bin/exec_program.py"
    args, seen = json.loads(image.run("python3", "-I", "-S", exec_program, f"/{CIRCUS}/programs/probe.json", "1").stdout)
    assert args == words[:200]
    assert {name: seen[name] for name in env} == env


def crons(image):
    """{cron: its schedule} of the ini."""
    sections = (image.root / CIRCUS / "circusd.ini").read_text().split("[cron:")[1:]
    return {section.partition("]")[0]: section.partition("\nschedule = ")[2].partition("\n")[0] for section in sections}


def test_crons_stand_in_the_ini_and_debians_cron_is_not_there(image):
    assert crons(image) == {"tick": "*/5 1-3 * jan sun"}
    command = f"cmd = /srv/apps/circus/venv/bin/python -I -S {PROGRAM} /{CIRCUS}/crons/tick.json\n"
    assert command in (image.root / CIRCUS / "circusd.ini").read_text()
    assert not (image.root / "usr/sbin/cron").exists()


def test_a_changed_value_restarts_the_program_it_is_for(image, override):
    def fingerprints():
        lines = (image.root / CIRCUS / "circusd.ini").read_text().splitlines()
        return [line for line in lines if line.startswith("fingerprint")]

    before = fingerprints()
    override({"app": {"n": 8}})
    assert command(image, "programs/probe.json")["env"]["N"] == "8"
    assert [a == b for a, b in zip(before, fingerprints())].count(True) == len(before) - 2


def test_more_processes_leave_those_that_run(image, override):
    before = (image.root / CIRCUS / "circusd.ini").read_text()
    override({"programs": {"probe": {"numprocesses": 3}}})
    after = (image.root / CIRCUS / "circusd.ini").read_text()
    changed = set(after.splitlines()) - set(before.splitlines())
    assert changed == {"numprocesses = 3"}


def watches(image):
    """{watcher: the words of `watches`} of the ini."""
    sections = (image.root / CIRCUS / "circusd.ini").read_text().split("[watcher:")[1:]
    lines = {section.partition("]")[0]: section.partition("\nwatches = ")[2].partition("\n")[0] for section in sections}
    return {name: line.split() for name, line in lines.items()}


def test_the_ini_says_who_reads_a_file_from_the_build_on(image, override):
    etc = "/etc/makina-projects/demo"
    assert watches(image)["nginx"] == [f"HUP:{etc}/nginx/nginx.conf"] and watches(image)["probe"] == []
    source = image.root / "srv/projects/demo/project/limit.conf"
    source.write_text("{{ data.app.n }}")
    config = {"source": "limit.conf", "target": "/etc/acme/limit.conf"}
    override({"configs": {"a": config}, "programs": {"probe": {"env": {"CONF": "/etc/acme"}, "watches": [f"{etc}/own"]}}})
    assert watches(image)["probe"] == ["restart:/etc/acme/limit.conf", f"restart:{etc}/own"]
    override({"configs": {"a": {**config, "restarts": ["probe", "nginx"], "signal": "USR1"}}})
    assert watches(image)["probe"] == ["USR1:/etc/acme/limit.conf"]
    assert (image.root / "etc/acme/limit.conf").exists()
    override({})
    assert not (image.root / "etc/acme/limit.conf").exists() and watches(image)["probe"] == []


def test_an_override_takes_crons_away_and_brings_them(image, override):
    override({"crons": {"tick": None, "tock": {"schedule": "@daily", "cmd": "true"}}})
    assert os.listdir(image.root / CIRCUS / "crons") == ["tock.json"] and crons(image) == {"tock": "@daily"}
    override({"crons": {"tick": None}})
    assert os.listdir(image.root / CIRCUS / "crons") == [] and crons(image) == {}
