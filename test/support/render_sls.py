"""Renders a generated project's sls and file templates with real Jinja and YAML, and prints what came out as JSON.

usage: render_sls.py PROJECT_DIR BASE_DIR OUT_DIR
Salt itself is run by `npm run test:salt`; this tells in a second whether a template or an answer breaks the text.
"""
import functools
import hashlib
import importlib.util
import json
import os
import re
import shlex
import sys

import jinja2
import yaml
from circus.config import get_config

project_dir, base_dir, out_dir = sys.argv[1:]
sys.path.insert(0, os.path.join(base_dir, 'makina-states', 'mc_states', 'project'))
from merge import interpolate, merge  # noqa: E402

salt_root = os.path.join(project_dir, 'project', '.salt')
runtime = os.path.join(base_dir, 'runtime')
name = os.path.basename(project_dir)


def to_json(value, sort_keys=True, indent=None):
    return json.dumps(value, sort_keys=sort_keys, indent=indent)


def from_salt_root(path):
    path = path.replace('makina-projects/%s/' % name, '')
    # The base image's, as the project links to it.
    top = runtime if path.startswith('runtime/') else salt_root
    with open(os.path.join(top, path.removeprefix('runtime/')), encoding='utf-8') as template:
        return template.read()


environment = jinja2.Environment(
    extensions=['jinja2.ext.do'], undefined=jinja2.StrictUndefined, loader=jinja2.FunctionLoader(from_salt_root)
)
environment.filters['json'] = to_json
environment.filters['quote'] = shlex.quote
environment.filters['traverse'] = lambda value, path: functools.reduce(lambda inner, key: inner[key], path.split(':'), value)
environment.filters['sha256'] = lambda text: hashlib.sha256(text.encode()).hexdigest()
environment.filters['regex_match'] = lambda text, pattern: getattr(re.match(pattern, text), 'groups', lambda: None)()


def render(path, **context):
    return environment.get_template(path).render(**context)


class Config(dict):
    """cfg of mc_project: cfg.key and cfg['key'] alike."""

    __getattr__ = dict.__getitem__


data = merge(*(block['data'] for block in yaml.safe_load(render('PILLAR.sample')).values()))
settings = {
    'name': name,
    'user': name + '-user',
    'group': name + '-grp',
    'project_dir': '/srv/projects/' + name,
    'project_root': '/srv/projects/' + name + '/project',
    'pillar_root': '/srv/projects/' + name + '/pillar',
    'data_root': '/srv/projects/' + name + '/data',
}
cfg = Config(settings, data=interpolate(data, {**data['variables'], **settings, **data}))


def part(name):
    """A module of the launcher that needs no other one."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(runtime, 'launcher', name + '.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Whose a path is depends on the machine: test/launcher asks that.
functions = {
    'quoted': part('sls_text').quoted,
    'with_variables': lambda cfg: cfg,
    'secrets_for': lambda cfg, config: {},
    'wrong_accounts': lambda cfg: [],
    'built_links': lambda cfg: {},
    'written_config': lambda cfg, name, config: Config(config, name=config.get('target') or '/etc/makina-projects/%s/%s' % (cfg['name'], name)),
    'told_by_nginx': part('settings/nginx_snippet').told_by,
    'wrong_paths': lambda cfg, kinds: [],
    'build_settings': lambda cfg: {},
    'kept_paths': lambda cfg: Config(whole=[], alone=[]),
    'watched_files': lambda cfg: {},
    'wrong_circus': lambda *_: None,
}
salt = {
    'mc_project.get_configuration': lambda project: cfg,
    'file.file_exists': lambda path: False,
    name + '_mc_launcher.for_states': lambda function, *arguments: functions[function](*arguments),
}


def states_of(path):
    """The states of an sls and of those that it includes."""
    found = yaml.safe_load(render(path, opts={'ms_project': cfg}, salt=salt)) or {}
    for sls in found.pop('include', []):
        folder = 'runtime.states' if sls.startswith('.') else ''
        found.update(states_of((folder + sls).replace('makina-projects.%s.' % name, '').replace('.', '/') + '.sls'))
    return found


states = {sls: states_of(sls) for sls in sorted(os.listdir(salt_root)) if sls.endswith('.sls')}

written = {}
for sls, declared in states.items():
    for state in declared.values():
        for function, arguments in state.items():
            options = {key: value for argument in arguments for key, value in argument.items()}
            # Others are the user's own.
            if function == 'file.managed' and options.get('template') == 'jinja' and options['source'].startswith('salt://'):
                source = options['source'].replace('salt://makina-projects/%s/' % name, '')
                text = render(source, salt=salt, **options['context'])
                written[options['name']] = text
                target = os.path.join(out_dir, options['name'].lstrip('/'))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, 'w', encoding='utf-8') as output:
                    output.write(text)

circus = {}
for path, text in written.items():
    if path.endswith('.ini'):
        parsed = get_config(os.path.join(out_dir, path.lstrip('/')))
        circus[path] = {'watchers': parsed['watchers'], 'endpoint': parsed.get('endpoint')}

print(json.dumps({'data': data, 'cfg': cfg['data'], 'states': states, 'written': written, 'circus': circus}, default=str))
