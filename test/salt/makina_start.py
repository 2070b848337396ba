"""What makina.py checks of starts: an image is launched as Docker would, and used, reconfigured, broken and stopped."""
import json
import shutil
import signal
import time

from container import PATH, Container

LAUNCH = "/srv/projects/demo/project/launch.sh"
DATA = "srv/projects/demo/data"
SERVER = "http://127.0.0.1"
WWW = ("-H", "Host: www.example.com")
WORD = "é ; # $x"
ENV = ["OUTSIDE=a b", "DOTTED.name-x=1"]


def starts(image, project, check, override):
    """check: of makina.py; override: writes the override pillar's data."""
    data = image.root / DATA

    def start(env=ENV, **options):
        return Container(image, project, env, **options)

    def certificate():
        image.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tls.example.com",
            "-keyout", f"/{DATA}/configuration/key.pem", "-out", f"/{DATA}/configuration/cert.pem",
        )  # fmt: skip

    check("a start without its certificate: 78", lambda: ended(start(), 78, "cert.pem"))
    check("a certificate for it", certificate)
    container = start()
    try:
        if check("the first start is healthy", container.wait_healthy):
            check("a oneshot program ended before the others began", ordered, container.output, "prepare is done", "web started")
            check("a program that is not essential stays down once it died max_retry times", until, lambda: gave_up(container.output), 20)
            running(container, data, check, override)
            check("TERM: everything stops, code 0", stopped, container)
            log = container.output.rpartition("[INFO] stopping\n")[2]
            check("nginx stopped before the programs", ordered, log, "nginx stopped", "web stopped")
            check("no traceback in the log", lambda: "Traceback" not in container.output or container.output)
            later_starts(start, data, check, override)
    finally:
        container.kill()


def running(container, data, check, override):
    """Of a container that has just started for the first time."""
    check("the seeds are in the volumes, with their owners and modes", seeds, container)
    check("the folders, downloads, packages and virtual environments", built, container)
    check("the program's answer through nginx", answered, container)
    check("both processes of a program, with their ports", both_ports, container)
    check("makina ready", ended_with, container.exec("makina", "ready"), 0)
    check("makina exec", ended_with, container.exec("makina", "exec", "web", "sh", "-c", "exit 42"), 42)
    check("makina config", ended_with, container.exec("makina", "config", "app"), 0)
    check("the environment of a program that copies the container's", environment, container)
    check("a program has the secret that the start drew", lambda: same(given(container, "/other/")["env"].get("KEY"), (data / "secrets/key").read_text()))
    check("a config has it too", lambda: contains(given(container)["config"], "key = " + (data / "secrets/key").read_text()))
    check("no process has Salt's virtual environment", own_environment, container)
    for url, options, expected in (
        ("/other/", WWW, (200, '"name": "other"')),
        ("/files/note.txt", WWW, (200, "a note")),
        ("/private/", WWW, (403, "")),
        ("/secret/", WWW, (401, "")),
        ("/secret/", (*WWW, "-u", "alice:wonderland"), (200, '"name": "web"')),
        ("/greeting", WWW, (200, "hello")),
        ("/raw", (*WWW, "-A", "docker/1"), (200, "raw 1")),
        ("/greeting", ("-H", "Host: example.com"), (301, "")),
    ):
        check(f"{' '.join(options)} {url}: {expected[0]}", fetched, container, url, options, expected)
    resolve = ("--resolve", "tls.example.com:443:127.0.0.1")
    check("https with the certificate of the volume", fetched, container, "https://tls.example.com/", resolve, (200, "secure"))
    check("a oneshot program has run once", lambda: same((data / "data/prepared").read_text(), "prepared\n"))
    check("a program's log file", lambda: contains((data / "data/log/other.log").read_text(), "other starts"))
    reconfigured(container, data, check, override)
    check("a cron has run, with its environment", lambda: until(lambda: same((data / "data/tick").read_text(), WORD + "\n"), 70))
    check("a healthcheck that fails", sick, container, data)


def reconfigured(container, data, check, override):
    """The running container takes an override, and refuses another one."""
    before = programs(container)
    locations = {"= /greeting": {"return": "200 hi"}, "= /new": {"return": "200 new"}}
    changed = {"app": {"greeting": "Changed"}, "vhosts": {"www.example.com": {"locations": locations}}}
    override(changed)
    check("reconfigure with an override", ended_with, container.exec(LAUNCH, "reconfigure"), 0)
    check("a changed location is served", fetched, container, "/greeting", WWW, (200, "hi"))
    check("a new location is served", fetched, container, "/new", WWW, (200, "new"))
    check("a program reads its changed file", until, lambda: contains(given(container)["config"], "greeting = Changed"), 10)
    after = programs(container)
    check("only who reads what changed was restarted", restarted, before, after, ["web"])
    changed["programs"] = {"other": {"env": {"NEW": WORD}}}
    override(changed)
    check("reconfigure with a changed program", ended_with, container.exec(LAUNCH, "reconfigure"), 0)
    check("it has its new environment", until, lambda: same(given(container, "/other/")["env"].get("NEW"), WORD), 10)
    before, after = after, programs(container)
    check("only what changed was restarted", restarted, before, after, ["other"])
    check("a step of the project's own ran", file_says, container, "/etc/makina-projects/demo/mine", "mine Changed\n")
    for what, bad, sentence in (
        ("a field that nobody knows", {"programs": {"web": {"comand": "x"}}}, "comand"),
        ("what nginx refuses", {"vhosts": {"www.example.com": {"raw": "nonsense;"}}}, "unknown directive"),
    ):
        override(bad)
        check(f"reconfigure with {what}: 78, one sentence", ended_with, container.exec(LAUNCH, "reconfigure"), 78, sentence)
        check("everything runs on", restarted, after, programs(container), [])
        check("everything is served as before", fetched, container, "/new", WWW, (200, "new"))
    override(changed)


def later_starts(start, data, check, override):
    """The same container again: what it keeps, what it takes, what it refuses."""
    (data / "data/notes/note.txt").write_text("edited\n")
    (data / "data/prepared").unlink()
    container = start()
    try:
        check("a start with an override is healthy", container.wait_healthy)
        check("it serves what the override says", fetched, container, "/new", WWW, (200, "new"))
        check("an edited seed stays edited", fetched, container, "/files/note.txt", WWW, (200, "edited"))
    finally:
        container.kill()
    container = start([*ENV, "MAKINA_SALT_CALL=/bin/false"])
    try:
        check("a start after a power cut is healthy, without Salt", container.wait_healthy)
    finally:
        container.kill()
    read_only(start, check)
    override({"programs": {"other": {"cmd": "sh -c 'exit 7'", "essential": True, "max_retry": 2}}})
    check("a signal before circus runs: 143", lambda: early(start()))
    check("an essential program that dies max_retry times ends the container with its code", essential, start())
    override({"programs": {"web": {"comand": "x"}}})
    check("a start with a refused override: 78, one sentence, nothing runs", lambda: ended(start(), 78, "comand"))
    (data / "configuration/pillar.sls").unlink()
    (data / ".prepopulated").unlink()
    shutil.rmtree(data / "data/notes")
    check("a volume that cannot be written: 74", lambda: ended(start(options=["-r", f"/{DATA}"]), 74, f"/{DATA}"))
    check("an unknown log level: 78", lambda: ended(start(["LOG_LEVEL=loud", "MAKINA_LOG_LEVEL=loud"]), 78, "LOG_LEVEL"))
    check("an unknown command: 64", lambda: ended(start(command=[LAUNCH, "dance"]), 64, "dance"))


def read_only(start, check):
    """With the override of the volume, which makes Salt run: the tmpfs of docs/build-and-start.md, and its cache."""
    volumes = ["-v", f"/{DATA}", "-v", "/srv/extra"]
    folders = ["/run", "/tmp", "/var/lib/nginx", "/etc/makina-projects/demo"]
    options = [*volumes, "-r", "/", *(word for folder in folders for word in ("-t", folder))]
    cache = "/srv/makina-states/var/cache/salt-minion"
    check("a read-only root without a cache for Salt: 74", lambda: ended(start(options=options), 74, f"{cache} cannot be written"))
    container = start(options=[*options, "-t", cache])
    try:
        check("a start with a read-only root is healthy", container.wait_healthy)
        check("it serves what the override says there too", fetched, container, "/new", WWW, (200, "new"))
        check("reconfigure there", ended_with, container.exec(LAUNCH, "reconfigure"), 0)
    finally:
        container.kill()


def same(found, expected):
    return found == expected or f"{found!r}, not {expected!r}"


def contains(found, expected):
    return expected in found or f"{found!r} without {expected!r}"


def until(action, seconds):
    """What action returns when it is true, or after that many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = action()
        except (OSError, ValueError) as error:
            found = error
        if found is True or time.monotonic() > end:
            return found
        time.sleep(0.5)


def file_says(container, path, expected):
    return same(inside(container, "cat", path), expected)


def inside(container, *command):
    return container.exec(*command).stdout


def given(container, url="/"):
    """What program.py behind a URL was given."""
    return json.loads(container.get(SERVER + url, *WWW)[1])


def programs(container):
    """Who runs, by name: the numbers of the processes that circus starts."""
    patterns = {"nginx": "^nginx: master", "web": "^python3 .*program.py web", "other": "^python3 .*program.py other"}
    return {name: container.pids(pattern) for name, pattern in patterns.items()}


def restarted(before, after, expected):
    """Whether exactly the expected ones have other processes now, and all have some."""
    changed = [name for name in before if before[name] != after[name]]
    return (changed == expected and all(after.values())) or f"{before} became {after}"


def fetched(container, url, options, expected):
    code, body = container.get(url if "://" in url else SERVER + url, *options)
    return (code == expected[0] and expected[1] in body) or f"{code} {body!r}"


def answered(container):
    found = given(container)
    words = ["two words", "$HOME ; {{ x }}", "/etc/makina-projects/demo/web"]
    config = 'greeting = It works\nproject = demo\nlevels = [1, {"a": "b"}]\n'
    wanted = {"name": "web", "words": words, "nofile": [500, 500], "ids": [900, 900], "config": config}
    # The last line is the secret that the start drew.
    found["config"] = found["config"].partition("key = ")[0]
    return same({key: found[key] for key in wanted}, wanted)


def both_ports(container):
    return same(sorted({given(container)["env"]["PORT"] for _ in range(12)}), ["8101", "8102"])


def environment(container):
    found = given(container)["env"]
    wanted = {
        "WORD": WORD,
        "SECRET": "s3cr3t # {{ é }} $HOME ; %",
        "APP_MODE": 'a "q" $HOME \\ x',
        "OUTSIDE": "a b",
        "DOTTED.name-x": "1",
        "container": "docker",
        "PATH": PATH,
        "VIRTUAL_ENV": None,
        "PS1": None,
        "HOME": "/home/users/demo-user",
    }
    return same({key: found.get(key) for key in wanted}, wanted)


def ordered(log, first, second):
    return (-1 < log.find(first) < log.find(second)) or f"not {first!r} and then {second!r}: {log}"


def gave_up(log):
    told = log.count("frail died, process ") == 2 and "frail died 2 times within 60 s and stays down" in log
    return (told and log.count("frail started, process ") == 2) or log


def own_environment(container):
    """Of all processes: none has what Salt's wrapper sets, PS1 and VIRTUAL_ENV, or its PATH."""
    listed = inside(container, "sh", "-c", "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | sort -u").splitlines()
    odd = [line for line in listed if line.startswith(("VIRTUAL_ENV", "PS1=")) or (line.startswith("PATH=") and "makina" in line)]
    return same(odd, []) if "container=docker" in listed else listed


def essential(container):
    try:
        code = container.wait()
    finally:
        container.kill()
    told = "other died 2 times within 60 s and is essential: stopping everything, exit code 7" in container.output
    return (code == 7 and told and not container.left()) or f"{code}: {container.output}"


def seeds(container):
    listed = inside(container, "stat", "-c", "%n %U:%G %a", f"/{DATA}/data/notes/note.txt", "/srv/extra/inbox")
    return same(listed, f"/{DATA}/data/notes/note.txt demo-user:demo-grp 644\n/srv/extra/inbox demo-user:demo-grp 750\n")


def built(container):
    python = "/srv/projects/demo/venvs/tools/bin/python"
    script = f"stat -c '%U:%G %a' /srv/spool && tool && jq -n 1 && {python} -c 'import iniconfig'"
    return same(inside(container, "sh", "-c", script), "demo-user:demo-grp 750\ntool\n1\n")


def sick(container, data):
    (data / "data/sick").touch()
    done = container.exec(*container.healthcheck)
    (data / "data/sick").unlink()
    return ended_with(done, 1, "web")


def ended_with(done, code, sentence=""):
    output = done.stdout + done.stderr
    return (done.returncode == code and sentence in output and "Traceback" not in output) or f"{done.returncode}: {output}"


def ended(container, code, sentence):
    """Whether a start ends by itself with a code and one line that has the sentence, and leaves nothing behind."""
    try:
        found = container.wait()
    finally:
        container.kill()
    good = found == code and len(container.lines) == 1 and sentence in container.output
    return (good and not container.left()) or f"{found}: {container.output}"


def early(container):
    while not (container.first and container.pids("launch.sh")):
        time.sleep(0.05)
    time.sleep(1)
    container.signal(signal.SIGTERM)
    found = container.wait(20)
    return (found == 143 and not container.left()) or f"{found}: {container.output}"


def stopped(container):
    begin, before = time.monotonic(), len(container.output)
    container.signal(signal.SIGTERM)
    code = container.wait(60)
    seconds = time.monotonic() - begin
    log = container.output[before:]
    good = code == 0 and seconds < 20 and log.count("web stops") == 2 and not container.left()
    return good or f"{code} after {seconds:.1f} s: {log}"
