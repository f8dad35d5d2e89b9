/** What the editor's views say, over recordings folded as everywhere else. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { formatDuration, formatLens } from '../../src/profile/formatValue.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report, ReportLine } from '../../src/profile/report.ts';
import { hoverText } from '../../src/views/hoverText.ts';
import { functionHoverText, functionLensText } from '../../src/views/functionText.ts';
import { lensText, placeFunctions, placeLines } from '../../src/views/lensModel.ts';
import { commandLink, escapeMarkdown } from '../../src/views/markdown.ts';
import { statusText, statusTooltip } from '../../src/views/statusText.ts';
import { runDescription, spanRow, SpanTree } from '../../src/views/treeModel.ts';
import { call, callEnd, end, gpu, header, message, recordingText, site, span, spanEnd, toolCall } from './recordingLines.ts';

const AGENT = '/home/user/project/agent.js';
const simulated = header({ backend: { kind: 'sim', url: null, version: null, model: 'm', gpu: 'test-gpu', simulated: true } });

/** Two calls on line 10, the first asking for a tool that runs on line 20. */
function report(options: { live?: boolean; name?: string; lines?: object[] } = {}): Report {
  const ask = { request: { messages: [message('user', 'Who?')], tools: ['search'] } };
  const lines = options.lines ?? [
    call('a', 0, { ...ask, frames: [site(AGENT, 10, options.name ?? 'think')] }),
    gpu(0, 900, { shares: { a: 1 } }),
    callEnd('a', 1000, { firstTokenAt: 100, toolCalls: [toolCall('t1', 'search')], finishReason: 'tool_calls', usage: { promptTokens: 200, cachedTokens: 50, completionTokens: 20, reasoningTokens: null } }),
    span('s', 1000, { frames: [site(AGENT, 20, 'search')] }),
    spanEnd('s', 2000, { resultBytes: 1800 }),
    call('b', 2000, { frames: [site(AGENT, 10, options.name ?? 'think')], request: { messages: [message('user', 'Who?'), message('assistant', ''), message('tool', 'x')], tools: ['search'], toolResults: [{ callId: 't1', bytes: 1800 }] } }),
    gpu(2000, 4800, { shares: { b: 1 } }),
    callEnd('b', 5000, { firstTokenAt: 2200, usage: { promptTokens: 300, cachedTokens: 200, completionTokens: 40, reasoningTokens: null } }),
    end(5000),
  ];
  return analyze(readRecording(recordingText(simulated, ...lines)), options.live ? { live: true, nowMs: 5000 } : {}).report;
}

function lineOf(from: Report, line: number): ReportLine {
  const found = from.lines.find((each) => each.line === line);
  if (!found) throw new Error(`no line ${line}`);
  return found;
}

const withoutGaps = (text: string): string => text.replaceAll('&nbsp;', '');

const source = Array.from({ length: 30 }, (_, index) => `statement(${index + 1});`);
const reference = { run: '/r.agentcost', file: AGENT, line: 10 };

describe('a lens', () => {
  it('says what the one formatter says of the report’s line', () => {
    const run = report();
    const placed = placeLines(run.lines, source, source);
    expect(placed.map((each) => each.line)).toEqual([9, 19]);
    for (const each of placed) expect(lensText(each, { show: 'perCall', cost: 'energy' })).toBe(formatLens(each.report, { show: 'perCall', cost: 'energy' }));
  });

  it('moves with an edit above and says so once its own line was edited', () => {
    const run = report();
    const above = ['// new', ...source];
    expect(placeLines(run.lines, source, above).map((each) => [each.line, each.stale])).toEqual([[10, null], [20, null]]);
    const edited = source.map((line, index) => (index === 9 ? 'statement(10, more);' : line));
    const [lens] = placeLines(run.lines, source, edited);
    expect(lens && lensText(lens, { show: 'perCall', cost: 'energy' })).toMatch(/ {2}\(measured before this edit\)$/);
  });

  it('says so when nobody knows what the file held, and is left out below its end', () => {
    const placed = placeLines(report().lines, null, source.slice(0, 12));
    expect(placed.map((each) => [each.line, each.stale])).toEqual([[9, 'unknown']]);
  });
});

describe('the hover', () => {
  it('has a row for each number, with how it is known', () => {
    const run = report();
    const text = withoutGaps(hoverText(run, lineOf(run, 10), null, reference));
    expect(text).toMatch(/^\| cost \|.*\| at the list price of Test price \|$/m);
    const rows = new Map(text.split('\n').filter((row) => row.startsWith('| ')).map((row) => [row.split(' | ')[0]?.slice(2), row]));
    expect(rows.get('time')).toContain('4 s | 2 s | 2 s | 2.9 s');
    expect(rows.get('tokens in → out')).toContain('500 → 60 | 250 → 30');
    expect(rows.get('cached')).toContain('50 %');
    expect(rows.get('first token')).toContain('| 150 ms |');
    expect(rows.get('energy')).toMatch(/\| simulated \|$/);
    expect(text).toContain('**think** · 2 calls in this run');
    expect(text).not.toContain('changed since');
    const tool = withoutGaps(hoverText(run, lineOf(run, 20), 'edited', { ...reference, line: 20 }));
    expect(tool).toContain('tool time | 1 s');
    expect(tool).toContain('changed since');
  });

  it('shows what is not known as –, never as 0', () => {
    const lines = [call('a', 0), callEnd('a', 1000, { usage: null }), end(1000)];
    const run = report({ lines });
    const text = withoutGaps(hoverText(run, lineOf(run, 10), null, reference));
    expect(text).toContain('| tokens in → out | – → – |');
    expect(text).toContain('| cached | – |');
  });

  it('takes recorded text for text: no link, no command, no table of its own', () => {
    const run = report({ name: '[x](command:workbench.action.quit) | <b>\n# head' });
    const text = hoverText(run, lineOf(run, 10), null, reference);
    const ours = commandLink('Show on timeline', 'agentCost.showCostOnTimeline', reference);
    expect(text).toContain(ours);
    const rest = text.replace(ours, '');
    expect(rest).not.toMatch(/(?<!\\)\]\(|(?<!\\)<|command:/);
    expect(rest.split('\n').filter((line) => line.startsWith('#'))).toEqual([]);
  });
});

describe('a function of the program’s own', () => {
  const PARSE = [site(AGENT, 12, 'parse'), site(AGENT, 10, 'think')];
  const functionReport = (name = 'parse', sampled = false): Report =>
    report({
      lines: [
        call('a', 0), callEnd('a', 1000),
        span('p', 1000, { kind: 'other', source: sampled ? 'sampled' : 'function', evidence: sampled ? 'sampled' : 'measured', name, frames: [{ ...PARSE[0]!, function: name }, PARSE[1]!] }), spanEnd('p', 1120),
        call('b', 1200), callEnd('b', 2000), end(2000),
      ],
    });
  const lens = (run: Report, scope: 'perCall' | 'total' = 'perCall'): string => {
    const [placed] = placeFunctions(run, AGENT, source, source);
    return placed === undefined ? '' : functionLensText(placed, scope);
  };

  it('has a lens with what one of its runs took, and how many there were', () => {
    expect(lens(functionReport())).toBe('ƒ other: parse 120 ms · 1 call');
    const [row] = functionReport().functions;
    expect(functionLensText({ line: 11, stale: 'edited', report: { ...row!, calls: 3, meanMs: 200, totalMs: 450 } }, 'perCall')).toBe('ƒ other: parse 200 ms per call · 3 calls  (measured before this edit)');
    expect(functionLensText({ line: 11, stale: null, report: { ...row!, calls: 3, meanMs: 200, totalMs: 450 } }, 'total')).toBe('ƒ other: parse 450 ms total · 3 calls');
  });

  it('has none where it took next to nothing of the run, or is in another file', () => {
    const run = functionReport();
    expect(placeFunctions({ ...run, totals: { ...run.totals, wallMs: 1e6 } }, AGENT, source, source)).toEqual([]);
    expect(placeFunctions(run, '/home/user/project/other.js', source, source)).toEqual([]);
  });

  it('says in the hover how it is known', () => {
    const text = (run: Report): string => withoutGaps(functionHoverText(run, run.functions[0]!, null, { ...reference, function: 'parse' }));
    expect(text(functionReport())).toContain('| time | 120 ms | 120 ms | 120 ms | 120 ms | measured |');
    expect(text(functionReport())).toContain('Measured: entered and left.');
    expect(text(functionReport('parse', true))).toContain('Sampled from the stack every 5 to 20 ms.');
  });

  it('is text, whatever its name', () => {
    const run = functionReport('$(flame) [x](command:quit)\n**x**');
    expect(lens(run)).not.toMatch(/\$\(|\n/);
    const ours = commandLink('Show on timeline', 'agentCost.showCostOnTimeline', reference);
    expect(functionHoverText(run, run.functions[0]!, null, reference).replace(ours, '')).not.toMatch(/(?<!\\)\]\(|command:/);
  });
});

it('Markdown’s signs in recorded text are escaped', () => {
  expect(escapeMarkdown('a|b')).toBe('a\\|b');
  expect(escapeMarkdown('<img src=x>')).not.toContain('<');
  expect(escapeMarkdown('line\nbreak')).not.toContain('\n');
});

describe('the tree', () => {
  it('has requests with their calls and tools, steps left out', () => {
    const run = report();
    const tree = new SpanTree(run);
    const [request, ...others] = tree.childrenOf(null);
    expect(others).toEqual([]);
    expect(request?.kind).toBe('agent');
    const children = tree.childrenOf(request?.id ?? '');
    expect(children.map((child) => child.kind)).toEqual(['llm', 'tool', 'llm']);
    for (const child of children) expect(tree.parentOf(child)).toBe(request);
  });

  it('shows durations, tokens and how each is known', () => {
    const run = report();
    const llm = run.spans.find((each) => each.kind === 'llm');
    const row = llm && spanRow(llm);
    expect(row).toMatchObject({ kind: 'call', hasSource: true });
    expect(row?.label).toBe('⚡ agent.js:10');
    expect(row?.description).toContain('1 s · 200→20 tok');
    expect(row?.tooltip).toContain(`think ${AGENT}:10`);
    const tool = run.spans.find((each) => each.kind === 'tool');
    expect(tool && spanRow(tool).label).toMatch(/^⚒ /);
  });

  it('tells running, failed and cut-off calls apart', () => {
    const live = report({ live: true, lines: [call('a', 0)] });
    expect(live.spans.filter((each) => each.kind === 'llm').map((each) => spanRow(each).icon)).toEqual(['loading~spin']);
    const cut = report({ lines: [call('a', 0)] });
    const row = cut.spans.filter((each) => each.kind === 'llm').map(spanRow)[0];
    expect(row).toMatchObject({ icon: 'error', description: expect.stringContaining('cut off') as unknown });
    const failed = report({ lines: [call('a', 0), callEnd('a', 10, { status: 'error', httpStatus: 500, error: 'server on fire' }), end(10)] });
    expect(failed.spans.filter((each) => each.kind === 'llm').map(spanRow)[0]?.tooltip).toContain('server on fire');
  });

  it('survives spans that are each other’s parents', () => {
    const run = report();
    const looped = { ...run, spans: run.spans.map((each, index) => ({ ...each, parent: run.spans[(index + 1) % run.spans.length]?.id ?? null })) };
    expect(() => new SpanTree(looped)).not.toThrow();
  });
});

describe('the status bar', () => {
  it('has the run’s time, calls and energy', () => {
    const run = report();
    expect(statusText(run)).toBe(`${formatDuration(run.totals.wallMs)} · 2 calls · ${statusText(run).split(' · ')[2]}`);
    expect(statusText(run)).toMatch(/Wh sim$/);
    expect(statusTooltip(run)).toContain('simulated');
    expect(runDescription(run)).toContain('2 calls');
  });

  it('says that energy is not known, and what to do', () => {
    const unknown = report();
    unknown.totals.energyWh = { ...unknown.totals.energyWh, total: null, grade: null };
    expect(statusText(unknown)).toMatch(/energy –$/);
    expect(statusTooltip(unknown)).toContain('agentCost.gpu');
  });
});
