/** What the charts show: the report's own sums, the spans behind each point, and words where something is not known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callCharts, describeCallChart, MOST_BARS, type CallChart } from '../../webview/timeline/model/callCharts.ts';
import { callCosts } from '../../webview/timeline/model/callCosts.ts';
import { arbitraryCalls } from '../fixtures/arbitraryCalls.ts';
import { bigRun, makeLlm, makeReport, makeSpan, modelOf, reactRun } from '../fixtures/timelineDocuments.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

const all = (): boolean => true;

function chartsOf(document: TimelineDocument, isShown: (number: number) => boolean = all): Record<CallChart['id'], CallChart> {
  const model = modelOf(document);
  return Object.fromEntries(callCharts(model, callCosts(model), isShown).map((chart) => [chart.id, chart])) as Record<CallChart['id'], CallChart>;
}
const sumOf = ({ series }: CallChart, names: readonly string[]): number => series.filter(({ name }) => names.includes(name)).reduce((sum, { points }) => sum + points.reduce((part, { y }) => part + y, 0), 0);

describe('the charts', () => {
  const run = reactRun();
  const charts = chartsOf(run);
  const { totals } = run.report;

  it('have the report’s tokens', () => {
    expect(sumOf(charts.roles, ['instruction', 'few-shot', 'user', 'model’s history', 'tools’ history'])).toBe(totals.promptTokens);
    expect(sumOf(charts.roles, ['output'])).toBe(totals.completionTokens);
    expect(sumOf(charts.cache, ['from the cache'])).toBe(totals.cachedTokens);
    expect(sumOf(charts.cache, ['from the cache', 'computed'])).toBe(totals.promptTokens);
    // Nobody gave examples: no series of zeros.
    expect(charts.roles.series.map(({ name }) => name)).not.toContain('few-shot');
    expect(charts.roles.note).toContain('estimated');
  });

  it('follow a prompt through its request', () => {
    expect(charts.growth.series.map(({ name, points }) => [name.slice(0, 14), points.map(({ x }) => x)])).toEqual([['Which magazine', [1, 2, 3]], ['Were Scott Der', [1, 2, 3]], ['What governmen', [1, 2, 3]]]);
    for (const { points } of charts.growth.series) expect(points[2]?.y).toBeGreaterThan(points[0]?.y ?? Infinity);
    expect(charts.growth.series[1]?.points[0]?.place).toBe('call 4');
  });

  it('follow each conversation of a request by itself, and fork where two go on from one call', () => {
    const asked = (id: string, startMs: number, parent: string, promptTokens: number, continues?: string): ReturnType<typeof makeSpan> => makeSpan({ id, parent, kind: 'llm', startMs, endMs: startMs + 5, llm: makeLlm({ promptTokens, ...(continues === undefined ? {} : { continues }) }) });
    const request = (id: string, name: string, startMs: number, endMs: number): ReturnType<typeof makeSpan> => makeSpan({ id, name, kind: 'agent', startMs, endMs });
    const spans = [
      request('r1', 'search a tree', 0, 100),
      asked('a', 1, 'r1', 100), asked('b', 10, 'r1', 200, 'a'), asked('c', 20, 'r1', 150, 'a'), asked('d', 30, 'r1', 300, 'b'), asked('e', 40, 'r1', 250, 'c'),
      // Begins anew in the same request.
      asked('f', 50, 'r1', 40),
      // A later request goes on with the first one's.
      request('r2', 'and then', 100, 200), asked('g', 110, 'r2', 400, 'd'),
      // Nothing is known of what goes on from what.
      request('r3', 'without messages', 200, 300), asked('h', 210, 'r3', 10), asked('i', 220, 'r3', 20),
    ];
    const { growth } = chartsOf({ report: makeReport(spans, 300), gpu: [] });
    expect(growth.series.map(({ name, points }) => [name, points.map(({ x, y }) => [x, y])])).toEqual([
      ['search a tree · branch 1', [[1, 100], [2, 200], [3, 300], [4, 400]]],
      ['search a tree · branch 2', [[1, 100], [2, 150], [3, 250]]],
      ['search a tree · branch 3', [[1, 40]]],
      ['without messages', [[1, 10], [2, 20]]],
    ]);
  });

  it('say what share of the calls took no longer', () => {
    expect(charts.latency.series.map(({ name, points }) => [name, points.length, points.at(-1)?.y])).toEqual([['model calls', 9, 1], ['first token', 9, 1], ['tools', 6, 1]]);
    expect(charts.latency.table.rows.find(([share]) => share === '50 %')).toHaveLength(4);
    expect(describeCallChart(charts.latency)).toMatch(/^Latency, .* model calls: half took no longer than 1\.\d+ s; first token: half took no longer than \d+(\.\d)? ms/);
  });

  it('leave out what the search has not found, and keep the calls’ numbers', () => {
    const third = callCosts(modelOf(run)).filter(({ span }) => span.kind === 'llm')[2]?.number;
    const { roles, latency } = chartsOf(run, (number) => number === third);
    expect(roles.series[0]?.points.map(({ place, numbers }) => [place, numbers])).toEqual([['call 3', [third]]]);
    expect(latency.series.map(({ name }) => name)).toEqual(['model calls', 'first token']);
  });

  it('say what is missing, and why', () => {
    const unknown = chartsOf({ report: makeReport([makeSpan({ id: 'a', kind: 'llm', startMs: 0, endMs: 5, llm: makeLlm({ stream: false }) })], 10), gpu: [] });
    expect(unknown.roles.missing).toContain('not known');
    expect(unknown.growth.missing).toContain('does not report tokens');
    expect(unknown.cache.missing).toContain('--enable-prompt-tokens-details');
    expect(unknown.latency.missing).toBeNull();
    expect(unknown.latency.note).toContain('first token is not known');
    for (const { missing } of Object.values(chartsOf({ report: makeReport([], 10), gpu: [] }))) expect(missing).toMatch(/^No call/);
    const some = chartsOf({ report: makeReport([makeSpan({ id: 'a', kind: 'llm', startMs: 0, endMs: 5, llm: makeLlm({ promptTokens: 10, cachedTokens: 5 }) }), makeSpan({ id: 'b', kind: 'llm', startMs: 5, endMs: 9, llm: makeLlm({}) })], 10), gpu: [] });
    expect(some.cache.note).toBe('Not known of 1 call.');
  });

  it('put neighbours together where there are very many', () => {
    const big = chartsOf(bigRun(5_000));
    const many = big.growth;
    expect(many.series.length).toBeLessThanOrEqual(8);
    expect(many.note).toMatch(/^The 8 conversations of the most calls, of \d+/);
    const spans = Array.from({ length: 1000 }, (_, index) => makeSpan({ id: `c${index}`, kind: 'llm', startMs: index, endMs: index + 1, llm: makeLlm({ promptTokens: index, cachedTokens: 0 }) }));
    const { cache } = chartsOf({ report: makeReport(spans, 1001), gpu: [] });
    const points = cache.series[1]?.points ?? [];
    expect(points.length).toBeLessThanOrEqual(MOST_BARS);
    expect(points[0]).toMatchObject({ place: 'calls 1–3', y: 1, numbers: [0, 1, 2] });
    expect(points.flatMap(({ numbers }) => numbers)).toHaveLength(1000);
    expect(cache.xTitle).toContain('means');
    const { growth } = chartsOf({ report: makeReport(spans, 1001), gpu: [] });
    expect(growth.series[0]?.points.length).toBeLessThanOrEqual(MOST_BARS + 2);
    expect(growth.series[0]?.points.at(-1)).toMatchObject({ x: 1000, y: 999, place: 'call 1000' });
  });

  it('have spans behind each point and a row for each bar, on any run', () => {
    fc.assert(
      fc.property(arbitraryCalls, (spans) => {
        const document = { report: makeReport(spans, 2000), gpu: [] };
        const model = modelOf(document);
        for (const chart of callCharts(model, callCosts(model), all)) {
          expect(chart.missing === null).toBe(chart.series.some(({ points }) => points.length > 0));
          for (const row of chart.table.rows) expect(row).toHaveLength(chart.table.head.length);
          for (const { points } of chart.series) for (const { numbers, y } of points) {
            expect(Number.isFinite(y)).toBe(true);
            for (const number of numbers) expect(model.has(number)).toBe(true);
          }
          expect(describeCallChart(chart)).not.toMatch(/NaN|Infinity|undefined/);
        }
      }),
    );
  });
});
