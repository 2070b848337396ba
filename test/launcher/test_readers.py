"""Who reads a configuration file: what is restarted or signalled when it changes, and what goes with it."""
import fcntl
import os
import pathlib
import signal
import time
import types

import pytest
from volumes import generate, load, module

ENTRY = {"cmd": "run", "args": [], "env": {}, "env_from": {}, "working_dir": "/srv/app"}


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    load(pathlib.Path(generate(tmp_path_factory.mktemp("readers"))))
    return types.SimpleNamespace(
        **{name: module(name) for name in ("readers", "old_configs", "errors", "files")}
    )


@pytest.fixture
def watched(parts, tmp_path):
    """Asks who reads /etc/acme/x.conf (or other configs). Out: {watcher: {path: reaction}}."""
    project = types.SimpleNamespace(
        conf_dir=str(tmp_path / "demo"), configs=str(tmp_path / "demo/configs.json"), image_configs=str(tmp_path / "lib/configs.json")
    )
    (tmp_path / "demo/nginx").mkdir(parents=True)

    def ask(programs, configs=None, **data):
        data = {
            "configs": {"x": {"target": "/etc/acme/x.conf"}} if configs is None else configs,
            "programs": {name: None if program is None else {**ENTRY, **program} for name, program in programs.items()},
            "program_defaults": {"watches": []},
            "crons": {},
            "vhosts": {},
            "app": {},
            **data,
        }
        return parts.readers.watched_files(project, {"data": data, "data_root": "/vol/data"})

    ask.project = project
    return ask


def test_in_a_volume_what_salt_wrote_is_watched(watched):
    target = "/vol/data/data/x.conf"
    found = watched({"a": {"args": [target]}, "b": {}}, {"x.conf": {"target": target}})
    assert found["a"] == {f"{watched.project.conf_dir}/volumes/x.conf": "restart"} and found["b"] == {}
    # The program's own: what Salt writes reaches it only once.
    assert watched({"a": {"args": [target]}}, {"x.conf": {"target": target, "replace": False}})["a"] == {}


READS = {
    "its command": {"cmd": "redis /etc/acme/x.conf"},
    "an option": {"cmd": "redis --config=/etc/acme/x.conf"},
    "an argument": {"args": ["-c", "/etc/acme/x.conf"]},
    "a shell's argument": {"cmd": "sh -c", "args": ["read -r now </etc/acme/x.conf; exec run"]},
    "its environment": {"env": {"CONF": "file:/etc/acme/x.conf,/etc/other"}},
    "a value of data": {"env_from": {"CONF": "app:where:0"}},
    "its folder and a relative word": {"cmd": "run acme/x.conf", "working_dir": "/etc"},
    "its folder and a relative option": {"args": ["--conf=../acme/x.conf"], "working_dir": "/etc/other"},
    "another spelling": {"cmd": "run /etc//acme/./x.conf"},
    "words in quotes": {"cmd": "run '/etc/acme/x.conf'"},
}
OTHERS = {
    "nothing": {},
    "a longer name": {"cmd": "run /etc/acme/x.conf.d"},
    "another longer name": {"cmd": "run /etc/acme/x.conf2"},
    "a path below": {"cmd": "run /etc/acme/x.conf/y"},
    "a folder that is shared": {"cmd": "run /etc"},
    "a relative word elsewhere": {"cmd": "run acme/x.conf", "working_dir": "/srv"},
}


@pytest.mark.parametrize("told", READS.values(), ids=READS)
def test_a_program_that_is_told_of_the_file_is_restarted(watched, told):
    assert watched({"web": told}, app={"where": ["/etc/acme/x.conf"]})["web"] == {"/etc/acme/x.conf": "restart"}


@pytest.mark.parametrize("told", OTHERS.values(), ids=OTHERS)
def test_another_program_is_not(watched, told):
    assert watched({"web": told})["web"] == {}


def test_a_folder_counts_if_only_the_models_files_lie_in_it(watched, tmp_path):
    folder = tmp_path / "acme"
    (folder / "conf.d").mkdir(parents=True)
    configs = {name: {"target": f"{folder}/conf.d/{name}"} for name in "ab"}
    both = {f"{folder}/conf.d/{name}": "restart" for name in "ab"}
    programs = {
        "inner": {"cmd": f"run {folder}/conf.d"},
        "outer": {"env": {"A": f"{folder}/"}},
        "in": {"working_dir": f"{folder}/conf.d"},
        "all": {"args": [f"{folder}/conf.d/*"]},
        "one": {"cmd": f"run {folder}/conf.d/a"},
    }
    for name in "ab":
        (folder / "conf.d" / name).touch()
    found = watched(programs, configs)
    assert [found[name] for name in ("inner", "outer", "in", "all")] == [both] * 4
    assert found["one"] == {f"{folder}/conf.d/a": "restart"}
    (folder / "of-a-package").touch()
    found = watched(programs, configs)
    assert (found["inner"], found["outer"]) == (both, {})


def test_the_folder_of_the_project_counts_with_app_json(watched):
    folder = watched.project.conf_dir
    found = watched({"web": {"env": {"CONFIG": folder}}, "app": {"cmd": f"run {folder}/app.json"}}, {"x": {"source": "x"}})
    assert found["web"] == {f"{folder}/x": "restart", f"{folder}/app.json": "restart"}
    assert found["app"] == {f"{folder}/app.json": "restart"}


def test_what_the_field_names_counts_alone(watched):
    config = {"target": "/etc/acme/x.conf", "restarts": ["web", "nginx", "cron", "gone"]}
    programs = {"web": {}, "reader": {"cmd": "run /etc/acme/x.conf"}, "gone": None}
    found = watched(programs, {"x": config})
    assert found["web"] == {"/etc/acme/x.conf": "restart"}
    assert found["nginx"]["/etc/acme/x.conf"] == "HUP" and found["reader"] == {} and "gone" not in found
    found = watched(programs, {"x": {**config, "signal": "USR1"}})
    assert found["web"] == {"/etc/acme/x.conf": "USR1"} and found["nginx"]["/etc/acme/x.conf"] == "USR1"
    assert watched(programs, {"x": {**config, "restarts": []}})["web"] == {}


def test_a_signal_without_names_is_for_who_reads_it(watched):
    found = watched({"web": {"cmd": "run /etc/acme/x.conf"}}, {"x": {"target": "/etc/acme/x.conf", "signal": "HUP"}})
    assert found["web"] == {"/etc/acme/x.conf": "HUP"}


def test_files_of_own_steps(watched):
    found = watched({"web": {"watches": ["/etc/acme//own", "/etc/acme/x.conf"]}}, {"x": {"target": "/etc/acme/x.conf", "signal": "HUP", "restarts": ["web"]}})
    assert found["web"] == {"/etc/acme/own": "restart", "/etc/acme/x.conf": "restart"}


def test_a_program_with_a_signal_of_its_own_gets_that(watched):
    web = {"cmd": "run /etc/acme/x.conf", "watches": ["/etc/own"], "reload_signal": "HUP"}
    both = {"/etc/acme/x.conf": "HUP", "/etc/own": "HUP"}
    assert watched({"web": web})["web"] == both
    # The config's own says more.
    config = {"target": "/etc/acme/x.conf", "restarts": ["web"]}
    assert watched({"web": web}, {"x": config})["web"] == both
    assert watched({"web": web}, {"x": {**config, "signal": "USR1"}})["web"] == {**both, "/etc/acme/x.conf": "USR1"}
    # No signal changes an environment.
    env_from = {"A": "file:/run/secrets/a", "B": "secret:key"}
    found = watched({"web": {**web, "env_from": env_from}}, secrets={"key": {"length": 64, "format": "hex"}})
    assert found["web"] == {**both, "/run/secrets/a": "restart", "/vol/data/secrets/key": "restart"}
    folder = watched.project.conf_dir
    assert watched({"web": {**web, "args": [folder + "/app.json"]}})["web"] == {**both, f"{folder}/app.json": "HUP"}


def test_nginx_reads_its_certificates_and_what_its_configuration_names(watched):
    conf = f"{watched.project.conf_dir}/nginx/nginx.conf"
    pathlib.Path(conf).write_text("include /etc/acme/x.conf;\n")
    found = watched({}, vhosts={"www": {"ssl_certificate": "/data/c", "ssl_certificate_key": "/data/k"}, "gone": None})
    assert found["nginx"] == dict.fromkeys([conf, "/data/c", "/data/k", "/etc/acme/x.conf"], "HUP")


def test_a_name_that_nothing_has_is_refused(parts):
    names = ["web", "gone", "nginx", "cron", "nobody", "purge"]
    data = {"configs": {"x": {"restarts": names}, "y": None}, "programs": {"web": {}, "gone": None}, "crons": {"purge": {}}}
    of_a_cron = "; a cron reads its files anew in each run, so take it away"
    assert list(parts.readers.unknown_readers(data)) == [
        f"data.configs.x.restarts.3 names cron, which is not a program{of_a_cron}",
        "data.configs.x.restarts.4 names nobody, which is not a program",
        f"data.configs.x.restarts.5 names purge, which is not a program{of_a_cron}",
    ]
    assert not list(parts.readers.unknown_readers({**data, "configs": {"x": {"restarts": ["cron"]}}, "programs": {"cron": {}}}))


@pytest.fixture
def etc():
    """A folder that only root can write to, all the way up."""
    path = pathlib.Path("/etc") / f"makina-image-test-{os.getpid()}"
    path.mkdir()
    yield path
    for left in sorted(path.rglob("*"), reverse=True):
        left.rmdir() if left.is_dir() and not left.is_symlink() else left.unlink()
    path.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_config_that_is_taken_away_goes(parts, watched, etc):
    for name in "ab":
        (etc / name).touch()
    parts.old_configs.remove_old_configs(watched.project, [f"{etc}/a", f"{etc}/b"])
    parts.old_configs.remove_old_configs(watched.project, [f"{etc}/b"])
    assert [path.name for path in etc.iterdir()] == ["b"]
    (etc / "b").unlink()
    parts.old_configs.remove_old_configs(watched.project, [])
    assert parts.old_configs.known_configs(watched.project) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_config_of_the_build_goes_where_the_list_beside_it_is_lost(parts, watched, etc):
    for name in "ab":
        (etc / name).touch()
    parts.old_configs.remove_old_configs(watched.project, [f"{etc}/a", f"{etc}/b"], is_build=True)
    # A tmpfs there is empty at each start.
    pathlib.Path(watched.project.configs).unlink()
    for _ in range(2):
        parts.old_configs.remove_old_configs(watched.project, [f"{etc}/b"])
        assert [path.name for path in etc.iterdir()] == ["b"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("hostile", ["writable", "of another"])
def test_nothing_is_removed_where_others_can_write(parts, watched, etc, hostile):
    folder = etc / "deep"
    folder.mkdir()
    (folder / "a").touch()
    parts.old_configs.remove_old_configs(watched.project, [f"{folder}/a"])
    folder.chmod(0o777) if hostile == "writable" else os.chown(folder, 1, 1)
    with pytest.raises(parts.errors.LaunchError) as caught:
        parts.old_configs.remove_old_configs(watched.project, [])
    assert caught.value.code == 78 and f"others than root can write to {folder}" in str(caught.value)
    assert (folder / "a").exists()


def test_a_lease_of_a_file_holds_nothing_up(parts, tmp_path):
    leased = tmp_path / "leased"
    leased.write_text("one")
    lease = os.open(leased, os.O_RDWR)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(lease, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        start = time.monotonic()
        held = parts.files.state_of(leased)
        assert time.monotonic() - start < 5
        os.write(lease, b"another")
        assert parts.files.state_of(leased) != held
    finally:
        os.close(lease)
        signal.signal(signal.SIGIO, before)
    assert parts.files.state_of(leased) == parts.files.state_of(leased) != held
