// What the test runners leave as JSON, brought to one shape: how many passed, and each failure by name.
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ title: string, message: string }} Failure
 * @typedef {{ passed: number, failures: Failure[] }} Outcome
 */

const SKIPPED = 'skipped, which counts as failed: a test that does not run proves nothing';

function read(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Cut short by a crash: as good as none.
    return null;
  }
}

/**
 * Vitest's JSON reporter.
 *
 * @param {string} file
 * @returns {Outcome | null} null when there is no whole result
 */
export function readVitest(file) {
  const results = read(file);
  if (!results) return null;
  const failures = [];
  let passed = 0;
  for (const { name, status, message, assertionResults } of results.testResults) {
    for (const test of assertionResults) {
      if (test.status === 'passed') passed++;
      else failures.push({ title: `${name} > ${test.fullName}`, message: test.status === 'failed' ? test.failureMessages.join('\n') : SKIPPED });
    }
    // A file that did not load has no tests to blame.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) failures.push({ title: name, message });
  }
  return { passed, failures };
}

/**
 * The in-editor suite's results (`test/host/runSuite.ts`).
 *
 * @param {string} file
 * @returns {Outcome | null}
 */
export function readEditorSuite(file) {
  const results = read(file);
  if (!results) return null;
  const outcome = { passed: 0, failures: [] };
  for (const { title, state, error } of results.tests) {
    if (state === 'passed') outcome.passed++;
    else outcome.failures.push({ title, message: state === 'pending' ? SKIPPED : (error ?? 'failed') });
  }
  return outcome;
}
