/** Requests and steps from the wire, roles, and findings. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { CallEndLine, MessageDigest, SpanLine } from '../../src/profile/recordingFormat.ts';
import type { Report } from '../../src/profile/report.ts';
import { call, callEnd, end, header, message, recordingText, site, span, spanEnd, toolCall } from './recordingLines.ts';

const system = message('system', 'You are an agent.');

function reportOf(...lines: object[]): Report {
  return analyze(readRecording(recordingText(header(), ...lines))).report;
}

function exchange(id: string, t: number, messages: MessageDigest[], over: Partial<CallEndLine> = {}): object[] {
  return [call(id, t, { request: { messages } }), callEnd(id, t + 50, over)];
}

/** A conversation of two calls about one question. */
function conversation(name: string, t: number, gap = 100): object[] {
  const first = [system, message('user', name)];
  return [...exchange(`${name}1`, t, first), ...exchange(`${name}2`, t + gap, [...first, message('assistant', `${name} thought`), message('user', 'go on')])];
}

function requests(report: Report): [string, string[]][] {
  const steps = new Map(report.spans.flatMap((each) => (each.kind === 'step' ? [[each.id, each.parent]] : [])));
  return report.spans
    .filter((each) => each.kind === 'agent')
    .map((agent) => [agent.name, report.spans.filter((each) => each.kind === 'llm' && steps.get(each.parent ?? '') === agent.id).map((each) => each.id)]);
}

describe('requests', () => {
  it('are told apart where conversations of one kind start anew', () => {
    const report = reportOf(...conversation('Q1', 0), ...conversation('Q2', 1000), ...conversation('Q3', 2000), end(3000));
    expect(requests(report)).toEqual([
      ['Q1', ['Q11', 'Q12']],
      ['Q2', ['Q21', 'Q22']],
      ['Q3', ['Q31', 'Q32']],
    ]);
    expect(report.totals).toMatchObject({ requests: 3, requestsEvidence: 'inferred' });
  });

  it('are told apart when they run at once', () => {
    const report = reportOf(...conversation('Q1', 0, 500), ...conversation('Q2', 10, 300), end(3000));
    expect(requests(report)).toEqual([
      ['Q1', ['Q11', 'Q12']],
      ['Q2', ['Q21', 'Q22']],
    ]);
  });

  it.each(['responses', 'messages', 'ollama'] as const)('are told apart by conversations of %s as well', (endpoint) => {
    const inTheirWords = [...conversation('Q1', 0, 500), ...conversation('Q2', 10, 300)].map((line) => ('request' in line ? { ...line, endpoint } : line));
    expect(requests(reportOf(...inTheirWords, end(3000)))).toEqual([
      ['Q1', ['Q11', 'Q12']],
      ['Q2', ['Q21', 'Q22']],
    ]);
  });

  it('take in calls of another kind only while one runs at a time', () => {
    const planner = (id: string, t: number): object[] => exchange(id, t, [message('system', 'You plan.'), message('user', `plan ${id}`)]);
    const apart = reportOf(...conversation('Q1', 0), ...planner('p1', 60), ...conversation('Q2', 1000), ...planner('p2', 1200), end(3000));
    expect(requests(apart)).toEqual([
      ['Q1', ['Q11', 'p1', 'Q12']],
      ['Q2', ['Q21', 'Q22', 'p2']],
    ]);
    const atOnce = reportOf(...conversation('Q1', 0, 500), ...conversation('Q2', 10, 300), ...planner('p1', 200), end(3000));
    // Which of both it plans for is not known: one request, with the conversations that can be told apart inside.
    expect(atOnce.totals.requests).toBe(1);
    expect(requests(atOnce)).toEqual([
      ['think', ['p1']],
      ['Q1', ['Q11', 'Q12']],
      ['Q2', ['Q21', 'Q22']],
    ]);
  });

  describe('that run at once', () => {
    const parents = (report: Report, ...ids: string[]) => ids.map((id) => report.spans.find((each) => each.id === id)?.parent);
    const own = (id: string, from: number, until: number, over: object): object[] => [span(id, from, { kind: 'other', source: 'function', name: id, ...over }), spanEnd(id, until)];
    /** Two calls about one question that asks for a tool, in a thread. */
    const asking = (name: string, t: number, thread = 'main'): object[] => {
      const first = [system, message('user', name)];
      const grown = [...first, message('assistant', ''), message('tool', 'r')];
      return [
        call(`${name}1`, t, { thread, tag: `tag-${name}`, request: { messages: first } }),
        callEnd(`${name}1`, t + 50, { toolCalls: [toolCall(`t-${name}`, 'search')] }),
        call(`${name}2`, t + 400, { thread, request: { messages: grown, toolResults: [{ callId: `t-${name}`, bytes: 1 }] } }),
        callEnd(`${name}2`, t + 500),
      ];
    };
    const inOrder = (...lines: object[]): object[] => lines.sort((a, b) => Number(Reflect.get(a, 't')) - Number(Reflect.get(b, 't')));

    it('have what came after their calls, and what the tools that they asked for ran in', () => {
      const work = ['A', 'B'].flatMap((name) => [
        ...own(`parse-${name}`, 160, 180, { after: `tag-${name}` }),
        ...own(`run-${name}`, 200, 300, {}),
        ...own(`search-${name}`, 210, 290, { name: 'search', parent: `run-${name}`, after: `tag-${name}` }),
      ]);
      const report = reportOf(...inOrder(...asking('A', 100), ...asking('B', 105), ...work), end(1000));
      expect(report.totals.requests).toBe(2);
      expect(parents(report, 'parse-A', 'run-A', 'parse-B', 'run-B')).toEqual(['step:A1', 'step:A1', 'step:B1', 'step:B1']);
    });

    it('have what ran in their threads during their calls', () => {
      const lines = (first: string, second: string): object[] =>
        inOrder(...asking('A', 100, first), ...asking('B', 105, second), ...own('f', 200, 300, { thread: first }), ...own('late', 700, 750, { thread: first }));
      expect(parents(reportOf(...lines('t1', 't2'), end(1000)), 'f', 'late')).toEqual(['step:A1', null]);
      expect(parents(reportOf(...lines('main', 'main'), end(1000)), 'f')).toEqual([null]);
    });
  });

  describe('with conversations that go on at once', () => {
    /** Three that one function leads to, after a call and before another, each of two calls with a tool between them. */
    const lines = (): object[] => {
      const frames = [site('/project/agent.js', 10, 'think'), site('/project/agent.js', 50, 'main')];
      const alone = (id: string, t: number): object[] => [call(id, t, { frames, request: { messages: [message('system', 'You plan.'), message('user', id)] } }), callEnd(id, t + 50)];
      const branch = (name: string, t: number): object[] => {
        const first = [system, message('user', name)];
        const grown = [...first, message('assistant', ''), message('tool', 'r')];
        return [
          call(`${name}1`, t, { frames, tag: `tag-${name}`, request: { messages: first } }),
          callEnd(`${name}1`, t + 50, { toolCalls: [toolCall(`t-${name}`, 'search')] }),
          span(`f-${name}`, t + 100, { kind: 'other', source: 'function', name: 'prepare', after: `tag-${name}` }),
          spanEnd(`f-${name}`, t + 120),
          call(`${name}2`, t + 400, { frames, request: { messages: grown, toolResults: [{ callId: `t-${name}`, bytes: 1 }] } }),
          callEnd(`${name}2`, t + 500),
        ];
      };
      return [...alone('plan', 0), ...[branch('A', 100), branch('B', 110), branch('C', 120)].flat().sort((a, b) => Number(Reflect.get(a, 't')) - Number(Reflect.get(b, 't'))), ...alone('write', 700), end(1000)];
    };

    it('have these as parts, each with its own steps', () => {
      const report = reportOf(...lines());
      expect(report.totals).toMatchObject({ requests: 1, requestsEvidence: 'inferred' });
      const [whole, ...branches] = report.spans.filter(({ kind }) => kind === 'agent');
      expect(whole).toMatchObject({ name: 'main', parent: null, startMs: 0, endMs: 750 });
      expect(branches.map(({ name, parent, startMs, endMs }) => [name, parent, startMs, endMs])).toEqual([
        ['A', whole?.id, 100, 600],
        ['B', whole?.id, 110, 610],
        ['C', whole?.id, 120, 620],
      ]);
      const stepsOf = (parent: string | undefined) => report.spans.filter((each) => each.kind === 'step' && each.parent === parent).map(({ name }) => name);
      for (const branch of branches) expect(stepsOf(branch.id)).toEqual(['step 1', 'step 2']);
      expect(stepsOf(whole?.id)).toEqual(['step 1', 'step 2']);
    });

    it('have what ran after a call in its step, where its conversation went on', () => {
      const report = reportOf(...lines());
      for (const name of ['A', 'B', 'C']) {
        const own = report.spans.find(({ id }) => id === `f-${name}`);
        expect([own?.parent, report.spans.find(({ id }) => id === `tool:${name}1:t-${name}`)?.parent]).toEqual([`tool:${name}1:t-${name}`, `step:${name}1`]);
      }
    });

    it('are done with their last answers: what runs then may have waited for all of them', () => {
      const all = lines();
      const at = all.findIndex((line) => Reflect.get(line, 't') === 700);
      const report = reportOf(...all.toSpliced(at, 0, span('f-rank', 640, { kind: 'other', source: 'function', name: 'rank', after: 'tag-C' }), spanEnd('f-rank', 690)));
      const [whole, ...branches] = report.spans.filter(({ kind }) => kind === 'agent');
      expect(report.spans.find(({ name }) => name === 'rank')?.parent).toBe(whole?.id);
      expect(branches.map(({ endMs }) => endMs)).toEqual([600, 610, 620]);
    });

    it('are left as they are where one follows the other', () => {
      const report = reportOf(...conversation('Q1', 0), ...exchange('p', 300, [message('system', 'You plan.'), message('user', 'plan')]), ...conversation('Q2', 500, 300), ...exchange('r', 600, [message('system', 'You rate.'), message('user', 'rate')]), end(3000));
      expect(report.spans.filter(({ kind, parent }) => kind === 'agent' && parent !== null)).toEqual([]);
    });
  });

  it('are one for the whole run where nothing shows that conversations go on', () => {
    // A text-only ReAct agent: each prompt is one message, longer each time. Or a chain-of-thought benchmark. Who knows.
    const report = reportOf(...exchange('a', 0, [message('user', 'Q. Thought 1')]), ...exchange('b', 100, [message('user', 'Q. Thought 1. Thought 2')]), ...exchange('c', 200, [message('user', 'Q2')]), end(300));
    expect(requests(report)).toEqual([['Q. Thought 1', ['a', 'b', 'c']]]);
  });

  it('are one without digests, and have no name without text', () => {
    const blank = (messages: MessageDigest[]): MessageDigest[] => messages.map((each) => ({ ...each, hash: null, text: null }));
    const report = reportOf(...exchange('a', 0, blank([system, message('user', 'x')])), ...exchange('b', 100, blank([system, message('user', 'y')])), end(200));
    expect(requests(report)).toEqual([['request 1', ['a', 'b']]]);
  });

  it('take repeats of a prompt (samples, retries) as the same task', () => {
    const first = [system, message('user', 'Q1')];
    const report = reportOf(...exchange('a', 0, first), ...exchange('b', 0, first), ...exchange('c', 100, [...first, message('assistant', 'x'), message('user', 'y')]), ...conversation('Q2', 1000), end(2000));
    expect(requests(report)).toEqual([
      ['Q1', ['a', 'b', 'c']],
      ['Q2', ['Q21', 'Q22']],
    ]);
  });

  it('are the measured ones where a hook saw them', () => {
    const report = reportOf(span('r1', 0, { kind: 'agent', name: 'answer', source: 'framework' }), ...conversation('Q1', 10), spanEnd('r1', 400), end(500));
    expect(report.totals).toMatchObject({ requests: 1, requestsEvidence: 'measured' });
    expect(report.spans.filter((each) => each.kind === 'agent').map((each) => each.id)).toEqual(['r1']);
  });

  it('are conversations beside a framework’s agents, with the agents that work in their steps', () => {
    const agent = (id: string, t: number, after?: string): object[] => [span(id, t, { kind: 'agent', name: id, source: 'framework', framework: 'x 1', after }), ...exchange(`${id}c`, t + 10, [message('user', id)]).map((line) => ('request' in line ? { ...line, parent: id } : line)), spanEnd(id, t + 80)];
    const tagged = conversation('Q1', 500, 300).map((line) => ('request' in line ? { ...line, tag: (line as unknown as { id: string }).id } : line));
    const report = reportOf(...agent('first', 0), ...tagged, ...agent('inside', 600, 'Q11'), ...agent('later', 1000, 'Q12'), ...exchange('one', 2000, [message('user', 'no more')]), end(3000));
    expect(report.totals).toMatchObject({ requests: 3, requestsEvidence: 'inferred' });
    expect(requests(report).filter(([, calls]) => calls.length > 0)).toEqual([['Q1', ['Q11', 'Q12']]]);
    const at = (id: string) => report.spans.find((each) => each.id === id);
    expect(['first', 'later', 'one'].map((id) => at(id)?.parent)).toEqual([null, null, null]);
    expect(at('inside')?.parent).toBe(at('Q11')?.parent);
  });

  describe('that the program answers', () => {
    const served = (id: string, t: number, over: Partial<SpanLine> = {}): SpanLine => span(id, t, { kind: 'agent', name: 'POST /ask', frames: [], ...over });
    const within = (id: string, lines: object[]): object[] => lines.map((line) => ('request' in line ? { ...line, parent: id } : line));

    it('are one each, with steps, though their prompts do not tell them apart', () => {
      const report = reportOf(
        served('r1', 0),
        served('r2', 5),
        ...within('r1', exchange('a', 10, [message('user', 'Q1')], { toolCalls: [toolCall('t1', 'search')] })),
        ...within('r2', exchange('b', 10, [message('system', 'Other.'), message('user', 'Q2')])),
        span('s1', 100, { parent: 'r1' }),
        spanEnd('s1', 150),
        spanEnd('r2', 200),
        spanEnd('r1', 300),
        end(500),
      );
      expect(requests(report)).toEqual([
        ['POST /ask: Q1', ['a']],
        ['POST /ask: Q2', ['b']],
      ]);
      expect(report.totals).toMatchObject({ requests: 2, requestsEvidence: 'measured' });
      expect(report.spans.find(({ id }) => id === 'r1')).toMatchObject({ startMs: 0, endMs: 300 });
      expect(report.spans.find(({ id }) => id === 's1')?.parent).toBe('step:a');
    });

    it('are none where no model was asked, and beside others', () => {
      const report = reportOf(
        served('r1', 0, { name: 'GET /health' }),
        span('s1', 10, { parent: 'r1' }),
        spanEnd('s1', 20),
        spanEnd('r1', 30),
        served('r2', 40),
        ...within('r2', exchange('a', 50, [message('user', 'Q1')])),
        spanEnd('r2', 150),
        ...exchange('b', 200, [message('user', 'Q2')]),
        end(500),
      );
      expect(requests(report)).toEqual([
        ['POST /ask: Q1', ['a']],
        ['Q2', ['b']],
      ]);
      expect(report.totals).toMatchObject({ requests: 2, requestsEvidence: 'inferred' });
      expect(report.spans.find(({ id }) => id === 'r1')).toBeUndefined();
    });

    it('are inside of what sent them, which is in none of them, though tools are asked for and run meanwhile', () => {
      const grown = [message('user', 'Q1'), message('assistant', ''), message('tool', 'r')];
      const report = reportOf(
        span('s1', 10, { name: 'ask', detail: 'POST 127.0.0.1:8000/ask', pid: 200 }),
        served('r1', 20),
        ...within('r1', exchange('a', 30, [message('user', 'Q1')], { toolCalls: [toolCall('t1', 'search')] })),
        span('f1', 100, { kind: 'other', source: 'function', name: 'search', parent: 'r1' }),
        spanEnd('f1', 150),
        ...within('r1', [call('b', 160, { request: { messages: grown, toolResults: [{ callId: 't1', bytes: 1 }] } }), callEnd('b', 200)]),
        spanEnd('r1', 210),
        spanEnd('s1', 220),
        end(500),
      );
      expect(['s1', 'r1', 'f1'].map((id) => report.spans.find((each) => each.id === id)?.parent)).toEqual([null, 's1', 'step:a']);
      expect(report.totals).toMatchObject({ requests: 1, requestsEvidence: 'measured' });
    });

    it('are inside of what the same program sent, which is in none of them', () => {
      const sent = (id: string, t: number): SpanLine => span(id, t, { name: 'ask', detail: 'POST 127.0.0.1:8000/ask' });
      const report = reportOf(
        sent('s1', 0),
        sent('s2', 1),
        served('r1', 5),
        served('r2', 6),
        ...within('r1', exchange('a', 10, [message('user', 'Q1')], { toolCalls: [toolCall('t1', 'ask')] })),
        ...within('r2', exchange('b', 10, [message('user', 'Q2')])),
        ...within('r1', [call('c', 100, { request: { messages: [message('user', 'Q1'), message('tool', 'x')], toolResults: [{ callId: 't1', bytes: 5 }] } }), callEnd('c', 150)]),
        span('late', 160, { source: 'process', name: 'other' }),
        spanEnd('late', 170),
        spanEnd('r1', 200),
        spanEnd('r2', 210),
        spanEnd('s1', 220),
        spanEnd('s2', 220),
        end(500),
      );
      const parents = new Map(report.spans.map(({ id, parent }) => [id, parent]));
      expect(['s1', 's2', 'r1', 'r2', 'late'].map((id) => parents.get(id))).toEqual([null, null, 's1', 's2', null]);
      expect(report.totals.requests).toBe(2);
    });

    it('are inside of what sent them, in their order, and are no more of an agent’s tasks', () => {
      const sent = (id: string, t: number, parent: string | null): SpanLine => span(id, t, { parent, name: 'ask', detail: 'POST 127.0.0.1:8000/ask' });
      const report = reportOf(
        span('agent', 0, { kind: 'agent', name: 'boss', source: 'framework', framework: 'x 1' }),
        sent('s1', 10, 'agent'),
        sent('s2', 12, 'agent'),
        span('other', 14, { parent: 'agent', detail: 'GET 127.0.0.1:8000/ask' }),
        served('r1', 20, { pid: 200 }),
        served('r2', 22, { pid: 200 }),
        ...within('r1', exchange('a', 30, [message('user', 'Q1')])),
        ...within('r2', exchange('b', 30, [message('user', 'Q2')])),
        spanEnd('r1', 100),
        spanEnd('r2', 110),
        spanEnd('s1', 120),
        spanEnd('s2', 120),
        spanEnd('other', 120),
        spanEnd('agent', 130),
        end(200),
      );
      expect(['r1', 'r2'].map((id) => report.spans.find((each) => each.id === id)?.parent)).toEqual(['s1', 's2']);
      expect(report.totals).toMatchObject({ requests: 1, requestsEvidence: 'measured' });
    });
  });

  describe('that agents hand over', () => {
    const agent = (id: string, t: number, name: string): SpanLine => span(id, t, { kind: 'agent', name, source: 'framework', framework: 'agents 1' });
    const handoff = (id: string, t: number, parent: string, callId: string): object[] => [span(id, t, { kind: 'other', name: 'handoff', source: 'framework', parent, callId }), spanEnd(id, t + 1)];
    const asked = (id: string, t: number, parent: string, results: string[]): object[] => [call(id, t, { parent, request: { messages: [message('user', 'Q')], toolResults: results.map((callId) => ({ callId, bytes: 5 })) } }), callEnd(id, t + 20)];
    /** Two agents of a run, the first of which hands over to the second, which brings `results` to its model. */
    const run = (id: string, t: number, callId: string, results: string[]): object[] => [
      agent(`${id}1`, t, 'Triage'),
      ...asked(`${id}c1`, t + 5, `${id}1`, results.filter((each) => each !== callId)),
      ...handoff(`${id}h`, t + 30, `${id}1`, callId),
      spanEnd(`${id}1`, t + 40),
      agent(`${id}2`, t + 41, 'Billing'),
      ...asked(`${id}c2`, t + 50, `${id}2`, results),
      spanEnd(`${id}2`, t + 80),
    ];

    it('are one, also beside another of the same agents', () => {
      const report = reportOf(...run('a', 0, 'x', ['x']), ...run('b', 3, 'y', ['y']), end(200));
      expect(report.totals).toMatchObject({ requests: 2, requestsEvidence: 'measured' });
      const tops = report.spans.filter(({ kind, parent }) => kind === 'agent' && parent === null);
      expect(tops.map(({ name, startMs, endMs, site: at }) => [name, startMs, endMs, at?.line])).toEqual([
        ['Triage → Billing', 0, 80, 20],
        ['Triage → Billing', 3, 83, 20],
      ]);
      expect(['a1', 'a2', 'b1', 'b2'].map((id) => report.spans.find((each) => each.id === id)?.parent)).toEqual([tops[0]?.id, tops[0]?.id, tops[1]?.id, tops[1]?.id]);
    });

    it('are others where a later task has the handoff in its history, and where ids are no ones’ own', () => {
      expect(reportOf(...run('a', 0, 'x', ['x']), ...run('b', 100, 'y', ['x', 'y']), end(300)).totals.requests).toBe(2);
      expect(reportOf(...run('a', 0, 'x', ['x']), ...run('b', 100, 'x', ['x']), end(300)).totals.requests).toBe(4);
    });
  });

  it('have short names on one line', () => {
    const [request] = requests(reportOf(...exchange('a', 0, [message('user', `Which\n  magazine ${'was '.repeat(50)}`)]), end(100)));
    expect(request?.[0]).toMatch(/^Which magazine was .{1,70}…$/);
  });
});

describe('steps', () => {
  it('have the tools after their call, but not where two calls could be meant', () => {
    const report = reportOf(
      call('a', 0),
      callEnd('a', 100),
      span('s1', 150),
      spanEnd('s1', 200),
      call('b', 300),
      span('s2', 350),
      spanEnd('s2', 380),
      callEnd('b', 400),
      span('s3', 398),
      spanEnd('s3', 500),
      end(600),
    );
    const parent = (id: string): string | null => report.spans.find((each) => each.id === id)?.parent ?? null;
    expect([parent('s1'), parent('s2'), parent('s3')]).toEqual(['step:a', 'request:1', 'step:b']);
    expect(report.spans.find((each) => each.id === 'step:a')).toMatchObject({ startMs: 0, endMs: 200, name: 'step 1' });
  });

  it('are not made of embeddings, listings or calls inside a tool', () => {
    const report = reportOf(
      call('list', 0, { endpoint: 'models', method: 'GET', path: '/v1/models' }),
      callEnd('list', 10, { usage: null }),
      call('e', 20, { endpoint: 'embeddings', path: '/v1/embeddings' }),
      callEnd('e', 40),
      call('a', 50),
      callEnd('a', 100),
      span('s', 110),
      call('inner', 120, { parent: 's' }),
      callEnd('inner', 180),
      spanEnd('s', 200),
      end(300),
    );
    expect(report.spans.filter((each) => each.kind === 'step').map((each) => each.id)).toEqual(['step:a']);
    expect(report.spans.find((each) => each.id === 'list')).toMatchObject({ kind: 'other', parent: null, llm: null, name: 'GET /v1/models' });
    expect(report.spans.find((each) => each.id === 'inner')?.parent).toBe('s');
    expect(report.totals.llmCalls).toBe(3);
    // An embedding is all prefill.
    expect(report.totals.gpuMs.prefill).toBe(20);
  });
});

describe('roles', () => {
  it('know examples from history by the conversation’s first call', () => {
    const examples = [system, message('user', 'x'.repeat(10)), message('assistant', 'y'.repeat(20))];
    const first = [...examples, message('user', 'z'.repeat(30))];
    const report = reportOf(...exchange('a', 0, first), ...exchange('b', 100, [...first, message('assistant', 'y'.repeat(40)), message('user', 'z'.repeat(50))]), end(200));
    const roles = (id: string): unknown => report.spans.find((each) => each.id === id)?.llm?.roles;
    // 17 + 10 + 20 + 30 = 77 characters on 100 tokens; then 90 more.
    expect(roles('a')).toEqual({ instruction: 22, fewShot: 39, user: 39, llmHistory: 0, toolHistory: 0, output: 10 });
    expect(roles('b')).toEqual({ instruction: 10, fewShot: 18, user: 48, llmHistory: 24, toolHistory: 0, output: 10 });
  });

  it('are not made up without tokens or lengths', () => {
    const report = reportOf(...exchange('a', 0, [system], { usage: null }), ...exchange('b', 100, []), end(200));
    expect(report.spans.flatMap((each) => (each.llm === null ? [] : [each.llm.roles]))).toEqual([null, null]);
  });
});

describe('cached tokens', () => {
  const usage = (cachedTokens: number | null): Partial<CallEndLine> => ({ usage: { promptTokens: 100, cachedTokens, completionTokens: 1, reasoningTokens: null } });

  it('left out by vLLM are 0 once another answer shows that it reports them', () => {
    const report = reportOf(...exchange('a', 0, [system], usage(null)), ...exchange('b', 100, [system], usage(64)), end(200));
    expect(report.totals.cachedTokens).toBe(64);
    expect(report.spans.find((each) => each.id === 'a')?.llm?.cachedTokens).toBe(0);
    expect(report.warnings).toEqual([]);
  });

  it('that nobody reports are unknown, with the remedy', () => {
    const report = reportOf(...exchange('a', 0, [system], usage(null)), end(200));
    expect(report.totals.cachedTokens).toBeNull();
    expect(report.warnings).toMatchObject([{ message: expect.stringContaining('--enable-prompt-tokens-details') as string }]);
  });
});

describe('findings', () => {
  const rules = (report: Report): string[] => report.findings.map((finding) => finding.rule);

  it('name prompts that missed the prefix cache', () => {
    const cold = { usage: { promptTokens: 500, cachedTokens: 0, completionTokens: 1, reasoningTokens: null } };
    const warm = { usage: { promptTokens: 500, cachedTokens: 480, completionTokens: 1, reasoningTokens: null } };
    const grown = [system, message('user', 'a'), message('assistant', 'b')];
    expect(rules(reportOf(...exchange('a', 0, [system], cold), ...exchange('b', 100, grown, cold), end(200)))).toEqual(['prefix-cache-miss']);
    expect(rules(reportOf(...exchange('a', 0, [system], cold), ...exchange('b', 100, grown, warm), end(200)))).toEqual([]);
  });

  it('name prompts sent again after they were answered', () => {
    expect(rules(reportOf(...exchange('a', 0, [system]), ...exchange('b', 100, [system]), end(200)))).toEqual(['repeated-call']);
    // At once it is sampling, and after a failure a retry.
    expect(rules(reportOf(...exchange('a', 0, [system]), ...exchange('b', 10, [system]), end(200)))).toEqual([]);
    expect(rules(reportOf(...exchange('a', 0, [system], { status: 'error', error: 'x' }), ...exchange('b', 100, [system]), end(200)))).toEqual(['failed-calls']);
  });

  it('name cut answers and calls without a line', () => {
    expect(rules(reportOf(...exchange('a', 0, [system], { finishReason: 'length' }), end(100)))).toEqual(['cut-answer']);
    const lost = reportOf(call('a', 0, { frames: [], unattributed: 'Python ran with -I.' }), callEnd('a', 50), end(100));
    expect(lost.findings).toMatchObject([{ rule: 'unattributed-calls', site: null, message: '1 of 1 model call could not be attributed to a line: Python ran with -I.' }]);
    expect(lost.lines).toEqual([]);
  });

  it('name tools that were asked for together and ran one after another', () => {
    const asked = [call('a', 0), callEnd('a', 100, { toolCalls: [toolCall('t1', 'search'), toolCall('t2', 'lookup')] })];
    const answered = [call('b', 700, { request: { toolResults: [{ callId: 't1', bytes: 1 }, { callId: 't2', bytes: 1 }] } }), callEnd('b', 5000), end(5000)];
    const tool = (id: string, name: string, from: number, until: number): object[] => [span(id, from, { frames: [site('/t.js', 5, name)] }), spanEnd(id, until)];
    const serial = reportOf(...asked, ...tool('s1', 'search', 150, 350), ...tool('s2', 'lookup', 350, 650), ...answered);
    expect(serial.findings).toMatchObject([{ rule: 'sequential-tools', spans: ['s1', 's2'], saves: { ms: 200 }, evidence: 'measured' }]);
    expect(rules(reportOf(...asked, ...tool('s1', 'search', 150, 350), ...tool('s2', 'lookup', 160, 650), ...answered))).toEqual([]);
    // One of them takes next to nothing.
    expect(rules(reportOf(...asked, ...tool('s1', 'search', 150, 190), ...tool('s2', 'lookup', 190, 650), ...answered))).toEqual([]);
  });
});

describe('warnings', () => {
  it('of the recording are passed on, each once', () => {
    const warning = { type: 'warning', t: 1, code: 'diskFull', message: 'The disk is full.' };
    expect(reportOf(warning, warning, end(10)).warnings).toEqual([{ code: 'diskFull', message: 'The disk is full.' }]);
  });
});

describe('ten thousand calls', () => {
  it('are read and analysed without anything that grows with their square', () => {
    const lines: object[] = [];
    for (let question = 0; question < 2500; question++) {
      const messages = [system, message('user', `question ${question}`)];
      for (let step = 0; step < 4; step++) {
        const t = (question * 4 + step) * 1000;
        const id = `c${question}.${step}`;
        lines.push(call(id, t, { request: { messages: [...messages], toolResults: step === 0 ? [] : [{ callId: `t${question}.${step - 1}`, bytes: 9 }] } }));
        lines.push(callEnd(id, t + 500, { firstTokenAt: t + 50, chunkGaps: [0, 100, 350], toolCalls: step === 3 ? [] : [toolCall(`t${question}.${step}`, 'search')] }));
        if (step < 3) lines.push(span(`s${id}`, t + 510, { frames: [site('/t.js', 5, 'search')] }), spanEnd(`s${id}`, t + 990));
        messages.push(message('assistant', `a${id}`), message('tool', `r${id}`));
      }
    }
    const { totals, tools } = reportOf(...lines, end(10_000_000));
    expect(totals).toMatchObject({ llmCalls: 10_000, toolCalls: 7500, requests: 2500, agentMs: { llm: 5_000_000, tool: 3_600_000, overlap: 0, other: 1_400_000 } });
    expect(tools).toMatchObject([{ name: 'search', calls: 7500, totalMs: 3_600_000, evidence: 'measured' }]);
  });
});
