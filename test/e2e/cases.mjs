/** The named cases, by the group of steps that holds them: each has at least one line in the output of a run. */
export const CASES = {
  build: ['no-acl'],
  signals: ['signal-sweep'],
  crash: ['crash-first-start'],
  supervision: [
    'orphans',
    'crash-loop',
    'ignores-term',
    'forks',
    'loud',
    'fifty-programs',
    'killed-program',
    'in-flight-request',
  ],
  'hostile-volume': ['hostile-volume'],
  volumes: ['old-volume-new-image', 'two-containers'],
  hardening: ['read-only-root', 'dropped-capabilities', 'user-refused'],
  secrets: ['no-secrets'],
  reconfigure: ['reconfigure-in-place', 'skip-reconfigure', 'start-timeout', 'log-level'],
  'debian-12': ['debian-12'],
};
