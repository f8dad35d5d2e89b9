/** Figures 11 and 12: many requests at once. */
import { HOTPOTQA, WEBSHOP } from '../behaviour/shipped.ts';
import { meanSeconds, p95Seconds, type Lab, type Setting } from '../lab.ts';
import type { LoadOutcome } from '../runLoad.ts';
import type { Basis, Findings, Row } from '../rows.ts';
import { estimate, meanOf, type Estimate } from '../statistics.ts';
import type { Workload } from '../workload.ts';
import { chartsOfFigure11, chartsOfFigure12 } from './charts/serving.ts';
import { LATENCY_AT_PEAK, PEAK, SERVING_KV } from './published.ts';

interface Served {
  name: string;
  workload: Workload;
  /** Requests a second at which nobody's latency is still sustainable. */
  highest: number;
  published: number;
  /** Rates of the curve. */
  rates: readonly number[];
  /** Requests of a run, in the scale's: short ones need more of them to tell a queue that grows. */
  length: number;
}

const SERVED: readonly Served[] = [
  { name: 'ShareGPT', workload: 'chat', highest: 20, published: PEAK.shareGpt, rates: [1, 2, 4, 6, 8], length: 8 },
  { name: 'ReAct, HotpotQA', workload: { agent: 'ReAct', behaviour: HOTPOTQA }, highest: 8, published: PEAK.reactHotpotQa, rates: [0.25, 0.5, 1, 1.5, 2, 2.6], length: 5 },
  { name: 'ReAct, WebShop', workload: { agent: 'ReAct', behaviour: WEBSHOP }, highest: 8, published: PEAK.reactWebShop, rates: [0.25, 0.5, 1, 1.5, 2], length: 5 },
];

export function figure11(lab: Lab): Findings {
  const peaks = SERVED.map(({ workload, highest, length }) => {
    const requests = length * lab.scale.requests;
    const alone = lab.measure(workload, { requests }, meanSeconds)!.mean;
    const most = LATENCY_AT_PEAK * alone;
    return { alone, cached: lab.peaks(workload, { requests }, most, highest), plain: lab.peaks(workload, { requests, prefixCaching: false }, most, highest) };
  });
  const [chat, hotpotQa, webShop] = peaks as [(typeof peaks)[number], (typeof peaks)[number], (typeof peaks)[number]];
  const gain = ({ cached, plain }: (typeof peaks)[number]) => cached.map((peak, repeat) => peak / plain[repeat]!);
  const reactGain = gain(hotpotQa).map((times, repeat) => meanOf([times, gain(webShop)[repeat]!]));
  const row = (series: string, what: string, unit: string, ours: Estimate | null, published: number | null, basis: Basis = 'predicted'): Row => ({ series, what, unit, ours, published, basis });
  const peakOf = (each: (typeof peaks)[number]) => estimate(each.cached)!.mean;
  return {
    rows: [
      ...SERVED.map(({ name, published }, index) => row(name, 'peak with prefix caching', 'QPS', estimate(peaks[index]!.cached), published)),
      row('ShareGPT', 'throughput by prefix caching', '×', estimate(gain(chat)), PEAK.shareGptGain),
      row('ReAct, mean', 'throughput by prefix caching', '×', estimate(reactGain), PEAK.reactGain),
      row('ReAct, HotpotQA', 'peak, in the throughput of one at a time', '×', estimate(hotpotQa.cached.map((peak) => peak * hotpotQa.alone)), PEAK.hotpotQaOverOneAtATime),
      row('ReAct, WebShop', 'peak, in the throughput of one at a time', '×', estimate(webShop.cached.map((peak) => peak * webShop.alone)), PEAK.webShopOverOneAtATime),
      ...SERVED.flatMap(({ name, workload, rates, length }) =>
        [true, false].flatMap((prefixCaching) =>
          rates.map((perSecond) => row(`${name}, ${perSecond} QPS${prefixCaching ? '' : ', no prefix caching'}`, '95th percentile of latency', 's', lab.measure(workload, { prefixCaching, load: { perSecond }, requests: length * lab.scale.requests }, p95Seconds), null)),
        ),
      ),
    ],
    directions: [
      { says: 'chats sustain more than ReAct on HotpotQA', holds: peakOf(chat) > peakOf(hotpotQa) },
      { says: 'ReAct sustains more on HotpotQA than on WebShop', holds: peakOf(hotpotQa) > peakOf(webShop) },
      { says: 'prefix caching raises ReAct’s throughput many times, and chats’ hardly', holds: meanOf(reactGain) > 2 && meanOf(gain(chat)) < 1.1 },
    ],
    notes: [
      'A peak is where the mean latency is 2.1 times that of one at a time, as Section IV-C says of ReAct’s; the paper looks for the knee of the 95th percentile.',
      'Prompts are read whole before anyone goes on writing (vLLM 0.6 without chunked prefill), as the text describes it. vLLM 0.6.6 by itself reads them in chunks of 2,048 tokens beside what others write where contexts of over 32k tokens are allowed (its pull requests #8342 and #10544), and the text does not say what was: so, ours peaks at 8.1 (chats), 2.4 (HotpotQA) and 2.2 QPS (WebShop), and caching raises ReAct’s throughput 6.4 times.',
      'ReAct on HotpotQA peaks lower than theirs: reading what is new in its prompts, and the memory of all of them, take more of the GPU than 2.6 QPS leave.',
      'ReAct on WebShop peaks higher than theirs: its pages are as long as in published runs, but that the shop, the agents and the server share 12 virtual processors there is not simulated.',
    ],
    charts: chartsOfFigure11(lab, SERVED.map(({ name, workload, rates, length, published }, index) => ({ name, workload, rates, requests: length * lab.scale.requests, published, peaks: peaks[index]! }))),
  };
}

export function figure12(lab: Lab): Findings {
  const agents = [
    { name: 'HotpotQA', workload: SERVED[1]!.workload, perSecond: SERVING_KV.hotpotQaPerSecond },
    { name: 'WebShop', workload: SERVED[2]!.workload, perSecond: SERVING_KV.webShopPerSecond },
  ];
  const at = (perSecond: number, prefixCaching: boolean): Setting => ({ prefixCaching, load: { perSecond }, requests: 2 * lab.scale.requests });
  const saved = (of: (outcome: LoadOutcome) => number) => agents.map(({ workload, perSecond }) => lab.runs(workload, at(perSecond, true)).map((cached, repeat) => 1 - of(cached) / of(lab.runs(workload, at(perSecond, false))[repeat]!)));
  const mean = saved(({ server }) => server.kvTokens.mean);
  const most = saved(({ server }) => server.kvTokens.most);
  const over = (perAgent: number[][]) => estimate(Array.from({ length: lab.scale.repeats }, (_, repeat) => 100 * meanOf(perAgent.map((repeats) => repeats[repeat]!))));
  const row = (series: string, what: string, ours: Estimate | null, published: number | null): Row => ({ series, what, unit: '%', ours, published, basis: 'predicted' });
  return {
    rows: [
      row('ReAct, mean', 'mean KV memory saved by prefix caching', over(mean), 100 * SERVING_KV.meanSaved),
      row('ReAct, mean', 'most KV memory saved by prefix caching', over(most), 100 * SERVING_KV.mostSaved),
      ...agents.flatMap(({ name, perSecond }, index) => [
        row(`ReAct, ${name}, ${perSecond} QPS`, 'mean KV memory saved by prefix caching', estimate(mean[index]!.map((share) => 100 * share)), null),
        row(`ReAct, ${name}, ${perSecond} QPS`, 'most KV memory saved by prefix caching', estimate(most[index]!.map((share) => 100 * share)), null),
      ]),
    ],
    directions: [{ says: 'prefix caching lowers the KV memory that agents hold', holds: meanOf(mean.flat()) > 0 && meanOf(most.flat()) > 0 }],
    notes: ['Memory is what requests hold at a time, over all the time that was measured, idle or not; blocks that are kept for nobody but the cache do not count, as in vLLM’s own metric.', 'The most that is held hangs on the few moments when many requests meet, and on how unlike their lengths are.', 'Theirs saves more: prefix caching saves memory where requests meet, and at 0.1 and 0.2 QPS ours seldom do.'],
    charts: chartsOfFigure12(agents.map(({ name, workload, perSecond }) => ({ name, perSecond, cached: lab.runs(workload, at(perSecond, true)), plain: lab.runs(workload, at(perSecond, false)) })), { mean: over(mean), most: over(most) }),
  };
}
