"""probe.py INI RUNNER EXEC_PROGRAM CRONS: what circus reads in INI, and what each program, healthcheck and cron is given.

Runs in the image, with circus's own interpreter. A command stops itself (test/salt/chain/commands.ts) and is looked at from outside.
Prints JSON.
"""
import glob
import importlib.util
import json
import os
import shlex
import signal
import sys

LIMITS = {'Max open files': 'nofile', 'Max core file size': 'core'}
STOPS = ['/bin/sh', '-c', 'kill -STOP $$']


def module(path):
    spec = importlib.util.spec_from_file_location('x_' + os.path.basename(path)[:-3], path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def given(exec_program, arguments, environment):
    """What the command is given that exec_program becomes; its exit code where it does not come so far."""
    child = os.fork()
    if child == 0:
        try:
            os.environ.clear()
            os.environ.update(environment)
            exec_program.main(arguments)
        except SystemExit as end:
            print(arguments, end, file=sys.stderr)
        except BaseException as error:
            print(arguments, repr(error), file=sys.stderr)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        return {'status': status}

    def read(name):
        with open('/proc/%d/%s' % (child, name), 'rb') as file:
            return [os.fsdecode(part) for part in file.read().split(b'\0')[:-1]]

    with open('/proc/%d/limits' % child) as file:
        limits = {LIMITS[line[:26].strip()]: line[26:].split()[:2] for line in file if line[:26].strip() in LIMITS}
    with open('/proc/%d/status' % child) as file:
        umask = next(int(line.split()[1], 8) for line in file if line.startswith('Umask:'))
    owner = os.stat('/proc/%d' % child)
    found = {
        'argv': read('cmdline'),
        'env': dict(line.split('=', 1) for line in read('environ')),
        'cwd': os.readlink('/proc/%d/cwd' % child),
        'umask': umask,
        'rlimits': limits,
        'owner': [owner.st_uid, owner.st_gid],
    }
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return found


def can_run(path, key):
    with open(path, encoding='utf-8') as file:
        command = json.load(file)
    # A log file or a format would start a process of its own; healthchecks and crons become their user themselves.
    return command[key] is not None and not command['log_file'] and command['log_format'] == 'plain' and shlex.split(command[key])[:3] == STOPS


def main(ini, runner, exec_path, crons):
    import circus.config
    from circus.process import Process
    from circus.util import to_gid, to_uid, to_signum  # noqa: F401

    # What the launcher leaves at a start.
    container = {'CONTAINER': "a 'b' \"c\" $(circus.wid) %(x)s \\ é 🎉\n;#", 'a.b-c': '', 'PATH': '/bin'}
    os.makedirs('/run/mc_launcher', exist_ok=True)
    with open('/run/mc_launcher/environment', 'w', encoding='utf-8') as file:
        file.write(''.join('%s=%s\0' % entry for entry in container.items()))
    # The runner's parts import each other.
    sys.path.insert(0, runner)
    exec_program = module(exec_path)
    sys.path.append(runner)
    settings = module(runner + '/configuration.py').read(ini)
    watchers = settings.watchers
    found = {'container': container, 'watchers': {}, 'programs': {}, 'healthchecks': {}, 'crons': {}, 'declared': settings.crons}
    stock = {watcher['name']: watcher for watcher in circus.config.get_config(ini)['watchers']}
    for watcher in watchers:
        name = watcher['name']
        found['watchers'][name] = {
            'runner': {key: value for key, value in watcher.items() if key != 'env'},
            'stock': {key: value for key, value in stock[name].items() if isinstance(value, (str, int, float, bool))},
            'env': dict(watcher['env']) == {key: value for key, value in stock[name]['env'].items()},
        }
        if name == 'nginx':
            continue
        wid = max(1, watcher.get('numprocesses', 1))
        words = Process(name, wid, watcher['cmd'], env=watcher['env'], spawn=False).format_args()
        words = [os.fsdecode(word) if isinstance(word, bytes) else word for word in words]
        found['watchers'][name]['words'] = words
        path = words[4]
        if can_run(path, 'cmd'):
            found['programs'][name] = given(exec_program, words[4:], watcher['env'])
        if can_run(path, 'healthcheck'):
            found['healthchecks'][name] = given(exec_program, ['--healthcheck', path], dict(os.environ))
    for path in glob.glob(crons + '/*.json'):
        if can_run(path, 'cmd'):
            found['crons'][os.path.basename(path)[:-5]] = given(exec_program, [path], dict(os.environ))
    json.dump(found, sys.stdout)


main(*sys.argv[1:])
