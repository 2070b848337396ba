"""What the generated Dockerfile does beside Salt: the project's user, the wiring of the pillar, and values in the text of an sls."""
import os
import pathlib
import subprocess
import sys

import pytest
import yaml
from volumes import ROOT, generate, load, module

sys.path.insert(0, str(ROOT / "test/salt"))
from image import instructions  # noqa: E402

# As getent answers: a line and 0 for who is in the file, nothing and 2 otherwise. The others tell their last words.
FAKES = {
    "getent": 'grep -q "^$1:$2$" "$TAKEN" || exit 2',
    "groupadd": 'echo "groupadd $*" >> "$DONE"',
    "useradd": 'echo "useradd $*" >> "$DONE"',
}


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    package = pathlib.Path(generate(tmp_path_factory.mktemp("build")))
    load(package)
    return package


@pytest.fixture
def make_user(package, tmp_path):
    """Carries out the step that makes the project's user. Out: the number of its group, that of its user, and what was said."""
    steps = instructions((package.parent.parent.parent / "Dockerfile").read_text())
    (step,) = [rest for kind, rest in steps if kind == "RUN" and "useradd" in rest]
    for name, script in FAKES.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    taken, done = tmp_path / "taken", tmp_path / "done"

    def make(*lines, **env):
        taken.write_text("".join(f"{line}\n" for line in lines))
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TAKEN": str(taken), "DONE": str(done), **env}
        ran = subprocess.run(["sh", "-c", step], env=env, check=True, capture_output=True, text=True)
        group, user = [line.split() for line in done.read_text().splitlines()]
        return group[group.index("--gid") + 1], user[user.index("--uid") + 1], ran.stderr

    return make


def test_the_user_has_the_number_900(make_user):
    assert make_user("passwd:901", "group:1000") == ("900", "900", "")


@pytest.mark.parametrize(
    "taken, number",
    [(["passwd:900"], 901), (["group:900"], 901), (["group:900", "passwd:901", "group:902", "passwd:904"], 903)],
)
def test_a_number_that_the_base_image_has_is_left_alone_and_said(make_user, taken, number):
    group, user, said = make_user(*taken)
    assert (group, user) == (str(number), str(number))
    assert [f"has the uid or gid {count};" in line for count, line in enumerate(said.splitlines(), 900)] == [True] * (number - 900)
    assert said.endswith(f"give a free one with --build-arg PROJECT_ID={number}\n")


def test_a_number_that_is_given_counts(make_user):
    assert make_user("passwd:900", PROJECT_ID="1234") == ("1234", "1234", "")


@pytest.fixture
def first_half(package, tmp_path):
    """Carries out the step of the first half with a folder in the place of /srv. Out: the finished process, and what it called."""
    steps = instructions((package.parent.parent.parent / "Dockerfile").read_text())
    (step,) = [rest for kind, rest in steps if kind == "RUN" and "prerequisites" in rest]
    (tmp_path / "projects/demo/project/.salt").mkdir(parents=True)

    def carry_out(*runtimes):
        for runtime in runtimes:
            (tmp_path / runtime).mkdir(parents=True)
            (tmp_path / runtime / "version").touch()
            (tmp_path / runtime / "build.sh").write_text(f'#!/bin/sh\necho "{runtime}: $*"\n')
            (tmp_path / runtime / "build.sh").chmod(0o755)
        return subprocess.run(["sh", "-c", step.replace("/srv/", f"{tmp_path}/")], capture_output=True, text=True)

    return carry_out


OF_PROJECT, OF_BASE = "projects/demo/project/.salt/runtime", "makina-image/runtime"


def test_a_base_image_without_a_runtime_is_refused(first_half):
    ran = first_half()
    assert (ran.returncode, ran.stdout) == (78, "")
    assert ran.stderr == "demo: the base image has no runtime; rebuild it (makina-image base), or set runtime: vendored\n"


def test_a_folder_without_a_version_is_no_runtime(first_half, tmp_path):
    (tmp_path / OF_BASE).mkdir(parents=True)
    assert first_half().returncode == 78


@pytest.mark.parametrize("runtimes, used", [([OF_BASE], OF_BASE), ([OF_PROJECT], OF_PROJECT), ([OF_BASE, OF_PROJECT], OF_PROJECT)])
def test_the_build_runs_the_runtime_of_the_project_or_else_that_of_the_base_image(first_half, tmp_path, runtimes, used):
    ran = first_half(*runtimes)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{used}: demo prerequisites\n", "")
    assert (tmp_path / OF_PROJECT).is_symlink() is (used == OF_BASE)


@pytest.mark.parametrize("is_makina_states", [True, False])
def test_makina_states_resolves_nothing_in_what_holds_the_project(package, tmp_path, monkeypatch, is_makina_states):
    pillar, project = (module(name) for name in ("pillar", "project"))
    demo = project.Project("demo")
    demo.pillar_root, demo.conf_dir, demo.override_sls = str(tmp_path), str(tmp_path / "conf"), str(tmp_path / "conf/override.sls")
    (tmp_path / "init.sls").write_text("{}\n")
    options = tmp_path / "minion.d"
    monkeypatch.setattr(pillar, "MINION_D", str(options))
    if is_makina_states:
        options.mkdir()
    pillar.wire(demo)
    assert yaml.safe_load((tmp_path / "init.sls").read_text())["include"][-1] == "makina-projects.demo.override"
    assert options.exists() is is_makina_states
    if is_makina_states:
        found = yaml.safe_load((options / "makina_image.conf").read_text())
        assert found == {"makina-states.controllers.salt.ignored_opts": ["ms_project", "ms_projects"]}


def test_each_character_is_the_same_for_who_reads_an_sls(package):
    quoted = module("sls_text").quoted
    # All but halves of characters, which no file in UTF-8 has.
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x10000), 0x1F389, 0x1FFFE, 0x10FFFF]))
    value = {"key": [text, None, True, 1, 1.5], **{f"a{odd}b": odd for odd in "\x7f\x80\x85\x9f\u2028\u2029\ufeff\ufffe\uffff"}}
    line = quoted(value)
    assert len(line.splitlines()) == 1
    loaders = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]
    assert all(yaml.load(f"- contents: {line}\n", loader) == [{"contents": value}] for loader in loaders)
    long = {"k" * 1000: [{"\x7f" * 500: {"k" * 100_000: "v"}}]}
    assert all(yaml.load(f"- contents: {quoted(long)}\n", loader) == [{"contents": long}] for loader in loaders)
