// Other generators that write the same files, each with a template of its own in which the project's name is a value.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const PYTHON = { cookiecutter: '2.7.1', copier: '9.19.1' };
export const NODE = { hygen: '6.2.11', plop: '4.0.5' };

/** What each text of the files becomes in a template: nothing in it is meant for the tool but the name. */
const jinja = (value) => (text) =>
  `{% raw %}${text.replaceAll('demo', `{% endraw %}{{ ${value} }}{% raw %}`)}{% endraw %}`;
const ejs = (text) => text.replaceAll('demo', '<%= name %>');
const handlebars = (text) => text.replaceAll('{{', '\\{{').replaceAll('demo', '{{name}}');

/**
 * Writes the templates.
 * @param folder where to
 * @param source the project whose files are to come out
 * @param paths its files
 * @param bins of Python's programs and Node's modules
 * @returns by the name of each tool its command, which writes the project `demo` below the folder that it runs in
 */
export function rivals(folder, source, paths, { python, node }) {
  const write = (path, text) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const path of paths) {
    const text = readFileSync(join(source, path), 'utf8');
    write(`cookiecutter/{{cookiecutter.name}}/${path}`, jinja('cookiecutter.name')(text));
    write(`copier/${path}.jinja`, jinja('name')(text));
    write(`hygen/project/new/${path.replaceAll('/', '-')}.ejs.t`, `---\nto: <%= name %>/${path}\n---\n${ejs(text)}`);
    write(`plop/of-plop/${path}`, handlebars(text));
  }
  write('cookiecutter/cookiecutter.json', '{"name": "demo"}');
  write('copier/copier.yml', 'name:\n  type: str\n  default: demo\n');
  write(
    'plop/plopfile.mjs',
    `export default (plop) => plop.setGenerator('project', {
  description: '',
  prompts: [{ type: 'input', name: 'name', message: 'name' }],
  actions: [{
    type: 'addMany',
    destination: process.cwd() + '/{{name}}',
    base: 'of-plop',
    templateFiles: 'of-plop/**/*',
    globOptions: { dot: true },
  }],
});
`,
  );
  return {
    hygen: [
      'env',
      `HYGEN_TMPLS=${join(folder, 'hygen')}`,
      'node',
      join(node, '.bin/hygen'),
      'project',
      'new',
      '--name',
      'demo',
    ],
    cookiecutter: [join(python, 'cookiecutter'), '--no-input', join(folder, 'cookiecutter')],
    plop: ['node', join(node, '.bin/plop'), '--plopfile', join(folder, 'plop/plopfile.mjs'), 'project', 'demo'],
    copier: [join(python, 'copier'), 'copy', '--quiet', '--defaults', join(folder, 'copier'), 'demo'],
  };
}
