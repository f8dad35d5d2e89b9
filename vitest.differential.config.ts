import { defineConfig } from 'vitest/config';

/** The whole of what `npm test` takes a slice of. */
export default defineConfig({
  test: {
    include: ['test/differential/**/*.test.ts'],
    globalSetup: 'test/temporaryFolder.ts',
    env: { AGENT_COST_EXCHANGES: process.env['AGENT_COST_EXCHANGES'] ?? '5000' },
    expect: { poll: { timeout: 30_000 } },
  },
});
