import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must, run } from '../command.mjs';
import { writeTemplate } from '../template.mjs';

const program = fileURLToPath(new URL('yeoman-run.mjs', import.meta.url));

export const yeoman = {
  name: 'Yeoman again, --force',
  start(scratch, project) {
    const [before, after] = [1, 2].map((version) => join(scratch, `v${version}`));
    writeTemplate(before, 1, '<%= name %>');
    writeTemplate(after, 2, '<%= name %>');
    must(['node', program, before, project]);
    this.update = (cwd) => run(['node', program, after, cwd]);
  },
};
