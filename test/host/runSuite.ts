/** Runs Mocha inside the extension host and leaves its results as JSON for whoever started VS Code. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** One test's outcome, as in the file named by AGENT_COST_TEST_RESULTS. */
export interface TestResult {
  title: string;
  state: 'passed' | 'failed' | 'pending';
  ms: number;
  error: string | null;
}

/** A webview's round trip alone takes seconds on a small machine. */
const TEST_TIMEOUT_MS = 60_000;

/**
 * Runs suites, each a function that calls `describe` and `it`, and prints as they go.
 *
 * @throws Error when a test fails, or when there is none: VS Code then exits with 1.
 */
export function runSuites(suites: readonly (() => void)[]): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: TEST_TIMEOUT_MS, color: true });
  // Puts `describe`, `it` and their like into the global scope; Mocha does it itself only for files that it loads.
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  for (const define of suites) define();

  const results: TestResult[] = [];
  const add = (test: Mocha.Runnable, state: TestResult['state'], error: string | null) =>
    results.push({ title: test.fullTitle(), state, ms: test.duration ?? 0, error });
  return new Promise((resolve, reject) => {
    const runner = mocha.run((failures) => {
      const file = process.env.AGENT_COST_TEST_RESULTS;
      if (file) writeFileSync(file, JSON.stringify({ tests: results }, null, 2));
      if (failures > 0) reject(new Error(`${failures} in-editor tests failed`));
      else if (results.length === 0) reject(new Error('no in-editor test was found'));
      else resolve();
    });
    runner.on('pass', (test) => add(test, 'passed', null));
    // Hooks that fail come here too, each as a failure of its own.
    runner.on('fail', (test, error: Error) => add(test, 'failed', error.stack ?? error.message));
    runner.on('pending', (test) => add(test, 'pending', null));
  });
}
