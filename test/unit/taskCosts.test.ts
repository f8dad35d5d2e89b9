import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { taskCost } from '../../src/analysis/taskCosts.ts';
import { analyze } from '../../src/analysis/analyze.ts';
import type { TaskResult } from '../../src/agents/results.ts';
import { parseResults } from '../../src/agents/results.ts';
import { progressText } from '../../src/cli/bench/progress.ts';
import { toCsv } from '../../src/cli/bench/table.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';

const folder = fileURLToPath(new URL('../fixtures/recordings', import.meta.url));
const recordings = ['two-steps.agentcost', 'torn.agentcost'];

describe('what a task took', () => {
  it.each(recordings)('sums over tasks to what the whole run took: %s', async (file) => {
    const document = analyze(await readRecordingFile(join(folder, file)));
    const { totals } = document.report;
    const cuts = [0, 0.2, 0.55, 1].map((share) => share * totals.wallMs);
    // The last one ends a little later, so that what ends with the run is in it.
    const parts = cuts.slice(1).map((endMs, index) => taskCost(document, { startMs: cuts[index]!, endMs: index === 2 ? endMs + 1 : endMs }));
    const sum = (value: (part: (typeof parts)[number]) => number | null) => parts.reduce((total, part) => total + (value(part) ?? 0), 0);
    expect(sum(({ llmCalls }) => llmCalls)).toBe(totals.llmCalls);
    expect(sum(({ promptTokens }) => promptTokens)).toBe(totals.promptTokens ?? 0);
    expect(sum(({ completionTokens }) => completionTokens)).toBe(totals.completionTokens ?? 0);
    for (const part of ['llm', 'tool', 'overlap'] as const) expect(sum(({ agentMs }) => agentMs[part])).toBeCloseTo(totals.agentMs[part], 3);
    expect(sum(({ agentMs }) => agentMs.other)).toBeCloseTo(totals.agentMs.other + 1, 3);
    if (totals.gpuMs.idle === null) expect(parts.every(({ gpuMs }) => gpuMs === null)).toBe(true);
    else for (const state of ['prefill', 'decode', 'mixed', 'idle'] as const) expect(sum(({ gpuMs }) => gpuMs?.[state] ?? null)).toBeCloseTo(totals.gpuMs[state] ?? 0, 3);
    if (totals.energyWh.total !== null && parts.every(({ energyWh }) => energyWh.total !== null)) expect(sum(({ energyWh }) => energyWh.total)).toBeCloseTo(totals.energyWh.total, 9);
    for (const { latencyMs, agentMs } of parts) expect(Object.values(agentMs).reduce((total, ms) => total + ms, 0)).toBeCloseTo(latencyMs, 3);
  });

  it('is not known where the GPU is not', async () => {
    const document = analyze(await readRecordingFile(join(folder, recordings[0]!)));
    const blind = { ...document, gpu: [], report: { ...document.report, totals: { ...document.report.totals, gpuMs: { prefill: null, decode: null, mixed: null, foreign: null, idle: null } } } };
    expect(taskCost(blind, { startMs: 0, endMs: 10 })).toMatchObject({ gpuMs: null, energyWh: { total: null } });
  });
});

describe("a bench's results", () => {
  const result = (over: Partial<TaskResult>): TaskResult => ({ id: 'a', question: '?', startedAt: 0, endedAt: 1000, answer: 'x', score: 1, parts: {}, end: 'answered', steps: 1, modelCalls: 1, toolCalls: 0, error: null, ...over });
  const plan = { agent: 'cot', benchmark: 'hotpotqa', model: 'm', toolCalling: 'text', budget: { iterations: 1, reflections: 0, children: 1, rollouts: 1, fewShot: 2 }, tasks: 4, items: 'own', notes: [] };

  it('are read while they are written', () => {
    const written = `${JSON.stringify(plan)}\n${JSON.stringify(result({}))}\n${JSON.stringify(result({})).slice(0, 40)}`;
    expect(parseResults(written)).toEqual({ plan, results: [result({})] });
    expect(parseResults('{"agent":')).toEqual({ plan: null, results: [] });
    expect(() => parseResults('{}\n')).toThrow();
  });

  it('say how long the rest may take', () => {
    expect(progressText(4, [], 0)).toBe('0 of 4 tasks');
    expect(progressText(4, [result({}), result({ startedAt: 1000, endedAt: 4000, score: 0 })], 5000)).toBe('2 of 4 tasks   score 0.50   2 s each   about 3 s left');
    expect(progressText(2, [result({}), result({ endedAt: 4000, score: null, error: 'gone' })], 9000)).toBe('2 of 2 tasks   score 1.00   1 failed   2 s each');
  });

  it('become a table in which what is not known is empty, and any text is one cell', () => {
    expect(toCsv([{ a: 1, b: null }, { a: 'x, "y"\nz', c: true }])).toBe('a,b,c\r\n1,,\r\n"x, ""y""\nz",,true\r\n');
  });
});
