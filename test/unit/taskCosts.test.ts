import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { spansInside, taskCost } from '../../src/analysis/taskCosts.ts';
import { analyze } from '../../src/analysis/analyze.ts';
import type { RunPlan, TaskResult } from '../../src/agents/results.ts';
import { parseResults } from '../../src/agents/results.ts';
import { progressText } from '../../src/cli/bench/progress.ts';
import { benchedTasks } from '../../src/cli/bench/table.ts';
import { timeLeftMs } from '../../src/cli/progressLine.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';
import { serverIn } from '../../src/analysis/serverUse.ts';

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

describe('what a task took of several at once', () => {
  it('is what is inside its own span, and unknown where that never came', async () => {
    const document = analyze(await readRecordingFile(join(folder, recordings[0]!)));
    const { report } = document;
    const root = report.spans.find(({ kind }) => kind === 'agent')!;
    const inside = spansInside(document)(root.id)!;
    const run = { startMs: 0, endMs: report.totals.wallMs };
    const whole = taskCost(document, run, { spans: inside, toolUses: [] });
    expect(whole.llmCalls).toBe(report.spans.filter(({ kind, id }) => kind === 'llm' && inside.has(id)).length);
    expect(whole.llmCalls).toBeGreaterThan(0);
    expect(whole.energyWh.total).toBeNull();
    // Tools are at work when the program says so, whatever else was seen.
    expect(whole.agentMs.tool + whole.agentMs.overlap).toBe(0);
    const half = taskCost(document, run, { spans: inside, toolUses: [{ startMs: 0, endMs: run.endMs / 2 }, { startMs: 5, endMs: 10 }] });
    expect(half.agentMs.tool + half.agentMs.overlap).toBeCloseTo(run.endMs / 2, 3);
    expect(half.agentMs.llm + half.agentMs.overlap).toBeCloseTo(whole.agentMs.llm, 3);
    // Nothing of it lies in its span.
    expect(taskCost(document, run, { spans: new Set(['other']), toolUses: [] })).toMatchObject({ llmCalls: 0, promptTokens: null, agentMs: { llm: 0, tool: 0, overlap: 0 } });
    expect(spansInside(document)('trace:never:came')).toBeNull();
    const [benched] = benchedTasks(document, [result({ trace: { traceId: 'never', spanId: 'came', toolUses: [] } })]);
    expect(benched?.cost).toBeNull();
  });

  it('is unknown where fewer calls are in the recording than were made', async () => {
    const document = analyze(await readRecordingFile(join(folder, recordings[0]!)));
    const startedAt = Date.parse(document.report.run.startedAt);
    const all = { startedAt, endedAt: startedAt + document.report.totals.wallMs + 1 };
    const { llmCalls } = document.report.totals;
    expect(benchedTasks(document, [result({ ...all, modelCalls: llmCalls })])[0]?.cost?.llmCalls).toBe(llmCalls);
    expect(benchedTasks(document, [result({ ...all, modelCalls: llmCalls + 1 })])[0]?.cost).toBeNull();
  });
});

describe('what the server did in a stretch', () => {
  it.each(recordings)('sums over the run to what the whole run says: %s', async (file) => {
    const document = analyze(await readRecordingFile(join(folder, file)));
    const { wallMs, gpuMs } = document.report.totals;
    const cut = wallMs * 0.4;
    const parts = [serverIn(document, { startMs: 0, endMs: cut }), serverIn(document, { startMs: cut, endMs: wallMs })];
    for (const state of ['prefill', 'decode', 'mixed', 'idle'] as const) expect(parts.reduce((sum, part) => sum + (part.gpuMs?.[state] ?? 0), 0)).toBeCloseTo(gpuMs[state] ?? 0, 3);
  });

  it('weighs by time, and knows nothing of a cache that nobody tells of', () => {
    const segment = (startMs: number, endMs: number, kvTokens: number | null, batch: number) => ({ startMs, endMs, state: 'decode' as const, batch, kvTokens, kvCapacityTokens: kvTokens === null ? null : 100, watts: null, spans: [], blamedOn: null });
    const document = { report: { totals: { gpuMs: { idle: 0 } } }, gpu: [segment(0, 10, 20, 1), segment(10, 40, 60, 5), { ...segment(40, 100, null, 0), state: 'idle' as const }] } as unknown as Parameters<typeof serverIn>[0];
    expect(serverIn(document, { startMs: 0, endMs: 100 })).toEqual({ ms: 100, gpuMs: { prefill: 0, decode: 40, mixed: 0, foreign: 0, idle: 60 }, kvUse: { mean: 0.5, max: 0.6 }, batch: { mean: 4, max: 5 } });
    expect(serverIn(document, { startMs: 40, endMs: 100 }).kvUse).toBeNull();
  });
});

const result = (over: Partial<TaskResult>): TaskResult => ({ id: 'a', number: 1, warmUp: false, question: '?', scheduledAt: null, startedAt: 0, endedAt: 1000, answer: 'x', score: 1, parts: {}, end: 'answered', steps: 1, modelCalls: 1, toolCalls: 0, error: null, interrupted: false, trace: null, ...over });

describe("a bench's results", () => {
  const plan: RunPlan = { startedAt: 0, agent: 'cot', benchmark: 'hotpotqa', model: 'm', toolCalling: 'text', budget: { iterations: 1, reflections: 0, children: 1, rollouts: 1, fewShot: 2 }, load: { clients: 1 }, seed: 0, shard: { index: 1, count: 1 }, tasks: 4, warmUp: 0, lastArrivalMs: null, items: 'own', notes: [] };
  const once = { repeat: 1, repeats: 1 };

  it('are read while they are written', () => {
    const written = `${JSON.stringify(plan)}\n${JSON.stringify(result({}))}\n${JSON.stringify(result({})).slice(0, 40)}`;
    expect(parseResults(written)).toEqual({ plan, results: [result({})] });
    expect(parseResults('{"agent":')).toEqual({ plan: null, results: [] });
    expect(() => parseResults('{}\n')).toThrow();
  });

  it('say how long the rest may take', () => {
    expect(progressText(plan, [], once, 0)).toBe('0 of 4 tasks');
    const two = [result({}), result({ startedAt: 1000, endedAt: 4000, score: 0 })];
    expect(progressText(plan, two, once, 5000)).toBe('2 of 4 tasks   score 0.50   2 s each   about 3 s left');
    // One more repeat, of 5 s so far and 3 s to come.
    expect(progressText(plan, two, { repeat: 1, repeats: 2 }, 5000)).toBe('repeat 1 of 2   2 of 4 tasks   score 0.50   2 s each   about 11 s left');
    expect(progressText({ ...plan, tasks: 2 }, [result({}), result({ endedAt: 4000, score: null, error: 'gone' })], once, 9000)).toBe('2 of 2 tasks   score 1.00   1 failed   2.5 s each');
  });

  it('say so of arrivals, which come when they come, and of warming up', () => {
    const open = { ...plan, load: { perSecond: 1 }, tasks: 3, lastArrivalMs: 8000 };
    expect(progressText(open, [result({})], once, 2000)).toBe('1 of 3 tasks   score 1.00   1 s each   about 7 s left');
    expect(progressText({ ...plan, warmUp: 2 }, [result({ warmUp: true })], once, 1000)).toBe('warming up, 1 of 2 tasks   0 of 4 tasks   about 5 s left');
  });

  it('take as long for the rest as for what is done', () => {
    expect(timeLeftMs({ total: 10, done: 0, elapsedMs: 0, sinceMs: 5 })).toBeNull();
    expect(timeLeftMs({ total: 10, done: 4, elapsedMs: 400, sinceMs: 50 })).toBe(550);
    expect(timeLeftMs({ total: 10, done: 10, elapsedMs: 400, sinceMs: 50 })).toBe(0);
  });
});
