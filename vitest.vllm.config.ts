import { defineConfig } from 'vitest/config';
import { isInstalled } from './test/vllm/install.ts';

/** For CI, which installs none: without one there is nothing to test. */
const isMissing = process.env['AGENT_COST_VLLM_IF_INSTALLED'] === '1' && !isInstalled();
if (isMissing) process.stderr.write('There is no vLLM in the cache folder, so nothing is tested against one. npm run test:vllm installs it.\n');

/** Against a real vLLM that is installed and started for it: apart from `npm test`, for it takes 3 GB and minutes. */
export default defineConfig({
  test: {
    include: isMissing ? [] : ['test/{live,vllm}/**/*.test.ts'],
    passWithNoTests: isMissing,
    globalSetup: isMissing ? [] : ['test/temporaryFolder.ts', 'test/vllm/server.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    // A test's table stands beside its name.
    disableConsoleIntercept: true,
  },
});
