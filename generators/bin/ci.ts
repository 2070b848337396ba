import { conflictMode } from '../conflict-mode.ts';
import { DRY_RUN, WRITING } from '../flags.ts';
import { answersFromFlags, flagOf, isOn, single } from '../lib/answers/flags.ts';
import { UserError } from '../lib/errors.ts';
import { ciFolder } from '../lib/model/ci.ts';
import { type Field, fields } from '../lib/model/fields.ts';
import type { Intent } from '../lib/model/intent.ts';
import { summary } from '../lib/output/summary.ts';
import { CI_FILES, type CiPlace, ciPlace } from '../lib/project/ci-place.ts';
import { findProject } from '../lib/project/find.ts';
import { storedAnswers } from '../lib/project/stored.ts';
import { withProject } from '../lib/project/with-project.ts';
import { newProject } from '../lib/verbs/new.ts';
import { isDryRun, printChange, printResult } from './result.ts';
import type { CommandLine, Host, Verb, Wrote } from './verb.ts';

const SOURCE = fields.find(({ key }) => key === 'ci_source') as Field;
const KINDS = ['github', 'gitlab', 'renovate'] as const;

/** `makina-image ci github|gitlab|renovate` */
export const ci: Verb = {
  words: 'github|gitlab|renovate...',
  choices: KINDS,
  about:
    'Adds CI jobs that check this project every week and open a merge request when an upgrade changes something, and the pipeline of its image: build, test, list of packages, scan and push, each week without cache. renovate adds settings of that bot, for the actions, the images of the jobs and the tag of the base image; a renovate.json that is there stays as it is. CI takes the newest package from SOURCE: @scope/name of a registry, the https:// address of a tarball, or git+https:// or git+ssh:// with #branch.',
  flags: [
    {
      ...flagOf(SOURCE),
      value: 'SOURCE',
      description: 'take the generator from here: @scope/name, https://, git+https:// or git+ssh://',
    },
    ...WRITING,
    DRY_RUN,
  ],
  run,
};

async function run({ flags, words }: CommandLine, host: Host): Promise<Wrote[]> {
  const root = findProject(host.cwd);
  const { intent } = withProject(root, true, (folder) => storedAnswers(folder));
  if (!intent)
    throw new UserError(`${root} is not a project of this generator; go to one, or start one with makina-image new`);
  if (words.length === 0) throw new UserError('ci needs to know where: makina-image ci github, or gitlab');
  const unknown = words.find((word) => !(KINDS as readonly string[]).includes(word));
  if (unknown) throw new UserError(`ci does not know ${unknown}; it takes github, gitlab and renovate`);
  const place = withProject(root, true, () => ciPlace(root));
  const change = await newProject({
    cwd: root,
    flags: {
      ci: [...new Set([...((intent.ci as string[] | undefined) ?? []), ...words])],
      ...folderAnswer(place, intent),
      ...(words.some((word) => word !== 'renovate') ? await sourceAnswer(flags, intent, host) : {}),
    },
    answers: {},
    conflict: conflictMode(single(flags, 'conflict')),
    allowDirty: isOn(flags, 'allow-dirty'),
    dryRun: isDryRun(flags),
  });
  const wrote = printChange(flags, host, change, (reader) => summary(change, reader));
  const { image } = change;
  if (isDryRun(flags)) return wrote;
  const jobs = image.ci.filter((kind) => kind !== 'renovate');
  if (image.ci_source === undefined && jobs.length > 0)
    printResult(
      flags,
      `CI: the job ends with an error until it knows where the generator comes from: makina-image ci ${jobs.join(' ')} --ci-source SOURCE`,
      true,
    );
  for (const kind of KINDS) if (words.includes(kind)) printResult(flags, needs(kind, place));
  return wrote;
}

/** What the user has to set up there. */
function needs(kind: (typeof KINDS)[number], place: CiPlace | undefined): string {
  if (kind === 'renovate')
    return !place || place.folder === '.'
      ? 'Renovate: install its app, or run it yourself; it reads renovate.json at the top of the repository.'
      : `Renovate reads its settings only at the top of the repository: take over what you need from ${place.folder}/renovate.json.`;
  if (kind === 'gitlab') {
    const includes = place?.includes ?? CI_FILES.gitlab.map((file) => `- local: ${file}`);
    return `GitLab: add these lines to the list below \`include:\` in .gitlab-ci.yml at the top of the repository; set a weekly schedule, and MAKINA_IMAGE_TOKEN, a project access token that may write to the repository, with the environment scope makina-image.\n${includes.map((line) => `  ${line}`).join('\n')}`;
  }
  const allow = 'GitHub: allow Actions to create pull requests (Settings, Actions, General).';
  if (!place || place.folder === '.') return allow;
  return `${allow}\nGitHub reads workflows only at the top of the repository, so copy these there, now and whenever they change:\n${place.workflows.map(({ copy }) => `  ${copy}`).join('\n')}`;
}

/** Where the project is in its repository, if that changed. @throws UserError for a folder that cannot be named in a script */
function folderAnswer(place: CiPlace | undefined, intent: Intent): Intent {
  if (!place || place.folder === (intent.ci_folder ?? '.')) return {};
  if (!ciFolder.safeParse(place.folder).success)
    throw new UserError(
      `CI cannot work in ${place.folder} of ${place.top}: the names of its folders must have only letters, digits and _.-, no "--", no dot or "-" at the beginning, and no dot or ".lock" at the end; rename them, or give the project a repository of its own`,
    );
  return { ci_folder: place.folder };
}

/** Where the generator comes from: the flag or a person's answer. */
async function sourceAnswer(flags: CommandLine['flags'], intent: Intent, host: Host): Promise<Intent> {
  const given = answersFromFlags(flags, [SOURCE]);
  if (given.ci_source !== undefined || intent.ci_source !== undefined || isOn(flags, 'quiet')) return given;
  const prompts = await host.prompts();
  if (!prompts) return given;
  return prompts.ask([
    { ...SOURCE, prompt: 'Where does CI take the generator from (@scope/name, https://....tgz, git+https://...)' },
  ]);
}
