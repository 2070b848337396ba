/** @returns a signal that aborts when this process is asked to end */
export function onInterruption() {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(name, () => interruption.abort(new Error(`interrupted by ${name}`)));
  return interruption.signal;
}
