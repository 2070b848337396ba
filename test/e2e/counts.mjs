/** How often the named cases are repeated: in CI, and in the soak. */
const COUNTS = {
  /** signal-sweep: moments of each signal. */
  signals: [30, 100],
  /** signal-sweep HUP: containers that get some each. */
  hangups: [6, 20],
  /** signal-sweep ^C: terminals. */
  terminals: [6, 20],
  /** crash-first-start: first starts that are killed. */
  crashes: [20, 100],
  /** two-containers: pairs of containers on one fresh volume. */
  pairs: [4, 20],
  /** loud: seconds of output. */
  loudSeconds: [5, 60],
  /** killed-program: kills of the application, and of nginx. */
  kills: [3, 20],
};

/** The counts of this run, by the names above. */
export function readCounts(soak) {
  return Object.fromEntries(Object.entries(COUNTS).map(([name, both]) => [name, both[Number(soak)]]));
}
