import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commitAll, makeRepository, must, run } from '../command.mjs';
import { writeTemplate } from '../template.mjs';

/** @param bin the folder of its program */
export const cruft = (bin) => ({
  name: 'cruft update -y',
  start(scratch, project) {
    const template = join(scratch, 'template');
    const files = join(template, '{{cookiecutter.name}}');
    const write = (version) => writeTemplate(files, version, '{{ cookiecutter.name }}');
    mkdirSync(template, { recursive: true });
    writeFileSync(join(template, 'cookiecutter.json'), JSON.stringify({ name: 'project' }));
    write(1);
    makeRepository(template, 'v1');
    const program = join(bin, 'cruft');
    must([program, 'create', '-y', '--output-dir', dirname(project), template]);
    must(['git', 'rm', '-q', '-r', '{{cookiecutter.name}}'], { cwd: template });
    write(2);
    commitAll(template, 'v2');
    this.update = (cwd) => run([program, 'update', '-y'], { cwd });
    this.check = [program, 'check'];
    this.upgrade = [program, 'update', '-y'];
  },
});
