"""Starts an image as Docker would: its own command as process 1, with processes and a network of its own, and no Docker."""
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import threading
import time

from image import HERE, Failed, instructions

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Container:
    """A start of an image; everything in it ends with `stop` or `kill`."""

    def __init__(self, image, project, env=(), options=(), command=None):
        """project: the folder with its Dockerfile; env: NAME=VALUE; options: of the sandbox; command: instead of CMD."""
        steps = list(instructions((project / "project/Dockerfile").read_text()))
        said = {step: rest for step, rest in steps if step in ("CMD", "ENTRYPOINT", "HEALTHCHECK")}
        self.healthcheck = json.loads(said["HEALTHCHECK"][said["HEALTHCHECK"].index("CMD") + 3 :])
        of_image = [word for step, rest in steps if step == "ENV" for word in shlex.split(rest.replace("\\$", "$"))]
        self.env = ["env", "-i", f"PATH={PATH}", "HOSTNAME=sandbox", "HOME=/root", *of_image, *env]
        binds = [word for bind in image.binds for word in ("-b", bind)]
        what = json.loads(said["ENTRYPOINT"]) + (command or json.loads(said["CMD"]))
        self.root = image.root
        self.process = subprocess.Popen(
            [HERE / "sandbox", image.root, "-n", *binds, *options, "--", *self.env, *what],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def output(self):
        return "".join(self.lines)

    @property
    def first(self):
        """Process 1 of the container, by its number on this machine; None when it has ended."""
        try:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def exec(self, *command):
        """Run a command inside, as docker exec would; return the finished process."""
        enter = ["nsenter", "-t", str(self.first), "--mount", "--net", "--pid", "--uts", "--root", "--wd", "--"]
        return subprocess.run([*enter, *self.env, *map(str, command)], check=False, capture_output=True, text=True, timeout=300)

    def get(self, url, *options):
        """Fetch a URL inside with curl; return code and body."""
        done = self.exec("curl", "-sk", "-m", "20", "-w", "\n%{http_code}", *options, url)
        body, _, code = done.stdout.rpartition("\n")
        return int(code or 0), body

    def wait_healthy(self, seconds=240):
        """Wait until the image's own healthcheck ends with 0. Raises Failed if the container ends, or time runs out."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                self.reader.join(5)
                raise Failed(f"it ended with {self.process.returncode}: {self.output}")
            if self.first and not self.exec(*self.healthcheck).returncode:
                return
            time.sleep(0.5)
        raise Failed(f"it is not healthy after {seconds} s: {self.output}")

    def wait(self, seconds=240):
        """Wait for the end; return the exit code."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"it still runs after {seconds} s: {self.output}")
        self.reader.join(5)
        return self.process.returncode

    def signal(self, number=signal.SIGTERM):
        os.kill(self.first, number)

    def kill(self):
        """End everything at once, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def pids(self, pattern):
        """The numbers inside of the processes whose command line matches."""
        listed = self.exec("ps", "-e", "-o", "pid=,args=").stdout.splitlines()
        return sorted(int(line.split()[0]) for line in listed if re.search(pattern, line.split(None, 1)[1]))

    def left(self):
        """The processes of this machine that still live in the image's folder."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(folder / "root").startswith(str(self.root)):
                    found.append(int(folder.name))
            except OSError:
                pass
        return found
