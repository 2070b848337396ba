import { once } from 'node:events';

/**
 * Whether a program can listen on a port of this host: tries to, as Docker would, on all addresses.
 * @returns `forbidden` where only root may listen, and nothing answers
 */
export async function portState(port: number): Promise<'free' | 'taken' | 'forbidden'> {
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
