import assert from 'node:assert/strict';
import { withContainer } from '../docker.mjs';
import { DUMP_SERVER } from '../in-container.mjs';
import { makeProject } from '../project.mjs';

// YAML takes this name for a boolean.
const NAME = 'on';

/** Texts that mean something to a shell, YAML, Jinja, an ini file, circus, nginx, Python or mc_project. */
const HOSTILE = [
  `'single' "double" \`id\` $(id)`,
  `$HOME $UPPER \${HOME} $$`,
  'before ; after # comment',
  '%(name)s %d 100%',
  '{{ x }} {% raw %} {# comment #} {% endraw %}',
  '{{ 7 * 7 }}',
  '((circus.wid)) $(circus.other)',
  'back\\slash \\n \\\\ \\',
  'two\nlines\ttab\r\n',
  '  blanks around  ',
  '',
  'é ß 中文 \u2028 \ufeff 🦀',
  '- item: [a, {b: c}] & *alias !tag',
  '{unknown} {"json": "text"}',
  '*',
  'yes',
  '0o17',
  '1e3',
];

const answers = {
  description: `"It's" $HOME \${x} \\ {{ y }} {% raw %} # é 🦀`,
  programs: {
    web: {
      cmd: `python3 app/dump.py 'one word' "it's"`,
      args: HOSTILE,
      env: Object.fromEntries(HOSTILE.map((text, index) => [`HOSTILE_${index}`, text])),
    },
  },
  app: { texts: HOSTILE, ...Object.fromEntries(HOSTILE.map((text, index) => [`text${index}`, { [text]: text }])) },
};

/** That no answer changes on its way to a real program. */
export async function answerSteps(context) {
  const { step, docker } = context;
  const files = { 'project/app/dump.py': DUMP_SERVER };
  const project = await step('a project with hostile answers builds', () => makeProject(context, NAME, answers, files));
  if (!project) return;

  await step('hostile answers reach the program unchanged', () =>
    withContainer(context, project.image, {}, async (container) => {
      const { args, env, app } = JSON.parse(await container.get());
      assert.deepEqual(args, ['one word', "it's", ...HOSTILE]);
      for (const [key, text] of Object.entries(answers.programs.web.env)) assert.equal(env[key], text, key);
      for (const [key, value] of Object.entries(answers.app)) assert.deepEqual(app[key], value, key);
    }),
  );

  await step('a program gets no other environment than its own', () =>
    withContainer(context, project.image, { run: ['--env', 'SECRET=1'] }, async (container) => {
      const { env } = JSON.parse(await container.get());
      const demo = ['APP_CONFIG', 'DATA_DIR', 'PORT'];
      const known = ['PATH', 'HOME', 'USER', 'LANG', ...demo, ...Object.keys(answers.programs.web.env)];
      assert.deepEqual(Object.keys(env).sort(), known.sort());
      assert.equal(env.HOME, `/home/users/${NAME}-user`);
    }),
  );

  await step('a hostile description is a label, unchanged', async () => {
    const format = '{{json .Config.Labels}}';
    const labels = JSON.parse((await docker(['image', 'inspect', '--format', format, project.image])).stdout);
    assert.equal(labels['org.opencontainers.image.description'], answers.description);
  });
}
