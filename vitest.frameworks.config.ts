import { defineConfig } from 'vitest/config';

/** Each framework in an environment of its own: apart from the rest, for installing them takes minutes. */
export default defineConfig({
  test: {
    include: ['test/frameworks/**/*.test.ts'],
    globalSetup: 'test/temporaryFolder.ts',
    // The first time includes the installation; the core set's is made before.
    testTimeout: (process.env['AGENT_COST_FRAMEWORKS'] === 'core' ? 5 : 20) * 60_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
