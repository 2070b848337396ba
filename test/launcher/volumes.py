"""A project with volumes in a temporary folder, and the generated launcher package to fill them.

As a script: `volumes.py PACKAGE SETTINGS` fills them once, and prints what came of it as JSON.
"""
import grp
import importlib
import importlib.util
import json
import os
import pathlib
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile

import yaml

PACKAGE = "project/.salt/runtime/launcher"
ROOT = pathlib.Path(__file__).parent.parent.parent
# Accounts that every Debian has.
USER, GROUP = "www-data", "www-data"
UID, GID = pwd.getpwnam(USER).pw_uid, grp.getgrnam(GROUP).gr_gid
OTHER_UID, OTHER_GID = pwd.getpwnam("nobody").pw_uid, grp.getgrnam("nogroup").gr_gid


def generate(folder):
    """Write a project with the generator; return the folder of its launcher package."""
    command = ["node", ROOT / "dist/makina-image.cjs", "new", "demo", "--yes", "--runtime", "vendored", "--destination", folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return next(pathlib.Path(folder).rglob(PACKAGE))


def load(folder):
    """Load the package by its path, as the launcher does; return its module `seeds`."""
    where = {"location": f"{folder}/__init__.py", "submodule_search_locations": [str(folder)]}
    spec = importlib.util.spec_from_file_location("demo_launcher", **where)
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[spec.name])
    return module("seeds")


def module(name):
    """A module of the loaded package, also one in `volumes` or `settings`."""
    (folder,) = map(pathlib.Path, sys.modules["demo_launcher"].__path__)
    (path,) = folder.rglob(f"{name}.py")
    return importlib.import_module(".".join(["demo_launcher", *path.relative_to(folder).with_suffix("").parts]))


def sample(package):
    """The settings of the project of a package, as Salt reads them from PILLAR.sample."""
    text = (package.parent.parent / "PILLAR.sample").read_text()
    text = text.replace("{% include 'makina-projects/demo/runtime/defaults.json' %}", (package.parent / "defaults.json").read_text())
    defaults, own = (block["data"] for block in yaml.safe_load(text).values())
    return {**defaults, **own}


class World:
    """project/ with sources, data/ and media/ as volumes. `outside` is nothing that a seed may touch."""

    def __init__(self, package):
        self.package = package
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="seeds-"))
        self.root.chmod(0o755)
        self.project, self.data, self.media = (self.root / name for name in ("project", "data", "media"))
        self.outside = self.root / "outside"
        for folder in (self.project, self.data, self.media, self.outside):
            folder.mkdir(mode=0o755)
        self.write("welcome.txt", "welcome")
        self.write("site/index.html", "index")
        self.write("site/deep/er/page.html", "page")
        (self.project / "site/empty").mkdir()
        (self.project / "site/link").symlink_to("../../outside/secret")
        (self.outside / "secret").write_text("secret")
        self.before = self.tree(self.outside)
        self.mounts = []

    def write(self, path, content):
        """Write a source."""
        path = self.project / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def seed(self, source="welcome.txt", target="data/welcome.txt", **changes):
        return {"source": source, "target": target, "owner": USER, "group": GROUP, "mode": "0640", **changes}

    def settings(self, seeds, **changes):
        paths = {"project_root": str(self.project), "data_root": str(self.data), "volumes": [str(self.media)]}
        return {"user": USER, "group": GROUP, **paths, "seeds": seeds, "links": {}, "configs": {}, **changes}

    def fill(self, _changes=None, **seeds):
        """Fill the volumes in this process; return the names of what was filled. Checks that no child is left."""
        try:
            return sys.modules["demo_launcher.volumes.seeds"].fill_volumes(self.settings(seeds, **(_changes or {})))
        finally:
            try:
                left = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                left = None
            assert left is None or left == (0, 0), "a zombie is left"

    def start(self, seeds, *wrapper, **changes):
        """Fill the volumes in a process of its own, behind a command such as setpriv; return the process."""
        command = [*wrapper, sys.executable, __file__, str(self.package), json.dumps(self.settings(seeds, **changes))]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def mount(self, *words):
        """Mount, until the test ends; the last word is where."""
        subprocess.run(["mount", *map(str, words)], check=True)
        self.mounts.append(words[-1])

    def record(self, volume=None):
        return ((volume or self.data) / ".prepopulated").read_text().splitlines()

    def tree(self, top):
        """{path: (kind and mode, uid, gid, content)} of all that is below a folder, records left out."""
        found = {}
        for path in sorted(pathlib.Path(top).rglob("*")):
            info = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            if not path.name.startswith(".prepopulated"):
                found[str(path.relative_to(top))] = (stat.filemode(info.st_mode), info.st_uid, info.st_gid, content)
        return found

    def leftovers(self):
        return [path for path in self.root.rglob(".prepopulate-*")]

    def close(self):
        for where in reversed(self.mounts):
            subprocess.run(["umount", where], check=True)
        after = self.tree(self.outside)
        shutil.rmtree(self.root)
        assert after == self.before, "something outside of the volumes was touched"


def main(package, settings):
    seeds = load(package)
    print("ready", flush=True)
    try:
        print(json.dumps(seeds.fill_volumes(json.loads(settings))), flush=True)
        module("volume_files").write_files(json.loads(settings))
    except sys.modules["demo_launcher.errors"].LaunchError as error:
        print(json.dumps([error.code, str(error)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
