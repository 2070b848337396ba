"""Programs and crons that the model refuses: the launcher says the same of the override and the pillars (test/tables/commands.json)."""
import json
import pathlib

import pytest
from volumes import generate, load, module

TABLE = json.loads(pathlib.Path(__file__).parent.parent.joinpath("tables/commands.json").read_text())
NGINX = {"localhost": {"listen": 80, "ssl_listen": 443}}


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    load(generate(tmp_path_factory.mktemp("program-checks")))
    return {name: module(name) for name in ("program_checks", "schedule_checks", "socket_checks")}


@pytest.mark.parametrize("line, told", TABLE["lines"].items())
def test_a_command_line_that_no_shell_reads(parts, line, told):
    check = parts["program_checks"].check_command
    for key in ("cmd", "healthcheck"):
        assert list(check("data.programs.a", {key: line})) == ([f"data.programs.a.{key} {told}"] if told else [])


@pytest.mark.parametrize("schedule, told", TABLE["schedules"].items())
def test_a_schedule_that_never_does_as_it_says(parts, schedule, told):
    assert parts["schedule_checks"].odd_schedule(schedule) == told


@pytest.mark.parametrize("programs, told", TABLE["programs"])
def test_what_does_not_fit_together_within_a_program(parts, programs, told):
    defaults = {"numprocesses": 1, "oneshot": False, "max_age": 0, "stop_signal": "TERM"}
    whole = {name: {**defaults, **entry} for name, entry in programs.items()}
    assert list(parts["program_checks"].check_programs(whole)) == ([f"data.programs.{told}"] if told else [])


@pytest.mark.parametrize("programs, told", TABLE["ports"])
def test_ports_that_meet(parts, programs, told):
    defaults = {"numprocesses": 1, "autostart": True, "oneshot": False}
    whole = {name: {**defaults, **entry} for name, entry in programs.items()}
    assert list(parts["program_checks"].check_ports(whole, NGINX, None)) == ([f"data.programs.{told}"] if told else [])


@pytest.mark.parametrize("metrics, programs, told", TABLE["metrics"])
def test_the_port_of_the_metrics(parts, metrics, programs, told):
    defaults = {"numprocesses": 1, "autostart": True, "oneshot": False}
    whole = {name: {**defaults, **entry} for name, entry in programs.items()}
    assert list(parts["program_checks"].check_ports(whole, NGINX, metrics)) == ([f"data.{told}"] if told else [])


@pytest.mark.parametrize("programs, told", TABLE["waits"])
def test_a_program_that_waits_for_the_container_itself(parts, programs, told):
    defaults = {"numprocesses": 1, "autostart": True, "oneshot": False, "essential": True, "priority": 100, "wait_for": []}
    whole = {name: {**defaults, **entry} for name, entry in programs.items()}
    assert list(parts["program_checks"].check_waits(whole, NGINX)) == ([f"data.programs.{told}"] if told else [])


@pytest.mark.parametrize("programs, told", TABLE["sockets"])
def test_sockets(parts, programs, told):
    whole = {name: {"numprocesses": 1, "user": "demo-user", **entry} for name, entry in programs.items()}
    assert list(parts["socket_checks"].check_sockets(whole)) == ([f"data.programs.{told}"] if told else [])


def test_what_the_kernel_does_not_start(parts):
    check = parts["program_checks"].check_command
    (sentence,) = check("data.crons.a", {"cmd": "x", "args": ["y", "z" * 131072]})
    assert sentence.startswith("data.crons.a.args.1 is longer than the 131071 bytes")
    assert not list(check("data.crons.a", {"cmd": "x", "env": {"A": "z" * 131069}}))
