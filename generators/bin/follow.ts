import { join } from 'node:path';
import { inspect, remove } from '../lib/engine/container.ts';
import { EXIT, UserError } from '../lib/errors.ts';
import { stopServices } from '../lib/verbs/services.ts';
import * as project from '../lib/verbs/up.ts';
import { unreadableFile, watch } from '../lib/verbs/watch.ts';
import { printDone, printError, write } from './print.ts';

/** The end of a container in words. */
export const ended = (code: number) => `the container has ended with code ${code}`;

/** Follows the log and the edits of a project until Ctrl-C. After a build, those of the new container. */
export async function followEdits(request: project.UpRequest, start: project.Started, isQuiet: boolean): Promise<void> {
  const { root, live, signal, onStep } = request;
  const hidden = unreadableFile(root, live);
  if (hidden)
    onStep(
      `${hidden} is not readable for others, as the container's users are: chmod -R o+rX ${join(root, 'project')}`,
    );
  let isFollowed = false;
  for (let current = start; !signal.aborted; ) {
    const built = new AbortController();
    const until = AbortSignal.any([signal, built.signal]);
    const watching = watch(request, current.container, until, () => built.abort());
    const code = await follow(request, current, isQuiet, { until: built.signal, isFollowed });
    if (code !== undefined) onStep(`${ended(code)}; its log is above. Save a file to start it again`);
    await watching;
    if (signal.aborted) return;
    isFollowed = false;
    try {
      current = await project.up({ ...request, isFresh: false });
    } catch (error) {
      if (!(error instanceof UserError) || signal.aborted) throw error;
      onStep(error.message);
      isFollowed = true;
    }
  }
}

interface Following {
  /** Return once it is healthy. */
  isDetached?: boolean;
  /** Return then, and leave the container alone. */
  until?: AbortSignal;
  /** What it has printed so far was shown. */
  isFollowed?: boolean;
}

/**
 * Follows the log of a container until it ends, or until Ctrl-C, which stops and removes it.
 * @returns the exit code if it has ended by itself
 */
export async function follow(
  { engine, root, signal: stop }: project.UpRequest,
  { container, port, url }: project.Started,
  isQuiet: boolean,
  { isDetached = false, until, isFollowed = false }: Following,
): Promise<number | undefined> {
  const detach = new AbortController();
  until?.addEventListener('abort', () => detach.abort());
  const end = AbortSignal.any([stop, detach.signal]);
  const since = isFollowed ? ['--tail', '0'] : [];
  const finished = Promise.all([
    engine.run(['logs', '--follow', ...since, container.id], (text) => write(isDetached ? 2 : 1, text), end),
    engine.succeeds(['wait', container.id], end),
  ]);
  const isUp = await project.isHealthy(engine, container, end);
  const status = isUp ? await project.statusOf(port, end) : undefined;
  if (isUp && !end.aborted && !isQuiet) {
    const but = status && project.NOT_YET.includes(status) ? `, but answers ${status}: the log may say why` : '';
    printDone(`==> ${url} is up${but}; ${isDetached ? 'makina-image down' : 'Ctrl-C'} stops it`);
  }
  if (isUp && isDetached) detach.abort();
  await finished;
  if (detach.signal.aborted && !stop.aborted) return undefined;
  const last = await inspect(engine, container.id);
  if (stop.aborted && !isQuiet) printError('==> Stopping');
  if (last) await remove(engine, last);
  // After the next save they are needed again.
  if (!until || stop.aborted) await stopServices(engine, root, project.imageOf(root));
  return stop.aborted ? undefined : (last?.exitCode ?? EXIT.internal);
}
