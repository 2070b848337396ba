import { once } from 'node:events';
import { plainWord } from '../text/quote.ts';
import { type Ran, ran } from './command.ts';
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
  const state = await bound(port);
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

/** Tries to listen, as Docker would: on all addresses. */
async function bound(port: number): Promise<'free' | 'taken' | 'forbidden'> {
  const server = process.getBuiltinModule('node:net').createServer();
  try {
    server.listen({ port, host: '0.0.0.0', exclusive: true });
    await once(server, 'listening');
    return 'free';
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return 'taken';
    return (await isServed(port)) ? 'taken' : 'forbidden';
  } finally {
    server.close();
  }
}

/** A user who is not allowed to listen can still connect. */
async function isServed(port: number): Promise<boolean> {
  const socket = process.getBuiltinModule('node:net').connect({ port, host: '127.0.0.1', timeout: 500 });
  const tried = once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.on('timeout', () => socket.destroy(new Error('no answer')));
  const served = await tried;
  socket.destroy();
  return served;
}
