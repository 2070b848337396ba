"""The settings that count in the end: what is refused once every pillar is merged."""
import copy
import os
import pathlib
import types

import pytest
from volumes import GROUP, USER, generate, load, module, sample as sample_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
APP = {"password": "x", "list": ["a", {"b": 1}], "dict": {"c": True}, "none": None}


@pytest.fixture(scope="session")
def check(tmp_path_factory):
    """Checks the demo's settings with changes to its program, a cron, and more. Out: the sentence, None if they can be used."""
    package = pathlib.Path(generate(tmp_path_factory.mktemp("settings")))
    load(package)
    settings, errors = (module(name) for name in ("check", "errors"))
    sample = sample_of(package)
    for kind in ("program", "cron", "config"):
        sample[kind + "_defaults"].update(user=USER, group=GROUP)
    sample["seed_defaults"].update(owner=USER, group=GROUP)
    project = types.SimpleNamespace(name="demo")

    def check(program=None, cron=None, **changes):
        data = copy.deepcopy(sample)
        data["app"] = APP
        data["programs"]["web"].update(program or {})
        data["crons"]["tick"] = {"schedule": "@daily", "cmd": "true", **(cron or {})}
        data.update(changes)
        try:
            settings.check_data(project, data)
        except errors.LaunchError as error:
            assert error.code == 78 and "\n" not in str(error)
            return str(error)

    return check


@pytest.mark.parametrize("path", ["app:password", "app:list:0", "app:list:1:b", "app:dict:c", "programs:web:cmd"])
def test_a_path_to_a_single_value(check, path):
    assert check({"env_from": {"A": path}}) is None
    assert check(cron={"env_from": {"A": path}}) is None


@pytest.mark.parametrize("path", ["app", "app:nowhere", "app:list", "app:list:2", "app:list:x", "app:none", "app:dict:c:d", "app:password:0"])
def test_a_path_to_anything_else(check, path):
    sentence = "the settings of demo cannot be used: data.{0}.env_from.A does not lead to a single value in `data`; correct it"
    assert check({"env_from": {"A": path}}).startswith(sentence.format("programs.web"))
    assert check(cron={"env_from": {"A": path}}).startswith(sentence.format("crons.tick"))


PROGRAMS = {
    "two of what runs once": ({"oneshot": True, "numprocesses": 2}, "numprocesses must be 1"),
    "too many ports": ({"port": 65535, "numprocesses": 2}, "numprocesses is more than there are ports"),
    "an unknown user": ({"user": "nobody-here"}, "user names a user that the image does not have"),
    "an unknown limit": ({"rlimits": {"files": 1}}, "rlimits.files must be one of as, core"),
    "a limit below none": ({"rlimits": {"core": -2}}, "rlimits.core must be a whole number from -1"),
    "a relative log file": ({"log_file": "x"}, "log_file must be an absolute path"),
}
CRONS = {
    "a range that goes down": ({"schedule": "0 5-1 * * *"}, "schedule has a range that goes down"),
    "four fields": ({"schedule": "* * * *"}, "schedule must be the five fields"),
    "more than fields": ({"schedule": "* * * * *\nx"}, "schedule must be the five fields"),
    "no schedule": ({"schedule": None}, "schedule"),
    "an unknown group": ({"group": "nobody-here"}, "group names a group that the image does not have"),
}


@pytest.mark.parametrize("changes, told", PROGRAMS.values(), ids=PROGRAMS)
def test_programs(check, changes, told):
    assert "data.programs.web." + told in check(changes)


@pytest.mark.parametrize("changes, told", CRONS.values(), ids=CRONS)
def test_crons(check, changes, told):
    assert "data.crons.tick." + told in check(cron=changes)


def test_whom_the_image_does_not_know(check):
    for kind, key in (("configs", "user"), ("configs", "group"), ("seeds", "owner"), ("seeds", "group")):
        entry = {"source": "x", "target": "data/x" if kind == "seeds" else "/etc/x", key: "nobody-here"}
        told = f"data.{kind}.a.{key} names a {'user' if key == 'owner' else key} that the image does not have"
        assert told in check(**{kind: {"a": entry}})
        assert check(**{kind: {"a": None}}) is None


def test_what_does_not_fit_the_schema_is_told_first(check):
    assert "port must be a whole number" in check({"port": "x"})
    assert "schedule must be text" in check(cron={"schedule": 5})


def test_what_nginx_would_send_twice(check):
    vhosts = {"localhost": {"add_header": {"X-A": "a", "x-a": "b"}}}
    assert "data.vhosts.localhost.add_header.x-a is the same header as X-A" in check(vhosts=vhosts)


def test_what_is_taken_away_is_no_matter(check):
    assert check({"log_file": None, "port": None, "healthcheck": None}, crons={"tick": None}) is None
