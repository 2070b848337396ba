"""The override pillar: what is accepted, what is refused and how that is told, and when a reconfiguration is due."""
import errno
import os
import pathlib
import random
import shutil
import subprocess
import sys

import jsonschema
import pytest
import yaml
from volumes import generate, load, module

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
KEY = "makina-projects.demo"


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    """Return a function that gives a module of the generated launcher."""
    load(generate(tmp_path_factory.mktemp("override")))
    return lambda name: module(name)


@pytest.fixture
def project(parts, tmp_path):
    """A Project whose folders are all below a temporary one."""
    project = parts("project").Project("demo", watched_env=["WATCHED"])
    package = pathlib.Path(parts("project").__file__).parent
    for name in ("pillar_root", "data_root", "conf_dir"):
        folder = tmp_path / name
        (folder / "configuration").mkdir(parents=True)
        setattr(project, name, str(folder))
    project.override_sls = project.conf_dir + "/override.sls"
    project.record = project.conf_dir + "/launch.json"
    return project


def write(project, text, folder="configuration", mode=0o640):
    path = pathlib.Path(project.data_root, folder, "pillar.sls")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    path.chmod(mode)
    return path


def sentence(parts, project):
    with pytest.raises(parts("errors").LaunchError) as caught:
        parts("override").read_override(project)
    assert caught.value.code == 78
    text = str(caught.value)
    assert "\n" not in text and "pillar.sls" in text
    return text


def data(text):
    return "%s: {data: %s}" % (KEY, text)


ACCEPTED = {
    "an empty file": ("", {}),
    "settings of the application": (data("{app: {a: [1, {b: null}], c: 1.5, d: true}}"), {"app": {"a": [1, {"b": None}], "c": 1.5, "d": True}}),
    "a template, as text": (data("{app: {a: '{{ 1/0 }}'}}"), {"app": {"a": "{{ 1/0 }}"}}),
    "numbers and words for text": (data("{programs: {web: {env: {A: 0644, B: no}}}}"), {"programs": {"web": {"env": {"A": "0644", "B": "no"}}}}),
    "a new program": (data("{programs: {new: {cmd: sleep 1}}}"), {"programs": {"new": {"cmd": "sleep 1"}}}),
    "a program taken away": (data("{programs: {web: null}}"), {"programs": {"web": None}}),
    "characters beyond 16 bits": (data("{app: {a: '🎉 é'}}"), {"app": {"a": "🎉 é"}}),
}


@pytest.mark.parametrize("text, expected", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(parts, project, text, expected):
    write(project, text)
    assert parts("override").read_override(project) == ({KEY: {"data": expected}} if expected else {})


def test_no_file_is_no_override(parts, project):
    assert parts("override").read_override(project) == {}


REFUSED = {
    "an empty mapping": ("{}", "must hold one mapping, data"),
    "no number": (data('{app: {a: !!int ""}}'), ":1:.*does not fit its tag"),
    "no truth": (data("{app: {a: !!bool x}}"), "does not fit its tag"),
    "no time": (data("{app: {a: !!timestamp x}}"), "does not fit its tag"),
    "no date": (data("{app: {a: 2026-13-41}}"), "quote it"),
    "broken YAML": ("a: [", r":1:5|:2:1"),
    "a tab": ("a:\n\t- b", r":2:1"),
    "no text": (b"\xff\xfe\x00", "plain YAML"),
    "a NUL": (b"a: \x00", "plain YAML"),
    "a list": ("[a]", "not a mapping"),
    "text": ("just text", "not a mapping"),
    "a Python tag": (data("{app: {a: !!python/object/apply:os.system ['id']}}"), "tag"),
    "a set": (data("{app: {a: !!set {x}}}"), "cannot be a setting"),
    "bytes": (data("{app: {a: !!binary eA==}}"), "cannot be a setting"),
    "a date": (data("{app: {a: 2026-01-01}}"), ":1:.*quote it"),
    "infinity": (data("{app: {a: .inf}}"), "quote it"),
    "infinity with a tag": (data("{app: {a: !!float .inf}}"), "infinity and NaN"),
    "half a character": (data('{app: {a: "\\ud800"}}'), "half"),
    "a number as a key": (data("{app: {a: {1: a}}}"), "key is not text"),
    "a key without text": (data("{app: {? : a}}"), "key is not text"),
    "text with a colon": (f"{KEY}:\n  data:\n    app:\n      a: b: c\n", r'pillar.sls:4:11 is not plain YAML: a mapping cannot start here; put text with ": " in quotes$'),
    "a key that appears twice": (data("{app: {a: 1, a: 2}}"), "twice"),
    "an alias": (data("{app: {a: &x [1], b: *x}}"), "alias"),
    "a merge key": (data("{app: {<<: {a: 1}}}"), "merge"),
    "nesting without end": (data("{app: {a: " + "[" * 3000 + "]" * 3000 + "}}"), "nested"),
    "another project's key": ("makina-projects.other: {data: {}}", KEY),
    "the key of PILLAR.sample": ("makina-projects.projectname: {data: {}}", KEY),
    "a key beside data": (KEY + ": {data: {}, user: root}", "data"),
    "what only a build reads": (data("{users: {svc: null}}"), "data.users is only read by a build; change it in the answers, and build the image again"),
    "a key of mc_project's": (data("{user: root}"), "data.user is not a setting"),
    "a misspelt field": (data("{programs: {web: {graceful_timout: 3}}}"), "graceful_timeout"),
    "a wrong type": (data("{programs: {web: {numprocesses: many}}}"), "whole number"),
    "a boolean for a number": (data("{programs: {web: {numprocesses: true}}}"), "whole number"),
    "null for text": (data("{programs: {web: {env: {PORT: null}}}}"), "quotes"),
    "octal digits for a number": (data("{programs: {web: {port: 08000}}}"), ":1:.*quote it"),
    "a port that is none": (data("{vhosts: {localhost: {listen: 0}}}"), "from 1 to 65535"),
    "a name that is none": (data("{programs: {'../x': {cmd: a}}}"), "name of data.programs"),
    "a newline after a good value": (data('{programs: {web: {user: "root\\n"}}}'), "user"),
    "too much": (data("{app: {a: '" + "x" * 1024 * 1024 + "'}}"), "1048576 bytes"),
}


@pytest.mark.parametrize("text, told", REFUSED.values(), ids=REFUSED)
def test_refused(parts, project, text, told):
    import re

    write(project, text)
    assert re.search(told, sentence(parts, project))


GROWING = {
    "a list of copies": '{app: {l: [%s]}, configs: {c: {source: a, context: {l: [%s]}}}}' % (", ".join(['"{configs}"'] * 3000), "1, " * 20000),
    "copies in text": '{app: {l: [%s]}, configs: {c: {source: a, context: {l: [%s]}}}}' % (", ".join(['"a {configs} b"'] * 100), "1, " * 20000),
    "copies in one text": '{app: {l: "%s"}, configs: {c: {source: a, context: {l: [%s]}}}}' % ("{configs}" * 3000, "1, " * 20000),
    "copies of copies": '{app: {l: "%s"}, seeds: {s: {source: "%s", target: a}}, configs: {c: {source: a, context: {l: "%s"}}}}'
    % ("{configs}" * 1000, "x" * 1000, "{seeds}" * 1000),
    "copies in keys that are added": '{app: {%s}, configs: {c: {source: a, context: {l: [%s]}}}}'
    % (", ".join('k%d: "{configs}"' % number for number in range(3000)), "1, " * 20000),
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_references_that_would_fill_the_memory_are_refused(parts, project, text):
    write(project, data(text))
    assert "once its {key} references are replaced; use fewer of them" in sentence(parts, project)


def test_references_to_a_text_are_as_long_as_it_is(parts, project):
    pathlib.Path(project.pillar_root, "builtin.sls").write_text("# " + "x" * 100_000)
    write(project, data('{variables: {v: "1"}, app: {l: "%s"}}' % ("{v}" * 1000)))
    assert parts("override").read_override(project)


def test_references_to_what_the_image_has_count_too(parts, project):
    pathlib.Path(project.pillar_root, "builtin.sls").write_text("# " + "x" * 100_000)
    write(project, data('{app: {a: ["{app}"]}, programs: {}}'))
    assert parts("override").read_override(project)
    write(project, data('{app: {a: [%s]}, programs: {}}' % ", ".join(['"{programs}"'] * 100)))
    assert "use fewer of them" in sentence(parts, project)


def test_a_name_that_refers_to_itself_and_many_short_ones_are_fine(parts, project):
    write(project, data('{app: {a: ["{app}", "{data_root}/x", "{nothing}"], b: [%s]}}' % ", ".join(['"{data_root}/x"'] * 20000)))
    assert parts("override").read_override(project)


def test_no_value_is_told(parts, project):
    write(project, data("{programs: {web: {numprocesses: s3cret}}}"))
    assert "s3cret" not in sentence(parts, project)


@pytest.mark.parametrize("kind", ["folder", "fifo", "link", "dangling link"])
def test_anything_but_a_file_is_refused(parts, project, kind):
    path = pathlib.Path(project.data_root, "configuration/pillar.sls")
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/passwd" if kind == "link" else "/nowhere")
    assert "regular" in sentence(parts, project)


def test_a_folder_that_is_a_link_is_refused(parts, project):
    pathlib.Path(project.data_root, "configuration").rmdir()
    pathlib.Path(project.data_root, "configuration").symlink_to("/etc")
    with pytest.raises(parts("errors").LaunchError, match="folder"):
        parts("override").read_override(project)


@pytest.mark.parametrize(
    "mode, uid, needed",
    [
        (0o666, 0, "run chmod go-w on it"),
        (0o660, 54321, "run chmod go-w on it"),
        (0o640, 33, "chown it to root"),
        (0o660, 33, "chown it to root, and run chmod go-w on it"),
    ],
)
def test_a_file_that_a_program_can_write_is_refused(parts, project, mode, uid, needed):
    os.chown(write(project, "", mode=mode), uid, 0)
    assert sentence(parts, project).endswith(f"/pillar.sls; {needed}")


def test_a_file_of_the_hosts_user_is_accepted(parts, project):
    os.chown(write(project, data("{app: {a: 1}}")), 54321, 54321)
    assert parts("override").read_override(project)


def test_the_second_folder_counts_unless_it_differs(parts, project):
    write(project, data("{app: {a: 1}}"), folder="application")
    assert parts("override").read_override(project)
    write(project, data("{app: {a: 1}}"))
    assert parts("override").read_override(project)
    write(project, data("{app: {a: 2}}"))
    assert "differ" in sentence(parts, project)


def test_the_schema_is_read_as_jsonschema_reads_it(parts, project):
    """Random data, most of it nearly right, judged by both."""
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print("SEED=%d" % seed)
    chance = random.Random(seed)
    schema = parts("schema").data_schema()
    oracle = jsonschema.Draft202012Validator(schema)
    good = 0
    for _ in range(1500):
        value = any_data(chance)
        found = list(parts("schema").violations(schema, value, "data"))
        assert bool(found) != oracle.is_valid(value), (value, found)
        good += not found
    assert 150 < good < 1350


def any_data(chance):
    values = {
        "programs": {
            "web": {"cmd": "a 'b c'", "args": ["x"], "env": {"A": "b"}, "numprocesses": 2, "essential": False, "user": "{user}",
                    "rlimits": {"nofile": 10, "core": -1}, "env_from": {"A": "app:b"}, "port": None, "log_file": "/a", "oneshot": True},
            "worker": None,
        },
        "vhosts": {"localhost": {"aliases": ["a.b"], "listen": 81, "locations": {"/": {"alias": "/x"}, "/y": None}}},
        "seeds": {"one": {"source": "a", "target": "data/b", "mode": "0640"}},
        "crons": {"one": {"schedule": "1-5 * * * mon", "cmd": "a"}, "two": None},
        "app": {"any": [1, {"thing": None}]},
    }
    values = {key: value for key, value in values.items() if chance.random() < 0.6}
    for _ in range(chance.choice([0, 1, 1, 2])):
        place, key = values, None
        while isinstance(place, dict) and place and chance.random() < 0.8:
            above, key = place, chance.choice(sorted(place))
            place = above[key]
        odd = chance.choice([None, True, 0, -1, 70000, 1.5, "", "x", "nginx", "a b", "{user}", "/p", [], ["x"], [None], {}, {"x": 1}, {"cmd": "y"}, "@daily"])
        if key is None:
            values[chance.choice(["user", "name", "programs", "app", "crons"])] = odd
        elif chance.random() < 0.5:
            above[key] = odd
        else:
            above[chance.choice(["x", "A", "a-b", "cmd", "listen", "/z", "mode", "stack", "schedule"])] = odd
    return values


def test_a_reconfiguration_is_due_when_something_changed(parts, project, monkeypatch, tmp_path):
    record, pillar = parts("record"), parts("pillar")
    monkeypatch.setattr(record, "CUSTOM_SLS", str(tmp_path / "custom.sls"))
    outputs = {name: pathlib.Path(project.conf_dir, name) for name in ("app.json", "folder", "absent")}
    certificate = tmp_path / "cert.pem"
    settings = {"seeds": {}, "certificates": {str(certificate): False}}

    def reconfigure(override):
        pillar.write_override(project, override)
        outputs["app.json"].write_text("{}")
        outputs["folder"].mkdir(exist_ok=True)
        record.write_record(project, override, map(str, outputs.values()), settings)
        assert record.current_settings(project, override) == settings

    def changed(act, undo):
        reconfigure({})
        act()
        assert record.current_settings(project, {}) is None
        undo()

    assert record.current_settings(project, {}) is None
    reconfigure({})
    assert record.current_settings(project, {KEY: {"data": {"app": {"a": 1}}}}) is None
    changed(lambda: outputs["app.json"].write_text("other"), lambda: None)
    changed(lambda: outputs["app.json"].chmod(0o600), lambda: outputs["app.json"].chmod(0o644))
    changed(outputs["app.json"].unlink, lambda: None)
    changed(outputs["folder"].rmdir, lambda: None)
    changed(lambda: outputs["absent"].write_text(""), outputs["absent"].unlink)
    changed(lambda: pathlib.Path(project.override_sls).unlink(), lambda: None)
    changed(lambda: (tmp_path / "custom.sls").write_text("x"), lambda: None)
    changed(lambda: pathlib.Path(project.pillar_root, "more.sls").write_text("x"), lambda: None)
    changed(lambda: monkeypatch.setenv("WATCHED", "x"), lambda: None)
    changed(lambda: monkeypatch.delenv("WATCHED"), lambda: monkeypatch.setenv("WATCHED", "None"))
    changed(lambda: monkeypatch.delenv("WATCHED"), lambda: None)
    changed(lambda: certificate.write_text("x"), certificate.unlink)
    changed(lambda: pathlib.Path(project.record).write_text("{"), lambda: None)
    reconfigure({})
    monkeypatch.setenv("OTHER", "x")
    assert record.current_settings(project, {}) == settings


def test_no_value_of_a_watched_variable_looks_like_another_variable(parts, project, monkeypatch):
    project.watched_env = ["A", "B"]

    def fingerprint(**values):
        monkeypatch.setattr(parts("environment"), "container", lambda: values)
        return parts("record").fingerprint(project, {})

    watched = [{"A": "1", "B": "2"}, {"A": "1\nB=2"}, {"A": "1\nB=None"}, {"A": "1"}, {"A": "1", "B": "None"}, {"A": "1", "B": ""}, {"A": "1", "B": "\udcff"}]
    assert len({fingerprint(**values) for values in watched}) == len(watched)


def test_the_containers_name_counts_where_a_template_names_it(parts, project, monkeypatch):
    record = parts("record")

    def fingerprint(node):
        monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", node, "", "", "")))
        return record.fingerprint(project, {})

    assert fingerprint("a") == fingerprint("b")
    pathlib.Path(project.pillar_root, "init.sls").write_text("x: {{ grains.id }}")
    assert fingerprint("a") != fingerprint("b")


def test_the_last_good_override_comes_back_byte_for_byte(parts, project):
    pillar = parts("pillar")
    path = pathlib.Path(project.override_sls)
    one, two, three = ({KEY: {"data": {"app": {"n": n}}}} for n in (1, 2, 3))
    assert pillar.write_override(project, one) and not pillar.write_override(project, one)
    pillar.accept(project)
    good = path.read_bytes()
    assert yaml.safe_load(good) == one and good.startswith(b"#!yaml\n") and path.stat().st_mode & 0o777 == 0o440
    pillar.write_override(project, two)
    # A start that was killed before it could take it back.
    pillar.write_override(project, three)
    pillar.take_back(project)
    assert path.read_bytes() == good
    assert not [name for name in os.listdir(project.conf_dir) if "good" in name or "tmp" in name]


def an_image(parts, project):
    """What mc_launcher.py has to do with: an Image of this project."""
    image = parts("image").Image("demo", {"override_jinja": False, "watched_env": [], "user": "demo", "steps": "400_circus"}, {})
    image.project = project
    return image


FAILURES = {
    "a sentence of ours": lambda parts: parts("errors").LaunchError("no"),
    "the time that is up": lambda parts: parts("errors").TimeIsUp(),
    "a full disk": lambda parts: OSError(errno.ENOSPC, "No space left on device"),
    "an exception of the owner's": lambda parts: ValueError("no"),
    "an end that the owner wants": lambda parts: SystemExit(3),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_whatever_fails_takes_the_override_back(parts, project, failure):
    image, raised = an_image(parts, project), failure(parts)
    path = pathlib.Path(project.override_sls)
    with image.write_override({KEY: {"data": {"app": {"n": 1}}}}):
        pass
    good = path.read_bytes()
    with pytest.raises(type(raised)) as caught, image.write_override({KEY: {"data": {"app": {"n": 2}}}}):
        assert path.read_bytes() != good
        raise raised
    assert caught.value is raised and path.read_bytes() == good
    assert not [name for name in os.listdir(project.conf_dir) if "good" in name]
    # Nothing is remembered of the start that failed.
    assert not os.path.exists(project.record)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("second", [lambda: OSError(errno.ENOSPC, "full"), lambda: KeyError("no")], ids=["a full disk", "a bug"])
def test_beside_running_programs_the_first_failure_is_told(parts, project, failure, second, monkeypatch):
    image, raised, deployed = an_image(parts, project), failure(parts), []

    def deploy(*_):
        # The settings before are deployed again.
        deployed.append(pathlib.Path(project.override_sls).read_bytes())
        raise second()

    monkeypatch.setattr(parts("circus"), "is_running", lambda: True)
    monkeypatch.setattr(parts("reconfiguration"), "deploy", deploy)
    monkeypatch.setattr(parts("limits"), "limit_start", lambda: None)
    with image.write_override({KEY: {"data": {"app": {"n": 1}}}}):
        pass
    good = pathlib.Path(project.override_sls).read_bytes()
    with pytest.raises(type(raised)) as caught, image.write_override({KEY: {"data": {"app": {"n": 2}}}}):
        raise raised
    assert caught.value is raised and deployed == [good]


def test_steps_in_another_order_name_the_one_that_lacks(parts, project):
    image, error = an_image(parts, project), parts("errors").LaunchError
    with pytest.raises(error, match="^mc_launcher.py calls deploy without check_settings before it; call check_settings first$"):
        image.deploy()
    with pytest.raises(error, match="^mc_launcher.py calls record without deploy before it; call deploy first$"):
        image.record()
    assert not os.path.exists(project.record)


def test_a_state_asks_for_nothing_else_of_the_module(parts):
    for_states = parts("steps").for_states
    assert for_states("quoted", "a") == parts("state_functions").quoted("a")
    for name in ("subprocess", "read_text", "_raw", "nothing"):
        with pytest.raises(parts("errors").LaunchError, match=f"^a state asks for '{name}', which the runtime does not have; it has build_settings, "):
            for_states(name, "a")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff", None])
def test_a_run_time_without_a_version_is_told_as_one(parts, tmp_path, content):
    launcher = tmp_path / "launcher"
    launcher.mkdir()
    shutil.copy(pathlib.Path(parts("errors").__file__).parent / "__init__.py", launcher)
    if content is not None:
        (tmp_path / "version").write_bytes(content)
    ask = "import sys; sys.path.insert(0, sys.argv[1]); import launcher; launcher.written_for('0.3', 'demo')"
    done = subprocess.run([sys.executable, "-I", "-c", ask, tmp_path], capture_output=True, text=True)
    found = "\ufffd" if content == b"\xff" else "none"
    told = f"demo is written for runtime 0.3 and this image has {found}; build it on a base image 0.3, or run makina-image upgrade\n"
    assert (done.returncode, done.stderr) == (78, told)
