import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readEditorSuite, readVitest } from '../../scripts/lib/testResults.mjs';

const folder = mkdtempSync(join(tmpdir(), 'agent-cost-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: unknown): string {
  const path = join(folder, 'results.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const test = (fullName: string, status: string, failureMessages: string[] = []) => ({ fullName, status, failureMessages });

describe('the count of tests', () => {
  it('takes passed and failed tests from Vitest', () => {
    const results = { testResults: [{ name: 'a.test.ts', status: 'failed', message: '', assertionResults: [test('adds', 'passed'), test('divides', 'failed', ['by zero'])] }] };
    expect(readVitest(file(results))).toEqual({ passed: 1, failures: [{ title: 'a.test.ts > divides', message: 'by zero' }] });
  });

  it.each(['skipped', 'pending', 'todo', 'disabled'])('takes a %s test for a failed one', (status) => {
    const outcome = readVitest(file({ testResults: [{ name: 'a.test.ts', status: 'passed', message: '', assertionResults: [test('adds', status)] }] }));
    expect(outcome).toMatchObject({ passed: 0, failures: [{ title: 'a.test.ts > adds' }] });
  });

  it('takes a file that does not load for one failed test', () => {
    const results = { testResults: [{ name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }] };
    expect(readVitest(file(results))).toEqual({ passed: 0, failures: [{ title: 'a.test.ts', message: 'no such module' }] });
  });

  it('takes pending in-editor tests for failed ones', () => {
    const tests = [
      { title: 'opens', state: 'passed', ms: 1, error: null },
      { title: 'draws', state: 'pending', ms: 0, error: null },
      { title: 'closes', state: 'failed', ms: 0, error: 'stuck' },
    ];
    const outcome = readEditorSuite(file({ tests }));
    expect(outcome?.passed).toBe(1);
    expect(outcome?.failures.map(({ title }) => title)).toEqual(['draws', 'closes']);
  });

  it('knows no outcome where the results are missing or cut short', () => {
    expect(readVitest(join(folder, 'none.json'))).toBeNull();
    expect(readVitest(file('{"testResults": [{'))).toBeNull();
    expect(readEditorSuite(join(folder, 'none.json'))).toBeNull();
  });
});
