/** The table's sums: against the report's own, and that nothing is counted twice or lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callCosts } from '../../webview/timeline/model/callCosts.ts';
import { groupings, roleRows, tableRows, type TableRow } from '../../webview/timeline/model/callTable.ts';
import { columnsOf, roleColumns, sorted, toText } from '../../webview/timeline/model/tableColumns.ts';
import { sumKnown } from '../../src/analysis/statistics.ts';
import { csvRecords } from '../../src/experiments/table/csvRecords.ts';
import { hostileRun, makeLlm, makeReport, makeSpan, modelOf, reactRun } from '../fixtures/timelineDocuments.ts';
import { arbitraryCalls } from '../fixtures/arbitraryCalls.ts';
import type { ReportSpan } from '../../src/profile/report.ts';

const ofSpans = (spans: ReportSpan[], wallMs = 10_000) => modelOf({ report: makeReport(spans, wallMs), gpu: [] });
const all = (): boolean => true;
const tool = (changes: Partial<NonNullable<ReportSpan['tool']>>): NonNullable<ReportSpan['tool']> => ({ name: 'search', callId: null, detail: null, argumentBytes: null, resultBytes: null, idleBlameMs: null, idleEnergyWh: null, ...changes });
const sum = (rows: readonly TableRow[], value: (row: TableRow) => number | null): number | null => sumKnown(rows.map(value));

describe('the table', () => {
  const run = reactRun();
  const model = modelOf(run);
  const costs = callCosts(model);
  const { totals } = run.report;

  it('has the report’s sums, whatever it is grouped by', () => {
    for (const grouping of ['line', 'step'] as const) {
      const rows = tableRows(model, costs, grouping, all);
      expect(sum(rows, (row) => row.calls)).toBe(totals.llmCalls + totals.toolCalls);
      expect(sum(rows, (row) => row.promptTokens)).toBe(totals.promptTokens);
      expect(sum(rows, (row) => row.cachedTokens)).toBe(totals.cachedTokens);
      expect(sum(rows, (row) => row.completionTokens)).toBe(totals.completionTokens);
      expect(sum(rows, (row) => row.activeWh)).toBeCloseTo(totals.energyWh.active ?? NaN, 9);
      expect(sum(rows, (row) => row.totalMs)).toBeCloseTo(totals.agentMs.llm + totals.agentMs.tool, 6);
    }
    expect(tableRows(model, costs, 'tool', all).map(({ name, calls }) => [name, calls])).toEqual([['search', 5], ['lookup', 1]]);
    expect(tableRows(model, costs, 'model', all).map(({ name, calls }) => [name, calls])).toEqual([['meta-llama/Llama-3.1-8B-Instruct', 9]]);
    expect(tableRows(model, costs, 'step', all).map(({ name, calls }) => [name, calls])).toEqual([['step 1', 6], ['step 2', 6], ['step 3', 3]]);
  });

  it('counts by role what the prompts and answers are made of', () => {
    const rows = roleRows(costs, all);
    const prompts = rows.filter(({ key }) => key !== 'output');
    expect(sumKnown(prompts.map(({ tokens }) => tokens))).toBe(totals.promptTokens);
    expect(rows.find(({ key }) => key === 'output')?.tokens).toBe(totals.completionTokens);
    expect(sumKnown(prompts.map(({ ofPrompts }) => ofPrompts))).toBeCloseTo(1, 9);
    // No call has few-shot examples: that is no row of zeros.
    expect(rows.some(({ key }) => key === 'fewShot')).toBe(false);
  });

  it('leaves out what the search has not found', () => {
    const slow = new Set(costs.filter(({ span }) => span.kind === 'tool').map(({ number }) => number));
    expect(tableRows(model, costs, 'line', (number) => slow.has(number)).map(({ name, calls }) => [name, calls])).toEqual([['tools.ts:21 search', 6]]);
    expect(tableRows(model, costs, 'model', (number) => slow.has(number))).toEqual([]);
  });

  it('has what is not known as unknown, and sorts it last either way', () => {
    const rows = tableRows(model, costs, 'line', all);
    const columns = columnsOf('line');
    const searches = rows.find(({ name }) => name.startsWith('tools.ts'));
    expect(searches).toMatchObject({ promptTokens: null, ttftMs: null, gpuMs: null, activeWh: null, usd: null });
    for (const descending of [true, false]) expect(sorted({ rows, columns }, 'prompt', descending).at(-1)).toBe(searches);
    const texts = columns.map((column) => (searches === undefined ? '' : column.text(searches)));
    expect(texts.filter((text) => text === '–')).toHaveLength(7);
    // One of its calls is inferred.
    expect(texts[2]).toMatch(/^~7\.\d+ s$/);
  });

  it('tells apart two files of one name', () => {
    const at = (id: string, file: string): ReportSpan => makeSpan({ id, kind: 'tool', startMs: 0, endMs: 5, tool: tool({}), site: { file, line: 3, column: null, function: 'f' } });
    const two = ofSpans([at('a', '/x/a.py'), at('b', '/y/a.py')]);
    expect(tableRows(two, callCosts(two), 'line', all).map(({ name, calls }) => [name, calls])).toEqual([['a.py:3 f', 1], ['a.py:3 f', 1]]);
  });

  it('charges a tool for the GPU that idled behind it, where the GPU is paid by the hour', () => {
    const spans = [makeSpan({ id: 't', kind: 'tool', startMs: 0, endMs: 1000, tool: tool({ idleBlameMs: 900 }) })];
    const report = makeReport(spans, 1000);
    const usd = (gpuUsdPerHour: number | null): number | null | undefined => callCosts(modelOf({ report: { ...report, accounting: { ...report.accounting, gpuUsdPerHour } }, gpu: [] }))[0]?.usd;
    expect(usd(2)).toBeCloseTo(0.0005, 12);
    expect(usd(null)).toBeNull();
  });

  it('has the parts of a tool in the tool’s row, and their time once', () => {
    const spans = [
      makeSpan({ id: 'outer', kind: 'tool', startMs: 0, endMs: 100, tool: tool({ name: 'research', idleBlameMs: 10 }) }),
      makeSpan({ id: 'inner', parent: 'outer', kind: 'tool', startMs: 10, endMs: 60, tool: tool({ name: 'fetch', idleBlameMs: 30 }) }),
      makeSpan({ id: 'model', parent: 'outer', kind: 'llm', startMs: 40, endMs: 90, llm: makeLlm({}) }),
    ];
    const nested = ofSpans(spans);
    expect(callCosts(nested).map(({ ms, selfMs }) => [ms, selfMs])).toEqual([[100, 20], [50, 50], [50, 50]]);
    expect(tableRows(nested, callCosts(nested), 'tool', all)).toMatchObject([{ name: 'research', calls: 1, totalMs: 100, idleMs: 40, numbers: [0, 1] }]);
  });

  it('has the parts of a tool on the tool’s line, where it is shown', () => {
    const at = (line: number) => ({ file: '/p/tools.py', line, column: null, function: 'run' });
    const nested = ofSpans([
      makeSpan({ id: 'outer', kind: 'tool', startMs: 0, endMs: 100, site: at(40), tool: tool({ name: 'run', idleBlameMs: 1 }) }),
      makeSpan({ id: 'process', parent: 'outer', kind: 'tool', startMs: 1, endMs: 99, site: at(41), tool: tool({ name: 'run', idleBlameMs: 60 }) }),
    ]);
    expect(tableRows(nested, callCosts(nested), 'line', all)).toMatchObject([{ key: '40:/p/tools.py', calls: 1, totalMs: 100, idleMs: 61, numbers: [0, 1] }]);
    expect(tableRows(nested, callCosts(nested), 'line', (number) => number === 1)).toMatchObject([{ key: '41:/p/tools.py', calls: 1, totalMs: 98, idleMs: 60, numbers: [1] }]);
  });

  it('has tools of an agent that a tool runs in rows of their own', () => {
    const spans = [
      makeSpan({ id: 'outer', kind: 'tool', startMs: 0, endMs: 100, tool: tool({ name: 'ask_guide', idleBlameMs: 10 }) }),
      makeSpan({ id: 'guide', parent: 'outer', kind: 'agent', startMs: 5, endMs: 95 }),
      makeSpan({ id: 'inner', parent: 'guide', kind: 'tool', startMs: 10, endMs: 60, tool: tool({ name: 'find_museums', idleBlameMs: 30 }) }),
    ];
    const nested = ofSpans(spans);
    expect(tableRows(nested, callCosts(nested), 'tool', all)).toMatchObject([
      { name: 'ask_guide', calls: 1, totalMs: 100, idleMs: 10 },
      { name: 'find_museums', calls: 1, totalMs: 50, idleMs: 30 },
    ]);
  });

  it('survives hostile names, parents in circles and times that can’t be', () => {
    const hostile = modelOf(hostileRun());
    for (const grouping of groupings) {
      if (grouping === 'role') expect(roleRows(callCosts(hostile), all)).toEqual([]);
      else for (const row of tableRows(hostile, callCosts(hostile), grouping, all)) for (const column of columnsOf(grouping)) expect(column.text(row).length).toBeLessThan(200);
    }
  });

  it('loses no call and no cost, on any run', () => {
    fc.assert(
      fc.property(arbitraryCalls, (spans) => {
        const any = ofSpans(spans);
        const known = callCosts(any);
        for (const grouping of ['line', 'step'] as const) {
          const rows = tableRows(any, known, grouping, all);
          expect(rows.flatMap(({ numbers }) => numbers).sort((a, b) => a - b)).toEqual(known.map(({ number }) => number).sort((a, b) => a - b));
          expect(sum(rows, (row) => row.promptTokens) ?? 0).toBeCloseTo(sumKnown(known.map(({ span }) => span.llm?.promptTokens ?? null)) ?? 0, 6);
          expect((sum(rows, (row) => row.activeWh) ?? 0) + (sum(rows, (row) => row.idleWh) ?? 0)).toBeCloseTo(sumKnown(known.map(({ energyWh }) => energyWh)) ?? 0, 6);
        }
        for (const { ms, selfMs } of known) expect(selfMs ?? 0).toBeLessThanOrEqual(ms ?? 0);
      }),
    );
  });
});

describe('the table as text', () => {
  it('is read back by a reader of CSV, with unknown values empty and units in the names', () => {
    const model = modelOf(reactRun());
    const columns = columnsOf('line');
    const rows = tableRows(model, callCosts(model), 'line', all);
    const [head, first, second] = csvRecords(toText(rows, columns, ',')).map((cells) => cells.map(({ text }) => text));
    expect(head).toEqual(columns.map(({ field }) => field));
    expect(head).toContain('time_ms');
    expect(first?.[0]).toBe('agent.ts:57 think');
    expect(Number(first?.[2])).toBeCloseTo(rows[0]?.totalMs ?? NaN, 3);
    expect(second?.[head?.indexOf('prompt_tokens') ?? -1]).toBe('');
  });

  it('quotes what must be, and makes no formula of a recorded name', () => {
    const row = { key: '', name: '', numbers: [], calls: 1, tokens: 2, ofPrompts: null, evidence: null };
    const names = ['=HYPERLINK("http://x")', 'a,b', 'say "no"', 'a\tb'];
    const text = toText(names.map((name) => ({ ...row, name })), roleColumns, ',');
    expect(csvRecords(text).slice(1).map(([name]) => name?.text)).toEqual(['\'=HYPERLINK("http://x")', 'a,b', 'say "no"', 'a\tb']);
    expect(toText([{ ...row, name: 'a\tb' }], roleColumns, '\t')).toContain('"a\tb"');
  });
});
