// What a benchmark compares with, once, into a folder that later runs take again. After this nothing needs the network.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './command.mjs';

export const PYTHON = { copier: '9.19.1', cruft: '2.16.0', cookiecutter: '2.7.1' };
export const NODE = { projen: '0.103.25', constructs: '10.8.1' };

const pins = (packages, sign) => Object.entries(packages).map(([name, version]) => name + sign + version);

/** Does it once: a folder that is not complete is begun again. */
function once(folder, work) {
  if (existsSync(join(folder, 'complete'))) return;
  work();
  writeFileSync(join(folder, 'complete'), '');
}

/**
 * @param pythonPins, nodePins the version of each package
 * @returns the folders of the programs of Python and of the modules of Node
 */
export function install(folder, pythonPins = PYTHON, nodePins = NODE) {
  const env = process.env;
  const python = join(folder, `python-${pins(pythonPins, '-').join('-')}`);
  once(python, () => {
    must(['python3', '-m', 'venv', '--clear', python], { env });
    must([join(python, 'bin/pip'), 'install', '--quiet', ...pins(pythonPins, '==')], { env });
  });
  const node = join(folder, `node-${pins(nodePins, '-').join('-')}`);
  once(node, () => {
    mkdirSync(node, { recursive: true });
    must(['npm', 'install', '--prefix', node, '--no-audit', '--no-fund', ...pins(nodePins, '@')], { env });
  });
  return { python: join(python, 'bin'), node: join(node, 'node_modules') };
}
