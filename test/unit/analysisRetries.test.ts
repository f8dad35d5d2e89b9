/** Calls that were tried again, and the time in between. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { call, callEnd, end, header, message, recordingText, site, span, spanEnd } from './recordingLines.ts';

const THINK = [site('/p/agent.py', 10, 'think'), site('/p/agent.py', 30, 'answer')];
const request = (text: string) => ({ messages: [message('user', text)] });
const refused = (id: string, t: number, httpStatus: number | null = 429): object => callEnd(id, t, { status: 'error', httpStatus, error: 'slow down', usage: null });
const reportOf = (...lines: object[]): Report => analyze(readRecording(recordingText(header(), ...lines, end(5000)))).report;
const retryOf = (report: Report, id: string) => report.spans.find((each) => each.id === id)?.llm?.retryOf;
const others = (report: Report) => report.spans.filter(({ kind }) => kind === 'other').map(({ name, startMs, endMs, evidence, activity, site: at }) => [name, startMs, endMs, evidence, activity, at?.line]);

it('of a call that the program broke off says no more of HTTP than that', () => {
  const errorOf = (over: object): unknown => analyze(readRecording(recordingText(header(), call('a', 0), callEnd('a', 100, over), end(200)))).report.spans.find(({ id }) => id === 'a')?.error;
  expect(errorOf({ status: 'cancelled', httpStatus: 200, error: null })).toEqual({ message: 'The call was cancelled.' });
  expect(errorOf({ status: 'error', httpStatus: 200, error: null })).toEqual({ message: 'The call was broken off.' });
  expect(errorOf({ status: 'error', httpStatus: 503, error: null })).toEqual({ message: 'HTTP 503' });
});

describe('a second try', () => {
  it('is the next call of the thread that sends the same after a failure that may pass', () => {
    const report = reportOf(call('a', 0, { frames: THINK, request: request('q') }), refused('a', 50), call('b', 1050, { frames: THINK, request: request('q') }), callEnd('b', 1500));
    expect(retryOf(report, 'b')).toBe('a');
    expect(report.totals).toMatchObject({ failedCalls: 1, retriedCalls: 1, otherMs: { backoff: 1000 } });
    expect(others(report)).toEqual([['back-off', 50, 1050, 'inferred', 'backoff', 10]]);
    const [found] = report.findings.filter(({ rule }) => rule === 'retries');
    expect(found?.message).toBe('1 model call had to be tried again (HTTP 429): 50 ms in tries that failed and 1 s of back-off. Send fewer calls at once, or raise the rate limit.');
    expect(found?.saves.ms).toBe(1050);
  });

  it('follows each try before', () => {
    const tries = ['a', 'b', 'c'].flatMap((id, index) => [call(id, index * 1000, { request: request('q') }), index < 2 ? refused(id, index * 1000 + 10, 503) : callEnd(id, 2500)]);
    const report = reportOf(...tries);
    expect([retryOf(report, 'a'), retryOf(report, 'b'), retryOf(report, 'c')]).toEqual([null, 'a', 'b']);
    expect(report.totals.retriedCalls).toBe(2);
  });

  it('is known by the count of its SDK where no digests were kept', () => {
    const blind = (id: string, t: number, attempt: number): object => call(id, t, { attempt, request: { messages: [{ ...message('user', 'q'), hash: null, text: null }] } });
    const report = reportOf(blind('a', 0, 1), refused('a', 50, null), blind('b', 600, 2), callEnd('b', 900));
    expect(retryOf(report, 'b')).toBe('a');
    expect(report.findings.find(({ rule }) => rule === 'retries')?.message).toContain('a broken connection');
  });

  it.each([
    ['another prompt', call('b', 1000, { request: request('other') }), 429],
    ['a failure that will not pass', call('b', 1000, { request: request('q') }), 400],
    ['another thread', call('b', 1000, { thread: 'worker', request: request('q') }), 429],
    ['begun before the first had failed', call('b', 20, { request: request('q') }), 429],
  ])('is not: %s', (_, second, status) => {
    const report = reportOf(call('a', 0, { request: request('q') }), refused('a', 50, status), second, callEnd('b', 1200));
    expect(report.totals.retriedCalls).toBe(0);
    expect(others(report)).toEqual([]);
  });
});

describe('the wait in between', () => {
  it('is the sleep that was seen, at its line', () => {
    const sleeping = [site('/p/agent.py', 14, 'think'), site('/p/agent.py', 30, 'answer')];
    const report = reportOf(
      call('a', 0, { frames: THINK, request: request('q') }),
      refused('a', 50),
      span('s', 55, { kind: 'other', source: 'sampled', evidence: 'sampled', name: 'think', frames: sleeping, activity: 'sleep' }),
      spanEnd('s', 1045),
      call('b', 1050, { frames: THINK, request: request('q') }),
      callEnd('b', 1500),
    );
    expect(others(report)).toEqual([['think', 55, 1045, 'sampled', 'backoff', 14]]);
    expect(report.totals.otherMs).toMatchObject({ backoff: 990, sleep: 0 });
  });
});
