import { join } from 'node:path';
import { hasOwnRuntime } from '../model/runtime.ts';
import type { Image } from '../model/schema.ts';
import { isOlder, minorVersion, version } from '../package.ts';
import { baseInDockerfile } from '../project/dockerfile.ts';
import { ran } from '../system/command.ts';
import { asOwner } from '../system/rights.ts';
import { plainWord } from '../text/quote.ts';
import { error, type Finding, ok, warning } from './finding.ts';

const ID = 'base-image';
const OURS = 'makina-image-base';

/**
 * Whether the image that a project is built on is there, and is the right one.
 * @param answers what the answers say, if they can be read
 * @param searchPath folders, as in PATH
 * @param generator the version that wrote the project; this one if that is not known
 */
export async function checkBaseImage(
  root: string,
  answers: Pick<Image, 'base_image' | 'runtime'> | undefined,
  searchPath: string,
  generator = version,
): Promise<Finding[]> {
  const image = asOwner(root, () => baseInDockerfile(root)) ?? answers?.base_image;
  if (!image) return [];
  const [name, tag] = image.split(':');
  const isOurs = name === OURS;
  const minor = generator.split('.').slice(0, 2).join('.');
  const wrong = isOurs && tag !== minor ? [ofOtherVersion(root, image, minor)] : [];

  const words = ['image', 'inspect', '--format', '{{json .Config.Labels}}', image];
  const { end, code, stdout, stderr } = await ran('docker', words, searchPath);
  if (end === 'ended' && code === 0) {
    if (isOurs && !stdout.includes(`"${OURS}"`))
      return [warning(ID, `${image} is not what \`makina-image base\` builds`, image, buildIt(root, image))];
    const runtime = answers && !hasOwnRuntime(answers) ? checkRuntimeOf(root, image, stdout, minor) : [];
    const found = wrong.length > 0 ? wrong : runtime;
    return found.length > 0 ? found : [ok(ID, `${image} is there`)];
  }
  // If Docker does not answer, another finding says why.
  if (end !== 'ended' || !/no such image/i.test(stderr)) return wrong;
  if (!isOurs)
    return [
      warning(
        ID,
        `${image} is not here, and docker build will pull it`,
        image,
        `docker pull ${image}   # shows whether it can`,
      ),
    ];
  return [error(ID, `${image} is not here, and no registry has it`, image, buildIt(root, image))];
}

/** Whether an image brings the runtime that a project was written for. */
function checkRuntimeOf(root: string, image: string, labels: string, minor: string): Finding[] {
  const [, runtime] = /"makina-image\.runtime":"([^"]*)"/.exec(labels) ?? [];
  // Until 0.2 each project had its own.
  if (runtime === minor || isOlder(`${minor}.0`, '0.3.0')) return [];
  const keep = `\`makina-image new ${plainWord(`${root}/`)} --runtime vendored\` keeps a runtime in the project`;
  const [what, fix] = runtime
    ? [`brings the runtime ${runtime}, and the project is written for ${minor}`, `build on one of ${minor}`]
    : ['brings no runtime', 'build on what `makina-image base` builds'];
  return [error(ID, `${image} ${what}, so a build stops`, image, `${fix}; or ${keep}`)];
}

function ofOtherVersion(root: string, image: string, minor: string): Finding {
  return warning(
    ID,
    `the project is for version ${minor}, and its base image is ${image}`,
    image,
    `set base_image to ${OURS}:${minor}: \`makina-image new ${plainWord(root)} --base-image ${OURS}:${minor}\``,
  );
}

function buildIt(root: string, image: string): string {
  // Beside the project, never in it.
  const folder = plainWord(join(root, '../base-image'));
  const build = `makina-image base ${folder} && docker build -t ${OURS}:${minorVersion} ${folder}`;
  return image === `${OURS}:${minorVersion}` ? build : `makina-image upgrade ${plainWord(root)}, then ${build}`;
}
