import { describe, expect, it } from 'vitest';
import type { EngineStep } from '../../src/simulator/engine/engineStep.ts';
import { SegmentMerger, type Segment } from '../../src/simulator/gpuSegments.ts';

function step(start: number, end: number, over: Partial<EngineStep> = {}): EngineStep {
  return { start, end, state: 'decode', batch: 1, tokens: 1, kvTokens: 16, kvCapacityTokens: 1600, watts: 260, activity: { engine: 0.9, dram: 0.6, tensor: 0.01 }, shares: [{ id: 'a', share: 1 }], emitted: [], finished: [], ...over };
}

function merge(steps: EngineStep[], label = (id: string) => id): Segment[] {
  const segments: Segment[] = [];
  const merger = new SegmentMerger((segment) => segments.push(segment));
  for (const one of steps) merger.add(one, label);
  merger.flush();
  return segments;
}

describe('GPU segments', () => {
  it('join steps that are alike, up to 100 ms', () => {
    const segments = merge(Array.from({ length: 20 }, (_, index) => step(index * 14, (index + 1) * 14)));
    expect(segments.map(({ start, end }) => [start, end])).toEqual([[0, 112], [112, 224], [224, 280]]);
  });

  it('end when the state changes, the requests change, one finishes, or the GPU idles', () => {
    const both = [{ id: 'a', share: 0.5 }, { id: 'b', share: 0.5 }];
    const finished = [{ id: 'b' } as EngineStep['finished'][number]];
    const segments = merge([step(0, 10, { state: 'prefill' }), step(10, 20), step(20, 30, { batch: 2, shares: both }), step(30, 40, { batch: 2, shares: both, finished }), step(40, 50, { batch: 2, shares: both }), step(55, 60, { batch: 2, shares: both })]);
    expect(segments.map(({ start, end }) => [start, end])).toEqual([[0, 10], [10, 20], [20, 40], [40, 50], [55, 60]]);
  });

  it('weigh shares and power by time, and book several requests on one call', () => {
    const segments = merge([
      step(0, 30, { state: 'mixed', watts: 300, shares: [{ id: 'a', share: 0.9 }, { id: 'b', share: 0.1 }] }),
      step(30, 40, { state: 'mixed', watts: 340, shares: [{ id: 'a', share: 0.1 }, { id: 'b', share: 0.9 }] }),
    ]);
    expect(segments).toHaveLength(1);
    expect(segments[0]!.shares.a).toBeCloseTo(0.7, 12);
    expect(segments[0]!.shares.b).toBeCloseTo(0.3, 12);
    expect(segments[0]!.watts).toBeCloseTo(310, 12);
    expect(merge([step(0, 30, { shares: [{ id: 'a', share: 0.9 }, { id: 'b', share: 0.1 }] })], () => 'call')[0]!.shares).toEqual({ call: 1 });
  });

  it('have no power when a part of them has none', () => {
    expect(merge([step(0, 10), step(10, 20, { watts: null })])[0]!.watts).toBeNull();
  });
});
