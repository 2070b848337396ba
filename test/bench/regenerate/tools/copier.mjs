import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitAll, makeRepository, must, run } from '../command.mjs';
import { writeTemplate } from '../template.mjs';

/** @param bin the folder of its program */
export const copier = (bin) => ({
  name: 'copier update --defaults',
  start(scratch, project) {
    const template = join(scratch, 'template');
    const write = (version) => writeTemplate(join(template, 'template'), version, '{{ name }}', '.jinja');
    mkdirSync(template, { recursive: true });
    writeFileSync(join(template, 'copier.yml'), '_subdirectory: template\nname:\n  type: str\n  default: demo\n');
    write(1);
    const answers = join(template, 'template/{{ _copier_conf.answers_file }}.jinja');
    writeFileSync(answers, '{{ _copier_answers|to_nice_yaml -}}\n');
    makeRepository(template, 'v1');
    must(['git', 'tag', 'v1.0.0'], { cwd: template });
    const program = join(bin, 'copier');
    must([program, 'copy', '--quiet', '--defaults', template, project]);
    // Version 2 leaves out what version 1 had.
    must(['git', 'rm', '-q', '-r', 'template/.salt', 'template/pillar'], { cwd: template });
    write(2);
    commitAll(template, 'v2');
    must(['git', 'tag', 'v2.0.0'], { cwd: template });
    this.update = (cwd) => run([program, 'update', '--defaults'], { cwd });
    this.check = [program, 'check-update'];
    this.upgrade = [program, 'update', '--defaults'];
  },
});
