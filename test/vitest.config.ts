import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import LongestFirst from './support/longest-first.ts';

// With it a start of Node takes three times as long, and none of these tests uses the network.
delete process.env.NODE_EXTRA_CA_CERTS;

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    // Commands that are run wait for one another, for the disk and for npm: one file more than cores keeps all of these busy.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/summary.ts'],
    projects: [
      // These start no process and leave nothing behind: they share what they import, which takes longer than most of them.
      { extends: true, test: { name: 'unit', include: ['test/unit/*.test.ts'], isolate: false } },
      {
        extends: true,
        test: {
          name: 'cli and docs',
          include: ['test/{cli,docs}/*.test.ts'],
          globalSetup: ['test/support/made-projects.ts'],
        },
      },
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
