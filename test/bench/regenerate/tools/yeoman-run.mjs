// node yeoman-run.mjs TEMPLATE PROJECT: a generator that copies its templates, run once, as `yo … --force` does.
import { mkdirSync } from 'node:fs';
import { createEnv } from 'yeoman-environment';
import Generator from 'yeoman-generator';

const [template, project] = process.argv.slice(2);

class Bench extends Generator {
  writing() {
    this.fs.copyTpl(`${template}/**`, this.destinationPath(), { name: 'project' }, {}, { globOptions: { dot: true } });
  }
}

mkdirSync(project, { recursive: true });
process.chdir(project);
const env = createEnv({ cwd: project, force: true, skipInstall: true });
env.register(Bench, { namespace: 'bench:app', resolved: import.meta.url });
await env.run(['bench:app'], { force: true, skipInstall: true });
