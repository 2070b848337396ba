"""Secrets that are drawn: once for a volume, whole, the same for all, and known to no one but root and who is given them."""
import base64
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from fixtures import NEEDS_ROOT, as_user, launch_error, package, part, world  # noqa: F401
from launched import Launched
from volumes import GID, UID

pytestmark = NEEDS_ROOT
TAR = os.environ.get("MAKINA_ROOT")
HEX = {"length": 64, "format": "hex"}


@pytest.fixture
def data(package):  # noqa: F811
    """The data folder of a project."""
    path = pathlib.Path("/run/test-secrets")
    subprocess.run(["umount", "-q", path], check=False)
    subprocess.run(["rm", "-rf", path], check=True)
    path.mkdir(mode=0o755)
    yield path
    subprocess.run(["umount", "-q", path], check=False)
    subprocess.run(["rm", "-rf", path], check=True)


def draw(data, **wanted):
    secrets = part("secret_files")
    secrets.draw_missing(str(data), wanted)
    return [secrets.read_secret(str(data), name) for name in wanted]


def refused(data, code, *parts, **wanted):
    return launch_error(lambda: draw(data, **(wanted or {"key": HEX})), code, *parts)


FORMS = {"hex": "[0-9a-f]+", "base64": "[A-Za-z0-9+/]+", "alnum": "[A-Za-z0-9]+"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [16, 20, 64, 1024])
def test_length_and_form(data, form, length):
    one, other = draw(data, one={"length": length, "format": form}, other={"length": length, "format": form})
    assert len(one) == len(other) == length and one != other
    assert re.fullmatch(FORMS[form], one)
    if form == "base64":
        assert len(base64.b64decode(one, validate=True)) == length // 4 * 3
    if form == "hex":
        assert len(draw(data, odd={"length": 17, "format": form})[0]) == 17


def test_drawn_once_roots_and_nothing_beside_it(data):
    first = draw(data, key=HEX)
    assert draw(data, key=HEX) == first
    # Another length is for the next one.
    assert draw(data, key={"length": 20, "format": "alnum"}) == first
    folder, file = data / "secrets", data / "secrets/key"
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o7777) == (0, 0o700)
    assert (file.stat().st_uid, file.stat().st_mode & 0o7777) == (0, 0o400)
    assert os.listdir(folder) == ["key"]
    assert subprocess.run(as_user("cat", file), capture_output=True).returncode
    file.unlink()
    assert draw(data, key=HEX) != first


def test_one_that_a_person_put_there(data):
    draw(data, key=HEX)
    path = data / "secrets/mine"
    path.write_text("a word\n")
    path.chmod(0o600)
    assert draw(data, mine=HEX) == ["a word"]


def test_what_a_user_of_the_project_plants(data):
    """Where the data folder itself is the user's."""
    os.chown(data, UID, GID)
    target = pathlib.Path("/run/test-secrets-outside")
    target.mkdir(exist_ok=True)
    folder = data / "secrets"
    folder.symlink_to(target)
    refused(data, 78, folder, "must be a folder, and not a link")
    folder.unlink()
    folder.mkdir()
    os.chown(folder, UID, GID)
    (folder / "key").write_text("known")
    refused(data, 78, folder, "must be root's alone")
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.write_text("x")
    refused(data, 78, folder, "must be a folder")
    folder.unlink()
    draw(data, key=HEX)
    for path in target.iterdir():
        raise AssertionError(path)
    target.rmdir()


def test_what_is_in_the_way_in_the_folder(data):
    (first,) = draw(data, key=HEX)
    path = data / "secrets/key"
    path.unlink()
    path.symlink_to("/etc/shadow")
    assert "root:" not in refused(data, 78, path, "not a regular file")
    path.unlink()
    os.mkfifo(path)
    refused(data, 78, path, "not a regular file")
    path.unlink()
    path.mkdir()
    refused(data, 78, path, "not a regular file")
    path.rmdir()
    path.write_text("")
    path.chmod(0o400)
    refused(data, 78, path, "is empty; remove it")
    path.write_text(first)
    path.chmod(0o444)
    assert first not in refused(data, 78, path, "must be root's alone")


def test_a_read_only_volume(data):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", data], check=True)
    first = draw(data, key=HEX)
    subprocess.run(["mount", "-o", "remount,ro", data], check=True)
    assert draw(data, key=HEX) == first
    refused(data, 74, "Read-only file system; mount its volume writable", key=HEX, new=HEX)


def test_a_full_disk(data):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=16k", "none", data], check=True)
    (data / "secrets").mkdir(mode=0o700)
    (data / ".prepopulated.lock").touch(mode=0o600)
    with open(data / "full", "wb", buffering=0) as full:
        try:
            while full.write(b"x" * 512):
                pass
        except OSError:
            pass
    refused(data, 74, "No space left on device; make room on its disk")
    assert os.listdir(data / "secrets") == []


def test_a_share_that_keeps_no_owners(data, monkeypatch):
    """As CIFS shows it: what root makes belongs to somebody else, and is open to everybody."""
    real = os.fstat

    class Shown:
        def __init__(self, status):
            self.__dict__.update({name: getattr(status, name) for name in dir(status) if name.startswith("st_")})
            self.st_uid, self.st_mode = 1000, self.st_mode | 0o077

    monkeypatch.setattr(os, "fstat", lambda descriptor: Shown(real(descriptor)))
    refused(data, 78, "is on a share that keeps no owners, so programs can read the secrets in it")


def test_another_one_and_back(data):
    secrets = part("secret_files")
    path = data / "secrets/key"
    (first,) = draw(data, key=HEX)
    take_back = secrets.rotate(str(data), "key", {"length": 20, "format": "alnum"})
    second = path.read_text()
    assert second != first and re.fullmatch("[A-Za-z0-9]{20}", second)
    assert (path.stat().st_uid, path.stat().st_mode & 0o7777) == (0, 0o400)
    take_back()
    assert path.read_text() == first
    # A person's, byte for byte.
    path.unlink()
    path.write_bytes(b"a word\r\n")
    path.chmod(0o400)
    secrets.rotate(str(data), "key", HEX)()
    assert path.read_bytes() == b"a word\r\n"
    # Another container has a newer one.
    take_back = secrets.rotate(str(data), "key", HEX)
    secrets.rotate(str(data), "key", HEX)
    third = path.read_text()
    take_back()
    assert path.read_text() == third != second
    assert os.listdir(data / "secrets") == ["key"]


def test_another_one_on_a_volume_that_takes_none(data):
    secrets = part("secret_files")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", data], check=True)
    first = draw(data, key=HEX)
    subprocess.run(["mount", "-o", "remount,ro", data], check=True)
    launch_error(lambda: secrets.rotate(str(data), "key", HEX), 74, "Read-only file system; mount its volume writable")
    assert draw(data, key=HEX) == first


def test_a_kill_at_any_moment_leaves_the_old_or_a_new_one(data):
    seen = set(draw(data, key=HEX))
    for attempt in range(40):
        process = child(data, ROTATING)
        process.stdout.read(1)
        # A busy machine takes longer to draw one.
        time.sleep(random.uniform(0, 0.01 * 1.1**attempt))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (value,) = draw(data, key=HEX)
        assert re.fullmatch("[0-9a-f]{64}", value)
        seen.add(value)
    assert len(seen) > 2
    draw(data, key=HEX, other=HEX)
    assert sorted(os.listdir(data / "secrets")) == ["key", "other"]


# In a process of its own: a start that draws two secrets, and one that rotates a third.
CHILD = """
import importlib.util, json, sys
folder = sys.argv[1]
spec = importlib.util.spec_from_file_location("demo_launcher", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["demo_launcher"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["demo_launcher"])
from demo_launcher.volumes import secret_files
hex = {"length": 64, "format": "hex"}
"""
DRAWING = CHILD + """
wanted = {"one": hex, "two": hex}
secret_files.draw_missing(sys.argv[2], wanted)
print(json.dumps([secret_files.read_secret(sys.argv[2], name) for name in wanted]))
"""
ROTATING = CHILD + """
print("begins", flush=True)
while True:
    secret_files.rotate(sys.argv[2], "key", hex)
"""


def child(data, text=DRAWING):
    folder = pathlib.Path(part("paths").__file__).parent
    return subprocess.Popen([sys.executable, "-c", text, folder, data], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_starts_at_once_have_the_same(data):
    for _ in range(10):
        processes = [child(data) for _ in range(6)]
        told = {process.communicate(timeout=60) for process in processes}
        assert len(told) == 1 and not told.copy().pop()[1], told
        assert sorted(os.listdir(data / "secrets")) == ["one", "two"]
        subprocess.run(["rm", "-rf", data / "secrets"], check=True)


def test_a_kill_at_any_moment_leaves_none_half_there(data):
    begin = time.monotonic()
    child(data).communicate()
    usual = time.monotonic() - begin
    for _ in range(40):
        subprocess.run(["rm", "-rf", data / "secrets"], check=True)
        process = child(data)
        time.sleep(random.uniform(usual * 0.4, usual * 1.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        whole = {path.name: path.read_text() for path in (data / "secrets").glob("[a-z]*")}
        assert all(len(text) == 64 for text in whole.values())
        done = child(data)
        out, err = done.communicate(timeout=60)
        assert done.returncode == 0, err
        assert sorted(os.listdir(data / "secrets")) == ["one", "two"]
        assert all((data / "secrets" / name).read_text() == text for name, text in whole.items())


# The container of a project.
ANSWERS = {
    "demo": False,
    "secrets": {"session_key": {}, "internal": {"length": 20, "format": "alnum"}, "admin": {"length": 44, "format": "base64"}},
    "programs": {
        "web": {
            "cmd": "sh -c 'tr \"\\0\" \"\\n\" < /proc/self/environ > /tmp/web; exec sleep 1000'",
            "env_from": {"SECRET_KEY": "secret:session_key", "OTHER": "secret:internal"},
        },
        "reader": {"cmd": "sh -c 'cat /etc/makina-projects/demo/c > /tmp/reader; exec sleep 1000'"},
    },
    "configs": {"c": {"source": "app/c.jinja"}, "plain": {"source": "app/plain.jinja"}},
}
FILES = {"project/app/c.jinja": "{{ secrets.internal }} {{ secrets.admin }}", "project/app/plain.jinja": "{{ data.app | length }}"}
SECRETS = r"""
secrets = ROOT / "data/secrets"

def values():
    return {path.name: path.read_text() for path in secrets.iterdir()}

def gone(path):
    for _ in range(200):
        if os.path.exists(path) and pathlib.Path(path).read_text():
            text = pathlib.Path(path).read_text()
            os.unlink(path)
            return text
        time.sleep(0.05)

def environment():
    return dict(line.split("=", 1) for line in gone("/tmp/web").splitlines() if "=" in line)

def where(words):
    # Every file of the container with one of them.
    patterns = [option for word in words for option in ("-e", word)]
    found = subprocess.run(["grep", "-rlsF", *patterns, "/etc", "/run", "/var", "/srv", "/tmp", "/home", "/root"], capture_output=True, text=True).stdout.split()
    return sorted(path for path in found if not path.startswith(("/srv/projects/demo/data/secrets/", "/tmp/web", "/tmp/reader")))
"""


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    if not TAR:
        pytest.skip("needs root on Debian 12")
    venvs, base = (pathlib.Path(os.environ[name]) for name in ("MAKINA_VENVS", "MAKINA_BASE"))
    return Launched(tmp_path_factory.mktemp("secrets"), TAR, venvs, base, "pinned", ANSWERS, FILES)


def test_the_image_has_none(launched):
    root = launched.image.root
    assert not (root / "etc/makina-projects/demo/c").exists()
    assert (root / "etc/makina-projects/demo/plain").read_text() == "0"
    assert not list((root / "srv/projects/demo").glob("data/secrets"))


def test_programs_and_configs_get_them_and_nothing_else(launched):
    found = launched.run(SECRETS + r"""
start = Start({"MAKINA_LOG_LEVEL": "info"})
first, env = values(), environment()
config = pathlib.Path("/etc/makina-projects/demo/c")
rendered, mode = config.read_text(), oct(config.stat().st_mode & 0o7777)
read = gone("/tmp/reader")
left = where(first.values())
shown = subprocess.run(["/usr/local/bin/makina", "config"], capture_output=True, text=True, env=PLAIN).stdout
executed = subprocess.run(["/usr/local/bin/makina", "exec", "web", "printenv", "SECRET_KEY"], capture_output=True, text=True, env=PLAIN).stdout
same = start.reconfigure()
told([first, env, rendered, mode, read, left, shown, executed, same, os.path.exists("/tmp/web"), start.text(), values()])
""")
    first, env, rendered, mode, read, left, shown, executed, same, again, log, last = found
    assert {name: len(value) for name, value in first.items()} == {"session_key": 64, "internal": 20, "admin": 44}
    assert (env["SECRET_KEY"], env["OTHER"]) == (first["session_key"], first["internal"])
    assert rendered == read == f"{first['internal']} {first['admin']}" and mode == "0o440"
    assert left == ["/etc/makina-projects/demo/c"]
    assert executed == first["session_key"] + "\n"
    assert (same[0], again, last) == (0, False, first)
    assert not any(value in same[1] for value in first.values())
    assert not any(value in text for value in first.values() for text in (shown, log))
    assert "length" in shown and "***" not in shown


def test_a_new_one_on_demand(launched):
    found = launched.run(SECRETS + r"""
start = Start()
first = values()
environment(), gone("/tmp/reader")
(secrets / "session_key").unlink()
one = start.reconfigure(), values(), environment(), os.path.exists("/tmp/reader")
(secrets / "admin").unlink()
other = start.reconfigure(), values(), gone("/tmp/reader"), os.path.exists("/tmp/web")
start.stop()
(secrets / "admin").unlink()
os.unlink("/run/mc_launcher.launched")
again = Start()
told([first, one, other, values(), gone("/tmp/reader")])
""")
    first, (code, second, env, read), (code2, third, rendered, web), last, reread = found
    assert code == [0, ""] and second["session_key"] != first["session_key"] and env["SECRET_KEY"] == second["session_key"]
    assert second == {**first, "session_key": second["session_key"]} and not read
    assert code2 == [0, ""] and third["admin"] != first["admin"] and third["admin"] in rendered and not web
    assert last["admin"] not in (first["admin"], third["admin"]) and last["admin"] in reread


ROTATE = SECRETS + r"""
def rotate(*words, **options):
    done = subprocess.run(["/usr/local/bin/makina", "rotate-secret", *words], capture_output=True, text=True, env=PLAIN, **options)
    return [done.returncode, done.stdout, done.stderr]
"""


def test_rotate_secret(launched):
    found = launched.run(ROTATE + r"""
early = rotate("session_key")
start = Start({"MAKINA_LOG_LEVEL": "info"})
first = values()
environment(), gone("/tmp/reader")
one = rotate("session_key"), values(), environment(), os.path.exists("/tmp/reader")
other = rotate("admin"), values(), gone("/tmp/reader"), os.path.exists("/tmp/web")
left = where({*first.values(), *one[1].values(), *other[1].values()})
same = start.reconfigure()
told([early, first, one, other, left, same, os.path.exists("/tmp/web"), start.text(), values()])
""")
    early, first, (told, second, env, read), (told2, third, rendered, web), left, same, again, log, last = found
    assert early == [69, "", "demo: nothing runs in this container yet\n"]
    lines = "demo: the secret session_key is a new one\ndemo: web restarted: /srv/projects/demo/data/secrets/session_key changed; "
    assert told[0] == 0 and told[1].startswith(lines) and told[1].count("\n") == 2 and not told[2], told
    assert second["session_key"] != first["session_key"] and env["SECRET_KEY"] == second["session_key"] and not read
    assert second == {**first, "session_key": second["session_key"]}
    assert told2[0] == 0 and third["admin"] != first["admin"] and third["admin"] in rendered and not web
    assert (same[0], again, last, left) == (0, False, third, ["/etc/makina-projects/demo/c"])
    assert not any(value in log for each in (first, second, third) for value in each.values())


def test_rotate_secret_refuses(launched):
    found = launched.run(ROTATE + r"""
start = Start()
first = values()
environment(), gone("/tmp/reader")
override({"secrets": {"internal": {"value": "g1ven-word"}}})
wrong = [rotate(*words) for words in (["internal"], ["nothing"], ["../x"], ["\x1b[2Jx"], ["session_key", "admin"], [], ["--all"], [""])]
user = rotate("session_key", user="demo-user", group="demo-grp", extra_groups=[])
told([wrong, user, first, values(), os.path.exists("/tmp/web"), os.path.exists("/tmp/reader")])
""")
    wrong, user, first, last, web, reader = found
    known = "there are admin, session_key\n"
    assert wrong[0] == [64, "", "demo: a pillar gives the secret internal its value; change that value there, and run makina reconfigure\n"]
    assert wrong[1] == [64, "", f"demo: there is no secret 'nothing' to draw; {known}"]
    assert [code for code, *_ in wrong] == [64] * 8 and all(error.count("\n") == 1 for *_, error in wrong)
    assert wrong[2][2].endswith(known) and "'\\x1b[2Jx'" in wrong[3][2]
    assert wrong[4][2] == wrong[7][2] == "demo: rotate-secret needs one name of secrets: makina rotate-secret NAME\n"
    assert user[0] == 77
    assert (last, web, reader) == (first, False, False)


def test_rotate_secret_that_fails_leaves_the_old_one(launched):
    found = launched.run(ROTATE + r"""
start = Start()
first = values()
environment(), gone("/tmp/reader")
config = pathlib.Path("/etc/makina-projects/demo/c")
rendered = config.read_text()
def state():
    return values() == first, config.read_text() == rendered, os.path.exists("/tmp/web"), os.path.exists("/tmp/reader")
def wait_out():
    time.sleep(1)
    return state()
# Salt cannot write a file.
plain = pathlib.Path("/etc/makina-projects/demo/plain")
plain.unlink()
plain.mkdir()
broken = rotate("admin"), wait_out()
plain.rmdir()
# nginx cannot read one.
with open("/etc/nginx/mime.types", "a") as types:
    types.write("nonsense")
nginx = rotate("internal"), wait_out()
text = pathlib.Path("/etc/nginx/mime.types").read_text()
pathlib.Path("/etc/nginx/mime.types").write_text(text[: -len("nonsense")])
# circus does not answer.
ctl = pathlib.Path("/srv/apps/circus/venv/bin/circusctl")
broken_ctl = pathlib.Path("/tmp/ctl")
broken_ctl.write_text("import sys; sys.exit('broken')")
subprocess.run(["mount", "--bind", broken_ctl, ctl], check=True)
refused = rotate("session_key"), wait_out()
subprocess.run(["umount", ctl], check=True)
after = start.reconfigure(), state(), rotate("session_key"), environment()["SECRET_KEY"] == values()["session_key"]
# Ended half way.
second = values()
process = subprocess.Popen(["/usr/local/bin/makina", "rotate-secret", "internal"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=PLAIN)
start.until(lambda: values() != second)
process.kill()
process.wait()
code = start.reconfigure()
killed = code, environment()["OTHER"] == values()["internal"], values()["internal"] in config.read_text()
told([broken, nginx, refused, after, killed])
""")
    broken, nginx, refused, after, killed = found
    same = [True, True, False, False]
    assert broken[0][0] == 78 and broken[0][2].startswith("demo: the configuration cannot be applied") and broken[1] == same, broken
    assert nginx[0][0] == 78 and "nginx cannot read its files" in nginx[0][2] and nginx[1] == same, nginx
    assert refused[0][0] == 1 and "circus refused to reloadconfig" in refused[0][2] and refused[1] == same, refused
    assert after[0] == [0, ""] and after[1] == same and after[2][0] == 0 and after[3], after
    assert killed == [[0, ""], True, True], killed


def test_a_pillar_gives_one_instead(launched):
    found = launched.run(SECRETS + r"""
start = Start()
first = values()
environment(), gone("/tmp/reader")
override({"secrets": {"session_key": {"value": "g1ven-word"}, "admin": {"value": "an0ther-word"}, "new": {}}})
code = start.reconfigure()
shown = subprocess.run(["/usr/local/bin/makina", "config"], capture_output=True, text=True, env=PLAIN).stdout
given = [code, environment(), gone("/tmp/reader"), sorted(values()), values()["session_key"] == first["session_key"], shown, start.text()]
codes = []
for data in (
    {"secrets": {"session_key": None}},
    {"programs": {"web": {"env_from": {"A": "secret:nothing"}}}},
    {"programs": {"web": {"env_from": {"A": "secret:../x"}}}},
    {"secrets": {"../x": {}}},
    {"secrets": {"x": {"length": 15}}},
    {"secrets": {"x": {"length": 18, "format": "base64"}}},
    {"secrets": {"x": {"format": "words"}}},
    {"secrets": {"x": {"value": ""}}},
):
    override(data)
    codes.append(start.reconfigure())
told([given, codes, sorted(values())])
""")
    (code, env, read, names, same, shown, log), codes, last = found
    assert code == [0, ""] and env["SECRET_KEY"] == "g1ven-word" and read.endswith(" an0ther-word")
    assert names == last == ["admin", "internal", "new", "session_key"] and same
    assert "word" not in shown.replace("password", "") and "-word" not in log
    sentences = (
        "data.programs.web.env_from.SECRET_KEY names secret:session_key, which `secrets` does not have; add it there",
        "data.programs.web.env_from.A names secret:nothing, which `secrets` does not have; add it there",
        'data.programs.web.env_from.A must be keys joined by ":"',
        "the name of data.secrets.../x must be 1 to 64 lower-case letters",
        "data.secrets.x.length must be a whole number from 16 to 1024",
        "data.secrets.x.length must be a multiple of 4 for base64",
        "data.secrets.x.format must be one of hex, base64, alnum",
        "data.secrets.x.value must be 1 to 65536 characters without NUL",
    )
    for sentence, (number, text) in zip(sentences, codes):
        assert number == 78 and sentence in text and text.count("\n") == 1, (sentence, text)


def test_a_start_on_a_volume_that_cannot_have_them(launched):
    found = launched.run(SECRETS + r"""
secrets.symlink_to("/tmp")
early = Start(wait=False)
told([early.process.wait(60), early.text()])
""")
    assert found == [78, "demo: /srv/projects/demo/data/secrets must be a folder, and not a link; remove it, and a new one is made\n"]
