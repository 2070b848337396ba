"""Variables of a project: what they stand for in an image that real Salt built, and what of an override is refused."""
import os
import pathlib

import pytest
from launched import Launched
from volumes import generate, load, module

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = [
    pytest.mark.skipif(not TAR, reason="needs root on Debian 12"),
    pytest.mark.xdist_group("variables"),
]
WORD = "a 'b' \"c\" {{ x }} $HOME \\n # é {nothing} {project_root}"
ANSWERS = {
    "demo": False,
    "variables": {"version": "2.10", "listen_host": "127.0.0.1", "port": "8000", "address": "{listen_host}:{port}", "word": WORD, "who": "{user}", "open": "{"},
    "programs": {
        "web": {
            "cmd": "python3 -m http.server {port} --bind {listen_host} --directory '{project_root}/app-{version}'",
            "env": {"WORD": "{word}", "JSON": '{"version": {version}}', "OTHER": "{versoin}", "GIVEN": "{later}", "PLAIN": "{open}version}"},
            "user": "{who}",
        },
    },
    "vhosts": {"example.com": {"locations": {"/": {"proxy_pass": "http://{address}/"}}}},
    "directories": {"{project_root}/app-{version}": {}},
    "downloads": {
        "readme": {
            "url": "file://{project_root}/app/{version}.txt",
            "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
            "target": "{project_root}/app-{version}/{version}.txt",
        },
    },
    "configs": {"c": {"source": "app/{word_file}.jinja"}},
}
ANSWERS["variables"]["word_file"] = "word"
FILES = {
    "project/app/2.10.txt": "x",
    "project/app/word.jinja": "{{ data.variables.version }} {{ data.programs.web.cmd }}",
    "pillar/init.sls": "makina-projects.demo: {data: {variables: {later: '0644'}}}\n",
}


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    venvs, base = (pathlib.Path(os.environ[name]) for name in ("MAKINA_VENVS", "MAKINA_BASE"))
    return Launched(tmp_path_factory.mktemp("variables"), TAR, venvs, base, "pinned", ANSWERS, FILES)


def test_they_are_in_every_place(launched):
    found = launched.run(r"""
Start()
program = json.loads(pathlib.Path("/etc/makina-projects/demo/circus/programs/web.json").read_text())
page = subprocess.run(["curl", "-sf", "--retry", "9", "--retry-all-errors", "-H", "Host: example.com", "http://127.0.0.1/2.10.txt"], stdout=subprocess.PIPE, text=True).stdout
told([program["cmd"], program["env"], program["user"], page, pathlib.Path("/etc/makina-projects/demo/c").read_text()])
""")
    folder = "/srv/projects/demo/project"
    command = f"python3 -m http.server 8000 --bind 127.0.0.1 --directory '{folder}/app-2.10'"
    word = WORD.replace("{project_root}", folder)
    env = {"WORD": word, "JSON": '{"version": 2.10}', "OTHER": "{versoin}", "GIVEN": "0644", "PLAIN": "{version}"}
    assert found == [command, env, "demo-user", "x", f"2.10 {command}"]


def test_an_override_changes_adds_and_takes_away(launched):
    found = launched.run(r"""
start = Start()
override({"variables": {"word": "new", "more": "{word}!", "later": None}, "programs": {"web": {"env": {"MORE": "{more}"}}}})
code = start.reconfigure()
program = json.loads(pathlib.Path("/etc/makina-projects/demo/circus/programs/web.json").read_text())
told([code, program["env"]])
""")
    assert found == [[0, ""], {"WORD": "new", "JSON": '{"version": 2.10}', "OTHER": "{versoin}", "GIVEN": "{later}", "PLAIN": "{version}", "MORE": "new!"}]


REFUSED = {
    "data.variables.version is used in downloads.readme.url, which is only read by a build; change it in the answers": {"variables": {"version": "3"}},
    "data.variables.user has the name of another setting; rename it": {"variables": {"user": "x"}},
    "data.variables.programs has the name of another setting; rename it": {"variables": {"programs": "x"}},
    "data.variables.fqdn has the name of another setting; rename it": {"variables": {"fqdn": "x"}},
    "data.variables.a is made of itself; give it a value of its own": {"variables": {"a": "{b}", "b": "{c}", "c": "{a}"}},
    "data.programs.web.working_dir has the unknown {vresion}; known are {version}": {"programs": {"web": {"working_dir": "/{vresion}"}}},
    "data.vhosts.example.com.locations./.proxy_pass has the unknown {adress}; known are {address}": {
        "vhosts": {"example.com": {"locations": {"/": {"proxy_pass": "http://{adress}"}}}}
    },
    "data.variables.a must be text; put it in quotes": {"variables": {"a": ["x"]}},
    "data.variables has more than 100 names; use fewer": {"variables": {f"v{n}": f"{{v{n + 1}}}" for n in range(3000)}},
    "the name of data.variables.A must be 1 to 64 lower-case letters": {"variables": {"A": "x"}},
    "data.variables.b comes to more than 4096 characters; make it shorter": {"variables": {"a": "x" * 3000, "b": "{a}{a}"}},
    # What a variable makes of a field has its form.
    "data.programs.web.user must be the name of a Unix account": {"variables": {"who": "no one"}},
    "data.programs.web.working_dir must be an absolute path": {"variables": {"to": "../.."}, "programs": {"web": {"working_dir": "/{to}"}}},
    "data.vhosts.example.com.locations./.proxy_pass must be an http or https URL": {"variables": {"address": "a;}"}},
}


def test_what_is_refused_leaves_everything_as_it_was(launched):
    found = launched.run(rf"""
start = Start()
files = ["/etc/makina-projects/demo/circus/programs/web.json", "/etc/makina-projects/demo/nginx/nginx.conf", "/etc/makina-projects/demo/override.sls"]
before = [pathlib.Path(path).read_bytes() for path in files]
codes = []
for data in {list(REFUSED.values())!r}:
    override(data)
    codes.append(start.reconfigure())
same = before == [pathlib.Path(path).read_bytes() for path in files]
told([codes, same])
""")
    codes, same = found
    for sentence, (code, text) in zip(REFUSED, codes):
        assert (code, text.count("\n")) == (78, 1) and sentence in text, (sentence, text)
    assert same


def test_doubling_variables_end_at_once(tmp_path_factory):
    load(generate(tmp_path_factory.mktemp("project")))
    references = module("references")
    given = {"v0": "x" * 100, **{f"v{n}": f"{{v{n - 1}}}{{v{n - 1}}}" for n in range(1, 60)}}
    data = {"variables": given, "app": {"a": "{v59}"}}
    wrong = list(references.wrong_variables(data, ()))
    assert len(wrong) == 1 and wrong[0] == "data.variables.v6 comes to more than 4096 characters; make it shorter"
    assert references.with_variables({"data": data})["data"]["app"] == {"a": "{v59}"}
