/** The program's own functions between its calls: folded from samples, measured, and which of them are tools. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Activity, Site } from '../../src/profile/recordingFormat.ts';
import type { Report } from '../../src/profile/report.ts';
import { call, callEnd, end, header, message, recordingText, site, span, spanEnd, toolCall } from './recordingLines.ts';

const AGENT = '/home/user/project/agent.py';
const MODULE = site(AGENT, 90, '<module>');
const THINK = [site(AGENT, 10, 'think'), site(AGENT, 30, 'answer'), MODULE];

interface CallOptions {
  asks?: [id: string, name: string][];
  brings?: string[];
  parent?: string;
  question?: string;
}

/** A model call, as `answer` makes it through `think`. */
function modelCall(id: string, from: number, until: number, { asks = [], brings = [], parent, question = 'q' }: CallOptions = {}): object[] {
  return [
    call(id, from, { frames: THINK, parent: parent ?? null, request: { messages: [message('user', question)], toolResults: brings.map((callId) => ({ callId, bytes: 10 })) } }),
    callEnd(id, until, { toolCalls: asks.map(([callId, name]) => toolCall(callId, name)) }),
  ];
}

function sampled(id: string, from: number, until: number, frames: Site[], activity: Activity | null): object[] {
  return [span(id, from, { kind: 'other', source: 'sampled', evidence: 'sampled', name: frames[0]?.function ?? '', frames, activity }), spanEnd(id, until)];
}

function measured(id: string, from: number, until: number, name: string, line: number, parent: string | null = null, callers: Site[] = [site(AGENT, 31, 'answer'), MODULE]): object[] {
  return [span(id, from, { kind: 'other', source: 'function', name, parent, frames: [site(AGENT, line, name), ...callers] }), spanEnd(id, until)];
}

function http(id: string, from: number, until: number, frames: Site[], parent: string | null = null): object[] {
  return [span(id, from, { parent, frames, name: frames[0]?.function ?? '' }), spanEnd(id, until)];
}

const reportOf = (...lines: object[]): Report => analyze(readRecording(recordingText(header(), ...lines, end(5000)))).report;
const shown = (report: Report, kind: 'tool' | 'other') => report.spans.filter((each) => each.kind === kind).map(({ name, startMs, endMs, evidence, activity, site: at }) => [name, startMs, endMs, evidence, activity, at?.line ?? null]);
const row = (report: Report, name: string) => report.functions.find((each) => each.name === name);

it('time before the first call and after the last one is not said to be unknown, but for what was seen of it', () => {
  const own = [site(AGENT, 40, 'load'), MODULE];
  const report = reportOf(...sampled('s0', 800, 900, own, 'file'), ...modelCall('a', 1000, 1100), ...modelCall('b', 1300, 1400), ...sampled('s1', 1500, 1600, own, 'file'));
  expect(report.totals.otherMs).toMatchObject({ before: 900, file: 200, unknown: 200, after: 3500 });
  expect(reportOf().totals.otherMs).toMatchObject({ before: 0, unknown: 5000, after: 0 });
});

describe('what was sampled while a framework’s agents ran', () => {
  const agent = (id: string, from: number, until: number, parent: string | null = null, kind: 'agent' | 'step' = 'agent'): object[] => [
    span(id, from, { kind, source: 'framework', name: id, parent, frames: [site(AGENT, 30, 'answer'), MODULE] }),
    spanEnd(id, until),
  ];
  const inLine = [site(AGENT, 30, 'answer'), MODULE];
  const others = (report: Report) => report.spans.filter(({ kind }) => kind === 'other').map(({ parent, startMs, endMs }) => [parent, startMs, endMs]);

  it('is inside of the agent and the step in which it was seen, cut where these begin and end', () => {
    const report = reportOf(...agent('one', 0, 400), ...agent('step', 0, 300, 'one', 'step'), ...modelCall('a', 10, 100, { parent: 'step' }), ...sampled('s', 110, 600, inLine, 'cpu'), ...agent('two', 500, 900), ...modelCall('b', 620, 800, { parent: 'two' }));
    expect(others(report)).toEqual([
      ['step', 110, 300],
      ['one', 300, 400],
      [null, 400, 500],
      ['two', 500, 600],
    ]);
    expect(report.totals.requests).toBe(2);
  });

  it('is outside of agents that run side by side, in another thread or were begun elsewhere', () => {
    const beside = reportOf(...agent('one', 0, 400), ...modelCall('a', 10, 100, { parent: 'one' }), ...agent('two', 0, 400), ...modelCall('b', 10, 100, { parent: 'two' }), ...sampled('s', 110, 300, inLine, 'cpu'));
    expect(others(beside)).toEqual([[null, 110, 300]]);
    const elsewhere = reportOf(...agent('one', 0, 400), ...modelCall('a', 10, 100, { parent: 'one' }), ...sampled('s', 110, 300, [site(AGENT, 70, 'load'), MODULE], 'cpu'));
    expect(others(elsewhere)).toEqual([[null, 110, 300]]);
  });

  it('has no time in which it only waited for what it led to', () => {
    const waits = [
      ...agent('one', 0, 900),
      ...modelCall('a', 10, 100, { parent: 'one' }),
      ...sampled('s', 110, 700, inLine, 'lock'),
      span('t', 150, { source: 'framework', name: 'search', parent: 'one', thread: 'pool', frames: [site(AGENT, 48, 'search'), ...inLine] }),
      spanEnd('t', 400),
      span('u', 300, { source: 'framework', name: 'look', parent: 'one', thread: 'pool', frames: [site(AGENT, 58, 'look'), ...inLine] }),
      spanEnd('u', 500),
      ...modelCall('b', 710, 800, { parent: 'one' }),
    ];
    const report = reportOf(...waits);
    expect(others(report)).toEqual([
      ['one', 110, 150],
      ['one', 500, 700],
    ]);
    expect(row(report, 'answer')).toMatchObject({ totalMs: 240, selfMs: 240, activity: 'lock' });
    // Who computes waits for nobody.
    const computing = waits.map((line) => ('activity' in line && line.activity === 'lock' ? { ...line, activity: 'cpu' } : line));
    expect(others(reportOf(...computing))).toEqual([['one', 110, 700]]);
  });
});

it('time in which one thread waits for a lock and another one computes went into computing', () => {
  const own = [site(AGENT, 40, 'load'), MODULE];
  const report = reportOf(...modelCall('a', 0, 100), ...sampled('s0', 100, 300, own, 'lock'), ...sampled('s1', 150, 250, [site(AGENT, 50, 'parse'), ...own], 'cpu'), ...modelCall('b', 300, 400));
  expect(report.totals.otherMs).toMatchObject({ cpu: 100, lock: 100 });
});

it('a function that calls itself took as long as its outermost run', () => {
  const report = reportOf(...modelCall('a', 0, 100), ...measured('w1', 110, 310, 'walk', 48), ...measured('w2', 120, 220, 'walk', 48, 'w1'), ...measured('w3', 400, 450, 'walk', 48), ...modelCall('b', 500, 600));
  expect(row(report, 'walk')).toMatchObject({ calls: 3, totalMs: 250, selfMs: 250 });
});

describe('waits', () => {
  it('in no function that was measured are inside of the step in which they were seen', () => {
    const report = reportOf(
      span('agent', 0, { kind: 'agent', source: 'framework', name: 'graph' }),
      span('step1', 5, { kind: 'step', source: 'framework', name: 'joke', parent: 'agent' }),
      span('step2', 5, { kind: 'step', source: 'framework', name: 'joke', parent: 'agent' }),
      ...['step1', 'step2'].flatMap((step, index) => [
        span(`w${index}`, 10, { kind: 'other', source: 'wait', name: 'sleep', parent: step, frames: [site(AGENT, 8, 'sleep'), ...THINK], activity: 'sleep' }),
        spanEnd(`w${index}`, 60),
        ...modelCall(`c${index}`, 65, 100, { parent: step }),
        spanEnd(step, 110),
      ]),
      spanEnd('agent', 120),
    );
    expect(report.spans.filter(({ name }) => name === 'sleep').map(({ parent, startMs, endMs }) => [parent, startMs, endMs])).toEqual([
      ['step1', 10, 60],
      ['step2', 10, 60],
    ]);
  });
});

it('an object that is called goes by its class, and is the tool of that name', () => {
  const called = (line: number, name: string): Site[] => [site(AGENT, line, name), site(AGENT, 31, 'answer'), MODULE];
  const report = reportOf(
    ...modelCall('a', 0, 100, { asks: [['t1', 'calculator'], ['t2', 'web_search']] }),
    span('f', 110, { kind: 'other', source: 'function', name: '__call__', frames: called(50, 'Calculator.__call__') }),
    spanEnd('f', 150),
    ...sampled('s', 160, 260, called(60, 'make.<locals>.WebSearch.__call__'), 'socket'),
    ...modelCall('b', 300, 400, { brings: ['t1', 't2'] }),
    span('g', 410, { kind: 'other', source: 'function', name: '__call__', frames: called(70, 'Parser.__call__') }),
    spanEnd('g', 450),
    ...modelCall('c', 500, 600),
  );
  expect(shown(report, 'tool')).toEqual([['calculator', 110, 150, 'measured', null, 50], ['web_search', 160, 260, 'sampled', 'socket', 60]]);
  expect(row(report, 'Parser')).toMatchObject({ calls: 1, totalMs: 40 });
});

describe('samples', () => {
  it('of one function next to each other are one run of it, and say what it mostly did', () => {
    const inSearch = (line: number): Site[] => [site(AGENT, line, 'search'), site(AGENT, 31, 'answer'), MODULE];
    const report = reportOf(
      ...modelCall('a', 0, 100),
      ...sampled('s1', 102, 140, inSearch(50), 'cpu'),
      ...sampled('s2', 140, 300, inSearch(51), 'socket'),
      ...sampled('s3', 300, 310, inSearch(52), 'cpu'),
      // Long after: another run.
      ...sampled('s4', 600, 650, inSearch(50), 'socket'),
      ...modelCall('b', 700, 800),
    );
    expect(shown(report, 'other')).toEqual([
      ['search', 102, 310, 'sampled', 'socket', 50],
      ['search', 600, 650, 'sampled', 'socket', 50],
    ]);
    expect(row(report, 'search')).toMatchObject({ calls: 2, totalMs: 258, selfMs: 258, meanMs: 129, activity: 'socket', evidence: 'sampled' });
    expect(report.totals.otherMs).toMatchObject({ cpu: 48, socket: 210, unknown: 342, after: 4200 });
  });

  it('belong to the outermost function below those that lead to model calls, with what it called inside', () => {
    const parse = [site(AGENT, 70, 'parse'), site(AGENT, 60, 'search'), site(AGENT, 31, 'answer'), MODULE];
    const report = reportOf(...modelCall('a', 0, 100), ...sampled('s1', 100, 200, parse.slice(1), 'sleep'), ...sampled('s2', 200, 260, parse, 'cpu'), ...sampled('s3', 260, 265, parse.slice(1), 'sleep'), ...modelCall('b', 300, 400));
    expect(shown(report, 'other')).toEqual([
      ['search', 100, 265, 'sampled', 'sleep', 60],
      ['parse', 200, 260, 'sampled', 'cpu', 70],
    ]);
    const [search, inner] = report.spans.filter(({ kind }) => kind === 'other');
    expect(inner?.parent).toBe(search?.id);
    expect(row(report, 'search')).toMatchObject({ totalMs: 165, selfMs: 105 });
    expect(row(report, 'parse')).toMatchObject({ totalMs: 60, selfMs: 60 });
  });

  it('in the agent itself stand for their line', () => {
    const own = [site(AGENT, 33, 'answer'), MODULE];
    const report = reportOf(...modelCall('a', 0, 100), ...sampled('s1', 100, 200, own, 'sleep'), ...sampled('s2', 201, 250, own, 'sleep'), ...modelCall('b', 300, 400));
    expect(shown(report, 'other')).toEqual([['answer', 100, 250, 'sampled', 'sleep', 33]]);
    expect(row(report, 'answer')).toMatchObject({ calls: 1, totalMs: 150, idleBlameMs: 150 });
  });

  it('on the line of a request that was measured are that request', () => {
    const own = [site(AGENT, 33, 'answer'), MODULE];
    const report = reportOf(...modelCall('a', 0, 100), ...http('h', 110, 250, own), ...sampled('s1', 108, 245, own, 'socket'), ...modelCall('b', 300, 400));
    expect(shown(report, 'other')).toEqual([]);
    expect(shown(report, 'tool')).toEqual([['answer', 110, 250, 'measured', null, 33]]);
  });

  it('without a line are apart where a function that was measured ran between them', () => {
    const report = reportOf(...modelCall('a', 0, 100), ...sampled('s1', 100, 150, [], 'cpu'), ...measured('f', 150, 190, 'search', 48), ...sampled('s2', 190, 200, [], 'cpu'), ...modelCall('b', 200, 300));
    expect(shown(report, 'other').map(([, from, until]) => [from, until])).toEqual([[100, 150], [150, 190], [190, 200]]);
    expect(report.totals.otherMs).toMatchObject({ cpu: 60, unknown: 40, after: 4700 });
  });

  it('of parallel tasks in one function are runs of their own', () => {
    const inSearch = [site(AGENT, 50, 'search'), site(AGENT, 31, 'answer'), MODULE];
    const report = reportOf(...modelCall('a', 0, 100), ...sampled('s1', 100, 200, inSearch, 'sleep'), ...sampled('s2', 100, 210, inSearch, 'sleep'), ...modelCall('b', 300, 400));
    expect(shown(report, 'other').map(([, from, until]) => [from, until])).toEqual([
      [100, 210],
      [100, 200],
    ]);
    // Both, as with tools and calls, though they ran at once.
    expect(row(report, 'search')).toMatchObject({ calls: 2, totalMs: 210, selfMs: 210 });
  });
});

describe('measured functions', () => {
  it('have their own edges, and from samples only what they did', () => {
    const report = reportOf(...modelCall('a', 0, 100), ...measured('f', 110, 210, 'search', 48), ...sampled('s1', 106, 214, [site(AGENT, 50, 'search'), site(AGENT, 31, 'answer'), MODULE], 'file'), ...modelCall('b', 300, 400));
    expect(shown(report, 'other')).toEqual([['search', 110, 210, 'measured', 'file', 48]]);
  });

  it('are not there a second time where a sample came too late for them', () => {
    const inSearch = [site(AGENT, 50, 'search'), site(AGENT, 31, 'answer'), MODULE];
    const report = reportOf(...modelCall('a', 0, 100), ...measured('f', 110, 210, 'search', 48), ...sampled('s1', 225, 280, inSearch, 'cpu'), ...modelCall('b', 500, 600));
    expect(shown(report, 'other')).toEqual([['search', 110, 210, 'measured', 'cpu', 48]]);
    // Who looked in time, and then no more for a while.
    const kept = reportOf(...modelCall('a', 0, 100), ...measured('f', 110, 160, 'search', 48), ...sampled('s1', 130, 250, inSearch, 'sleep'), ...modelCall('b', 500, 600));
    expect(shown(kept, 'other')).toEqual([['search', 110, 160, 'measured', 'sleep', 48]]);
  });

  it('one after the other have each their part of samples that look alike', () => {
    const inSearch = [site(AGENT, 50, 'search'), site(AGENT, 31, 'answer'), MODULE];
    const report = reportOf(...modelCall('a', 0, 100), ...measured('f', 110, 210, 'search', 48), ...measured('g', 212, 310, 'search', 48), ...measured('h', 312, 420, 'search', 48), ...sampled('s1', 106, 424, inSearch, 'file'), ...modelCall('b', 500, 600));
    expect(shown(report, 'other')).toEqual([
      ['search', 110, 210, 'measured', 'file', 48],
      ['search', 212, 310, 'measured', 'file', 48],
      ['search', 312, 420, 'measured', 'file', 48],
    ]);
    expect(row(report, 'search')).toMatchObject({ calls: 3, activity: 'file' });
    expect(report.totals.otherMs).toMatchObject({ file: 318 });
  });

  it('that lead to a model call are no part of what is shown', () => {
    const report = reportOf(
      ...modelCall('a', 0, 100),
      ...measured('m', 110, 900, 'answer', 29, null, [MODULE]),
      ...measured('f', 120, 300, 'search', 48, 'm'),
      ...measured('t', 310, 420, 'think', 9, 'm'),
      ...modelCall('b', 320, 410, { parent: 't' }),
    );
    expect(shown(report, 'other')).toEqual([['search', 120, 300, 'measured', null, 48]]);
    // It belongs to the request that the function was, before whose first call it ran.
    const request = report.spans.find(({ kind, name, startMs }) => kind === 'agent' && name === 'q' && startMs === 120);
    expect(report.spans.find(({ name }) => name === 'search')?.parent).toBe(request?.id);
  });
});

describe('a tool', () => {
  it('is the function of the name that the model asked for', () => {
    const report = reportOf(...modelCall('a', 0, 100, { asks: [['c1', 'web_search']] }), ...measured('f', 110, 210, 'webSearch', 48), ...measured('g', 220, 280, 'format', 60), ...modelCall('b', 300, 400, { brings: ['c1'] }));
    expect(shown(report, 'tool')).toEqual([['web_search', 110, 210, 'measured', null, 48]]);
    expect(shown(report, 'other').map(([name]) => name)).toEqual(['format']);
    expect(report.spans.find(({ kind }) => kind === 'tool')?.tool).toMatchObject({ callId: 'c1', resultBytes: 10, idleBlameMs: 100 });
    expect(report.totals).toMatchObject({ toolCalls: 1 });
    expect(report.functions.map(({ name }) => name)).toEqual(['format']);
  });

  it('is found inside a dispatcher', () => {
    const report = reportOf(
      ...modelCall('a', 0, 100, { asks: [['c1', 'search'], ['c2', 'lookup']] }),
      ...measured('d', 105, 290, 'run_tools', 40),
      ...measured('f', 110, 210, 'search', 48, 'd'),
      ...measured('g', 210, 280, 'lookup', 58, 'd'),
      ...modelCall('b', 300, 400, { brings: ['c1', 'c2'] }),
    );
    expect(shown(report, 'tool').map(([name, from]) => [name, from])).toEqual([['search', 110], ['lookup', 210]]);
    expect(shown(report, 'other').map(([name]) => name)).toEqual(['run_tools']);
  });

  it('is a function of another name only where it took nearly all of the time, alone', () => {
    const asks: CallOptions = { asks: [['c1', 'get_weather']] };
    const all = reportOf(...modelCall('a', 0, 100, asks), ...measured('f', 105, 295, 'weather_handler', 48), ...modelCall('b', 300, 400, { brings: ['c1'] }));
    expect(shown(all, 'tool')).toEqual([['get_weather', 105, 295, 'measured', null, 48]]);
    const little = reportOf(...modelCall('a', 0, 100, asks), ...measured('f', 105, 125, 'parse_arguments', 48), ...modelCall('b', 300, 400, { brings: ['c1'] }));
    expect(shown(little, 'tool')).toEqual([['get_weather', 100, 300, 'inferred', null, null]]);
    expect(little.spans.find(({ name }) => name === 'parse_arguments')?.parent).toBe(little.spans.find(({ kind }) => kind === 'tool')?.id);
  });

  it('is, where the model says nothing of it, the outermost function around a request that is no dispatcher', () => {
    const get = (line: number, ...outer: Site[]): Site[] => [site(AGENT, 70, 'get'), ...outer, site(AGENT, line, 'act'), site(AGENT, 31, 'answer'), MODULE];
    const search = site(AGENT, 50, 'search');
    const lookup = site(AGENT, 55, 'lookup');
    const report = reportOf(
      ...modelCall('a', 0, 100),
      ...measured('d1', 105, 290, 'act', 40),
      ...measured('f1', 110, 280, 'search', 48, 'd1'),
      ...measured('g1', 112, 270, 'get', 69, 'f1'),
      ...http('h1', 115, 260, get(41, search), 'g1'),
      ...modelCall('b', 300, 400),
      ...measured('d2', 405, 490, 'act', 40),
      ...measured('f2', 410, 480, 'lookup', 54, 'd2'),
      ...measured('g2', 412, 470, 'get', 69, 'f2'),
      ...http('h2', 415, 460, get(42, lookup), 'g2'),
      ...modelCall('c', 500, 600),
    );
    expect(report.tools.map(({ name, calls }) => [name, calls])).toEqual([['search', 1], ['lookup', 1]]);
    expect(report.totals.toolCalls).toBe(2);
  });

  it('is not the dispatcher around a request that is made in a function of the tool’s name', () => {
    const report = reportOf(...modelCall('a', 0, 100, { asks: [['t1', 'search']] }), ...measured('d1', 105, 290, 'act', 40), ...http('h1', 115, 260, [site(AGENT, 50, 'search'), site(AGENT, 41, 'act'), MODULE], 'd1'), ...modelCall('b', 300, 400, { brings: ['t1'] }));
    expect(report.tools.map(({ name, calls, totalMs }) => [name, calls, totalMs])).toEqual([['search', 1, 145]]);
    expect(row(report, 'act')).toMatchObject({ calls: 1, selfMs: 40 });
  });

  it('leaves what is around it with its own time alone, and what was not seen of either is not known', () => {
    const callers = [site(AGENT, 70, 'act'), site(AGENT, 31, 'answer'), MODULE];
    const report = reportOf(
      ...modelCall('a', 0, 100, { asks: [['c1', 'search']] }),
      ...measured('o', 110, 1110, 'act', 67),
      ...measured('f', 120, 1100, 'search', 48, 'o', callers),
      ...http('h', 130, 1090, [site(AGENT, 50, 'search'), ...callers], 'f'),
      // Before the request leaves; while it is under way nothing is looked at.
      ...sampled('s', 121, 129, [site(AGENT, 50, 'search'), ...callers], 'cpu'),
      ...modelCall('b', 1200, 1300, { brings: ['c1'] }),
    );
    expect(row(report, 'act')).toMatchObject({ totalMs: 1000, selfMs: 20, activity: null });
    expect(report.spans.find(({ name, kind }) => name === 'search' && kind === 'tool')?.activity).toBeNull();
  });

  it('of a framework is not shown a second time as the function that it runs', () => {
    const report = reportOf(
      ...modelCall('a', 0, 100, { asks: [['c1', 'search']] }),
      span('t', 105, { source: 'framework', name: 'search', framework: 'langgraph 1', frames: [site(AGENT, 48, 'search'), site(AGENT, 31, 'answer')], callId: 'c1' }),
      spanEnd('t', 215),
      ...measured('f', 110, 210, 'search', 48, 't'),
      ...measured('p', 150, 200, 'parse', 60, 'f'),
      ...sampled('s1', 108, 150, [site(AGENT, 50, 'search'), site(AGENT, 31, 'answer'), MODULE], 'socket'),
      ...sampled('s2', 150, 190, [site(AGENT, 61, 'parse'), site(AGENT, 50, 'search'), site(AGENT, 31, 'answer'), MODULE], 'cpu'),
      ...modelCall('b', 300, 400, { brings: ['c1'] }),
    );
    // Without what the framework did around it.
    expect(shown(report, 'tool')).toEqual([['search', 110, 210, 'measured', 'socket', 48]]);
    expect(shown(report, 'other').map(([name]) => name)).toEqual(['parse']);
    expect(report.spans.find(({ name }) => name === 'parse')?.parent).toBe('t');
    // What runs inside a tool is the tool's.
    expect(report.functions).toEqual([]);
  });

  it('of a framework takes as long as its function and what else is inside of it', () => {
    const report = reportOf(
      span('t', 100, { source: 'framework', name: 'search', framework: 'langgraph 1', frames: [site(AGENT, 48, 'search')] }),
      ...measured('f1', 110, 150, 'search', 48, 't'),
      ...measured('f2', 160, 190, 'search', 48, 't'),
      ...http('h', 185, 205, [site(AGENT, 50, 'search')], 't'),
      spanEnd('t', 215),
      span('open', 300, { source: 'framework', name: 'search', framework: 'langgraph 1', frames: [site(AGENT, 48, 'search')] }),
      span('f3', 310, { kind: 'other', source: 'function', name: 'search', parent: 'open', frames: [site(AGENT, 48, 'search')] }),
      spanEnd('open', 400),
    );
    expect(shown(report, 'tool').filter(([name]) => name === 'search')).toEqual([
      ['search', 110, 205, 'measured', null, 48],
      ['search', 185, 205, 'measured', null, 50],
      ['search', 300, 400, 'measured', null, 48],
    ]);
  });

  it('that asks a model itself is one nevertheless', () => {
    const report = reportOf(
      ...modelCall('a', 0, 100, { asks: [['c1', 'research']] }),
      ...measured('f', 105, 295, 'research', 48),
      ...modelCall('inner', 120, 280, { parent: 'f', question: 'inner' }),
      ...modelCall('b', 300, 400, { brings: ['c1'] }),
    );
    expect(shown(report, 'tool')).toEqual([['research', 105, 295, 'measured', null, 48]]);
    expect(report.spans.find(({ id }) => id === 'inner')?.parent).toBe('f');
  });
});

it('what is around a call is no tool that the call asks for', () => {
  // As only a broken recording has it: the function began after the request inside of it, and ends before what it contains.
  const report = reportOf(
    ...measured('f', 3100, 3100, 'lookup', 48),
    ...http('h', 900, 4000, [site(AGENT, 50, 'fetch')], 'f'),
    ...modelCall('a', 2000, 2100, { parent: 'h', asks: [['c1', 'lookup']] }),
    ...modelCall('b', 3800, 3800, { parent: 'h', brings: ['c1'] }),
  );
  expect(shown(report, 'tool').map(([name, , , evidence]) => [name, evidence])).toContainEqual(['lookup', 'inferred']);
});

it('a process that asks models itself is an agent’s and no tool, unless a model asked for it', () => {
  const started = (id: string, from: number, until: number, detail: string, way: Site[]): object[] => [span(id, from, { source: 'process', name: 'start', detail, frames: [...way, MODULE], pid: 100 }), spanEnd(id, until)];
  const child = (pid: number, t: number, script: string, ppid = 100): object => ({ type: 'process', t, pid, ppid, runtime: 'node', runtimeVersion: 'v24.0.0', argv: ['/bin/node', `/app/${script}`], cwd: '/app' });
  const inside = (pid: number, lines: object[]): object[] => lines.map((line) => ('request' in line ? { ...line, pid } : line));
  const report = reportOf(
    ...modelCall('a', 0, 100, { asks: [['c1', 'delegate']] }),
    // A model's tool whose work another agent does, in a process of a process.
    ...started('asked', 110, 400, 'node helper.js', [site(AGENT, 20, 'delegate')]),
    child(201, 120, 'helper.js'),
    child(202, 130, 'inner.js', 201),
    ...inside(202, modelCall('b', 150, 250)),
    ...modelCall('c', 410, 500, { brings: ['c1'] }),
    // Two at once, beside a program that asks nobody.
    ...started('ls', 600, 900, 'ls src', [site(AGENT, 21, 'start')]),
    ...started('one', 601, 900, 'node worker.js', [site(AGENT, 22, 'start')]),
    ...started('two', 602, 900, 'node worker.js', [site(AGENT, 22, 'start')]),
    child(301, 650, 'worker.js'),
    child(302, 660, 'worker.js'),
    // A thread of the first.
    child(301, 670, 'worker.js'),
    ...inside(301, modelCall('d', 700, 800)),
    ...inside(302, modelCall('e', 700, 800)),
  );
  expect(Object.fromEntries(['asked', 'ls', 'one', 'two'].map((id) => [id, report.spans.find((each) => each.id === id)?.kind]))).toEqual({ asked: 'tool', ls: 'tool', one: 'other', two: 'other' });
  expect(report.tools.map(({ name }) => name).toSorted()).toEqual(['delegate', 'start']);
});

it('a framework’s tool is what its definition executes, and nothing else that it calls', () => {
  const report = reportOf(
    ...modelCall('a', 0, 100, { asks: [['c1', 'weather']] }),
    span('t', 110, { kind: 'tool', source: 'framework', framework: 'ai 7', name: 'weather', callId: 'c1', frames: [site(AGENT, 9, null), site(AGENT, 31, 'answer'), MODULE] }),
    ...measured('f', 115, 290, 'execute', 12, 't'),
    ...measured('g', 120, 200, 'fetchWeather', 20, 'f'),
    spanEnd('t', 300),
    ...modelCall('b', 320, 400, { brings: ['c1'] }),
  );
  expect(report.spans.filter(({ kind }) => kind === 'tool' || kind === 'other').map(({ id, startMs, endMs, parent }) => [id, startMs, endMs, parent === 't'])).toEqual([
    ['t', 115, 290, false],
    ['g', 120, 200, true],
  ]);
});

describe('requests', () => {
  it('are the runs of the outermost function that leads to every call and ran several times', () => {
    const runs = ['one', 'two', 'three'].flatMap((question, index) => {
      const at = index * 1000;
      return [
        // The very first run began before the first answer, and was not measured.
        ...(index === 0 ? [] : measured(`m${index}`, at + 5, at + 600, 'answer', 29, null, [MODULE])),
        ...modelCall(`a${index}`, at + 10, at + 100, { parent: index === 0 ? undefined : `m${index}`, question }),
        ...modelCall(`b${index}`, at + 200, at + 300, { parent: index === 0 ? undefined : `m${index}`, question: `${question} more` }),
      ];
    });
    const report = reportOf(...runs);
    expect(report.spans.filter(({ kind }) => kind === 'agent').map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
      ['one', 10, 300],
      ['two', 1010, 1300],
      ['three', 2010, 2300],
    ]);
    expect(report.totals).toMatchObject({ requests: 3, requestsEvidence: 'inferred' });
  });

  it('are not the runs of a function that goes on with one conversation, or hands over a tool’s result', () => {
    const steps = (hash: (text: string) => string | null): object[] =>
      [0, 1, 2].flatMap((n) => {
        const messages = Array.from({ length: 2 * n + 1 }, (_, index) => message(index === 0 ? 'user' : index % 2 === 1 ? 'assistant' : 'tool', `m${index}`, hash(`m${index}`)));
        const at = n * 1000;
        return [
          ...measured(`m${n}`, at + 5, at + 600, 'step', 29, null, [MODULE]),
          call(`c${n}`, at + 10, { frames: [site(AGENT, 30, 'step'), MODULE], parent: `m${n}`, request: { messages, toolResults: Array.from({ length: n }, (_, index) => ({ callId: `t${index}`, bytes: 1 })) } }),
          callEnd(`c${n}`, at + 100, { toolCalls: [toolCall(`t${n}`, 'search')] }),
        ];
      });
    expect(reportOf(...steps((text) => text)).totals.requests).toBe(1);
    expect(reportOf(...steps(() => null)).totals.requests).toBe(1);
  });

  it('are such runs also where a framework’s agents work in them, several or beside other calls', () => {
    const asked = (id: string, at: number, parent: string, question: string, way: Site[]): object[] => [
      call(id, at, { frames: [...way, site(AGENT, 32, 'answer'), MODULE], parent, request: { messages: [message('user', question, question)] } }),
      callEnd(id, at + 50),
    ];
    const agent = (id: string, at: number, parent: string): object[] => [
      span(id, at, { kind: 'agent', name: 'writer', source: 'framework', framework: 'x 1', parent, frames: [site(AGENT, 32, 'answer'), MODULE] }),
      ...asked(`${id}c`, at + 10, id, `write ${id}`, []),
      spanEnd(id, at + 100),
    ];
    const run = (n: number, ...inside: object[]): object[] => measured(`m${n}`, n * 1000, n * 1000 + 900, 'answer', 29, null, [MODULE]).concat(inside);
    const alone = reportOf(...run(1, ...agent('w1', 1100, 'm1')), ...run(2, ...agent('w2', 2100, 'm2')));
    expect(alone.totals).toMatchObject({ requests: 2, requestsEvidence: 'measured' });
    const report = reportOf(
      ...run(1, ...asked('k1', 1010, 'm1', 'cats', [site(AGENT, 50, 'classify')]), ...agent('w1', 1100, 'm1'), ...agent('v1', 1300, 'm1')),
      ...run(2, ...asked('k2', 2010, 'm2', 'dogs', [site(AGENT, 50, 'classify')]), ...agent('w2', 2100, 'm2')),
      // One that needs nothing else.
      ...run(3, ...agent('w3', 3100, 'm3')),
    );
    expect(report.totals).toMatchObject({ requests: 3, requestsEvidence: 'inferred' });
    const tops = report.spans.filter(({ kind, parent }) => kind === 'agent' && parent === null);
    expect(tops.map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
      ['cats', 1010, 1400],
      ['dogs', 2010, 2200],
      ['writer', 3100, 3200],
    ]);
    expect(['k1', 'w1', 'v1', 'k2', 'w2'].map((id) => report.spans.find((each) => each.id === id)?.parent)).toEqual([tops[0]?.id, tops[0]?.id, tops[0]?.id, tops[1]?.id, tops[1]?.id]);
  });

  it('have nothing of what was embedded outside of them, and their name by their first question', () => {
    const embedding = (id: string, at: number, parent?: string): object[] => [call(id, at, { endpoint: 'embeddings', frames: parent === undefined ? [MODULE] : [site(AGENT, 32, 'answer'), MODULE], parent: parent ?? null, request: { messages: [] } }), callEnd(id, at + 20)];
    const runs = ['one', 'two'].flatMap((question, index) => {
      const at = 1000 * (index + 1);
      return [...measured(`m${index}`, at, at + 600, 'answer', 29, null, [MODULE]), ...embedding(`e${index}`, at + 10, `m${index}`), ...modelCall(`a${index}`, at + 100, at + 200, { parent: `m${index}`, question })];
    });
    const report = reportOf(...embedding('d1', 10), ...embedding('d2', 40), ...runs);
    expect(report.spans.filter(({ kind }) => kind === 'agent').map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
      ['one', 1010, 1200],
      ['two', 2010, 2200],
    ]);
    expect(report.spans.filter(({ kind, parent }) => kind === 'llm' && parent === null).map(({ id }) => id)).toEqual(['d1', 'd2']);
  });

  it('stay one where calls that overlap came before the runs', () => {
    const report = reportOf(
      ...modelCall('a', 10, 100, { question: 'one' }),
      ...modelCall('b', 20, 110, { question: 'two' }),
      ...measured('m1', 200, 600, 'answer', 29, null, [MODULE]),
      ...modelCall('c', 210, 300, { parent: 'm1', question: 'three' }),
      ...measured('m2', 700, 900, 'answer', 29, null, [MODULE]),
      ...modelCall('d', 710, 800, { parent: 'm2', question: 'four' }),
    );
    expect(report.totals.requests).toBe(1);
  });
});

describe('findings', () => {
  it('name a function behind which the GPU stood idle, and what it did', () => {
    const report = reportOf(...modelCall('a', 0, 1000), ...measured('f', 1000, 3000, 'crunch', 48), ...sampled('s1', 1000, 3000, [site(AGENT, 50, 'crunch'), site(AGENT, 31, 'answer'), MODULE], 'cpu'), ...modelCall('b', 3000, 4000));
    const [found] = report.findings.filter(({ rule }) => rule === 'idle-behind-function');
    expect(found?.message).toMatch(/idle for 2 s \(40 % of the run\) while the agent's own code was in crunch, mostly computing/);
    expect(found).toMatchObject({ site: { line: 48 }, spans: ['f'], saves: { ms: 2000 } });
  });
});
