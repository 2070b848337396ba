"""A generated project, built by real Salt in a sandbox without Docker, and what happens when launch.sh starts it there.

`Launched.script` is put before the Python that a test runs inside, as process 1: it has `Start`, whose processes end with it.
"""
import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "test/salt"))
from image import Image, generate, install_base  # noqa: E402

SCRIPT = r'''
import glob, json, os, pathlib, signal, subprocess, sys, time

ROOT = pathlib.Path("/srv/projects/demo")
LAUNCH = str(ROOT / "project/launch.sh")
PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": "sandbox", "HOME": "/root", "container": "docker"}


class Start:
    """launch.sh, as a container starts it, with this environment beside the usual one."""

    def __init__(self, env=None, wait=True, **options):
        self.log = open("/tmp/log", "ab")
        self.env = {**PLAIN, **(env or {})}
        given = {"stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log, **options}
        self.process = subprocess.Popen([LAUNCH], env=self.env, **given)
        if wait:
            self.until(lambda: os.path.exists("/run/mc_launcher.launched") and os.path.exists("/run/nginx.pid"))

    def until(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, (self.process.returncode, self.text())
            assert time.monotonic() < end, self.text()
            time.sleep(0.05)

    def text(self):
        return pathlib.Path("/tmp/log").read_text(errors="surrogateescape")

    def reconfigure(self, env=None, **options):
        """Out: (exit code, stderr) of `launch.sh reconfigure`, as docker exec starts it."""
        done = subprocess.run([LAUNCH, "reconfigure"], env={**self.env, **(env or {})}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, **options)
        return done.returncode, done.stderr.decode()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(30)


def override(data):
    folder = ROOT / "data/configuration"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pillar.sls").write_text(json.dumps({"makina-projects.demo": {"data": data}}))
    (folder / "pillar.sls").chmod(0o640)


def environ(number):
    return pathlib.Path("/proc/%s/environ" % number).read_bytes().split(b"\0")[:-1]


def told(value):
    """What the test gets."""
    print("TOLD " + json.dumps(value))

'''


class Launched:
    """The image; each `run` is a container of its own: what was written below /run, /tmp and data/ is gone after it."""

    def __init__(self, folder, tar, venvs, base, salt, answers, files=()):
        self.image = Image(folder / "root", tar, [venvs / salt, venvs / "circus", base])
        install_base(self.image, base, venvs / salt)
        circus = self.image.root / "srv/apps/circus"
        circus.mkdir(parents=True)
        (circus / "venv").symlink_to(venvs / "circus")
        project = generate(folder, answers)
        for path, text in dict(files).items():
            (project / path).write_text(text)
        self.image.build(project)

    def run(self, text):
        """Runs Python inside. Out: what it gave to `told`."""
        clean = "for d in /run /tmp /srv/projects/demo/data; do mount -t tmpfs -o mode=755 none $d; done; chmod 1777 /tmp; exec \"$@\""
        done = self.image.run("sh", "-c", clean, "sh", "/usr/bin/python3", "-c", SCRIPT + text, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")]
        return json.loads(line[5:])

