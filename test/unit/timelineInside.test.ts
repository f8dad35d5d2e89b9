/** What is inside of a span of the timeline. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { sumInside } from '../../webview/timeline/model/insideSpan.ts';
import { makeLlm, makeReport, makeSpan, modelOf } from '../fixtures/timelineDocuments.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';

const tool = (name: string, idleBlameMs: number | null) => ({ name, callId: null, detail: null, argumentBytes: null, resultBytes: null, idleBlameMs, idleEnergyWh: idleBlameMs === null ? null : idleBlameMs / 1000 });
const llm = (promptTokens: number, cachedTokens: number | null, active: number | null) => makeLlm({ promptTokens, cachedTokens, completionTokens: 5, energyWh: { active, grade: active === null ? null : 'integrated', band: null }, costUsd: 0.5 });

describe('what is inside of a span', () => {
  const spans = [
    makeSpan({ id: 'request', kind: 'agent', startMs: 0, endMs: 100 }),
    makeSpan({ id: 'step', parent: 'request', kind: 'step', startMs: 0, endMs: 60 }),
    makeSpan({ id: 'call', parent: 'step', kind: 'llm', startMs: 0, endMs: 20, llm: llm(100, 40, 2) }),
    makeSpan({ id: 'tool', parent: 'step', kind: 'tool', startMs: 10, endMs: 50, status: 'error', tool: tool('search', 30) }),
    makeSpan({ id: 'part', parent: 'tool', kind: 'tool', startMs: 20, endMs: 40, tool: tool('GET', 10) }),
    makeSpan({ id: 'nested', parent: 'tool', kind: 'llm', startMs: 40, endMs: 50, llm: llm(50, 10, 1) }),
    makeSpan({ id: 'last', parent: 'request', kind: 'llm', startMs: 90, endMs: 100, llm: llm(10, null, null) }),
    makeSpan({ id: 'elsewhere', kind: 'llm', startMs: 0, endMs: 100, llm: llm(1000, 0, 50) }),
    makeSpan({ id: 'empty', kind: 'step', startMs: 0, endMs: 100 }),
  ];
  const model = modelOf({ report: makeReport(spans, 100), gpu: [] });
  const inside = (id: string) => sumInside(model, model.span(id) ?? expect.unreachable());

  it('is its calls and tools, however deep, and what they took', () => {
    expect(inside('request')).toMatchObject({
      llmCalls: 3,
      // What is inside of a tool is a part of it.
      toolCalls: 1,
      failed: 1,
      agentMs: { llm: 20, tool: 20, overlap: 20, other: 40 },
      promptTokens: 160,
      cachedTokens: null,
      completionTokens: 15,
      activeWh: 3,
      grade: 'integrated',
      idleMs: 40,
      idleWh: 0.04,
      callsUsd: 1.5,
    });
    expect(inside('step')).toMatchObject({ llmCalls: 2, promptTokens: 150, cachedTokens: 50, agentMs: { llm: 10, tool: 20, overlap: 20, other: 10 } });
  });

  it('is told of a tool that calls models itself, and of no other', () => {
    expect(inside('tool')).toMatchObject({ llmCalls: 1, toolCalls: 1, promptTokens: 50 });
    expect(inside('part')).toBeNull();
    expect(inside('empty')).toBeNull();
  });

  it('is nothing of spans in a circle, and ends there', () => {
    const circle = modelOf({ report: makeReport([makeSpan({ id: 'a', parent: 'b', kind: 'agent', startMs: 0, endMs: 9 }), makeSpan({ id: 'b', parent: 'a', kind: 'agent', startMs: 0, endMs: 9 }), makeSpan({ id: 'c', parent: 'b', kind: 'llm', startMs: 0, endMs: 9, llm: llm(1, 1, 1) }), makeSpan({ id: 'd', kind: 'agent', startMs: 0, endMs: 9 })], 10), gpu: [] });
    expect(sumInside(circle, circle.span('d') ?? expect.unreachable())).toBeNull();
    expect(sumInside(circle, circle.span('a') ?? expect.unreachable())).toMatchObject({ llmCalls: 1 });
  });

  it('adds up, over all that is inside of nothing, to the run', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        const document = analyze(readRecording(text));
        const all = modelOf(document);
        let calls = 0;
        let prompt = 0;
        for (const span of document.report.spans) {
          if (span.parent !== null) continue;
          const sums = sumInside(all, span);
          if (sums === 'tooMany') expect.unreachable();
          calls += (sums?.llmCalls ?? 0) + (span.kind === 'llm' ? 1 : 0);
          prompt += (sums?.promptTokens ?? 0) + (span.llm?.promptTokens ?? 0);
        }
        expect([calls, prompt]).toEqual([document.report.totals.llmCalls, document.report.totals.promptTokens ?? 0]);
      }),
      { numRuns: 200 },
    );
  });
});
