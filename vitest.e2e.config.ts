import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The packaged extension in a real VS Code, driven through Chromium: apart from the rest, for it takes minutes. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: 'test/temporaryFolder.ts',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // Each has a browser of its own, which often waits: two files go on at once, as long as pages answer a person's pace.
    maxWorkers: 2,
    // As for the other tests: counts that do not depend on the models that this machine has.
    env: { HF_HUB_CACHE: fileURLToPath(new URL('test/fixtures/tokenizer/empty-cache', import.meta.url)) },
    expect: { poll: { timeout: 30_000, interval: 100 } },
  },
});
