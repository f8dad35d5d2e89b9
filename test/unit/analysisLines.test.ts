/** Cost at every frame of the chain: a helper that makes all calls does not swallow who caused them. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { callersOf, spansThrough } from '../../src/analysis/callers.ts';
import { summaryText } from '../../src/cli/summary.ts';
import { formatLens } from '../../src/profile/formatValue.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report, ReportLine } from '../../src/profile/report.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd } from './recordingLines.ts';

const LLM = '/home/user/project/llm.py';
const AGENT = '/home/user/project/agent.py';
const helper = site(LLM, 12, 'call_llm');
const main = site(AGENT, 99, '<module>');
const planner = [helper, site(AGENT, 20, 'plan'), site(AGENT, 50, 'run'), main];
const answerer = [helper, site(AGENT, 30, 'answer'), site(AGENT, 51, 'run'), main];

function analyzed(...lines: object[]): Report {
  return analyze(readRecording(recordingText(header(), ...lines))).report;
}

function lineAt(report: Report, file: string, line: number): ReportLine {
  const found = report.lines.find((each) => each.file === file && each.line === line);
  if (found === undefined) throw new Error(`no line ${file}:${line}`);
  return found;
}

/** Two calls by the planner, 1 s each and at once; one by the answerer, 3 s. */
const report = analyzed(
  call('a', 0, { frames: planner }),
  call('b', 500, { frames: planner }),
  callEnd('a', 1000, { firstTokenAt: 100, chunkGaps: [0, 900] }),
  callEnd('b', 1500, { firstTokenAt: 600, chunkGaps: [0, 900] }),
  call('c', 2000, { frames: answerer }),
  callEnd('c', 5000, { firstTokenAt: 2100, chunkGaps: [0, 2900], usage: { promptTokens: 1000, cachedTokens: null, completionTokens: 90, reasoningTokens: null } }),
  end(5000),
);

describe('a helper in the middle of everything', () => {
  it('has all calls as its own', () => {
    expect(lineAt(report, LLM, 12)).toMatchObject({ calls: 3, llmMs: 5000, promptTokens: 1200, inclusive: { calls: 3, llmMs: 5000, wallMs: 4500 } });
  });

  it('leaves each caller what came of it', () => {
    expect(lineAt(report, AGENT, 20)).toMatchObject({ function: 'plan', kinds: [], calls: 0, llmMs: 0, inclusive: { llmCalls: 2, llmMs: 2000, wallMs: 1500, promptTokens: 200, completionTokens: 20 } });
    expect(lineAt(report, AGENT, 30)).toMatchObject({ inclusive: { llmCalls: 1, llmMs: 3000, wallMs: 3000, promptTokens: 1000, completionTokens: 90 } });
    expect(lineAt(report, AGENT, 99).inclusive).toEqual(lineAt(report, LLM, 12).inclusive);
  });

  it('shows on every line of the chain what it led to', () => {
    const lens = (line: ReportLine) => formatLens(line, { show: 'perCall', cost: 'energy' });
    expect(lens(lineAt(report, AGENT, 20))).toMatch(/^⚡ 1\.5 s · 200→20 tok · ~[\d.]+ m?Wh · 2 calls inside$/);
    expect(lens(lineAt(report, AGENT, 30))).toMatch(/^⚡ 3 s · 1k→90 tok · ~[\d.]+ Wh · 1 call inside$/);
  });

  it('has its callers, where they part', () => {
    const callers = callersOf(report, lineAt(report, LLM, 12));
    expect(callers).toMatchObject([
      { site: { line: 30 }, calls: 1, timeMs: 3000, completionTokens: 90, callers: [] },
      { site: { line: 20 }, calls: 2, timeMs: 2000, completionTokens: 20, callers: [] },
    ]);
    const text = summaryText(report, { style: { bold: (text) => text, dim: (text) => text }, paths: [] });
    expect(text).toMatch(/llm\.py:12 {2}call_llm +3 +5 s/);
    expect(text).toMatch(/ {2}← agent\.py:30 {2}answer +1 +3 s +1k→90/);
    expect(text).toMatch(/ {2}← agent\.py:20 {2}plan +2 +2 s/);
    expect(text).not.toContain('<module>');
  });

  it('selects what a line led to', () => {
    expect(spansThrough(report, AGENT, 20)).toEqual(['a', 'b']);
    expect(spansThrough(report, AGENT, 99)).toEqual(['a', 'b', 'c']);
  });
});

describe('a chain', () => {
  it('through one line twice counts once there', () => {
    const recursive = analyzed(call('a', 0, { frames: [helper, site(AGENT, 20, 'plan'), site(AGENT, 20, 'plan')] }), callEnd('a', 1000), end(1000));
    expect(lineAt(recursive, AGENT, 20).inclusive).toMatchObject({ calls: 1, llmMs: 1000 });
  });

  it('with a tool that makes model calls counts the tool once and the calls as calls', () => {
    const nested = analyzed(
      span('t', 0, { name: 'research', frames: [site(AGENT, 40, 'research'), main] }),
      span('h', 100, { parent: 't', frames: [site(AGENT, 42, 'fetch'), site(AGENT, 40, 'research'), main] }),
      spanEnd('h', 600),
      call('a', 700, { parent: 't', frames: [helper, site(AGENT, 41, 'research'), main] }),
      callEnd('a', 900),
      spanEnd('t', 1000),
      end(1000),
    );
    expect(lineAt(nested, AGENT, 99).inclusive).toMatchObject({ calls: 2, llmCalls: 1, toolCalls: 1, toolMs: 1000, llmMs: 200, wallMs: 1000 });
    // The GPU's idle time is blamed on the part, and is the chain's all the same.
    expect(lineAt(nested, AGENT, 99).inclusive.idleBlameMs).toBeGreaterThan(500);
    // And of the line of the tool that it is a part of, as its time is.
    const { idleBlameMs, inclusive, toolMs } = lineAt(nested, AGENT, 40);
    expect([toolMs, idleBlameMs]).toEqual([1000, inclusive.idleBlameMs]);
    expect(idleBlameMs).toBeGreaterThan(lineAt(nested, AGENT, 42).idleBlameMs ?? 0);
    // The terminal shows it there alone.
    const text = summaryText(nested, { style: { bold: (text) => text, dim: (text) => text }, paths: [] });
    expect(text).toMatch(/agent\.py:40 {2}research +1 +1 s/);
    expect(text).not.toContain('agent.py:42');
  });
});
