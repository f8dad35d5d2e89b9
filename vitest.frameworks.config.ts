import { defineConfig } from 'vitest/config';

/** Each framework in an environment of its own: apart from the rest, for installing them takes minutes. */
export default defineConfig({
  test: {
    include: ['test/frameworks/**/*.test.ts'],
    // The first time includes the installation.
    testTimeout: 20 * 60_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
