import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,sockets,differential,benchmarks,agents,hooks,cli,chaos,fuzz}/**/*.test.ts'],
    globalSetup: 'test/temporaryFolder.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Whatever models this machine has, the embedded server's counts are the same.
    env: { HF_HUB_CACHE: fileURLToPath(new URL('test/fixtures/tokenizer/empty-cache', import.meta.url)) },
    // Conditions are waited for on busy machines, too.
    expect: { poll: { timeout: 30_000 } },
  },
});
