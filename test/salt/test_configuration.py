"""mc_project.get_configuration: keys, PILLAR.sample, the order of the settings, and what must not leak."""
import json

import pytest


def test_names_and_paths(host):
    host.project(data={"root": "{project_root}", "who": "{user}:{group}"})
    cfg = host.cfg()
    base = f"{host.root}/projects/demo"
    expected = {
        "name": "demo",
        "user": "demo-user",
        "group": "demo-grp",
        "groups": ["demo-grp"],
        "projects_dir": f"{host.root}/projects",
        "project_dir": base,
        "project_root": f"{base}/project",
        "salt_root": f"{base}/project/.salt",
        "pillar_root": f"{base}/pillar",
        "data_root": f"{base}/data",
        "archives_root": f"{base}/archives",
        "git_root": f"{base}/git",
        "project_git_root": f"{base}/git/project.git",
        "pillar_git_root": f"{base}/git/pillar.git",
        "wired_salt_root": f"{host.msr}/salt/makina-projects/demo",
        "wired_pillar_root": f"{host.msr}/pillar/makina-projects/demo",
        "current_archive_dir": f"{base}/archives/{cfg['chrono']}",
        "default_env": "dev",
        "remote_less": True,
        "api_version": "2",
        "installer": "generic",
        "keep_archives": 3,
        "no_user": False,
        "no_default_includes": False,
        "raw_console_return": False,
        "only": None,
        "only_steps": None,
        "rollback": False,
        "data": {"root": f"{base}/project", "who": "demo-user:demo-grp"},
    }
    assert {key: cfg[key] for key in expected} == expected
    assert cfg["minion_id"] == "makina-image" and cfg["fqdn"]
    skips = {key for key, value in cfg.items() if key.startswith("skip_") and value}
    assert skips == {"skip_notify"}


@pytest.mark.parametrize("name", ["with-dash", "with_line", "9lives", "Upper"])
def test_names_that_work(host, name):
    host.project(name, data={"n": "{name}"})
    assert host.data(name) == {"n": name}


def test_a_dot_in_a_folder_name_harms_no_project(host):
    host.project(data={"a": 1})
    host.project("two.dots")
    assert host.call("mc_project.list_projects") == ["demo"]
    assert host.data() == {"a": 1}
    (result,) = host.results(("mc_project.get_configuration", "two.dots"))
    assert result["error"] == "CommandExecutionError"


@pytest.mark.parametrize(
    "key", ["makina-projects.projectname", "makina-projects.demo", "makina-projects.x.y", "makina-states.anything"]
)
def test_the_rest_of_a_sample_key_does_not_matter(host, key):
    host.project(sample={key: {"data": {"a": 1}}})
    assert host.data() == {"a": 1}


def test_several_blocks_of_a_sample_are_merged(host):
    host.project(sample={"makina-projects.x": {"data": {"a": {"b": 1}}}, "makina-projects.y": {"data": {"a": {"c": 2}}}})
    assert host.data() == {"a": {"b": 1, "c": 2}}


def test_other_sample_keys_are_no_configuration(host):
    host.project(sample={"makina-states.a.b": {"data": {"x": 1}}, "other": {"data": {"y": 1}}})
    cfg = host.cfg()
    assert cfg["data"] == {}
    assert cfg["sls_default_pillar"]["other"] == {"data": {"y": 1}}


def test_sample_is_a_template_with_salt_grains_and_opts(host):
    sample = """
makina-projects.projectname:
  data:
    pong: {{ salt['test.ping']() }}
    id: {{ grains['id'] }}
    client: {{ opts['file_client'] }}
{% for n in (1, 2) %}
    n{{ n }}: {{ n }}
{% endfor %}
"""
    host.project(sample=sample)
    assert host.data() == {"pong": True, "id": "makina-image", "client": "local", "n1": 1, "n2": 2}


@pytest.mark.parametrize("sample", ["{{ nothing.at.all }}", "{% if %}", "a: [", "- a list"])
def test_a_broken_sample_is_named(host, sample):
    host.project(sample="SECRET: s3cret\n" + sample if sample[0] != "-" else sample)
    (result,) = host.results(("mc_project.get_configuration", "demo"))
    assert result["error"] == "CommandExecutionError"
    assert "PILLAR.sample" in result["message"] and "s3cret" not in result["message"]
    deployed = host.deploy(only="install")
    assert deployed["result"] is False and "PILLAR.sample" in deployed["comment"]


def test_pillar_beats_sample_dicts_merge_lists_are_replaced(host):
    host.project(
        data={"s": "low", "d": {"x": 1, "y": {"z": 1}}, "l": [1, 2], "keep": "k", "was": {"a": 1}},
        pillar={"data": {"s": "high", "d": {"y": {"w": 2}}, "l": [3], "was": "text"}},
    )
    assert host.data() == {"s": "high", "d": {"x": 1, "y": {"z": 1, "w": 2}}, "l": [3], "keep": "k", "was": "text"}


def test_custom_is_below_the_projects_own_pillar(host):
    """The order of an image: PILLAR.sample < custom.sls < built-in pillar < runtime override."""
    folder = host.project(data={k: "sample" for k in "abcd"} | {"l": [1]})
    block = "makina-projects.demo"
    custom = host.write("salt/custom.sls", {block: {"data": {k: "custom" for k in "bcd"} | {"l": [2], "m": {"x": 1}}}})
    (host.root / "pillar/makina_image_custom.sls").symlink_to(custom)
    host.write(folder / "pillar/builtin.sls", {block: {"data": {"c": "builtin", "d": "builtin", "m": {"y": 2}}}})
    override = {"include": ["makina_image_custom", "makina-projects.demo.builtin"], block: {"data": {"d": "override", "l": [3]}}}
    host.write(folder / "pillar/init.sls", override)
    expected = {"a": "sample", "b": "custom", "c": "builtin", "d": "override", "l": [3], "m": {"x": 1, "y": 2}}
    assert host.data() == expected


def test_env_defaults_beat_the_pillar(host):
    sample = {"makina-projects.projectname": {"data": {"p": 1}, "env_defaults": {"dev": {"p": 2}, "prod": {"p": 3}}}}
    host.project(sample=sample, pillar={"data": {"p": 4}})
    assert host.data() == {"p": 2}
    assert host.data(default_env="prod") == {"p": 3}


def test_env_defaults_of_the_pillar_beat_those_of_the_sample(host):
    sample = {"makina-projects.projectname": {"data": {"p": 1}, "env_defaults": {"dev": {"p": 2, "q": 2}}}}
    host.project(sample=sample, pillar={"env_defaults": {"dev": {"p": 5}}})
    assert host.data() == {"p": 5, "q": 2}


def test_os_defaults_of_the_pillar_change_cfg_those_of_the_sample_nothing(host):
    sample = {"makina-projects.projectname": {"data": {"p": 1}, "os_defaults": {"Debian": {"keep_archives": 9}}}}
    pillar = {"os_defaults": {"Debian": {"no_user": True, "data": {"p": 2}}, "RedHat": {"data": {"p": 3}}}}
    host.project(sample=sample, pillar=pillar)
    cfg = host.cfg()
    assert (cfg["keep_archives"], cfg["no_user"], cfg["data"]) == (3, True, {"p": 2})


def test_arguments_beat_everything(host):
    sample = {"makina-projects.projectname": {"data": {"p": 1}, "env_defaults": {"dev": {"p": 2}}}}
    host.project(sample=sample, pillar={"data": {"p": 3}, "keep_archives": 4})
    cfg = host.cfg(p=9, new="n {p}", keep_archives=5)
    assert cfg["data"] == {"p": 9, "new": "n 9"}
    assert cfg["keep_archives"] == 5


def test_append_and_override_suffixes_are_plain_keys(host):
    host.project(data={"l": [1]}, pillar={"data": {"l-append": [2], "l-overrides": [3]}})
    assert host.data() == {"l": [1], "l-append": [2], "l-overrides": [3]}


def test_cfg_keys_can_be_set_by_the_pillar_and_the_sample(host):
    sample = {"makina-projects.projectname": {"data": {}, "group": "git", "keep_archives": 1}}
    pillar = {"user": "me", "data_root": "/mnt/{name}", "keep_archives": 2}
    host.project(sample=sample, pillar=pillar)
    cfg = host.cfg()
    assert (cfg["user"], cfg["group"], cfg["groups"]) == ("me", "git", ["git"])
    assert (cfg["data_root"], cfg["keep_archives"]) == ("/mnt/demo", 2)


def test_groups_of_the_pillar(host):
    host.project(pillar={"groups": ["one", "two"]})
    cfg = host.cfg()
    assert (cfg["group"], cfg["groups"]) == ("one", ["one", "two"])


def test_dotted_pillar_keys(host):
    folder = host.project(data={"a": 0, "b": 0, "c": 0})
    pillar = {
        "makina-projects.demo.data": {"a": 1},
        "makina-projects.demo.data.b": 1,
        "makina-projects.projectname": {"data": {"c": 1}},
    }
    host.write(folder / "pillar/init.sls", pillar)
    assert host.data() == {"a": 1, "b": 0, "c": 0}


def test_the_old_prefix_is_below_the_new_one(host):
    folder = host.project()
    pillar = {"makina-states.demo": {"data": {"a": 1, "b": 1}}, "makina-projects.demo": {"data": {"b": 2}}}
    host.write(folder / "pillar/init.sls", pillar)
    assert host.data() == {"a": 1, "b": 2}


def test_a_null_in_the_pillar_is_a_value(host):
    host.project(data={"a": 1, "b": 2}, pillar={"data": {"a": None}})
    assert host.data() == {"a": None, "b": 2}


def test_minion_options_beat_the_pillar_which_beats_grains(host):
    host.project(data={"a": 0})
    host.set_option("grains", {"makina-projects.demo": {"data": {"a": "grain"}}})
    assert host.data() == {"a": "grain"}
    host.project(data={"a": 0}, pillar={"data": {"a": "pillar"}})
    assert host.data() == {"a": "pillar"}
    host.set_option("makina-projects.demo", {"data": {"a": "option"}})
    assert host.data() == {"a": "option"}


def test_a_data_key_never_changes_cfg(host):
    host.project()
    plain = host.cfg()
    taken = {key: "hijacked" for key in plain}
    host.project(pillar={"data": taken})
    cfg = host.cfg()
    assert cfg["data"] == taken
    changing = ("data", "chrono", "current_archive_dir")
    assert {k: v for k, v in cfg.items() if k not in changing} == {k: v for k, v in plain.items() if k not in changing}


@pytest.mark.parametrize(
    "minion_id, pillar, expected",
    [
        ("box", {}, "dev"),
        ("box-prod-1", {}, "prod"),
        ("staging.example", {}, "staging"),
        ("prod", {"default_env": "staging"}, "staging"),
        ("prod", {"default_env": "staging", "demo.default_env": "dev"}, "dev"),
        ("box", {"demo.default_env": "dev", "makina-projects.demo.default_env": "prod"}, "prod"),
        ("box", {"default_env": "dev", "makina-projects.demo": {"default_env": "prod"}}, "prod"),
    ],
)
def test_default_env(host, minion_id, pillar, expected):
    folder = host.project()
    host.set_option("id", minion_id)
    host.write(folder / "pillar/init.sls", pillar)
    assert host.cfg()["default_env"] == expected


def test_interpolation_in_a_project(host):
    host.project(
        data={
            "domain": "x.org",
            "url": "http://{domain}/{path}",
            "path": "{name}/{port}",
            "port": 8080,
            "text_port": "{port}",
            "hosts": ["{domain}", "www.{domain}"],
            "same": "{hosts}",
            "json": '{"a": 1}',
            "unknown": "{nothing} {x y}",
            "name": "not {user}",
            "{domain}": 1,
        }
    )
    data = host.data()
    assert data["url"] == "http://x.org/not demo-user/8080"  # data's name wins over cfg's
    assert (data["port"], data["text_port"]) == (8080, "8080")
    assert data["same"] == data["hosts"] == ["x.org", "www.x.org"]
    assert (data["json"], data["unknown"], data["{domain}"]) == ('{"a": 1}', "{nothing} {x y}", 1)


def test_cfg_and_default_pillar_are_interpolated(host):
    sample = {"makina-projects.x": {"data": {"d": "v"}}, "makina-states.some.service": "{name} {d}"}
    host.project(sample=sample, pillar={"data_root": "/mnt/{d}"})
    cfg = host.cfg()
    assert cfg["data_root"] == "/mnt/v"
    assert cfg["sls_default_pillar"]["makina-states.some.service"] == "demo v"


HOSTILE = (
    "a 'b' \"c\"", "{{ x }}", "{% raw %}", "{# x #}", "a # b", "a: b", "two\nlines\n", " spaces ", "é ü ß", "日本 🎉",
    "- x", "yes", "1e3", "\\n $HOME %s `id`", "!!python/object", "&a *a", "\t", "",
)  # fmt: skip


def test_hostile_values_survive_the_pillar(host):
    folder = host.project()
    data = {"values": list(HOSTILE), **{f"v{i}": value for i, value in enumerate(HOSTILE)}}
    text = "#!yaml\n" + json.dumps({"makina-projects.demo": {"data": data}}, ensure_ascii=False)
    host.write(folder / "pillar/init.sls", text)
    assert host.data() == data


def test_the_configuration_is_read_anew_each_time(host):
    folder = host.project(data={"a": 1})
    change = 'makina-projects.demo: {"data": {"a": 2}}'
    results = host.results(
        ("mc_project.get_configuration", "demo"),
        ("file.write", f"{folder}/pillar/init.sls", change),
        ("mc_project.get_configuration", "demo"),
        ("mc_project.get_configuration", "demo", {"a": 3}),
        ("mc_project.get_configuration", "demo"),
    )
    assert [r["value"]["data"]["a"] for r in results if "data" in r["value"]] == [1, 2, 3, 2]


def test_a_pillar_may_ask_for_a_configuration(host):
    folder = host.project(data={"a": 1})
    text = "makina-projects.demo: {data: {copied: \"{{ salt['mc_project.get_configuration']('demo').data.a }}\"}}\n"
    host.write(folder / "pillar/init.sls", text)
    assert host.data() == {"a": 1, "copied": "1"}


def test_a_broken_pillar_leaves_the_configuration_readable(host):
    folder = host.project(data={"a": 1})
    host.write(folder / "pillar/init.sls", "a: [")
    assert host.data() == {"a": 1}
