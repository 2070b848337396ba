import { defineConfig } from 'vitest/config';
import shared from '../vitest.config.ts';

/** Tests that install packages: most of their time goes to npm and its registry. */
export default defineConfig({
  ...shared,
  test: { ...shared.test, projects: undefined, include: ['test/install/*.test.ts'] },
});
