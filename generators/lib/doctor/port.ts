import { type Ran, ran } from '../system/command.ts';
import { portState } from '../system/port.ts';
import { plainWord } from '../text/quote.ts';
import { error, type Finding, ok } from './finding.ts';

const ID = 'port';

/**
 * Whether the port that a project is published on is free.
 * @param name the project, whose own container may have it
 * @param searchPath folders, as in PATH
 */
export async function checkPort(root: string, port: number, name: string, searchPath: string): Promise<Finding> {
  const words = ['ps', '--filter', `publish=${port}`, '--format', '{{.Image}}\t{{.Names}}'];
  const publishers = ran('docker', words, searchPath);
  const state = await portState(port);
  const [image, container] = firstOf(await publishers);
  if (image === name || image?.startsWith(`${name}:`))
    return ok(ID, `this project's container ${container} has ${port}`);
  const other = `makina-image new ${plainWord(root)} --publish ${port === 65535 ? port - 1 : port + 1}`;
  if (container !== undefined)
    return error(
      ID,
      `the container ${container} has ${port}`,
      `port ${port}`,
      `docker stop ${container}, or take another port: ${other}`,
    );
  if (state === 'taken')
    return error(
      ID,
      `another program has ${port}`,
      `port ${port}`,
      `stop it (\`sudo ss -ltnp 'sport = :${port}'\` names it), or take another port: ${other}`,
    );
  if (state === 'forbidden') return ok(ID, `only root can use ${port}; the engine can, unless it is rootless`);
  return ok(ID, `${port} is free`);
}

function firstOf({ code, stdout }: Ran): string[] {
  return code === 0 && stdout !== '' ? (stdout.split('\n')[0] as string).split('\t') : [];
}
