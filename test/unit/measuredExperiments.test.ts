/** The paper's experiments on runs that are made elsewhere, and recordings as such runs. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import type { TaskResult } from '../../src/agents/results.ts';
import { budgetFlags, namesOf } from '../../src/cli/paper/agentRun.ts';
import { recordedOutcome } from '../../src/cli/paper/recordedOutcome.ts';
import { BENCHMARKS, HOTPOTQA } from '../../src/experiments/behaviour/shipped.ts';
import { meanSeconds, runKey, simulated, type RunAsked } from '../../src/experiments/lab.ts';
import { asMeasured, Measuring, runsAsked } from '../../src/experiments/measured.ts';
import { latencyShares } from '../../src/experiments/outcome.ts';
import { EXPERIMENTS, type RunnableExperiment } from '../../src/experiments/registry.ts';
import { AGENTS, isPair } from '../../src/experiments/workload.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, recordingText, span, spanEnd } from './recordingLines.ts';

const SCALE = { requests: 10, repeats: 2 };
const experimentOf = (id: string): RunnableExperiment => EXPERIMENTS.find((each) => each.id === id)!;
const small = (asked: RunAsked) => simulated({ ...asked, setting: { ...asked.setting, requests: 10 } });

describe('measuring', () => {
  it('makes each run that an experiment asks for once, in as many goes as it takes, and finds what the simulator would', async () => {
    const made: string[] = [];
    const measuring = new Measuring(SCALE, (asked) => {
      made.push(runKey(asked));
      return Promise.resolve(small(asked));
    });
    for (const id of ['fig7', 'fig9']) await measuring.findings(experimentOf(id));
    expect(new Set(made).size).toBe(made.length);
    expect(made.toSorted()).toEqual(runsAsked([experimentOf('fig7'), experimentOf('fig9')], SCALE).map(runKey).toSorted());
    const again = await measuring.findings(experimentOf('fig7'));
    expect(made).toHaveLength(new Set(made).size);
    expect(again.rows.map(({ what }) => what)).toContain('95th percentile of latency');
  });

  it('looks for peaks, where each run hangs on the one before', async () => {
    const rates: number[] = [];
    const findings = await new Measuring({ requests: 10, repeats: 1 }, (asked) => {
      const { load } = asked.setting;
      if ('perSecond' in load) rates.push(load.perSecond);
      return Promise.resolve(small(asked));
    }).findings(experimentOf('fig11'));
    expect(rates.length).toBeGreaterThan(40);
    expect(findings.rows[0]).toMatchObject({ series: 'ShareGPT', what: 'peak with prefix caching' });
    expect(findings.rows[0]!.ours!.mean).toBeGreaterThan(0);
  });

  it('passes on what kept a run from being made', async () => {
    await expect(new Measuring(SCALE, () => Promise.reject(new Error('no server'))).findings(experimentOf('fig4'))).rejects.toThrow('no server');
  });

  it('says of all that it is measured, and of nothing that it is assumed', async () => {
    const { rows, notes, charts } = asMeasured(await new Measuring(SCALE, (asked) => Promise.resolve(small(asked))).findings(experimentOf('fig5')), 'On a toy.');
    expect(new Set(rows.map(({ basis }) => basis))).toEqual(new Set(['measured']));
    expect(notes).toEqual([]);
    for (const { note, series } of charts) {
      expect(note).toMatch(/On a toy\.$/);
      for (const { basis, points } of series) for (const each of [basis, ...points.flatMap((point) => point.basis ?? [])]) expect(['measured', 'published']).toContain(each);
    }
  });

  it('knows which servers experiments need', () => {
    const of = (id: string) => runsAsked([experimentOf(id)], SCALE).map(({ setting }) => setting);
    expect(of('fig4').every(({ prefixCaching, model }) => prefixCaching && model === '8B')).toBe(true);
    expect(of('fig9').some(({ prefixCaching }) => !prefixCaching)).toBe(true);
    expect(of('fig17').some(({ model }) => model === '70B')).toBe(true);
  });
});

describe('a workload', () => {
  it('is run by the agent of its name with a budget, given or the benchmark’s', () => {
    expect(namesOf('chat')).toEqual({ agent: 'chat', benchmark: 'sharegpt' });
    expect(namesOf({ agent: 'LLMCompiler', behaviour: HOTPOTQA })).toEqual({ agent: 'llmcompiler', benchmark: 'hotpotqa' });
    expect(budgetFlags({ agent: 'ReAct', behaviour: HOTPOTQA, budget: { react: { mostCalls: 3, examples: 0 } } })).toEqual({ iterations: '3', fewShot: '0' });
    expect(budgetFlags({ agent: 'LATS', behaviour: HOTPOTQA, budget: { lats: { children: 16 } } })).toMatchObject({ children: '16', rollouts: String(HOTPOTQA.lats.iterations.value) });
    expect(budgetFlags({ agent: 'Reflexion', behaviour: HOTPOTQA, budget: { reflexion: { reflections: 64 } } })).toMatchObject({ reflections: '64' });
    for (const behaviour of BENCHMARKS) for (const agent of AGENTS) if (isPair(agent, behaviour)) for (const value of Object.values(budgetFlags({ agent, behaviour }))) expect(value).toMatch(/^\d+$/);
  });
});

describe('a recording', () => {
  const startedAt = Date.parse('2026-01-02T03:04:05.000Z');
  const result = (number: number, fromMs: number, toMs: number, over: Partial<TaskResult> = {}): TaskResult => ({
    id: `t${number}`, number, warmUp: false, question: '', scheduledAt: null, startedAt: startedAt + fromMs, endedAt: startedAt + toMs, answer: 'x', score: 1, parts: {}, end: 'answered', steps: 1, modelCalls: null, toolCalls: 1, error: null, interrupted: false, trace: null, ...over,
  });
  const document = analyze(
    readRecording(
      recordingText(
        header(),
        ...[call('warm', 0, {}), callEnd('warm', 900)],
        ...[call('a', 1000, {}), callEnd('a', 2000), span('s', 2000, { kind: 'tool', name: 'search' }), spanEnd('s', 2500), call('b', 2500, {}), callEnd('b', 3000)],
        ...[call('c', 3200, {}), callEnd('c', 4200)],
        end(5000),
      ),
    ),
  );

  it('is a run of requests with their calls, their tools and what the server did meanwhile', () => {
    const outcome = recordedOutcome(document, [result(1, 1000, 3100), result(2, 3100, 4300, { scheduledAt: startedAt + 3000, score: 0.5 })]);
    expect(outcome.requests.map(({ arrival, end: until, calls, tools, solved }) => [arrival, until, calls.length, tools, solved])).toEqual([
      [1000, 3100, 2, [{ from: 2000, to: 2500 }], true],
      [3000, 4300, 1, [], false],
    ]);
    expect(latencyShares(outcome.requests[0]!)).toEqual({ llmMs: 1500, toolMs: 500, overlapMs: 0 });
    expect(meanSeconds(outcome)).toBeCloseTo(1.7);
    const { wallMs, gpuMs } = outcome.server;
    expect(wallMs).toBe(3300);
    expect(gpuMs.prefill + gpuMs.decode + gpuMs.mixed + gpuMs.idle).toBeCloseTo(3300, 3);
    expect(gpuMs.idle).toBeCloseTo(800, 3);
  });

  it('of which something is not known says so, and gives no figure', async () => {
    const outcome = recordedOutcome(document, [result(1, 1000, 3100, { score: null })]);
    expect(outcome.requests[0]!.solved).toBeNull();
    expect(outcome.server.kvTokens.most).toBeNaN();
    const { rows } = await new Measuring({ requests: 1, repeats: 1 }, () => Promise.resolve(outcome)).findings(experimentOf('kv'));
    expect(rows.map(({ ours }) => ours)).toEqual(rows.map(() => null));
  });
});
