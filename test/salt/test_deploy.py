"""mc_project.deploy and its companions: steps, files, results, exit codes, module links."""
import json
import os

import pytest

ONLY = {"only": "install"}
NEEDED = ("pillar/init.sls", "project/.salt/fixperms.sls", "project/.salt/PILLAR.sample")
FAILING = "bad-id:\n  cmd.run:\n    - name: 'echo s3cret; exit 1'\n"


def deployed(host, good=True, **kwargs):
    """Deploy demo, check the result, return the words that its states traced."""
    ret = host.deploy(**kwargs)
    assert ret["result"] is good, ret["comment"]
    return host.traced()


# ---- discovery and links ----


@pytest.mark.parametrize("needed", NEEDED)
def test_an_incomplete_project_is_no_project(host, needed):
    folder = host.project(**{"100_a": host.trace("a")})
    (folder / needed).unlink()
    assert host.call("mc_project.list_projects") == []
    ret = host.deploy(**ONLY)
    assert ret["result"] is False and needed in ret["comment"]
    assert not (host.msr / "salt/makina-projects/demo").exists()
    assert host.traced() == []


def test_every_salt_call_links_the_projects(host):
    folder = host.project()
    host.call("test.ping")
    assert os.readlink(host.msr / "salt/makina-projects/demo") == f"{folder}/project/.salt"
    assert os.readlink(host.msr / "pillar/makina-projects/demo") == f"{folder}/pillar"


def test_changed_and_dangling_links_are_put_right(host):
    folder = host.project()
    links = host.msr / "salt/makina-projects"
    links.mkdir(parents=True)
    (links / "demo").symlink_to("/elsewhere")
    (links / "gone").symlink_to(host.root / "projects/gone/project/.salt")
    host.call("test.ping")
    assert os.listdir(links) == ["demo"]
    assert os.readlink(links / "demo") == f"{folder}/project/.salt"


def test_project_files_are_below_the_file_root(host):
    folder = host.project(**{"100_a": f"{host.root}/out:\n  file.managed:\n    - source: salt://makina-projects/demo/files/x\n"})
    host.write(folder / "project/.salt/files/x", "content")
    deployed(host, **ONLY)
    assert (host.root / "out").read_text() == "content"


def test_the_host_wide_roots_come_last(host):
    host.write("salt/common.sls", host.trace("common"))
    host.project(**{"100_a": "include: [common]\n"})
    assert deployed(host, **ONLY) == ["common"]


# ---- which files run ----


def test_install_runs_in_string_order(host):
    words = ("100_dump", "200_second", "20_third")
    host.project(**{word: host.trace(word) for word in words})
    assert deployed(host, **ONLY) == ["100_dump", "200_second", "20_third"]


def test_special_files_tasks_and_folders_are_not_installed(host):
    names = ("archive", "rollback", "notify", "task_x", "include/configs", "disabled/999_x", "100_a")
    host.project(**{name: host.trace(name.split("/")[-1]) for name in names})
    assert deployed(host, **ONLY) == ["100_a"]


@pytest.mark.parametrize("steps", ["200_b", "200_b.sls", ["200_b"], "200_b,200_b.sls"])
def test_only_steps(host, steps):
    host.project(**{name: host.trace(name) for name in ("100_a", "200_b", "300_c")})
    assert deployed(host, only="install", only_steps=steps) == ["200_b"]


def test_only_steps_run_in_the_order_of_install(host):
    host.project(**{name: host.trace(name) for name in ("100_a", "200_b", "300_c")})
    assert deployed(host, only="install", only_steps="300_c,100_a") == ["100_a", "300_c"]


@pytest.mark.parametrize("steps", ["nope", "100_a,nope", "fixperms", "task_x"])
def test_an_unknown_step_is_an_error(host, steps):
    host.project(**{name: host.trace(name) for name in ("100_a", "task_x")})
    ret = host.deploy(only="install", only_steps=steps)
    assert ret["result"] is False
    assert f"unknown sls: {steps.split(',')[-1]}" in ret["comment"]
    assert host.traced() == []


def test_an_unknown_name_in_only_is_an_error(host):
    host.project(**{"100_a": host.trace("a")})
    ret = host.deploy(only="instal")
    assert ret["result"] is False and "instal" in ret["comment"]
    assert host.traced() == []


def test_a_project_without_install_files_fails(host):
    host.project()
    assert host.deploy(**ONLY)["result"] is False


# ---- steps ----

ALL = ("archive", "rollback", "notify", "100_a")


def test_only_leaves_every_other_step_out(host):
    host.project(**{name: host.trace(name) for name in ALL})
    assert deployed(host, only="install") == ["100_a"]
    assert deployed(host, only="install,fixperms") == ["100_a", "fixperms"]
    assert deployed(host, only=["fixperms"]) == ["fixperms"]
    assert deployed(host, only="install,notify,sync_modules") == ["100_a", "notify"]


def test_a_plain_deploy_runs_the_steps_in_order(host):
    host.project(**{name: host.trace(name) for name in ALL})
    assert deployed(host) == ["archive", "100_a", "fixperms"]
    assert deployed(host, skip_archive=True, skip_fixperms=True, skip_notify=False) == ["100_a", "notify"]
    assert deployed(host, skip_deploy=True) == []


def test_a_plain_deploy_deletes_nothing_and_leaves_git_alone(host):
    folder = host.project(**{"100_a": host.trace("a")})
    host.write(folder / "project/code.txt", "mine")
    host.write(folder / "data/file", "data")
    for name in "12345":
        host.write(folder / f"archives/{name}/project/x", "archive")
    before = {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    deployed(host)
    assert {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()} == before
    assert not list(folder.rglob(".git"))


def test_a_configuration_read_before_does_not_make_deploy_ignore_only(host):
    host.project(**{name: host.trace(name) for name in ALL})
    host.results(("mc_project.get_configuration", "demo"), ("mc_project.deploy", "demo", ONLY))
    assert host.traced() == ["100_a"]


def test_the_first_failing_file_stops_install_and_fixperms_still_runs(host):
    host.project(**{"100_a": host.trace("a"), "200_b": FAILING, "300_c": host.trace("c")})
    assert deployed(host, good=False, only="install,fixperms") == ["a", "fixperms"]


@pytest.mark.parametrize("step", ["fixperms", "notify"])
def test_a_failing_fixperms_or_notify_fails_the_deployment(host, step):
    host.project(**{"100_a": host.trace("a"), step: FAILING})
    ret = host.deploy(only="install," + step)
    assert ret["result"] is False and f"Running {step} for demo failed" in ret["comment"]


def test_no_rollback_in_dev(host):
    host.project(rollback=host.trace("rollback"), **{"100_a": FAILING})
    assert deployed(host, good=False) == ["fixperms"]


def test_rollback_outside_dev_only_in_a_full_deployment(host):
    host.project(rollback=host.trace("rollback"), pillar={"default_env": "prod"}, **{"100_a": FAILING})
    assert deployed(host, good=False) == ["rollback", "fixperms"]
    assert deployed(host, good=False, only="install,fixperms") == ["fixperms"]


# ---- one file ----

SHOW = "{% set cfg = opts.ms_project %}\nROOT/NAME:\n  file.managed:\n    - contents: {{ (VALUE) | json }}\n"


def show(host, value, name="out"):
    return SHOW.replace("ROOT", str(host.root)).replace("NAME", name).replace("VALUE", value)


def test_ms_project_in_files_templates_and_modules(host):
    template = f"{host.root}/t:\n  file.managed:\n    - source: salt://makina-projects/demo/files/t\n    - template: jinja\n"
    folder = host.project(
        data={"a": "{name}"},
        **{"100_a": show(host, "cfg.data.a ~ opts['ms_project']['user'] ~ opts.ms_project_name"), "200_b": template},
    )
    host.write(
        folder / "project/.salt/files/t",
        "{{ opts.ms_project.data.a }} {{ salt['mc_project.get_configuration']('demo').data.b }} {{ salt['demo_mod.name']() }}",
    )
    host.write(folder / "project/.salt/_modules/mod.py", "def name():\n    return __opts__['ms_project']['name']\n")
    deployed(host, only="install", b="argument")
    assert (host.root / "out").read_text().strip() == "demodemo-userdemo"
    assert (host.root / "t").read_text() == "demo argument demo"


def test_each_file_is_a_run_of_its_own(host):
    same = "same:\n  cmd.run:\n    - name: echo demo {} >> %s/trace\n" % host.root
    host.project(**{"100_a": same.format("one"), "200_b": same.format("two")})
    assert deployed(host, **ONLY) == ["one", "two"]


def test_requisites_do_not_cross_files_unless_included(host):
    wants = "after:\n  cmd.run:\n    - name: echo demo after >> %s/trace\n    - require:\n      - cmd: trace-a\n" % host.root
    host.project(**{"100_a": host.trace("a"), "200_b": wants})
    assert deployed(host, good=False, **ONLY) == ["a"]
    host.project(**{"100_a": host.trace("a"), "200_b": "include: [makina-projects.demo.100_a]\n" + wants})
    assert deployed(host, **ONLY) == ["a", "a", "after"]


def test_the_sample_is_the_default_pillar_of_the_states(host):
    sample = {"makina-projects.x": {"data": {}}, "service": {"a": "sample", "b": "sample"}}
    folder = host.project(sample=sample, **{"100_a": show(host, "pillar.service.a ~ pillar.service.b")})
    host.write(folder / "pillar/init.sls", {"service": {"b": "pillar"}})
    deployed(host, **ONLY)
    assert (host.root / "out").read_text().strip() == "samplepillar"


def test_a_pillar_written_by_the_same_process_is_seen(host):
    folder = host.project(data={"a": "before"}, **{"100_a": show(host, "cfg.data.a ~ pillar['makina-projects.demo'].data.a")})
    change = 'makina-projects.demo: {"data": {"a": "after"}}'
    host.results(("file.write", f"{folder}/pillar/init.sls", change), ("mc_project.deploy", "demo", ONLY))
    assert (host.root / "out").read_text().strip() == "afterafter"


@pytest.mark.parametrize(
    "text, told",
    [
        (FAILING, "cmd.run bad-id"),
        ("{{ nothing.at.all }}", "nothing"),
        ("a: [", "Rendering SLS"),
        ("x:\n  no_such.state: []\n", "no_such"),
        ("x:\n  cmd.run:\n    - require: [{cmd: missing-id}]\n", "missing-id"),
        ("x:\n  test.fail_without_changes:\n    - name: told\n", "x (told)"),
        ("include: [nowhere]\n", "nowhere"),
    ],
)
def test_a_failure_is_named(host, text, told):
    host.project(**{"100_a": text})
    ret = host.deploy(**ONLY)
    assert ret["result"] is False
    assert "Running 100_a for demo failed" in ret["comment"] and told in ret["comment"]
    assert ret["comment"].rstrip().endswith("failed for demo")


def test_a_state_that_would_change_is_no_success(host):
    host.project(**{"100_a": "x:\n  test.configurable_test_state:\n    - changes: True\n    - result: None\n"})
    host.set_option("test", True)
    assert host.deploy(**ONLY)["result"] is False


def test_a_file_without_states_is_a_success(host):
    host.project(**{"100_a": "{# nothing #}\n"})
    ret = host.deploy(**ONLY)
    assert ret["result"] is True and "100_a: no states" in ret["comment"]


def test_the_comment_holds_no_contents(host):
    broken = "a: s3cret\n\tb: [s3cret\n"
    diff = f"{host.root}/f:\n  file.managed:\n    - contents: s3cret\n"
    host.project(data={"password": "s3cret"}, **{"100_a": diff, "200_b": FAILING})
    ret = host.deploy(**ONLY)
    assert "cmd.run bad-id: exit status 1" in ret["comment"] and "s3cret" not in json.dumps(ret)
    host.project(data={"password": "s3cret"}, **{"100_a": diff, "200_b": broken})
    ret = host.deploy(**ONLY)
    assert ret["result"] is False and "s3cret" not in json.dumps(ret)


def test_the_shape_of_the_result(host):
    host.project(**{"100_a": host.trace("a")})
    ret = host.deploy(**ONLY)
    assert set(ret) == {"name", "result", "changes", "comment", "files", "failed"}
    assert (ret["name"], ret["changes"]) == ("demo", {})
    assert "Execution step: install" in ret["comment"]
    assert ret["comment"].rstrip().endswith("finished successfully for demo")
    assert "\x1b" not in ret["comment"]


def test_a_broken_pillar_stops_every_project(host):
    folder = host.project("other")
    host.write(folder / "pillar/init.sls", "{% if %} s3cret")
    host.project(**{"100_a": host.trace("a")})
    ret = host.deploy(**ONLY)
    assert ret["result"] is False and "Pillar failed to render" in ret["comment"]
    assert "makina-projects.other" in ret["comment"] and "s3cret" not in ret["comment"]
    assert host.traced() == []


# ---- companions ----


def test_fixperms(host):
    host.project()
    assert host.call("mc_project.fixperms", "demo")["result"] is True
    assert host.traced() == ["fixperms"]
    host.project(fixperms=FAILING)
    assert host.call("mc_project.fixperms", "demo")["result"] is False


def test_run_task(host):
    host.project(**{"100_a": host.trace("a"), "task_x": show(host, "cfg.data.key")})
    assert host.call("mc_project.run_task", "demo", "task_x", key="value")["result"] is True
    assert (host.root / "out").read_text().strip() == "value"
    for name in ("task_y", "100_a", "fixperms"):
        assert host.call("mc_project.run_task", "demo", name)["result"] is False
    assert host.traced() == []


MODULE = "def where():\n    return '{}'\n"


def test_modules_get_two_names(host):
    folder = host.project(**{"100_a": show(host, "salt['demo_mod.where']() ~ salt['mod.where']()")})
    host.write(folder / "project/.salt/_modules/mod.py", MODULE.format("demo"))
    deployed(host, **ONLY)
    assert (host.root / "out").read_text().strip() == "demodemo"
    assert host.call("demo_mod.where") == "demo"


def test_the_module_that_was_linked_last_has_the_short_name(host):
    for name in ("demo", "other"):
        folder = host.project(name)
        host.write(folder / "project/.salt/_modules/mod.py", MODULE.format(name))
        assert host.call("mc_project.sync_modules", name)["result"] is True
    assert [host.call(f"{name}.where") for name in ("demo_mod", "other_mod", "mod")] == ["demo", "other", "other"]


def test_dangling_module_links_are_removed(host):
    host.project()
    folder = host.msr / "salt/_modules"
    folder.mkdir(parents=True)
    (folder / "gone_mod.py").symlink_to("/gone/mod.py")
    ret = host.call("mc_project.sync_modules", "demo")
    assert ret["result"] is True and "gone_mod.py" in ret["comment"]
    assert os.listdir(folder) == []


def test_a_module_that_is_no_link_is_not_overwritten(host):
    folder = host.project()
    host.write(folder / "project/.salt/_modules/mod.py", MODULE.format("demo"))
    mine = host.write("makina-states/salt/_modules/mod.py", MODULE.format("image"))
    assert host.call("mc_project.sync_modules", "demo")["result"] is False
    assert mine.read_text() == MODULE.format("image")


def test_states_are_linked_too(host):
    state = "def ok(name):\n    return {'name': name, 'result': True, 'changes': {}, 'comment': ''}\n"
    folder = host.project(**{"100_a": "x:\n  demo_mine.ok: []\n"})
    host.write(folder / "project/.salt/_states/mine.py", state)
    deployed(host, **ONLY)


# ---- the real salt-call: exit codes ----


def test_exit_codes(host):
    host.project(**{"100_a": show(host, "cfg.data.typed is number")})
    passing = ("--retcode-passthrough", "mc_project.deploy")
    good = host.salt_call(*passing, "demo", "only=install,fixperms", "typed=1")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["local"]["result"] is True
    assert (host.root / "out").read_text().strip() == "True"  # arguments are typed as YAML is
    host.project(**{"100_a": FAILING})
    failed = host.salt_call(*passing, "demo", "only=install")
    assert failed.returncode == 3 and json.loads(failed.stdout)["local"]["result"] is False
    assert host.salt_call("mc_project.deploy", "demo", "only=install").returncode == 1
    assert host.salt_call(*passing, "unknown", "only=install").returncode == 3
    assert host.salt_call("--retcode-passthrough", "mc_project.get_configuration", "unknown").returncode == 1
    assert host.salt_call("--retcode-passthrough", "mc_project.nope").returncode == 255


def test_a_broken_project_pillar_exits_3_and_the_configuration_0(host):
    folder = host.project(**{"100_a": host.trace("a")})
    host.write(folder / "pillar/init.sls", "a: [")
    assert host.salt_call("--retcode-passthrough", "mc_project.deploy", "demo", "only=install").returncode == 3
    assert host.salt_call("--retcode-passthrough", "mc_project.get_configuration", "demo").returncode == 0


def test_only_the_documented_functions_are_offered(host):
    functions = {name for name in host.call("sys.list_functions", "mc_project")}
    assert functions == {
        f"mc_project.{name}"
        for name in (
            "deploy fixperms get_configuration link link_projects list_projects run_task sync_modules"
        ).split()
    }
