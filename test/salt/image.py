"""Builds a generated project without Docker: its Dockerfile's steps, in a sandbox (test/salt/sandbox)."""
import json
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# Settings of this machine's pip that the build may need, as build arguments would bring them.
PIP = {key: os.environ[key] for key in ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT") if key in os.environ}


class Failed(Exception):
    """A command in the sandbox ended with another code than 0."""


class Image:
    """A Debian root with makina-states in it."""

    def __init__(self, root, tar, binds=()):
        """root: a new folder; tar: made by test/salt/root; binds: folders to show inside, read-only."""
        self.root = pathlib.Path(root)
        self.binds = [str(bind) for bind in binds]
        self.root.mkdir(parents=True)
        subprocess.run(["tar", "-xpf", tar, "-C", self.root, "--exclude=./dev/*"], check=True)
        shutil.copy(CERTIFICATES, self.root / CERTIFICATES.lstrip("/"))  # the same trust as this machine's

    def run(self, *command, check=True):
        """Run a command inside; return the finished process. Raises Failed with its output."""
        binds = [word for bind in self.binds for word in ("-b", bind)]
        env = ["env", f"PIP_CERT={CERTIFICATES}", *(f"{k}={v}" for k, v in PIP.items())]
        done = subprocess.run(
            [HERE / "sandbox", self.root, *binds, "--", *env, *map(str, command)],
            capture_output=True,
            text=True,
            timeout=600,
        )
        if check and done.returncode:
            raise Failed(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def build(self, project):
        """Carry out the COPY and RUN steps of project/Dockerfile, as docker build would."""
        for step, rest in instructions((project / "project/Dockerfile").read_text()):
            if step == "COPY":
                source, target = rest.split()
                target = self.root / target.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                source = project / source
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True) if source.is_dir() else shutil.copy(source, target)
            elif step == "RUN":
                self.run("sh", "-c", rest)

    def salt_call(self, *args, check=True):
        """Run salt-call inside; return what the function returned."""
        options = ("--local", "--retcode-passthrough", "--out", "json", "--log-level", "error")
        done = self.run("/srv/makina-states/bin/salt-call", *options, *args, check=check)
        try:
            return json.loads(done.stdout)["local"]
        except (ValueError, KeyError) as error:
            raise Failed(f"{args}: {done.stdout}\n{done.stderr}") from error


def instructions(dockerfile):
    """Yield (instruction, rest) of a Dockerfile without heredocs."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        step, _, rest = line.strip().partition(" ")
        if step:
            yield step.upper(), rest.strip()


def install_base(image, base, venv):
    """Put the base image's makina-states into an image; venv: Salt's virtual environment."""
    shutil.copytree(base / "makina-states", image.root / "srv/makina-states")
    shutil.copytree(base / "runtime", image.root / "srv/makina-image/runtime")
    (image.root / "srv/makina-states/venv").symlink_to(venv)
    for folder in ("makina-states/salt", "salt", "pillar", "projects"):
        (image.root / "srv" / folder).mkdir(parents=True, exist_ok=True)


def generate(folder, answers):
    """Write a project with the generator, from answers or a file of them; return its folder."""
    if not isinstance(answers, pathlib.Path):
        (folder / "answers.json").write_text(json.dumps(answers))
        answers = "answers.json"
    command = ["node", HERE.parent.parent / "dist/makina-image.cjs", "new", "demo", "--yes", "--answers", answers]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return folder / "demo"
