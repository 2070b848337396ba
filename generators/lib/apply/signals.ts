const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const came = new Set<NodeJS.Signals>();
const note = (signal: NodeJS.Signals) => came.add(signal);
let delays = 0;

/** Lets signals take effect only after what is done until the next turn of the event loop. */
export function delaySignals(): void {
  if (delays++ === 0) for (const signal of SIGNALS) process.on(signal, note);
  // A turn is over when the second one is called: listeners of a signal are called in between.
  setImmediate(() => setImmediate(letThrough));
}

function letThrough(): void {
  if (--delays > 0) return;
  for (const signal of SIGNALS) process.off(signal, note);
  const due = [...came].filter((signal) => process.listenerCount(signal) === 0);
  came.clear();
  for (const signal of due) process.kill(process.pid, signal);
}
