import { defineConfig } from 'vitest/config';

/** Against a real vLLM that is installed and started for it: apart from `npm test`, for it takes 3 GB and minutes. */
export default defineConfig({
  test: {
    include: ['test/{live,vllm}/**/*.test.ts'],
    globalSetup: 'test/vllm/server.ts',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    // A test's table stands beside its name.
    disableConsoleIntercept: true,
  },
});
