"""Whatever the model accepts comes out as it went in: hostile samples (test/salt/chain) through the whole real chain.

CHAIN_CASES entries, in batches of 500: answers file, generator, PILLAR.sample, Salt, templates, circus's and nginx's own readers,
and what each program really gets. CHAIN_SEED repeats a run, CHAIN_ONLY=NAME one entry of it.
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess

import crossplane
import pytest
from chain_expected import Client, argv, directive, environment, in_any_order, interpolated, servers, upstream
from conftest import BASE, VENVS, override_text
from image import Failed, Image, generate, install_base

TAR = os.environ.get("MAKINA_ROOT")
pytestmark = pytest.mark.skipif(not TAR, reason="needs root and Python 3.11 of Debian 12")

CASES = int(os.environ.get("CHAIN_CASES", 2000))
SEED = int(os.environ.get("CHAIN_SEED", random.randrange(10**6)))
SAMPLES = pathlib.Path(__file__).parent.parent.parent / ".cache/salt/samples.cjs"
HERE = pathlib.Path(__file__).parent / "chain"
CONFIGURATION = "/etc/makina-projects/demo"
SALT_ROOT = "/srv/projects/demo/project/.salt"
PYTHON = "/srv/apps/circus/venv/bin/python"
EXEC_PROGRAM = SALT_ROOT + "/runtime/bin/exec_program.py"
# Accounts whose names are no text in YAML 1.1.
ACCOUNTS = ("no", "on", "null")
SALT_CALL = ("--local", "--retcode-passthrough", "--log-level", "error")
CRON = {"crons": {"tick": {"schedule": "@daily", "cmd": "true"}}}


# Groups of their own, so that both processes have something to do.
SALTS = [pytest.param(salt, marks=pytest.mark.xdist_group("chain-" + salt)) for salt in ("pinned", "3004")]


@pytest.fixture(scope="session", params=SALTS)
def image(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain-" + request.param)
    image = Image(folder / "root", TAR, [VENVS / request.param, BASE, HERE])
    install_base(image, BASE, VENVS / request.param)
    image.build(generate(folder, {"demo": False, **CRON}))
    for name in ACCOUNTS:
        image.run("useradd", "--system", "--user-group", name)
    (image.root / "usr/local/sbin/nginx").write_text(NGINX)
    (image.root / "usr/local/sbin/nginx").chmod(0o755)
    return image, folder, 500 if request.param == "3004" else CASES


def test_whatever_the_model_accepts_comes_out_as_it_went_in(image):
    image, folder, cases = image
    print("CHAIN_SEED=%d" % SEED)
    only = [os.environ["CHAIN_ONLY"]] if "CHAIN_ONLY" in os.environ else []
    subprocess.run(["node", SAMPLES, str(SEED), str(cases), folder / "samples", *only], check=True)
    (image.root / "etc/ssl/chain").mkdir()
    for name in ("cert.pem", "key.pem"):
        shutil.copy(folder / "samples" / name, image.root / "etc/ssl/chain")
    for batch in range(len(list((folder / "samples").glob("answers-*.json")))):
        check_batch(image, folder / "samples", batch)


# What Unicode and YAML 1.1 know as line ends, marks and no characters at all.
ODD_TEXTS = ["a\x7fb", "\x80\x9f", "x \u2028 y \x85 z\u2029", "\ufeffx", "\ufffe\uffff", "\u00a0 x \u00a0", " x ", "\tx\n", "\n", "", "{{ x }}", "{% x", "{#", "{name}", "{no", "$x", "'\"", "# x", "\\n"]


def test_an_override_brings_the_same_and_configs_get_their_context_as_it_is(image):
    image, folder, _ = image
    samples = folder / "override"
    subprocess.run(["node", SAMPLES, str(SEED), "100", samples], check=True)
    (image.root / "etc/ssl/chain").mkdir(exist_ok=True)
    for name in ("cert.pem", "key.pem"):
        shutil.copy(samples / name, image.root / "etc/ssl/chain")
    shutil.copy(folder / "demo/project/.salt/PILLAR.sample", image.root / SALT_ROOT.lstrip("/"))
    answers, wanted = (json.loads((samples / (kind + "-0.json")).read_text()) for kind in ("answers", "image"))
    data = {kind: answers[kind] for kind in ("app", "programs", "crons", "vhosts", "upstreams", "trusted_proxies", "maps", "geos") if kind in answers}
    data["crons"]["tick"] = None
    # An exponent in an override is refused: readers of YAML differ about it.
    data["app"]["large"] = wanted["app"]["large"] = 1.5
    texts = ODD_TEXTS + wanted["app"]["values"]
    data["configs"] = {"c%d" % number: {"source": "app/text.conf", "context": {"text": text}} for number, text in enumerate(texts)}
    (image.root / "srv/projects/demo/project/app/text.conf").write_text("<{{ text }}>")
    override = image.root / "srv/projects/demo/data/configuration/pillar.sls"
    override.write_text(override_text(data))
    override.chmod(0o640)
    try:
        reconfigure(image)
        for number, text in enumerate(interpolated(texts)):
            written = (image.root / (CONFIGURATION + "/c%d" % number).lstrip("/")).read_bytes().decode()
            same("configs.c%d" % number, "<%s>" % text, written.rstrip("\n"))
        check(image, wanted)
    finally:
        override.unlink()


def test_a_pillar_is_looked_at_as_salt_renders_it(image):
    image, _, _ = image
    pillar = image.root / "srv/projects/demo/pillar/builtin.sls"
    before = pillar.read_text()
    told = "is a value that YAML readers read or print differently"

    def sentence():
        return image.run("/srv/makina-states/bin/salt-call", *SALT_CALL, "demo_mc_launcher.reconfigure", "demo", check=False).stderr

    try:
        pillar.write_text("makina-projects.demo:\n  data:\n    app:\n      zip_1: {{ '0' ~ 644 }}\n")
        assert "pillar/init.sls:4:14: data.app.zip_1 " + told in sentence()
        pillar.write_text("{% import_yaml 'makina-projects/demo/more.yaml' as more %}\nmakina-projects.demo:\n  data:\n    app:\n      zip: {{ more.zip }}\n")
        (pillar.parent / "more.yaml").write_text("zip: '0644'\n")
        assert "pillar/init.sls:5:12: data.app.zip " + told in sentence()
        pillar.write_text("makina-projects.demo:\n  data:\n    app:\n      zip: '{{ '0' ~ 644 }}'\n")
        assert image.salt_call("demo_mc_launcher.reconfigure", "demo") is True
        assert json.loads((image.root / (CONFIGURATION + "/app.json").lstrip("/")).read_text())["zip"] == "0644"
    finally:
        pillar.write_text(before)


# nginx refuses the second size if and only if it stands in the block of the first one.
AROUND = "events {}\nhttp {\nserver {\nclient_max_body_size 1m;\n%s\nclient_max_body_size 2m;\n}\n}\n"


@pytest.mark.parametrize("image", SALTS[:1], indirect=True)
def test_a_snippet_that_the_model_accepts_stays_in_its_block(image):
    image, folder, _ = image
    subprocess.run(["node", SAMPLES, str(SEED), "200", folder / "snippets"], check=True)
    snippets = json.loads((folder / "snippets/snippets.json").read_text())
    (image.root / "tmp/snippets").mkdir()
    for number, snippet in enumerate(snippets):
        (image.root / ("tmp/snippets/%d.conf" % number)).write_bytes((AROUND % snippet).encode())
    # What nginx quotes of a snippet may have line breaks.
    loop = "cd /tmp/snippets; for file in *; do echo \"$file $(/usr/sbin/nginx -t -c $PWD/$file 2>&1 | tr '\\r\\n' '  ')\"; done"
    told = dict(line.split(".conf ", 1) for line in image.run("sh", "-c", loop).stdout.split("\n") if ".conf " in line)
    passed = ['"client_max_body_size" directive is duplicate' in told[str(number)] for number in range(len(snippets))]
    for number, snippet in enumerate(snippets):
        last = 5 + snippet.count("\n")
        where = re.findall(r" in /tmp/snippets/%d\.conf:([0-9]+) " % number, told[str(number)])
        assert passed[number] or (where and 5 <= int(where[-1]) <= last), (SEED, snippet, told[str(number)])
    assert passed.count(True) > len(snippets) / 3


def check_batch(image, samples, batch):
    wanted = json.loads((samples / ("image-%d.json" % batch)).read_text())
    project = samples / str(batch)
    project.mkdir()
    generate(project, json.loads((samples / ("answers-%d.json" % batch)).read_text()))
    shutil.copy(project / "demo/project/.salt/PILLAR.sample", image.root / SALT_ROOT.lstrip("/"))
    shutil.rmtree(project)
    reconfigure(image)
    check(image, wanted, batch)


def reconfigure(image):
    try:
        assert image.salt_call("demo_mc_launcher.reconfigure", "demo") is True
    except Failed as error:
        pytest.fail("CHAIN_SEED=%d: %s\n%s" % (SEED, error, refused_by_nginx(image, str(error))), pytrace=False)


def check(image, wanted, batch=0):
    """Holds what came out against the whole image that went in."""
    expected = interpolated(wanted)
    data = image.salt_call("mc_project.get_configuration", "demo")["data"]
    same("app", expected["app"], data["app"])
    found = json.loads(image.run(PYTHON, HERE / "probe.py", CONFIGURATION + "/circus/circusd.ini", BASE / "runtime/runner", EXEC_PROGRAM, CONFIGURATION + "/circus/crons").stdout)
    ran = {kind: sum("argv" in given for given in found[kind].values()) for kind in ("programs", "healthchecks", "crons")}
    print("batch %d, looked at while they ran: %r" % (batch, ran))
    for name, entry in expected["programs"].items():
        check_program(image, name, entry, expected, found)
    for name, entry in expected["crons"].items():
        check_command(image, "crons", name, entry, expected, found)
    check_crons(expected["crons"], found["declared"])
    check_nginx(image, expected)


# Keeps what nginx is asked to test, which Salt throws away.
NGINX = '#!/bin/sh\nfor file; do :; done\ncp "$file" /tmp/tested.conf\nexec /usr/sbin/nginx "$@"\n'


def refused_by_nginx(image, error):
    """The line that nginx does not take, and the names of its server."""
    place = re.search(r"\[emerg\].* in /tmp/\S*:(\d+)", error)
    if not place:
        return ""
    lines = (image.root / "tmp/tested.conf").read_text().split("\n")[: int(place[1])]
    names = [line.strip() for line in lines if line.strip().startswith(("server_name", "location", "upstream"))]
    return "\n".join([*names[-2:], lines[-1]])


def same(what, wanted, found):
    """Fails with the entry, the field that differs, and how to run that entry alone."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in {**wanted, **found}:
            same("%s.%s" % (what, key), wanted.get(key), found.get(key))
    elif wanted != found:
        entry = what.split(".")[1] if "." in what else what
        pytest.fail("CHAIN_SEED=%d CHAIN_ONLY=%s: %s\n went in: %r\ncame out: %r" % (SEED, entry, what, wanted, found), pytrace=False)


def value_at(data, path):
    for key in path.split(":"):
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data if isinstance(data, str) else json.dumps(data)


def is_file(source):
    return source.startswith(("file:", "optional-file:"))


def of_file(image, source):
    """What a file of env_from holds, None if it is not there."""
    path = image.root / source.partition(":")[2].lstrip("/")
    return path.read_text().rstrip("\n") if path.exists() else None


def check_command(image, kind, name, entry, expected, found):
    """The file that exec_program.py reads, and what the command gets from it."""
    what = "%s.%s" % (kind, name)
    written = json.loads((image.root / (CONFIGURATION + "/circus/" + kind).lstrip("/") / (name + ".json")).read_text())
    files = {key: source for key, source in entry["env_from"].items() if is_file(source)}
    env = {**{key: value_at(expected, path) for key, path in entry["env_from"].items() if key not in files}, **entry["env"]}
    files = {key: source for key, source in files.items() if key not in entry["env"]}
    same(what, {"port": None, "env_files": files, "secrets": {}, "log_file": None, "healthcheck": None, "copy_env": False, "socket": None, "umask": umask(entry), "log_format": "plain", **{key: entry[key] for key in written if key in entry}, "env": env, "data_root": "/srv/projects/demo/data"}, written)
    given = found[kind].get(name)
    if given:
        same(what + ".status", None, given.get("status"))
        check_given(image, what, entry, expected, given, argv(entry["cmd"], entry["args"], wid(entry), entry.get("port")), wid(entry), found)


def umask(entry):
    return entry.get("umask", "0007" if "socket" in entry else "0027")


def wid(entry):
    return max(1, entry.get("numprocesses", 1))


def check_given(image, what, entry, expected, given, words, number, found):
    passwd = dict((line.split(":")[0], line.split(":")) for line in (image.root / "etc/passwd").read_text().splitlines())
    groups = dict((line.split(":")[0], int(line.split(":")[2])) for line in (image.root / "etc/group").read_text().splitlines())
    account = passwd[entry["user"]]
    wanted = {
        "argv": words,
        "env": environment(entry, lambda source: of_file(image, source) if is_file(source) else value_at(expected, source), account[5], found["container"], number),
        "cwd": os.path.normpath(entry["working_dir"]),
        "umask": int(umask(entry), 8),
        "rlimits": {key: [str(entry["rlimits"].get(key, usual)) for usual in values] for key, values in given["rlimits"].items()},
        "owner": [int(account[2]), groups[entry["group"]]],
    }
    same(what, wanted, given)


def check_program(image, name, entry, expected, found):
    check_command(image, "programs", name, entry, expected, found)
    if name in found["healthchecks"]:
        words = argv(entry["healthcheck"], [], 1, entry.get("port"))
        check_given(image, "programs.%s.healthcheck" % name, entry, expected, found["healthchecks"][name], words, 1, found)
    watcher = found["watchers"][name]
    what = "programs.%s" % name
    same(what + ".words", [PYTHON, "-I", "-S", EXEC_PROGRAM, "%s/circus/programs/%s.json" % (CONFIGURATION, name), str(wid(entry))], watcher["words"])
    same(what + ".env", True, watcher["env"])
    plain = {key: entry[key] for key in ("numprocesses", "priority", "graceful_timeout", "autostart", "warmup_delay", "stop_children")}
    for reader in ("runner", "stock"):
        same(what, plain, {key: watcher[reader].get(key) for key in plain})
        same(what + ".essential", entry["essential"], watcher[reader]["essential"] in (True, "True"))
    same(what + ".stop_signal", getattr(signal, "SIG" + entry["stop_signal"]), watcher["runner"]["stop_signal"])
    same(what + ".max_age", entry["max_age"], watcher["runner"].get("max_age", 0))
    same(what + ".max_retry", entry.get("max_retry"), watcher["runner"].get("max_retry"))
    waits = {key: entry[key] for key in ("wait_for", "wait_timeout")} if entry["wait_for"] else {}
    same(what + ".wait_for", waits, {key: watcher["runner"][key] for key in ("wait_for", "wait_timeout") if key in watcher["runner"]})
    same(what + ".oneshot", entry["oneshot"], bool(watcher["runner"].get("oneshot")))


def check_crons(crons, found):
    command = f"{PYTHON} -I -S {EXEC_PROGRAM} {CONFIGURATION}/circus/crons/%s.json"
    for name, entry in crons.items():
        ending = {"stop_signal": getattr(signal, "SIG" + entry["stop_signal"]), "graceful_timeout": entry["graceful_timeout"]}
        same("crons." + name, {"schedule": entry["schedule"], "cmd": command % name, **ending}, found[name])
    assert found.keys() == crons.keys()


def check_nginx(image, expected):
    configuration = CONFIGURATION + "/nginx/nginx.conf"
    image.run("nginx", "-t", "-q", "-c", configuration)
    (http,) = [block for name, _, block in parsed(image.root / configuration.lstrip("/")) if name == "http"]
    written = [as_written(image, block) for block in http]
    scratch = image.root / "tmp/raw.conf"

    def raw(text):
        scratch.write_text(text)
        return parsed(scratch)

    upstreams = iter([block for block in written if block[0] == "upstream"])
    for name, settings in sorted(expected["upstreams"].items()):
        same_block("upstreams." + name, upstream(name, settings, expected["programs"]), next(upstreams))
    blocks = iter([block for block in written if block[0] == "server" and not is_catch_all(block)])
    maps = [block for block in written if block[0] == "map"]
    client = Client(expected["trusted_proxies"])
    trusted = [args[0] for name, args, _ in written if name == "set_real_ip_from"]
    geos = [sorted(name for name, _, _ in block) for name, args, block in written if name == "geo" and args[-1] == "$mc_trusted"]
    same("trusted_proxies", (client.trusted, [sorted(["default", *client.trusted])] if client.trusted else []), (trusted, geos))
    for name, settings in expected.get("maps", {}).items():
        special = ("include", "hostnames", "volatile")
        lines = [directive("\\" + key if key in special else key, value) for key, value in settings["values"].items()]
        same_block("maps." + name, directive("map", settings["string"], "$" + name, block=in_any_order(lines)), next(block for block in maps if block[1][-1] == "$" + name))
    for name, settings in expected.get("geos", {}).items():
        lines = [directive(*line) for line in settings["values"].items()]
        address = [settings["address"]] if "address" in settings else []
        found = next(block for block in written if block[0] == "geo" and block[1][-1] == "$" + name)
        same_block("geos." + name, directive("geo", *address, "$" + name, block=in_any_order(lines)), found)
    raw_http = "".join(vhost.get("raw_http", "") for vhost in expected["vhosts"].values())
    for name, vhost in sorted(expected["vhosts"].items(), key=lambda item: item[0].lower()):
        for block in servers(name, vhost, lambda path: path.startswith("/etc/ssl/chain/"), raw, raw_http, backends(maps, expected["upstreams"]), client):
            same_block("vhosts." + name, block, next(blocks))
        for block in raw(vhost.get("raw_http", "")):
            assert block in maps, (name, block)
    assert next(blocks, None) is None


def backends(maps, upstreams):
    """What stands in the place of a name: the variable of its own map, None for an address or an upstream."""
    found = {dict((name, words) for name, words, _ in block)["default"][0]: args[1] for _, args, block in maps if args[1].startswith("$mc_backend_")}
    for name in found:
        assert name not in (*upstreams, "localhost") and re.search("[A-Za-z_-]", name)
    return found.get


def parsed(path):
    """An nginx configuration as crossplane reads it: (directive, arguments, directives inside or None)."""
    payload = crossplane.parse(str(path), single=True, strict=False, check_ctx=False, check_args=False)
    assert not payload["errors"], payload["errors"]
    return [as_tuple(item) for item in payload["config"][0]["parsed"]]


def as_tuple(item):
    block = tuple(map(as_tuple, item["block"])) if "block" in item else None
    return unescaped(item["directive"]), tuple(map(unescaped, item["args"])), block


def unescaped(word):
    """crossplane leaves what nginx takes backslashes from."""
    return re.sub(r"\\([\"'\\trn])", lambda found: {"t": "\t", "r": "\r", "n": "\n"}.get(found[1], found[1]), word)


def as_written(image, item):
    """With what the files say in the place of our files' names."""
    name, args, block = item
    if name == "auth_basic_user_file":
        args = (users(image.root / args[0].lstrip("/")),)
    if name.startswith("ssl_certificate") and args[0].startswith(CONFIGURATION):
        args = ((image.root / args[0].lstrip("/")).read_text(),)
    if block is not None:
        block = tuple(as_written(image, inner) for inner in block)
        block = block if name == "upstream" else in_any_order(block)
    return name, args, block


def users(path):
    """As nginx reads them: a comment starts with #, a password ends at a colon."""
    lines = [line.split(":") for line in path.read_bytes().decode().split("\n") if line and not line.startswith("#")]
    return tuple(sorted((line[0], line[1]) for line in lines))


def is_catch_all(block):
    return any(name == "ssl_reject_handshake" or (name, args) == ("return", ("444",)) for name, args, _ in block[2])


def same_block(what, wanted, found):
    """As same, of two blocks: the first directive that only one of them has."""
    if wanted == found:
        return
    lacks = [item for item in wanted[2] if item not in found[2]]
    other = [item for item in found[2] if item not in wanted[2]]
    same(what, (wanted[:2], lacks), (found[:2], other))
