"""What a file of env_from gives a program: read by root, exactly, and only where no program can put something else."""
import os
import pathlib
import subprocess

import pytest
from fixtures import NEEDS_ROOT, launch_error, package, part, world  # noqa: F401
from launched import Launched
from volumes import GID, UID

pytestmark = NEEDS_ROOT
TAR = os.environ.get("MAKINA_ROOT")
VALUES = {
    "a word": (b"s3cret", "s3cret"),
    "one line": (b"s3cret\n", "s3cret"),
    "a line of Windows": (b"s3cret\r\n", "s3cret"),
    "two line breaks": (b"s3cret\n\n", "s3cret\n"),
    "several lines": (b"a\nb\n", "a\nb"),
    "nothing": (b"", ""),
    "what others would replace": (b"$(circus.wid) {name} {{ x }} $HOME `id` \\n 'q' \"", "$(circus.wid) {name} {{ x }} $HOME `id` \\n 'q' \""),
    "bytes that are no text": (b"\xff\xfe\x80", os.fsdecode(b"\xff\xfe\x80")),
    "as much as may be": (b"x" * 65536, "x" * 65536),
}


@pytest.fixture
def folder(package, tmp_path):  # noqa: F811
    """A folder that only root can change, on a way that only root can."""
    path = pathlib.Path("/run/test-env-files")
    subprocess.run(["rm", "-rf", path], check=True)
    path.mkdir(mode=0o755)
    yield path
    subprocess.run(["umount", "-q", path], check=False)
    subprocess.run(["rm", "-rf", path], check=True)


def read(path):
    return part("env_files").read_value(f"file:{path}")


def refused(path, code, *parts):
    sentence = launch_error(lambda: read(path), code, path, *parts)
    assert "s3cret" not in sentence


@pytest.mark.parametrize("written, value", VALUES.values(), ids=VALUES)
def test_the_value(folder, written, value):
    (folder / "x").write_bytes(written)
    assert read(folder / "x") == value


def test_what_cannot_be_a_value(folder):
    refused(folder / "x", 78, "there is no file", "mount it there")
    refused(folder / "no" / "x", 78, "there is no file")
    (folder / "x").write_bytes(b"s3cret\0")
    refused(folder / "x", 78, "NUL")
    (folder / "x").write_bytes(b"s" * 65537)
    refused(folder / "x", 78, "larger than 65536 bytes")
    os.mkfifo(folder / "fifo")
    refused(folder / "fifo", 78, "regular file")
    refused(folder, 74, "Is a directory")


def test_one_that_may_be_absent(folder):
    def read_optional(path):
        return part("env_files").read_value(f"optional-file:{path}")

    assert read_optional(folder / "x") is None and read_optional(folder / "no" / "x") is None
    (folder / "x").write_text("s3cret\n")
    assert read_optional(folder / "x") == "s3cret"
    # Only its absence is taken for granted.
    launch_error(lambda: read_optional(folder), 74, folder, "Is a directory")
    (folder / "x").chmod(0o666)
    launch_error(lambda: read_optional(folder / "x"), 78, folder / "x", "others than root can change")
    (folder / "file").write_text("")
    launch_error(lambda: read_optional(folder / "file" / "x"), 74, folder / "file")
    theirs = folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, UID, GID)
    launch_error(lambda: read_optional(theirs / "x"), 78, "others than root can change")


def test_links_and_folders_of_a_program_are_not_followed(folder):
    (folder / "x").write_text("s3cret")
    theirs = folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, UID, GID)
    (theirs / "x").write_text("s3cret")
    refused(theirs / "x", 78, "others than root can change")
    (theirs / "link").symlink_to(folder / "x")
    refused(theirs / "link", 74, "put no link there")
    (theirs / "way").symlink_to(folder)
    refused(theirs / "way" / "x", 74, "put no link there")
    os.chown(folder / "x", UID, GID)
    refused(folder / "x", 78, "others than root can change")
    os.chown(folder / "x", 0, 0)
    (folder / "x").chmod(0o666)
    refused(folder / "x", 78, "others than root can change")


def test_a_secret_of_kubernetes(folder):
    """A folder in memory that is open to everybody, mounted read-only, with links that are replaced at once."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "none", folder], check=True)
    (folder / "..2026").mkdir()
    (folder / "..2026/password").write_text("s3cret\n")
    (folder / "..data").symlink_to("..2026")
    (folder / "password").symlink_to("..data/password")
    refused(folder / "password", 74, "put no link there")
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    assert read(folder / "password") == "s3cret"


def test_a_file_of_a_user_of_the_host(folder):
    """Compose mounts it as it is there."""
    (folder / "x").write_text("s3cret")
    os.chown(folder / "x", 54321, 54321)
    (folder / "x").chmod(0o600)
    assert read(folder / "x") == "s3cret"


# The container of a project.
ANSWERS = {
    "demo": False,
    "programs": {
        "web": {
            "cmd": "sh -c 'tr \"\\0\" \"\\n\" < /proc/self/environ > /tmp/web; exec sleep 1000'",
            "env_from": {"PASSWORD": "file:/run/secrets/password", "TAKEN": "file:/run/secrets/password", "GREETING": "app:greeting", "LATER": "optional-file:/run/secrets/later/x"},
            "env": {"TAKEN": "mine"},
            "healthcheck": "sh -c 'test \"${#PASSWORD}\" = 11'",
        },
        "other": {"cmd": "sleep 1000"},
    },
    "crons": {"tick": {"schedule": "@yearly", "cmd": "true", "env_from": {"TOKEN": "file:/run/secrets/token"}}},
    "app": {"greeting": "hello"},
}
SECRETS = r"""
pathlib.Path("/run/secrets").mkdir()
secret, token = pathlib.Path("/run/secrets/password"), pathlib.Path("/run/secrets/token")
token.write_text("t0ken-word")
secret.write_text("s3cret-word\n")

def ids():
    done = subprocess.run(["/usr/local/bin/makina", "status", "--json"], capture_output=True, text=True, env=PLAIN)
    return done.stdout

def environment():
    for _ in range(200):
        if os.path.exists("/tmp/web"):
            found = dict(line.split("=", 1) for line in pathlib.Path("/tmp/web").read_text().splitlines() if "=" in line)
            os.unlink("/tmp/web")
            return found
        time.sleep(0.05)

def where(word):
    # Every file of the container with it, but those of the mount itself and of the program.
    found = subprocess.run(["grep", "-rlsF", word, "/etc", "/run", "/var", "/srv/projects", "/tmp", "/home"], capture_output=True, text=True).stdout.split()
    return [path for path in found if not path.startswith("/run/secrets/")]
"""


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    if not TAR:
        pytest.skip("needs root on Debian 12")
    venvs, base = (pathlib.Path(os.environ[name]) for name in ("MAKINA_VENVS", "MAKINA_BASE"))
    return Launched(tmp_path_factory.mktemp("files"), TAR, venvs, base, "pinned", ANSWERS)


def test_a_program_has_it_and_nothing_else(launched):
    found = launched.run(SECRETS + r"""
start = Start()
first = environment()
healthy = subprocess.run(["/usr/local/bin/makina", "ready"], env=PLAIN).returncode
executed = subprocess.run(["/usr/local/bin/makina", "exec", "web", "printenv", "PASSWORD"], capture_output=True, text=True, env=PLAIN).stdout
secret.write_text("an0ther-word")
code = start.reconfigure()
second = environment()
same = start.reconfigure()
later = pathlib.Path("/run/secrets/later/x")
later.parent.mkdir()
later.write_text("l4ter-word")
appeared = [start.reconfigure(), environment()["LATER"]]
later.unlink()
appeared += [start.reconfigure(), "LATER" in environment()]
left = [where(word) for word in ("s3cret-word", "an0ther-word", "t0ken-word", "l4ter-word")]
config = subprocess.run(["/usr/local/bin/makina", "config"], capture_output=True, text=True, env=PLAIN).stdout
told([first, healthy, executed, code, second, same, os.path.exists("/tmp/web"), left, start.text(), config, appeared])
""")
    first, healthy, executed, code, second, same, again, left, log, config, appeared = found
    assert (first["PASSWORD"], first["TAKEN"], first["GREETING"]) == ("s3cret-word", "mine", "hello")
    assert (healthy, executed) == (0, "s3cret-word\n")
    assert (code, second["PASSWORD"]) == ([0, ""], "an0ther-word")
    assert (same, again) == ([0, ""], False), "nothing changed, nothing is restarted"
    assert "LATER" not in first and appeared == [[0, ""], "l4ter-word", [0, ""], False]
    assert left == [[], [], [], []]
    assert "word" not in log.replace("password", "") and "file:/run/secrets/password" in config


def test_an_absent_one_is_78_at_a_start_and_a_reconfiguration(launched):
    found = launched.run(SECRETS + r"""
token.unlink()
early = Start(wait=False)
code = early.process.wait(60)
token.write_text("t0ken-word")
start = Start()
environment()
secret.unlink()
gone = start.reconfigure()
secret.write_text("s3cret-word")
override({"programs": {"web": {"env_from": {"PASSWORD": "file:/srv/projects/demo/data/data/x"}}}})
volume = start.reconfigure()
override({"programs": {"web": {"env_from": {"PASSWORD": "file:../x"}}}})
form = start.reconfigure()
override({"programs": {"web": {"env_from": {"NEW": "file:/run/secrets/token"}}}})
taken = start.reconfigure()
told([code, early.text(), gone, volume, form, taken, environment()])
""")
    code, text, gone, volume, form, taken, env = found
    sentence = "there is no file /run/secrets/{}, which env_from names; mount it there\n"
    assert code == 78 and text.startswith("demo: " + sentence.format("token")), text
    assert gone == [78, "demo: " + sentence.format("password")]
    assert volume[0] == 78 and "data.programs.web.env_from.PASSWORD must not be in a volume: root reads it; use another path" in volume[1]
    assert form[0] == 78 and "must be keys joined by" in form[1]
    assert taken[0] == 0 and env["NEW"] == "t0ken-word"


def test_a_user_cannot_make_root_read_another_file(launched):
    """The project's user owns the folder of the file, and puts a link to what only root may read there."""
    found = launched.run(SECRETS + r"""
import shutil
shutil.chown("/run/secrets", "demo-user", "demo-grp")
secret.unlink()
secret.symlink_to("/etc/shadow")
start = Start(wait=False)
told([start.process.wait(60), start.text()])
""")
    code, text = found
    assert code in (74, 78) and "/run/secrets" in text and "root:" not in text
