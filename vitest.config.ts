import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,sockets,benchmarks,hooks,cli}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Conditions are waited for on busy machines, too.
    expect: { poll: { timeout: 30_000 } },
  },
});
