import { defineConfig } from 'vitest/config';

/** The packaged extension in a real VS Code, driven through Chromium: apart from the rest, for it takes minutes. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    fileParallelism: false,
    expect: { poll: { timeout: 30_000, interval: 100 } },
  },
});
