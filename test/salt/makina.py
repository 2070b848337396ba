"""makina.py CHECKOUT TAR VENV WORK: the checks of test/salt/makina; the last line counts them."""
import json
import pathlib
import shutil
import sys

import makina_start
from image import HERE, Failed, Image, generate

KEY = "makina-projects.demo"
FIXTURE = HERE.parent / "fixtures/makina"
QUOTED = "a 'b' \"c\" {{ x }} # é 🎉"
OVERRIDE = "srv/projects/demo/data/configuration/pillar.sls"
LONGEST = 3000  # Characters of what is printed of a failure.
counts = {"passed": 0, "failed": 0}


def check(what, action, *args):
    """Run action(*args): True or None passes, anything else and an exception fails. Print it; return whether it passed."""
    try:
        found = action(*args)
    except (Failed, OSError, KeyError, ValueError, IndexError) as error:
        found = repr(error) if isinstance(error, (KeyError, IndexError)) else error
    good = found in (True, None)
    counts["passed" if good else "failed"] += 1
    print(("ok      " if good else "FAILED  ") + what + ("" if good else f": {str(found)[-LONGEST:]}"), flush=True)
    return good


def install_makina(image, checkout, venv):
    """Put the checkout at /srv/makina-states, configured as its own installer does for a container."""
    msr = image.root / "srv/makina-states"
    shutil.copytree(checkout, msr, symlinks=True, ignore=shutil.ignore_patterns(".git", "venv"))
    (msr / "venv").symlink_to(venv)
    names = {"MS_MS": "/srv/makina-states", "MS_PREFIX": "/srv", "MS_MINIONID": "makina", "MS_NODETYPE": "dockercontainer"}
    config = (msr / "etc/salt/minion.d/01_local.conf.in").read_text()
    for name, value in {**names, "WHOAMI": "root"}.items():
        config = config.replace(f"__{name}__", value)
    (msr / "etc/salt/minion.d/01_local.conf").write_text(config)
    (msr / "etc/makina-states").mkdir(exist_ok=True)
    (msr / "etc/makina-states/nodetype").write_text("dockercontainer\n")
    (msr / "etc/makina-states/nodetypes.yaml").write_text("makina-states.nodetypes.dockercontainer: true\n")
    for folder in ("salt", "pillar", "projects"):
        (image.root / "srv" / folder).mkdir()


def write(image, path, data):
    (image.root / path).parent.mkdir(parents=True, exist_ok=True)
    (image.root / path).write_text(json.dumps({KEY: {"data": data}}))


def compiled(image):
    python, runner = "/srv/apps/circus/venv/bin/python", "/srv/projects/demo/project/.salt/runtime/runner"
    told = image.run(python, "-I", "-v", runner, "--check", "/etc/makina-projects/demo/circus/circusd.ini").stderr
    return f"code object from '{runner}/__pycache__/configuration." in told or told


def another_circus(image):
    """With another version in its metadata; the whole build then ends with the state's sentence."""
    (metadata,) = (image.root / "srv/apps/circus/venv").glob("lib/python3*/site-packages/circus-*.dist-info/METADATA")
    text = metadata.read_text()
    metadata.write_text(text.replace("\nVersion: 0.19.0\n", "\nVersion: 0.18.0\n"))
    command = ("--local", "--retcode-passthrough", "mc_project.deploy", "demo", "only=install", "only_steps=100_dirs_and_prerequisites")
    done = image.run("/srv/makina-states/bin/salt-call", *command, check=False)
    metadata.write_text(text)
    sentence = "the base image has circus 0.18.0 in /srv/apps/circus/venv, and this runtime needs 0.19.0"
    return (done.returncode == 3 and sentence in done.stdout) or done.stdout + done.stderr


def deployments(image, project):
    """The project is deployed, whole and step by step, and its pillars count in their order. Returns whether it was built."""

    def deploy(*args):
        return image.salt_call("mc_project.deploy", "demo", "only=install,fixperms", *args)["result"]

    def app():
        return image.salt_call("mc_project.get_configuration", "demo")["data"]["app"]

    def reconfigure():
        return image.salt_call("demo_mc_launcher.reconfigure", "demo")

    def same(expected):
        found = app()["order"]
        return found == expected or f"{found}, not {expected}"

    if not check("the steps of the Dockerfile, with the first deployment", lambda: image.build(project)):
        return False
    check("a second deployment", deploy)
    check("compiled files of the runner, used by circus's Python", compiled, image)
    check("another circus of the base is refused", another_circus, image)
    for step in ("100_dirs_and_prerequisites", "200_reconfigure", "300_nginx", "400_circus"):
        check(f"{step} alone", lambda step=step: deploy(f"only_steps={step}"))
    check("quotes, braces and emoji in an answer", lambda: app()["quoted"] == QUOTED)
    write(image, "srv/salt/custom.sls", {"app": {"order": {key: "custom" for key in "bcd"}}})
    write(image, "srv/projects/demo/pillar/builtin.sls", {"app": {"order": {key: "builtin" for key in "cd"}}})
    built = {"a": "sample", "b": "custom", "c": "builtin", "d": "builtin"}
    check("PILLAR.sample < custom.sls < built-in pillar", lambda: same(built))
    write(image, OVERRIDE, {"app": {"greeting": "Changed", "order": {"d": "override"}}})
    check("the launcher's reconfigure with an override", reconfigure)
    check("built-in pillar < override", lambda: same({**built, "d": "override"}))
    check("the override reaches the files", lambda: "Changed" in (image.root / "etc/makina-projects/demo/app.json").read_text())
    (image.root / OVERRIDE).unlink(missing_ok=True)
    check("reconfigure without the override", reconfigure)
    check("the built-in pillar is back", lambda: same(built))
    nginx = ("nginx", "-t", "-c", "/etc/makina-projects/demo/nginx/nginx.conf")
    check("nginx accepts its configuration", lambda: image.run(*nginx) and None)
    return True


def main(checkout, tar, venv, work):
    image = Image(work / "root", tar, [venv])
    install_makina(image, checkout, venv)
    project = generate(work, FIXTURE / "answers.yaml")
    for folder in ("app", ".salt"):
        shutil.copytree(FIXTURE / folder, project / "project" / folder, dirs_exist_ok=True)
    if deployments(image, project):
        makina_start.starts(image, project, check, lambda data: write(image, OVERRIDE, data))
    print("{passed} passed, {failed} failed".format(**counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(argument) for argument in sys.argv[1:])))
