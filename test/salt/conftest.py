"""A makina-states tree below a temporary folder, made from the generated base image folder.

test/salt/run sets MAKINA_BASE (that folder) and MAKINA_VENVS (the folder of the virtual environments).
"""
import json
import os
import pathlib
import subprocess

import pytest
import yaml

BASE = pathlib.Path(os.environ["MAKINA_BASE"])
VENVS = pathlib.Path(os.environ["MAKINA_VENVS"])
# The tests of one Salt run in one process (pytest-xdist): each starts its worker and builds its image once.
SALTS = [pytest.param(salt, marks=pytest.mark.xdist_group(salt)) for salt in ("pinned", "3004")]


class QuotedText(yaml.SafeDumper):
    """Writes each text in quotes, as an owner of hostile text has to."""


QuotedText.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def override_text(data):
    """The override of the project demo, as the text of its file."""
    return yaml.dump({"makina-projects.demo": {"data": data}}, Dumper=QuotedText, allow_unicode=True)


class Worker:
    """The process of worker.py for one Salt."""

    def __init__(self, salt, log):
        self.process = subprocess.Popen(
            [VENVS / salt / "bin/python", pathlib.Path(__file__).with_name("worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(log, "w"),
            text=True,
        )

    def run(self, config, calls):
        self.process.stdin.write(json.dumps({"config": str(config), "calls": calls}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Host:
    """One installation: makina-states, salt, pillar and projects below a folder of its own."""

    def __init__(self, folder, salt, worker):
        self.root = folder
        self.msr = folder / "makina-states"
        self.salt = salt
        self.worker = worker
        for path in sorted((BASE / "makina-states").rglob("*")):
            if path.is_file():
                text = path.read_text().replace("/srv/", f"{folder}/")
                self.write(f"makina-states/{path.relative_to(BASE / 'makina-states')}", text)
        (self.msr / "bin/salt-call").chmod(0o755)
        (self.msr / "venv").symlink_to(VENVS / salt)
        self.config = self.msr / "etc/salt/minion"
        self.set_option("root_dir", f"{folder}/var")
        for name in ("salt", "pillar", "projects"):
            (folder / name).mkdir()

    def write(self, path, text):
        """Write a file below the root, with its folders; return its path."""
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if isinstance(text, str) else yaml.safe_dump(text, allow_unicode=True))
        return path

    def set_option(self, key, value):
        """Set a minion option."""
        options = yaml.safe_load(self.config.read_text())
        options[key] = value
        self.config.write_text(yaml.safe_dump(options))

    def project(self, name="demo", data=None, pillar=None, sample=None, **sls):
        """Write a project. data: of its PILLAR.sample; pillar: of makina-projects.NAME; sls: name=text."""
        base = f"projects/{name}"
        if sample is None:
            sample = {"makina-projects.projectname": {"data": data or {}}}
        self.write(f"{base}/project/.salt/PILLAR.sample", sample)
        self.write(f"{base}/pillar/init.sls", {f"makina-projects.{name}": pillar} if pillar else "{}\n")
        sls = {"fixperms": self.trace("fixperms", name), **sls}
        for key, text in sls.items():
            self.write(f"{base}/project/.salt/{key}.sls", text)
        (self.root / base / "data").mkdir(exist_ok=True)
        return self.root / base

    def trace(self, word, name="demo"):
        """Return the text of an sls that appends word to the file that traced() reads."""
        return f"trace-{word}:\n  cmd.run:\n    - name: echo {name} {word} >> {self.root}/trace\n"

    def traced(self):
        """Return the words that the trace() states wrote, and forget them."""
        path = self.root / "trace"
        words = [line.split()[1] for line in path.read_text().splitlines()] if path.exists() else []
        path.unlink(missing_ok=True)
        return words

    def results(self, *calls):
        """Run calls (function, args..., {kwargs}) in one process; return the raw results."""
        split = [
            [call[0], [a for a in call[1:] if not isinstance(a, dict)], next((a for a in call if isinstance(a, dict)), {})]
            for call in calls
        ]
        return self.worker.run(self.config, split)

    def call(self, function, *args, **kwargs):
        """Run one function; return its value. An exception of it fails the test."""
        (result,) = self.results((function, *args, kwargs))
        assert "error" not in result, result
        return result["value"]

    def cfg(self, name="demo", **kwargs):
        return self.call("mc_project.get_configuration", name, **kwargs)

    def data(self, name="demo", **kwargs):
        return self.cfg(name, **kwargs)["data"]

    def deploy(self, name="demo", **kwargs):
        return self.call("mc_project.deploy", name, **kwargs)

    def salt_call(self, *args):
        """Run the image's own salt-call; return the finished process."""
        command = [self.msr / "bin/salt-call", "--local", "--out", "json", "--log-level", "quiet", *args]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="session", params=SALTS)
def worker(request, tmp_path_factory):
    worker = Worker(request.param, tmp_path_factory.mktemp("worker") / "log")
    yield request.param, worker
    worker.stop()


@pytest.fixture
def host(worker, tmp_path):
    return Host(tmp_path, *worker)
