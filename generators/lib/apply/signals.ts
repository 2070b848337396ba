/** A signal that comes meanwhile takes effect afterwards. */
export function withoutSignals<T>(work: () => T): T {
  const came = new Set<NodeJS.Signals>();
  const note = (signal: NodeJS.Signals) => came.add(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, note);
  try {
    return work();
  } finally {
    // They are told one turn of the event loop later.
    setImmediate(() =>
      setImmediate(() => {
        for (const signal of signals) process.off(signal, note);
        for (const signal of came) if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      }),
    );
  }
}
