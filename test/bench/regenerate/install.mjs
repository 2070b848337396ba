// What the benchmark compares with, once, into a folder that later runs take again. After this nothing needs the network.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './command.mjs';

export const PYTHON = { copier: '9.19.1', cruft: '2.16.0', cookiecutter: '2.7.1' };
export const NODE = { projen: '0.103.25', constructs: '10.8.1' };

const pins = (packages, sign) => Object.entries(packages).map(([name, version]) => name + sign + version);

/** @returns the folders of the programs of Python and of the modules of Node */
export function install(folder) {
  const env = process.env;
  const python = join(folder, `python-${pins(PYTHON, '-').join('-')}`);
  if (!existsSync(join(python, 'bin/cruft'))) {
    must(['python3', '-m', 'venv', '--clear', python], { env });
    must([join(python, 'bin/pip'), 'install', '--quiet', ...pins(PYTHON, '==')], { env });
  }
  const node = join(folder, `node-${pins(NODE, '-').join('-')}`);
  if (!existsSync(join(node, 'node_modules/projen'))) {
    mkdirSync(node, { recursive: true });
    must(['npm', 'install', '--prefix', node, '--no-audit', '--no-fund', ...pins(NODE, '@')], { env });
  }
  return { python: join(python, 'bin'), node: join(node, 'node_modules') };
}
