"""The parts of a build: what runs Salt, and what an edit of the code leaves alone. Salt is a script that tells what it was called with."""
import json
import os
import pathlib
import types

import pytest
from volumes import GID, UID, generate, load, module

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
STEPS = ("100_dirs_and_prerequisites", "200_reconfigure", "300_nginx", "400_circus")
SALT = """#!/bin/sh
shift 4
echo "$*" >> "$TOLD"
case $1 in *_mc_launcher.reconfigure) echo "demo: it cannot be done" >&2; exit $RECONFIGURED;; *) exit $DEPLOYED;; esac
"""


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    package = pathlib.Path(generate(tmp_path_factory.mktemp("parts")))
    load(package)
    return package.parents[2]


class World:
    """A project in an image, up to what Salt would do. `does_fit`: what the record says each time it is asked."""

    def __init__(self, generated, folder, monkeypatch):
        build, project = (module(name) for name in ("build", "project"))
        self.build, self.folder = build, folder
        self.demo = project.Project("demo")
        for name in ("dir", "salt_root", "pillar_root", "data_root", "conf_dir", "override_sls", "build"):
            setattr(self.demo, name, str(folder) + getattr(self.demo, name))
        self.salt = pathlib.Path(self.demo.salt_root)
        self.salt.mkdir(parents=True)
        for path in (generated / ".salt").glob("*.sls"):
            (self.salt / path.name).write_text(path.read_text())
        for path in (self.demo.pillar_root, self.salt / "runtime", os.path.dirname(self.demo.build)):
            pathlib.Path(path).mkdir(parents=True)
        (folder / "salt-call").write_text(SALT)
        (folder / "salt-call").chmod(0o755)
        for name, value in (("TOLD", str(folder / "told")), ("RECONFIGURED", "0"), ("DEPLOYED", "0")):
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(build.own_settings, "SALT_CALL", str(folder / "salt-call"))
        monkeypatch.setattr(build.pillar, "wire", lambda project: None)
        self.does_fit, self.seeds = [], {}
        self.find()

    def find(self, **settings):
        """What step 100 leaves."""
        folders = {"tops": {}, "directories": {}, "sockets": {}, "root": [], "volumes": []}
        found = {"folders": folders, "kept": {"whole": [], "alone": []}, "sources": [], "links": {}, "needs_code": False, **settings}
        pathlib.Path(self.demo.build).write_text(json.dumps(found))

    def step(self, name, text="x:\n  test.nop: []\n"):
        path = self.salt / f"{name}.sls"
        path.write_text((path.read_text() if path.exists() else "") + text)

    def run(self, part):
        """Do a part; return what Salt was called with."""
        self.volumes = {"project_root": self.demo.dir + "/project", "data_root": self.demo.data_root, "volumes": [], "seeds": self.seeds}
        fits = iter([*self.does_fit, True, True])
        image = types.SimpleNamespace(project=self.demo, steps={"only_steps": ",".join(STEPS[1:])})
        image.reads_without_salt, image.recorded_settings = lambda: True, lambda: self.volumes if next(fits) else None
        told = self.folder / "told"
        told.unlink(missing_ok=True)
        self.build.build(image, part)
        return told.read_text().splitlines() if told.exists() else []


@pytest.fixture
def world(generated, tmp_path, monkeypatch):
    return World(generated, tmp_path, monkeypatch)


RECONFIGURE = "demo_mc_launcher.reconfigure 'demo'"


def deploy(*steps):
    return "mc_project.deploy 'demo' only=install only_steps='{}'".format(",".join(steps))


def test_an_edit_of_the_code_runs_no_salt(world):
    assert world.run("code") == []


def test_what_changed_is_configured_once(world):
    world.does_fit = [False]
    assert world.run("code") == [RECONFIGURE]


def test_the_owners_steps_always_see_the_code(world):
    world.step("250_assets")
    world.step("task_later")
    world.step("notify")
    assert world.run("code") == [deploy("250_assets")]
    world.does_fit = [False]
    # What comes after the step is left to the configuration.
    assert world.run("code") == [deploy("200_reconfigure", "250_assets"), RECONFIGURE]
    # What such a step changed may be read by the others.
    world.does_fit = [True, False]
    assert world.run("code") == [deploy("250_assets"), RECONFIGURE]


def test_steps_before_the_owners_last_one_run_before_it(world):
    world.step("250_assets")
    world.step("400_circus", "x:\n  test.nop: []\n")
    world.does_fit = [False]
    assert world.run("code") == [deploy("200_reconfigure", "250_assets", "300_nginx", "400_circus"), RECONFIGURE]
    # As a step that the configuration does not run, whatever is in it.
    world.step("500_later")
    world.does_fit = [False]
    assert world.run("code") == [deploy("200_reconfigure", "250_assets", "300_nginx", "400_circus", "500_later"), RECONFIGURE]


@pytest.mark.parametrize("text", ["x:\n  test.nop: []\n", "# {{ salt['cmd.run']('id') }}\n", "  - other\n"])
def test_a_step_with_more_than_its_include_is_the_owners(world, text):
    world.step("300_nginx", text)
    assert world.run("code") == [deploy("300_nginx")]
    assert world.run("prerequisites") == [deploy(STEPS[0])]


def test_fixperms_of_the_owners_runs_with_the_code(world):
    world.step("fixperms")
    world.demo_file = pathlib.Path(world.demo.dir, "project/private")
    world.demo_file.write_text("")
    world.demo_file.chmod(0o600)
    assert world.run("code") == ["mc_project.deploy 'demo' only=fixperms"]
    assert world.demo_file.stat().st_mode & 0o777 == 0o600
    assert world.run("prerequisites") == [deploy(STEPS[0]), RECONFIGURE]


def test_the_owners_steps_below_200_run_without_the_code(world):
    world.step("050_first")
    world.step("150_last")
    assert world.run("prerequisites") == [deploy("050_first", STEPS[0], "150_last"), RECONFIGURE]
    for name in ("050_first", "150_last", STEPS[0]):
        (world.salt / f"{name}.sls").unlink()
    assert world.run("prerequisites") == ["mc_project.sync_modules 'demo'", RECONFIGURE]


def test_a_config_waits_for_its_source(world):
    source = pathlib.Path(world.demo.dir, "project/a.conf")
    world.find(sources=[str(source)])
    assert world.run("prerequisites") == [deploy(STEPS[0])] and world.run("settings") == []
    source.write_text("{{ data.app.salt }}")
    assert world.run("settings") == [RECONFIGURE]
    source.write_text("{{ salt['file.read'](cfg.project_root ~ '/b') }}")
    assert world.run("settings") == []


def test_what_names_the_code_waits_for_it(world):
    world.find(needs_code=True)
    assert world.run("prerequisites") == [deploy(STEPS[0])]


def test_what_cannot_be_configured_without_the_code_is_said_and_waits(world, monkeypatch, capsys):
    monkeypatch.setenv("RECONFIGURED", "78")
    assert world.run("prerequisites")[-1] == RECONFIGURE
    assert capsys.readouterr().err == "demo: the configuration waits for the code, as without it: demo: it cannot be done\n"
    world.does_fit = [False]
    with pytest.raises(SystemExit) as ended:
        world.run("code")
    assert ended.value.code == 78


def test_a_step_that_fails_ends_the_build_with_its_code(world, monkeypatch):
    monkeypatch.setenv("DEPLOYED", "3")
    with pytest.raises(SystemExit) as ended:
        world.run("prerequisites")
    assert ended.value.code == 3 and (world.folder / "told").read_text().splitlines() == [deploy(STEPS[0])]


def test_the_source_of_a_seed_is_looked_for_without_salt(world):
    world.seeds = {"late": {"source": "gone/x", "target": "data/x", "owner": "root", "group": "root", "mode": "0640"}}
    with pytest.raises(world.build.errors.LaunchError, match=r"seeds\.late\.source .*/project/gone/x does not exist; add it"):
        world.run("code")


def test_a_step_100_of_the_owners_own_leaves_it_to_salt(world):
    pathlib.Path(world.demo.build).unlink()
    assert world.run("prerequisites") == [deploy(STEPS[0])]
    assert world.run("code") == ["mc_project.deploy 'demo' only=fixperms"]


def test_an_unknown_part_is_refused(world):
    with pytest.raises(world.build.errors.LaunchError, match="cod is not a part of a build; prerequisites, settings, code are"):
        world.run("cod")


def test_a_folder_that_the_copy_of_the_code_took_back_is_given_again(world):
    folder = pathlib.Path(world.demo.dir, "project/var")
    folder.mkdir(mode=0o755)
    folders = {"tops": {}, "directories": {str(folder): ("www-data", "www-data", "0770")}, "sockets": {}, "root": [], "volumes": []}
    world.find(folders=folders, kept={"whole": [str(folder)], "alone": []})
    world.run("code")
    found = folder.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (UID, GID, 0o770)


MODES = {
    0o644: 0o644, 0o664: 0o664, 0o640: 0o644, 0o600: 0o644, 0o666: 0o644, 0o646: 0o644, 0o444: 0o444,
    0o755: 0o755, 0o775: 0o775, 0o744: 0o755, 0o700: 0o755, 0o777: 0o755, 0o754: 0o755, 0o4755: 0o755, 0o2755: 0o755,
}  # fmt: skip


def test_only_wrong_modes_are_changed(world):
    root = pathlib.Path(world.demo.dir, "project")
    files = {}
    for before, after in MODES.items():
        files[root / f"{before:o}"] = after
        (root / f"{before:o}").write_text("")
        (root / f"{before:o}").chmod(before)
    for before, after in ((0o700, 0o755), (0o775, 0o775), (0o777, 0o755)):
        files[root / f"folder-{before:o}"] = after
        (root / f"folder-{before:o}").mkdir()
        (root / f"folder-{before:o}").chmod(before)
    # Neither owner nor mode are touched where both are right: the image would store the file again.
    untouched = root / "644"
    before = untouched.stat().st_ctime_ns
    assert world.run("code") == []
    assert {path: path.stat().st_mode & 0o7777 for path in files} == files
    assert untouched.stat().st_ctime_ns == before


def test_settings_are_roots_alone_and_the_runtime_is_everybodys(world):
    helper, module = world.salt / "runtime/bin.py", world.salt / "_modules/mc_launcher.py"
    for path, mode in ((helper, 0o600), (module, 0o755)):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        path.chmod(mode)
    pillar = pathlib.Path(world.demo.pillar_root, "init.sls")
    pillar.write_text("")
    assert world.run("prerequisites")
    found = [path.stat().st_mode & 0o777 for path in (world.salt, world.salt / "100_dirs_and_prerequisites.sls", module, helper, pillar)]
    assert found == [0o711, 0o600, 0o700, 0o644, 0o600]


def test_links_and_what_is_given_to_somebody_are_left_alone(world):
    root = pathlib.Path(world.demo.dir, "project")
    outside = world.folder / "outside"
    outside.write_text("")
    outside.chmod(0o600)
    (root / "link").symlink_to(outside)
    (root / "kept").mkdir(mode=0o700)
    (root / "kept/inner").write_text("")
    (root / "alone").mkdir(mode=0o700)
    (root / "alone/inner").write_text("")
    for path in ("kept/inner", "alone/inner"):
        os.chown(root / path, UID, GID)
        (root / path).chmod(0o600)
    os.chown(root / "link", UID, GID, follow_symlinks=False)
    world.find(kept={"whole": [str(root / "kept")], "alone": [str(root / "alone")]})
    world.run("code")
    found = {path: ((root / path).lstat().st_uid, (root / path).lstat().st_mode & 0o777) for path in ("kept", "kept/inner", "alone", "alone/inner")}
    assert found == {"kept": (0, 0o700), "kept/inner": (UID, 0o600), "alone": (0, 0o700), "alone/inner": (0, 0o644)}
    assert outside.stat().st_mode & 0o777 == 0o600 and (root / "link").lstat().st_uid == 0


def settings(**data):
    """What step 100 hands over for these settings."""
    root = "/srv/projects/demo"
    cfg = {"name": "demo", "user": "www-data", "group": "www-data", "project_dir": root, "project_root": root + "/project", "data_root": root + "/data", "data": data}
    return module("state_functions").build_settings(cfg)


def test_what_of_the_settings_needs_the_code(generated):
    needs = [
        {"vhosts": {"a": {"raw_http": "include /srv/projects/demo/project/a.conf;"}}},
        {"vhosts": {"a": {"locations": {"/": {"raw": "auth_basic_user_file /srv/projects/demo/project/a;"}}}}},
    ]
    needs_not = [{}, {"vhosts": None}, {"vhosts": {"a": None}}, {"vhosts": {"a": {"root": "/srv/projects/demo/project/a", "raw": "deny all; # /srv/projects/demo"}}}]
    assert [settings(**data)["needs_code"] for data in needs + needs_not] == [True] * 2 + [False] * 4


def test_the_sources_of_configs_are_known_to_the_build(generated):
    found = settings(configs={"a": {"source": "etc/a", "target": "/etc/a"}, "b": None})
    assert found["sources"] == ["/srv/projects/demo/project/etc/a"] and json.dumps(found)


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_text("x"), lambda path: path.symlink_to("z"), lambda path: None])
def test_code_in_the_place_of_a_link_ends_the_build(world, make):
    link = world.folder / "link"
    world.find(links={str(link): "y"})
    make(link)
    with pytest.raises(module("errors").LaunchError, match=f"symlinks.{link} is a link to y, and the code has something else there; remove that"):
        world.run("code")
    link.unlink(missing_ok=True) if not link.is_dir() else link.rmdir()
    link.symlink_to("y")
    assert world.run("code") == []
