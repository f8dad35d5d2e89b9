/** Tools seen on the wire and by hooks: when the two are one, and when that cannot be said. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { MessageDigest } from '../../src/profile/recordingFormat.ts';
import type { Report, ReportSpan } from '../../src/profile/report.ts';
import { call, callEnd, end, header, message, recordingText, site, span, spanEnd, toolCall } from './recordingLines.ts';

const FILE = '/project/tools.js';

function frames(...names: string[]): { frames: ReturnType<typeof site>[] } {
  return { frames: names.map((name, index) => site(FILE, 10 + index, name)) };
}

/** A call that ends at 1000 and asks for tools, the lines given, and a call at 3000 that has their results. */
function between(tools: readonly (readonly [id: string, name: string])[], ...lines: object[]): Report {
  const asked = call('a', 0, { request: { messages: [message('user', 'q')] } });
  const answered = call('b', 3000, { request: { messages: [message('user', 'q'), message('assistant', ''), message('tool', 'r')], toolResults: tools.map(([callId]) => ({ callId, bytes: 50 })) } });
  const text = recordingText(header(), asked, callEnd('a', 1000, { toolCalls: tools.map(([id, name]) => toolCall(id, name)) }), ...lines, answered, callEnd('b', 4000), end(4000));
  return analyze(readRecording(text)).report;
}

function byTime(a: object, b: object): number {
  return Number(Reflect.get(a, 't')) - Number(Reflect.get(b, 't'));
}

function tools(report: Report): ReportSpan[] {
  return report.spans.filter((each) => each.kind === 'tool');
}

describe('a tool that only the wire shows', () => {
  it('spans from the answer to the request with its result, as an upper bound without a line', () => {
    const report = between([['t1', 'calculate']]);
    expect(tools(report)).toMatchObject([
      { name: 'calculate', startMs: 1000, endMs: 3000, evidence: 'inferred', site: null, unattributed: expect.stringContaining('Inferred from the wire') as string, tool: { callId: 't1', resultBytes: 50, idleBlameMs: 2000 } },
    ]);
    expect(report.lines.every((line) => line.toolCalls === 0)).toBe(true);
    expect(report.tools).toMatchObject([{ name: 'calculate', calls: 1, evidence: 'inferred' }]);
  });

  it('has its turn between the others of its answer, where those were seen one after the other', () => {
    const ran = (id: string, from: number, until: number, name: string): object[] => [span(id, from, { kind: 'other', source: 'function', name, ...frames(name, 'run') }), spanEnd(id, until)];
    const asked = [['t1', 'look_up'], ['t2', 'search'], ['t3', 'add'], ['t4', 'fetch'], ['t5', 'round']] as const;
    const report = between(asked, ...ran('s', 1100, 1900, 'search'), ...ran('f', 1903, 2900, 'fetch'));
    expect(tools(report).map(({ name, startMs, endMs, evidence, parent }) => [name, startMs, endMs, evidence, parent?.startsWith('step')])).toEqual([
      ['look_up', 1000, 1100, 'inferred', true],
      ['search', 1100, 1900, 'measured', true],
      ['add', 1900, 1903, 'inferred', true],
      ['fetch', 1903, 2900, 'measured', true],
      ['round', 2900, 3000, 'inferred', true],
    ]);
    expect(report.totals.toolCalls).toBe(5);
    // Beside others that ran at once it may have taken as long as they did.
    const atOnce = between(asked, ...ran('s', 1100, 1900, 'search'), ...ran('f', 1500, 2900, 'fetch'));
    expect(tools(atOnce).find(({ name }) => name === 'add')).toMatchObject({ startMs: 1000, endMs: 3000 });
  });

  it('is none when its result never goes back', () => {
    const text = recordingText(header(), call('a', 0), callEnd('a', 1000, { toolCalls: [toolCall('t1', 'submit')] }), end(2000));
    expect(tools(analyze(readRecording(text)).report)).toEqual([]);
  });

  it('whose result never goes back is the function of its name that is known to have come right after the answer', () => {
    const submit = (after: string | undefined, id = 'f', from = 1010): object[] => [span(id, from, { kind: 'other', source: 'function', name: 'submit', after, ...frames('submit', 'run') }), spanEnd(id, from + 190, { status: 'error', error: 'refused' })];
    const report = (...lines: object[]): Report => analyze(readRecording(recordingText(header(), call('a', 0, { tag: 'tag-a' }), callEnd('a', 1000, { toolCalls: [toolCall('t1', 'submit')] }), ...lines, end(2000)))).report;
    expect(tools(report(...submit('tag-a')))).toMatchObject([{ name: 'submit', startMs: 1010, endMs: 1200, status: 'error', evidence: 'measured', parent: 'step:a', tool: { callId: 't1', resultBytes: null } }]);
    expect(tools(report(...submit('tag-a'), ...submit('tag-a', 'g', 1300)))).toMatchObject([{ name: 'submit', startMs: 1010, endMs: 1490, status: 'error', tool: { callId: 't1', detail: '2 attempts' } }]);
    // A framework's tool is what was seen of it, and not also the function that it runs.
    const framework = [span('t', 1005, { source: 'framework', name: 'submit', ...frames('run') }), span('f', 1010, { kind: 'other', source: 'function', name: 'submit', parent: 't', after: 'tag-a', ...frames('submit', 'run') }), spanEnd('f', 1200), spanEnd('t', 1210)];
    expect(tools(report(...framework)).map(({ id }) => id)).toEqual(['t']);
    // Of what came after another call, or nobody knows when, it is not said.
    for (const after of ['tag-b', undefined]) expect(tools(report(...submit(after)))).toEqual([]);
  });

  it('ends with the first request that carries the result: later ones carry it again as history', () => {
    const history = { messages: [message('user', 'q')], toolResults: [{ callId: 't1', bytes: 50 }] };
    const text = recordingText(header(), call('a', 0), callEnd('a', 100, { toolCalls: [toolCall('t1', 'x')] }), call('b', 200, { request: history }), callEnd('b', 300), call('c', 400, { request: history }), callEnd('c', 500), end(600));
    expect(tools(analyze(readRecording(text)).report).map((each) => [each.startMs, each.endMs])).toEqual([[100, 200]]);
  });

  it('is matched by conversation where a server numbers its calls anew each time', () => {
    const one = [message('user', 'one')];
    const two = [message('user', 'two')];
    const grown = (messages: typeof one): typeof one => [...messages, message('assistant', ''), message('tool', 'r')];
    const results = [{ callId: 'call_0', bytes: 1 }];
    const text = recordingText(
      header(),
      call('a1', 0, { request: { messages: one } }),
      call('b1', 0, { request: { messages: two } }),
      callEnd('a1', 100, { toolCalls: [toolCall('call_0', 'search')] }),
      callEnd('b1', 200, { toolCalls: [toolCall('call_0', 'lookup')] }),
      call('b2', 300, { request: { messages: grown(two), toolResults: results } }),
      callEnd('b2', 400),
      call('a2', 900, { request: { messages: grown(one), toolResults: results } }),
      callEnd('a2', 1000),
      end(1000),
    );
    expect(tools(analyze(readRecording(text)).report).map((each) => [each.name, each.startMs, each.endMs])).toEqual([
      ['search', 100, 900],
      ['lookup', 200, 300],
    ]);
  });

  it('is left out where such ids and missing digests make it a guess', () => {
    const blank = [message('user', 'x', null)];
    const results = [{ callId: 'call_0', bytes: 1 }];
    const text = recordingText(
      header({ capture: 'none' }),
      call('a1', 0, { request: { messages: blank } }),
      call('b1', 0, { request: { messages: blank } }),
      callEnd('a1', 100, { toolCalls: [toolCall('call_0', 'search')] }),
      callEnd('b1', 200, { toolCalls: [toolCall('call_0', 'lookup')] }),
      call('b2', 300, { request: { messages: [...blank, ...blank], toolResults: results } }),
      callEnd('b2', 400),
      end(1000),
    );
    expect(tools(analyze(readRecording(text)).report)).toEqual([]);
  });
});

describe('a tool that a hook measured', () => {
  it('is joined by the id of the call', () => {
    const report = between([['t1', 'search'], ['t2', 'lookup']], span('s1', 1100, { callId: 't2', ...frames('anything') }), spanEnd('s1', 1500), span('s2', 1100, { callId: 't1' }), spanEnd('s2', 1800));
    expect(tools(report).map((each) => [each.id, each.name, each.endMs, each.evidence])).toEqual([
      ['s2', 'search', 1800, 'measured'],
      ['s1', 'lookup', 1500, 'measured'],
    ]);
    expect(report.totals.toolCalls).toBe(2);
  });

  it('is joined by its function’s name, whatever the spelling, inner frames first', () => {
    const report = between([['t1', 'web_search'], ['t2', 'lookup']], span('s1', 1100, frames('request', 'Tools.webSearch', 'lookupAll')), spanEnd('s1', 1500), span('s2', 1600, frames('lookup')), spanEnd('s2', 1700));
    expect(tools(report).map((each) => [each.id, each.name, each.tool?.callId])).toEqual([
      ['s1', 'web_search', 't1'],
      ['s2', 'lookup', 't2'],
    ]);
    expect(tools(report)[0]?.site).toMatchObject({ file: FILE, line: 10, function: 'request' });
  });

  it('is joined in order where the model asked for one tool several times', () => {
    const report = between([['t1', 'search'], ['t2', 'search']], span('s1', 1100, frames('search')), span('s2', 1101, frames('search')), spanEnd('s2', 1500), spanEnd('s1', 1900));
    expect(tools(report).map((each) => [each.id, each.tool?.callId, each.evidence])).toEqual([
      ['s1', 't1', 'measured'],
      ['s2', 't2', 'measured'],
    ]);
  });

  it('is joined when it is the only one in there', () => {
    expect(tools(between([['t1', 'search']], span('s1', 1100, frames('anonymous')), spanEnd('s1', 1900)))).toMatchObject([{ id: 's1', name: 'search', evidence: 'measured', tool: { callId: 't1' } }]);
  });

  it('is not joined when it reaches outside, or when two tools could be meant', () => {
    const outside = between([['t1', 'search']], span('s1', 900, frames('anonymous')), spanEnd('s1', 1900));
    expect(tools(outside).map((each) => [each.name, each.evidence])).toEqual([
      ['GET wiki.test/w/api.php', 'measured'],
      ['search', 'inferred'],
    ]);
    const either = between([['t1', 'search'], ['t2', 'lookup']], span('s1', 1100, frames('anonymous')), spanEnd('s1', 1900));
    expect(tools(either).filter((each) => each.evidence === 'inferred').map((each) => each.name).sort()).toEqual(['lookup', 'search']);
    expect(tools(either).find((each) => each.id === 's1')).toMatchObject({ name: 'GET wiki.test/w/api.php' });
    // It is a part of one of the two, not a third.
    expect(either.totals.toolCalls).toBe(2);
  });

  it('is joined with what the conversation asked for in whose function it ran, where two ask for one tool at once', () => {
    const grown = (user: string): MessageDigest[] => [message('user', user), message('assistant', ''), message('tool', 'r')];
    const conversation = (name: string, user: string, shift: number): object[] => [
      span(`run-${name}`, shift, { kind: 'other', source: 'function', name: 'research', ...frames('research') }),
      call(`${name}1`, shift, { parent: `run-${name}`, request: { messages: [message('user', user)] } }),
      callEnd(`${name}1`, 1000 + shift, { toolCalls: [toolCall(`t-${name}`, 'search')] }),
      span(`dispatch-${name}`, 1100 + shift, { kind: 'other', source: 'function', name: 'run_tool', parent: `run-${name}`, ...frames('run_tool', 'research') }),
      span(`search-${name}`, 1200 + shift, { kind: 'other', source: 'function', name: 'search', parent: `dispatch-${name}`, ...frames('search', 'run_tool', 'research') }),
      spanEnd(`search-${name}`, 1600 + shift),
      spanEnd(`dispatch-${name}`, 1700 + shift),
      call(`${name}2`, 3000 + shift, { parent: `run-${name}`, request: { messages: grown(user), toolResults: [{ callId: `t-${name}`, bytes: 5 }] } }),
      callEnd(`${name}2`, 4000 + shift),
      spanEnd(`run-${name}`, 4000 + shift),
    ];
    const report = analyze(readRecording(recordingText(header(), ...[...conversation('x', 'one', 0), ...conversation('y', 'two', 50)].sort(byTime), end(5000)))).report;
    expect(tools(report).map((each) => [each.id, each.name, each.startMs, each.endMs, each.evidence, each.tool?.callId])).toEqual([
      ['search-x', 'search', 1200, 1600, 'measured', 't-x'],
      ['search-y', 'search', 1250, 1650, 'measured', 't-y'],
    ]);
    expect(report.tools).toMatchObject([{ name: 'search', calls: 2, evidence: 'measured' }]);
  });

  describe('in a function that two conversations are in at once', () => {
    /** The conversations x and y ask for one search each; a search is seen after each of the calls given, by their tags. */
    const searched = (...after: (string | undefined)[]): unknown[] => {
      const asked = (id: string, at: number): object[] => [call(`${id}1`, at, { parent: 'run', tag: `tag-${id}`, request: { messages: [message('user', id)] } }), callEnd(`${id}1`, at + 1000, { toolCalls: [toolCall(`t-${id}`, 'search')] })];
      const answered = (id: string, at: number): object[] => [call(`${id}2`, at, { parent: 'run', request: { messages: [message('user', id), message('assistant', ''), message('tool', 'r')], toolResults: [{ callId: `t-${id}`, bytes: 5 }] } }), callEnd(`${id}2`, at + 1000)];
      const searches = after.flatMap((tag, index) => [span(`s${index}`, 1200 + index, { kind: 'other', source: 'function', name: 'search', parent: 'run', after: tag, ...frames('search', 'research') }), spanEnd(`s${index}`, 1600 + index)]);
      const lines = [span('run', 0, { kind: 'other', source: 'function', name: 'research', ...frames('research') }), ...asked('x', 0), ...asked('y', 50), ...searches, ...answered('x', 3000), ...answered('y', 3050), spanEnd('run', 4500)].sort(byTime);
      return tools(analyze(readRecording(recordingText(header(), ...lines, end(5000)))).report).map((each) => [each.id, each.evidence, each.tool?.callId]);
    };
    const apart = [
      ['tool:x1:t-x', 'inferred', 't-x'],
      ['tool:y1:t-y', 'inferred', 't-y'],
    ];

    it('is joined with what the call asked for that it came after', () => {
      expect(searched('tag-y', 'tag-x')).toEqual([
        ['s0', 'measured', 't-y'],
        ['s1', 'measured', 't-x'],
      ]);
    });

    it('stays apart where that is not known', () => {
      expect(searched(undefined, undefined)).toEqual(apart);
    });

    it('stays apart where both came after the later of two calls that were waited for together', () => {
      expect(searched('tag-y', 'tag-y')).toEqual(apart);
    });
  });

  it('made of several parts under a function of its name is one tool on that function’s line', () => {
    const report = between([['t1', 'search']], span('s1', 1100, frames('get', 'search')), spanEnd('s1', 1500), span('s2', 1500, frames('get', 'search')), spanEnd('s2', 1800));
    const [whole, ...parts] = tools(report);
    expect(whole).toMatchObject({ name: 'search', startMs: 1100, endMs: 1800, evidence: 'inferred', site: { line: 11, function: 'search' } });
    expect(parts.map((each) => [each.id, each.parent])).toEqual([
      ['s1', whole?.id],
      ['s2', whole?.id],
    ]);
    expect(report.totals.toolCalls).toBe(1);
    // Idle is blamed on the innermost; the tool's row has it all.
    expect(parts.map((each) => each.tool?.idleBlameMs)).toEqual([400, 300]);
    expect(report.tools).toMatchObject([{ name: 'search', calls: 1, totalMs: 700, idleBlameMs: 700 }]);
  });

  it('of an agent that runs inside of a tool is that agent’s, with a row of its own', () => {
    const report = between(
      [['t1', 'ask_guide']],
      span('outer', 1100, { name: 'ask_guide', source: 'framework', callId: 't1', ...frames('ask_guide') }),
      span('guide', 1200, { name: 'guide', source: 'framework', kind: 'agent', parent: 'outer' }),
      span('inner', 1300, { name: 'find_museums', source: 'framework', parent: 'guide', ...frames('find_museums', 'ask_guide') }),
      span('got', 1400, { name: 'GET museums', source: 'http', parent: 'inner', ...frames('get', 'find_museums', 'ask_guide') }),
      spanEnd('got', 1700),
      spanEnd('inner', 1800),
      span('count', 1800, { kind: 'other', source: 'function', name: 'count', parent: 'guide', ...frames('count', 'ask_guide') }),
      spanEnd('count', 1850),
      spanEnd('guide', 1900),
      spanEnd('outer', 2000),
    );
    expect(report.totals.toolCalls).toBe(2);
    expect(report.tools).toMatchObject([
      { name: 'ask_guide', calls: 1, totalMs: 900, idleBlameMs: 400 },
      { name: 'find_museums', calls: 1, totalMs: 500, idleBlameMs: 500 },
    ]);
    expect(report.functions).toMatchObject([{ name: 'count', calls: 1, totalMs: 50 }]);
  });

  describe('that a program tried again is one call of it', () => {
    const attempt = (id: string, from: number, until: number, status: 'ok' | 'error', parent: string | null = null): object[] => [
      span(id, from, { kind: 'other', source: 'function', name: 'search', parent, ...frames('search', 'run') }),
      spanEnd(id, until, { status, error: status === 'error' ? `${id} in vain` : null }),
    ];
    const retrying = (id: string, from: number, until: number, ...inner: object[]): object[] => [span(id, from, { kind: 'other', source: 'function', name: 'with_retries', ...frames('with_retries', 'run') }), ...inner, spanEnd(id, until)];
    const told = (report: Report) => tools(report).map(({ name, startMs, endMs, status, evidence, parent, tool }) => [name, startMs, endMs, status, evidence, parent, tool?.detail]);

    it('measured from its first attempt to its last, which says how it ended, inside of what tries again', () => {
      const report = between([['t1', 'search']], ...retrying('r', 1100, 2110, ...attempt('s1', 1100, 1500, 'error', 'r'), ...attempt('s2', 1700, 2100, 'ok', 'r')));
      expect(told(report)).toEqual([['search', 1100, 2100, 'ok', 'measured', 'r', '2 attempts']]);
      const [whole] = tools(report);
      expect(report.spans.filter(({ parent }) => parent === whole?.id).map(({ id, status }) => [id, status])).toEqual([['s1', 'error'], ['s2', 'ok']]);
      expect(report.tools).toMatchObject([{ name: 'search', calls: 1, errors: 0, totalMs: 1000, evidence: 'measured' }]);
      // Its attempts are no work between the calls.
      expect(report.functions.map(({ name, selfMs }) => [name, selfMs])).toEqual([['with_retries', 10]]);
    });

    it('that failed where the last attempt did', () => {
      const report = between([['t1', 'search']], ...attempt('s1', 1100, 1500, 'error'), ...attempt('s2', 1700, 2100, 'error'));
      expect(told(report)).toEqual([['search', 1100, 2100, 'error', 'measured', 'step:a', '2 attempts']]);
      expect(tools(report)[0]?.error?.message).toBe('s2 in vain');
    });

    it('beside another call of the same answer that is tried again at the same time', () => {
      const asked = [['t1', 'search'], ['t2', 'search']] as const;
      const lines = [...retrying('r1', 1100, 2100, ...attempt('a1', 1100, 1500, 'error', 'r1'), ...attempt('a2', 1700, 2100, 'ok', 'r1')), ...retrying('r2', 1105, 1600, ...attempt('b1', 1105, 1600, 'ok', 'r2'))].sort(byTime);
      expect(told(between(asked, ...lines))).toEqual([
        ['search', 1100, 2100, 'ok', 'measured', 'r1', '2 attempts'],
        ['search', 1105, 1600, 'ok', 'measured', 'r2', null],
      ]);
    });

    it('before another call of the same answer, which begins after the one that succeeded', () => {
      const asked = [['t1', 'search'], ['t2', 'search']] as const;
      const report = between(asked, ...attempt('a1', 1100, 1500, 'error'), ...attempt('a2', 1700, 2100, 'ok'), ...attempt('b1', 2100, 2400, 'ok'));
      expect(told(report).map(([, from, until, status]) => [from, until, status])).toEqual([[1100, 2100, 'ok'], [2100, 2400, 'ok']]);
      // Which attempt was whose cannot be told where all but one failed.
      const unclear = between(asked, ...attempt('a1', 1100, 1500, 'error'), ...attempt('a2', 1700, 2100, 'error'), ...attempt('b1', 2100, 2400, 'error'));
      expect(told(unclear).map(([, from, until, , evidence]) => [from, until, evidence])).toEqual([[1000, 3000, 'inferred'], [1000, 3000, 'inferred']]);
    });
  });

  it('unrelated, inside one inferred tool, is its part', () => {
    const report = between([['t1', 'plan']], span('s1', 1100, frames('x')), spanEnd('s1', 1200), span('s2', 1300, frames('y')), spanEnd('s2', 1400));
    const [plan] = tools(report);
    expect(plan).toMatchObject({ name: 'plan', evidence: 'inferred', startMs: 1000, endMs: 3000 });
    expect(tools(report).slice(1).map((each) => each.parent)).toEqual([plan?.id, plan?.id]);
    expect(report.totals.toolCalls).toBe(1);
  });

  it('keeps the calls that it makes itself inside it, and its circles are cut', () => {
    const text = recordingText(
      header(),
      span('s1', 0, { parent: 's2' }),
      span('s2', 0, { parent: 's1' }),
      span('s3', 0, { parent: 's3' }),
      call('a', 100, { parent: 's1' }),
      callEnd('a', 200),
      spanEnd('s1', 300),
      spanEnd('s2', 400),
      spanEnd('s3', 500),
      end(500),
    );
    const { report } = analyze(readRecording(text));
    const parents = new Map(report.spans.map((each) => [each.id, each.parent]));
    expect(parents.get('a')).toBe('s1');
    expect([parents.get('s1'), parents.get('s2')].filter((parent) => parent !== null)).toHaveLength(1);
    expect(parents.get('s3')).toBeNull();
    expect(report.totals.agentMs).toMatchObject({ overlap: 100, tool: 400 });
  });

  it('next to a step of the same line counts once', () => {
    const twice = { frames: [site(FILE, 5, 'search')] };
    const report = between([['t1', 'search']], span('s1', 1100, twice), span('s2', 1200, { ...twice, parent: 's1' }), spanEnd('s2', 1800), spanEnd('s1', 1900));
    expect(report.lines.find((line) => line.file === FILE)).toMatchObject({ toolCalls: 1, toolMs: 800, idleBlameMs: 800, spans: ['s1'] });
  });
});

describe('a tool of an MCP server', () => {
  const client = { source: 'framework', framework: 'mcp 2.3.0', pid: 1 } as const;
  const server = { ...client, pid: 2 };
  const parents = (...lines: object[]) => Object.fromEntries(tools(analyze(readRecording(recordingText(header(), ...lines, end(2000)))).report).map(({ id, parent }) => [id, parent]));

  it('is one with the client’s, however many are asked for at once, and counts once', () => {
    const lines = [
      span('asked1', 100, { ...client, name: 'search' }),
      span('asked2', 101, { ...client, name: 'travel_search' }),
      span('served1', 110, { ...server, name: 'search' }),
      span('served2', 111, { ...server, name: 'search' }),
      ...['served2', 'served1', 'asked1', 'asked2'].map((id, index) => spanEnd(id, 500 + index)),
    ];
    expect(parents(...lines)).toEqual({ asked1: null, asked2: null, served1: 'asked1', served2: 'asked2' });
    const { report } = analyze(readRecording(recordingText(header(), ...lines, end(2000))));
    expect(report.totals.toolCalls).toBe(2);
  });

  it('is inside of the client’s also where the clocks of both lie so that each could be inside of the other', () => {
    const lines = [span('served', 100, { ...server, name: 'search' }), span('asked', 102, { ...client, name: 'search' }), spanEnd('served', 500), spanEnd('asked', 503)];
    expect(parents(...lines)).toEqual({ asked: null, served: 'asked' });
  });

  it('is one of its own where the client is not seen, asks for another one or has its answer before', () => {
    const served = [span('served', 110, { ...server, name: 'search' }), spanEnd('served', 500)];
    const asking = (name: string, until: number, more = {}) => [span('asked', 100, { ...client, name, ...more }), spanEnd('asked', until), ...served];
    expect(parents(...served)).toEqual({ served: null });
    expect(parents(...asking('research', 600)).served).toBe(null);
    expect(parents(...asking('search', 300)).served).toBe(null);
    expect(parents(...asking('search', 600, { pid: 2 })).served).toBe(null);
    expect(parents(...asking('search', 600, { framework: 'pydantic-ai-slim 2.68.0' })).served).toBe('asked');
  });
});

describe('idle time', () => {
  it('is split evenly among tools that run at once', () => {
    const report = between([['t1', 'search'], ['t2', 'lookup']], span('s1', 1000, frames('search')), spanEnd('s1', 2000), span('s2', 1500, frames('lookup')), spanEnd('s2', 2500));
    expect(tools(report).map((each) => [each.name, each.tool?.idleBlameMs])).toEqual([
      ['search', 750],
      ['lookup', 750],
    ]);
  });

  it('is the call’s where it queues, and nobody’s where the agent itself was busy', () => {
    const server = { queueMs: 400, prefillMs: 100, decodeMs: 500, evidence: 'measured' as const };
    const { report, gpu } = analyze(readRecording(recordingText(header(), call('a', 1000), callEnd('a', 2000, { server }), end(2500))));
    expect(gpu.map((segment) => [segment.state, segment.endMs - segment.startMs, segment.blamedOn])).toEqual([
      ['idle', 1000, null],
      ['idle', 400, 'a'],
      ['prefill', 100, null],
      ['decode', 500, null],
      ['idle', 500, null],
    ]);
    expect(report.lines[0]?.idleBlameMs).toBe(400);
  });
});
