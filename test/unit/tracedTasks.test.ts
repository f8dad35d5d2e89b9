/** Agents that one process runs at once, told apart by the traces of the program's own; hooks saw its functions and tools. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { RecordingLine, ToolCall, TraceSpanLine } from '../../src/profile/recordingFormat.ts';
import { call, callEnd, end, header, message, recordingText, site, span, spanEnd } from './recordingLines.ts';

const trace = (task: string) => ({ traceId: task.repeat(32), spanId: task.repeat(16) });
const root = (task: string, t: number, endT: number): TraceSpanLine => ({
  ...{ type: 'traceSpan', t, end: endT, ...trace(task), parentSpanId: null, kind: 'agent', name: `agent ${task}`, status: 'ok', error: null, pid: 100, thread: null, resource: 'host/100/agents', scope: 'agents' },
  ...{ site: null, http: false, detail: null, argumentBytes: null, resultBytes: null, callId: null, llm: null },
});
const ran = (id: string, name: string, t: number, parent: string | null) => span(id, t, { kind: 'other', source: 'function', name, parent, frames: [site('/p/agent.js', name.length, name)] });
const asks = (callId: string): ToolCall => ({ callId, name: 'search', argumentBytes: 2, arguments: '{}' });

/** One task: a call that asks for a tool, the tool's function with a request in it, a call with its result; all in a function of its own. */
function task(id: string, t: number): RecordingLine[] {
  const first = [message('user', id)];
  return [
    ran(`solve-${id}`, 'solve', t, 'main'),
    call(`${id}1`, t + 10, { parent: `solve-${id}`, trace: trace(id), request: { messages: first } }),
    callEnd(`${id}1`, t + 100, { toolCalls: [asks('call_0')] }),
    ran(`search-${id}`, 'search', t + 110, `solve-${id}`),
    span(`http-${id}`, t + 120, { parent: `search-${id}`, frames: [site('/p/agent.js', 6, 'search')] }),
    spanEnd(`http-${id}`, t + 190),
    spanEnd(`search-${id}`, t + 200),
    call(`${id}2`, t + 210, { parent: `solve-${id}`, trace: trace(id), request: { messages: [...first, message('assistant', `asks ${id}`), message('tool', `found ${id}`)], toolResults: [{ callId: 'call_0', bytes: 5 }] } }),
    callEnd(`${id}2`, t + 300),
    spanEnd(`solve-${id}`, t + 310),
    root(id, t, t + 312),
  ];
}

describe('agents at once', () => {
  it('have what their functions did inside of them, each its own', () => {
    // `b` begins 5 ms after `a`: their tools run at the same time, and ask by the same id.
    const { report } = analyze(readRecording(recordingText(header(), ran('main', 'main', 0, null), ...task('a', 10), ...task('b', 15), spanEnd('main', 900), end(1000))));
    expect(report.totals).toMatchObject({ requests: 2, requestsEvidence: 'measured', llmCalls: 4, toolCalls: 2 });
    expect(report.tools.map(({ name, calls, evidence }) => [name, calls, evidence])).toEqual([['search', 2, 'measured']]);
    const insideOf = (id: string): string[] => [id, ...report.spans.filter(({ parent }) => parent === id).flatMap((each) => insideOf(each.id))];
    for (const id of ['a', 'b']) {
      const agent = report.spans.find(({ name }) => name === `agent ${id}`)!;
      expect(insideOf(agent.id).sort()).toEqual([agent.id, `${id}1`, `${id}2`, `http-${id}`, `search-${id}`].sort());
    }
  });

  it('have nothing of a function that led to both, or went on without them', () => {
    const lines = [...task('a', 10), ...task('b', 400)].map((line) => ('parent' in line && line.parent !== null && /^solve/.test(line.parent) ? { ...line, parent: 'main' } : line));
    const { report } = analyze(readRecording(recordingText(header(), ran('main', 'main', 0, null), ...(lines), spanEnd('main', 900), end(1000))));
    expect(report.totals).toMatchObject({ requests: 2, llmCalls: 4 });
    const agents = report.spans.filter(({ kind }) => kind === 'agent').map(({ id }) => id);
    expect(report.spans.filter(({ kind }) => kind === 'llm').every(({ parent }) => agents.includes(parent ?? ''))).toBe(true);
    // The functions were in no call's way: whose they are is not known.
    expect(agents).not.toContain(report.spans.find(({ id }) => id === 'search-a')?.parent);
  });
});
