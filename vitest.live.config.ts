import { defineConfig } from 'vitest/config';

/** Against a real server that is already running: apart from `npm test`, which needs none. */
export default defineConfig({ test: { include: ['test/live/**/*.test.ts'], globalSetup: 'test/temporaryFolder.ts', testTimeout: 300_000, hookTimeout: 60_000, fileParallelism: false } });
