import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must, run } from '../command.mjs';
import { writeTemplate } from '../template.mjs';

const type = fileURLToPath(new URL('projen-type.cjs', import.meta.url));

/** @param modules where it is installed */
export const projen = (modules) => ({
  name: 'projen synth',
  start(scratch, project) {
    for (const version of [1, 2]) {
      const folder = join(scratch, `v${version}/image-type`);
      writeTemplate(join(folder, 'template'), version, '{{name}}');
      cpSync(type, join(folder, 'index.js'));
    }
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, '.projenrc.js'), "new (require('image-type').ImageProject)().synth();\n");
    const synth = (version) => [
      ['node', '.projenrc.js'],
      { NODE_PATH: `${join(scratch, `v${version}`)}:${modules}`, PROJEN_DISABLE_POST: '1' },
    ];
    const act = (how, cwd, [command, env]) => how(command, { cwd, env });
    act(must, project, synth(1));
    this.update = (cwd) => act(run, cwd, synth(2));
  },
});
