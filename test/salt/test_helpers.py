"""The helpers of makina-states that projects call: mc_utils, mc_locations, mc_usergroup, mc_proxy, reset-perms.py."""
import json
import os
import stat
import subprocess
import sys

import pytest
import yaml

TREE = {"b": [1, {"c": "é \"'{}\n"}], "a": None, "n": 1.5, "t": True}


def values(host, *calls):
    results = host.results(*calls)
    assert not [result for result in results if "error" in result], results
    return [result["value"] for result in results]


def test_json_and_yaml(host):
    line, pretty = values(host, ("mc_utils.json_dump", {"data": TREE}), ("mc_utils.json_dump", {"data": TREE, "pretty": True}))
    assert line == json.dumps(TREE) and json.loads(pretty) == TREE and pretty.count("\n") > 5
    # makina-states writes line breaks of JSON in its own way.
    loaded, marked = values(host, ("mc_utils.json_load", line), ("mc_utils.json_load", pretty.replace("\n", " ---ANTLISLASH_N--- ")))
    assert loaded == marked == TREE
    flat, lines, flow = values(
        host,
        ("mc_utils.yaml_dump", {"data": TREE}),
        ("mc_utils.yaml_dump", {"data": TREE, "nonewline": False}),
        ("mc_utils.yaml_dump", {"data": {"a": [1]}, "flow": True}),
    )
    assert yaml.safe_load(lines) == TREE and "\n" not in flat and flow == "{a: [1]} "


def test_in_a_sample_an_sls_and_a_template(host):
    sample = """makina-projects.projectname:
  data:
{% set repos = {"one": {"url": "https://x.example/a.git"}} %}
    repos: |
           {{salt['mc_utils.json_dump'](repos)}}
    password: {{salt['mc_utils.generate_stored_password']('demo-admin')}}
    port: 8000
    address: "{host}:{port}"
    host: 127.0.0.1
"""
    sls = """{% set cfg = opts.ms_project %}
{% set data = cfg.data %}
{% set scfg = salt['mc_utils.json_dump'](cfg) %}
{% set locs = salt['mc_locations.settings']() %}
{{cfg.name}}-before:
  mc_proxy.hook:
    - watch_in:
      - mc_proxy: {{cfg.name}}-after
{% for name, repo in salt['mc_utils.json_load'](data.repos).items() %}
{{name}}:
  file.managed:
    - name: {{locs.projects_dir}}/{{cfg.name}}/data/{{name}}
    - contents: {{salt['mc_utils.format_resolve']('{host}/{url}', data, url=repo.url)}} {{data.password}}
    - watch:
      - mc_proxy: {{cfg.name}}-before
    - watch_in:
      - mc_proxy: {{cfg.name}}-after
{% endfor %}
{{cfg.name}}-file:
  file.managed:
    - name: {{cfg.data_root}}/cfg
    - source: salt://makina-projects/{{cfg.name}}/files/cfg
    - template: jinja
    - defaults:
        data: |
              {{scfg}}
{{cfg.name}}-after:
  mc_proxy.hook: []
{{cfg.name}}-changed:
  cmd.wait:
    - name: echo changed >> {{cfg.data_root}}/changes
    - watch:
      - mc_proxy: {{cfg.name}}-after
"""
    project = host.project(sample=sample, **{"100_it": sls})
    host.write(
        "projects/demo/project/.salt/files/cfg",
        "{% set cfg = salt['mc_utils.json_load'](data) %}{{cfg.name}} {{cfg.data.address}} {{salt['mc_utils.is_a_str'](cfg.name)}}\n",
    )
    first, second = host.deploy(), host.deploy()
    assert first["result"] and second["result"], first["comment"]
    words = (project / "data/one").read_text().split()
    assert words[0] == "127.0.0.1/https://x.example/a.git" and len(words[1]) == 16
    assert host.data()["password"] == words[1]
    assert (project / "data/cfg").read_text() == "demo 127.0.0.1:8000 True\n"
    # A watcher runs only if something changed.
    assert (project / "data/changes").read_text() == "changed\n"


def test_what_is_unknown_is_named(host):
    host.project(**{"100_it": '{% import "makina-states/services/http/nginx/init.sls" as nginx %}\n'})
    assert "makina-states/services/http/nginx/init.sls" in host.deploy()["comment"]
    host.project(**{"100_it": "{% set x = salt['mc_redis.settings']() %}\n"})
    assert "mc_redis.settings" in host.deploy()["comment"]


def test_stored_passwords(host):
    call = "mc_utils.generate_stored_password"
    one, again, two, forced, given = values(
        host, (call, "one"), (call, "one"), (call, "two", 24), (call, "one", {"force": True}), (call, "three", {"value": "mine"})
    )
    assert one == again != forced and len(one) == 16 and one.isalnum()
    assert (len(two), given) == (24, "mine")
    path = host.msr / "etc/makina-states/local_passwords.json"
    assert json.loads(path.read_text()) == {"one": forced, "two": two, "three": "mine"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.stat().st_mtime_ns
    assert host.call(call, "two") == two and path.stat().st_mtime_ns == before
    path.write_text("{")
    (broken,) = host.results((call, "one"))
    assert broken["error"] == "CommandExecutionError" and path.read_text() == "{"


def test_references_merging_and_kinds(host):
    nested = {"a": ["{b}", "{e}", "{x}"], "b": 1, "c": "{d}-{b}", "d": "{b}", "e": {"f": "{c}"}, "g": '{"json": 1}'}
    resolved, one, unique, updated, text, digest = values(
        host,
        ("mc_utils.format_resolve", {"value": nested}),
        ("mc_utils.format_resolve", "{a}/{b}", {"original_dict": {"a": "x"}, "b": "y"}),
        ("mc_utils.uniquify", [3, 1, 3, 2, 1]),
        ("mc_utils.dictupdate", {"dict1": {"a": {"b": 1}, "l": [1]}, "dict2": {"a": {"c": 2}, "l": [2]}}),
        ("mc_utils.magicstring", "é"),
        ("mc_utils.hash", "x"),
    )
    assert resolved == {"a": ["1", {"f": "1-1"}, "{x}"], "b": 1, "c": "1-1", "d": "1", "e": {"f": "1-1"}, "g": '{"json": 1}'}
    assert (one, unique, text) == ("x/y", [3, 1, 2], "é")
    assert updated == {"a": {"b": 1, "c": 2}, "l": [2]}
    assert digest == "9dd4e461268c8034f5c8564e155c67a6"
    kinds = {"str": "x", "bool": True, "number": 1.5, "list": [], "dict": {"a": 1}}
    for kind, value in kinds.items():
        calls = [(f"mc_utils.is_a_{other}", {"value": value}) for other in kinds]
        assert [other for other, found in zip(kinds, values(host, *calls)) if found] == (["bool", "number"] if kind == "bool" else [kind])


def test_locations_and_the_editors_group(host):
    locations, group, apache = values(host, ("mc_locations.settings",), ("mc_usergroup.settings",), ("mc_apache.settings",))
    expected = {
        "msr": str(host.msr),
        "ms": str(host.msr),
        "prefix": str(host.root),
        "projects_dir": f"{host.root}/projects",
        "apps_dir": f"{host.root}/apps",
        "venv": f"{host.msr}/venv",
        "resetperms": f"{host.msr}/_scripts/reset-perms.py",
        "conf_dir": "/etc",
        "users_home_dir": "/home/users",
        "rvm": "/usr/local/rvm/bin/rvm",
    }
    assert {key: locations[key] for key in expected} == expected
    assert group == {"group": "editor", "groupId": "65753"}
    assert apache == {"httpd_user": "www-data"}


@pytest.fixture
def reset(host):
    script = host.msr / "_scripts/reset-perms.py"

    def run(*words):
        return subprocess.run([sys.executable, script, *map(str, words)], capture_output=True, text=True, timeout=60)

    return run


def modes(folder):
    return {str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode)) for path in sorted(folder.rglob("*"))}


def test_reset_perms(reset, tmp_path):
    tree = tmp_path / "tree"
    (tree / "lib/deep").mkdir(parents=True)
    for name in ("one", "lib/two", "lib/deep/three"):
        (tree / name).write_text("")
    secret = tmp_path / "secret"
    secret.mkdir(mode=0o700)
    (tree / "link").symlink_to(secret)
    os.mkfifo(tree / "pipe", 0o600)
    owner = ("--user", os.getuid(), "--group", os.getgid())
    done = reset("-q", "--no-acls", *owner, "--dmode", "2750", "--fmode", "0640", "--users", "www-data:r-x", "--excludes=lib/deep", "--paths", tree)
    assert (done.returncode, done.stderr) == (0, "")
    link = oct(stat.S_IMODE((tree / "link").lstat().st_mode))
    assert modes(tree) == {
        "lib": "0o2750",
        "lib/deep": oct(0o777 & ~UMASK),
        "lib/deep/three": oct(0o666 & ~UMASK),
        "lib/two": "0o640",
        "link": link,
        "one": "0o640",
        "pipe": oct(0o600 & ~UMASK),
    }
    assert stat.S_IMODE(secret.stat().st_mode) == 0o700
    before = modes(tree)
    assert reset("-o", *owner, "--paths", tree).returncode == 0
    assert reset("--no-recursive", *owner, "--dmode", "0755", "--paths", tree, "--paths", tmp_path / "none").returncode == 0
    assert modes(tree) == before and stat.S_IMODE(tree.stat().st_mode) == 0o755
    unknown = reset("--user", "no-such-user", "--paths", tree)
    assert unknown.returncode == 1 and "no-such-user" in unknown.stderr


UMASK = os.umask(0)
os.umask(UMASK)
