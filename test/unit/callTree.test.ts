/** The flame graph's tree: no cost is lost or counted twice, and everything has its place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callCosts } from '../../webview/timeline/model/callCosts.ts';
import { buildTree, measures, type CallTree, type Measure, type TreeOrder } from '../../webview/timeline/model/callTree.ts';
import { FlameLayout } from '../../webview/timeline/model/flameLayout.ts';
import { amountText, gapText, nodeSentence } from '../../webview/timeline/ui/flameText.ts';
import { bigRun, hostileRun, makeLlm, makeReport, makeSpan, modelOf, reactRun } from '../fixtures/timelineDocuments.ts';
import { arbitraryCalls } from '../fixtures/arbitraryCalls.ts';
import type { ReportSpan } from '../../src/profile/report.ts';

const orders: readonly TreeOrder[] = ['heavy', 'time'];
const treeOf = (spans: ReportSpan[], order: TreeOrder): CallTree => buildTree(callCosts(modelOf({ report: makeReport(spans, 2000), gpu: [] })), order, null);
const leafSum = (tree: CallTree, measure: Measure): number => tree.kind.reduce((sum, kind, node) => sum + (kind === 'llm' || kind === 'tool' || kind === 'rest' ? (tree.total[measure][node] ?? 0) : 0), 0);
const nodeOf = (tree: CallTree, label: string): number => tree.label.findIndex((each) => each.includes(label));

describe('the call tree', () => {
  const run = reactRun();
  const { totals } = run.report;
  const costs = callCosts(modelOf(run));

  it('has the report’s totals as the sum of its leaves', () => {
    for (const order of orders) {
      const tree = buildTree(costs, order, run.report);
      for (const measure of measures) expect(leafSum(tree, measure)).toBeCloseTo(tree.total[measure][0] ?? NaN, 9);
      expect(tree.total.time[0]).toBeCloseTo(totals.agentMs.llm + totals.agentMs.tool, 6);
      expect(tree.total.tokens[0]).toBe((totals.promptTokens ?? 0) + (totals.completionTokens ?? 0));
      expect(tree.total.energy[0]).toBeCloseTo((totals.energyWh.active ?? 0) + (totals.energyWh.idle ?? 0), 9);
      expect(tree.total.money[0]).toBeCloseTo(totals.costUsd ?? NaN, 12);
      expect(tree.calls[0]).toBe(totals.llmCalls + totals.toolCalls);
    }
  });

  it('goes from the outermost line to what was called, and opens to the spans of each', () => {
    const tree = buildTree(costs, 'heavy', null);
    const think = nodeOf(tree, 'think');
    expect(tree.path(think).map((node) => tree.label[node])).toEqual(['run', 'main  agent.ts:131', 'solve  agent.ts:88', 'think  agent.ts:57']);
    expect(tree.spansIn(think)).toEqual(costs.filter(({ span }) => span.kind === 'llm').map(({ number }) => number));
    expect(tree.spansIn(0)).toHaveLength(15);
    expect(tree.leafOf(tree.spans[0] ?? -1)).toBe(tree.leaves[0]);
  });

  it('puts calls of one stack together, or has them as they came', () => {
    const heavy = buildTree(costs, 'heavy', null);
    const inTime = buildTree(costs, 'time', null);
    const leaves = (tree: CallTree): number => tree.kind.filter((kind) => kind === 'llm' || kind === 'tool').length;
    expect(leaves(heavy)).toBe(3);
    expect(leaves(inTime)).toBe(15);
    // Largest first, or the first call first.
    const labels = (tree: CallTree, order: TreeOrder): (string | undefined)[] => [...new FlameLayout(tree, 'time', order).childrenOf(0)].map((node) => tree.label[node]);
    expect(labels(heavy, 'heavy')).toEqual(['main  agent.ts:131', 'act  agent.ts:71']);
    expect(labels(inTime, 'time').slice(0, 4)).toEqual(['main  agent.ts:131', 'act  agent.ts:71', 'main  agent.ts:131', 'act  agent.ts:71']);
  });

  it('says what is not known instead of drawing it as nothing', () => {
    const spans = [makeSpan({ id: 'a', kind: 'llm', startMs: 0, endMs: 10, llm: makeLlm({ promptTokens: 5 }) }), makeSpan({ id: 'b', kind: 'llm', startMs: 10, endMs: 20, llm: makeLlm({ model: 'other' }) }), makeSpan({ id: 't', kind: 'tool', startMs: 20, endMs: 30 })];
    const tree = treeOf(spans, 'heavy');
    expect(amountText(tree, nodeOf(tree, 'other'), 'tokens')).toBe('–');
    expect(gapText(tree, 'tokens')).toBe('of 1 call the tokens are not known');
    expect(gapText(tree, 'time')).toBeNull();
    expect(amountText(tree, 0, 'energy')).toBe('–');
    expect(nodeSentence(tree, nodeOf(tree, 'tool'), 'time')).toBe('Tool tool, 10 ms, 33 %, 1 call');
    expect(tree.label).toContain('no line known');
  });

  it('has time inside of a tool once', () => {
    const spans = [
      makeSpan({ id: 'outer', kind: 'tool', startMs: 0, endMs: 100 }),
      makeSpan({ id: 'inner', parent: 'outer', kind: 'llm', startMs: 10, endMs: 60, llm: makeLlm({}) }),
      makeSpan({ id: 'beside', parent: 'outer', kind: 'llm', startMs: 40, endMs: 90, llm: makeLlm({}) }),
    ];
    // 20 ms of the tool itself, and both calls, which ran at the same time for a while.
    expect(treeOf(spans, 'heavy').total.time[0]).toBe(120);
  });

  it('holds hostile names', () => {
    const tree = buildTree(callCosts(modelOf(hostileRun())), 'heavy', null);
    for (const label of tree.label) expect(label.length).toBeLessThan(200);
  });

  it('loses nothing and has a place for everything, on any run', () => {
    fc.assert(
      fc.property(arbitraryCalls, fc.constantFrom(...orders), fc.constantFrom(...measures), (spans, order, measure) => {
        const any = callCosts(modelOf({ report: makeReport(spans, 2000), gpu: [] }));
        const tree = buildTree(any, order, null);
        const values = { time: any.map(({ selfMs }) => selfMs), tokens: any.map(({ tokens }) => tokens), energy: any.map(({ energyWh }) => energyWh), money: any.map(({ usd }) => usd) }[measure];
        expect(tree.total[measure][0]).toBeCloseTo(values.reduce<number>((sum, value) => sum + (value ?? 0), 0), 6);
        expect(leafSum(tree, measure)).toBeCloseTo(tree.total[measure][0] ?? NaN, 6);
        expect(tree.calls[0]).toBe(any.length);
        expect(tree.spansIn(0)).toEqual(any.map(({ number }) => number));
        const layout = new FlameLayout(tree, measure, order);
        for (let node = 0; node < tree.length; node++) {
          let at = layout.start[node] ?? 0;
          for (const child of layout.childrenOf(node)) {
            expect(tree.parent[child]).toBe(node);
            expect(child).toBeGreaterThan(node);
            expect(layout.start[child]).toBeCloseTo(at, 6);
            at += layout.widthOf(child);
          }
          expect(at).toBeLessThanOrEqual((layout.start[node] ?? 0) + layout.widthOf(node) + 1e-6);
          // What is drawn in the middle of it is it.
          if (layout.widthOf(node) > 1e-6) expect(layout.nodeAt((layout.start[node] ?? 0) + layout.widthOf(node) / 2, tree.depth[node] ?? 0, 0)).toBe(node);
        }
      }),
    );
  });

  it('finds neighbours, ancestors above what is shown, and nothing beside them', () => {
    const tree = buildTree(costs, 'heavy', run.report);
    const layout = new FlameLayout(tree, 'energy', 'heavy');
    const [main, rest] = [nodeOf(tree, 'main'), nodeOf(tree, 'GPU behind')];
    expect(layout.shownChildren(0).at(-1)).toBe(rest);
    expect(layout.sibling(rest, 1)).toBe(-1);
    expect(layout.sibling(layout.sibling(rest, -1), 1)).toBe(rest);
    expect(layout.nodeAt(0, 0, main)).toBe(0);
    expect(layout.nodeAt(0, 1, main)).toBe(main);
    expect(layout.nodeAt(layout.widthOf(0) * 2, 2, main)).toBe(-1);
    expect(layout.nodeAt(0, 50, main)).toBe(-1);
  });

  it('takes a hundred thousand spans', () => {
    const many = callCosts(modelOf(bigRun(100_000)));
    const tree = buildTree(many, 'time', null);
    expect(tree.calls[0]).toBe(many.length);
    expect(tree.spansIn(0)).toHaveLength(many.length);
  });
});
