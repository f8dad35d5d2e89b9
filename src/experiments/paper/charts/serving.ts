/** Charts of figures 11 and 12: many requests at once. */
import type { Chart } from '../../charts/chart.ts';
import { p95Seconds, type Lab } from '../../lab.ts';
import type { LoadOutcome } from '../../runLoad.ts';
import { estimate, type Estimate } from '../../statistics.ts';
import type { Workload } from '../../workload.ts';
import { SERVING_KV } from '../published.ts';
import { axis, bars, categories, chart, line, point, published } from './parts.ts';

/** A workload under load, as `serving.ts` runs it. */
export interface ServedCurve {
  name: string;
  workload: Workload;
  rates: readonly number[];
  /** Requests of a run. */
  requests: number;
  published: number;
  /** Of each repeat, in requests a second. */
  peaks: { cached: readonly number[]; plain: readonly number[] };
}

export function chartsOfFigure11(lab: Lab, served: readonly ServedCurve[]): Chart[] {
  return [
    chart('p95', '95th percentile of latency under load', axis('queries per second', 'QPS'), axis('95th percentile of latency', 's', 'logarithmic'), [
      ...served.flatMap(({ name, workload, rates, requests }, color) =>
        [true, false].map((prefixCaching) =>
          line(
            prefixCaching ? name : `${name}, no prefix caching`,
            'predicted',
            rates.flatMap((perSecond) => point(perSecond, lab.measure(workload, { prefixCaching, load: { perSecond }, requests }, p95Seconds))),
            { color, dashed: !prefixCaching },
          ),
        ),
      ),
    ], { note: 'Dashed: without prefix caching.' }),
    chart('peak', 'Most queries per second before latency gives way', categories(served.map(({ name }) => name.split(', '))), axis('peak', 'QPS'), [
      bars('the paper’s, with prefix caching', 'published', served.map((each) => each.published), { color: 0 }),
      bars('with prefix caching', 'predicted', served.map(({ peaks }) => estimate(peaks.cached)), { color: 0 }),
      bars('without', 'predicted', served.map(({ peaks }) => estimate(peaks.plain)), { color: 5 }),
    ]),
  ];
}

/** @param agents of each: what runs with and without prefix caching gave, a run for each repeat */
export function chartsOfFigure12(agents: readonly { name: string; perSecond: number; cached: readonly LoadOutcome[]; plain: readonly LoadOutcome[] }[], saved: { mean: Estimate | null; most: Estimate | null }): Chart[] {
  const kinds = ['mean', 'most'] as const;
  const names = agents.flatMap(({ name, perSecond }) => kinds.map((kind) => [`${name}, ${kind}`, `${perSecond} QPS`]));
  const held = (runs: readonly LoadOutcome[], kind: 'mean' | 'most') => estimate(runs.map(({ server }) => server.kvTokens[kind]));
  return [
    chart('held', 'KV memory that requests hold, ReAct', categories(names), axis('KV memory', 'tokens'), [
      bars('with prefix caching', 'predicted', agents.flatMap(({ cached }) => kinds.map((kind) => held(cached, kind))), { color: 0 }),
      bars('without', 'predicted', agents.flatMap(({ plain }) => kinds.map((kind) => held(plain, kind))), { color: 5 }),
    ]),
    chart('saved', 'KV memory saved by prefix caching, ReAct, mean of both', categories(['mean', 'most']), axis('saved', '%'), [bars('ours', 'predicted', [saved.mean, saved.most]), published([100 * SERVING_KV.meanSaved, 100 * SERVING_KV.mostSaved])]),
  ];
}
