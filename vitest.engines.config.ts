import { defineConfig } from 'vitest/config';

/** Load engines that are installed for it: apart from `npm test`, for they take 2 GB and minutes. */
export default defineConfig({
  test: {
    include: ['test/engines/**/*.test.ts'],
    globalSetup: 'test/temporaryFolder.ts',
    // The first time includes the installation.
    testTimeout: 30 * 60_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
