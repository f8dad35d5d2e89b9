/** Charts of figures 4 to 7 and 9, and of KV memory: agents one request at a time. */
import type { Chart } from '../../charts/chart.ts';
import { callsPerRequest, meanSeconds, secondsOf, type Lab } from '../../lab.ts';
import { latencyShares } from '../../outcome.ts';
import type { LoadOutcome } from '../../runLoad.ts';
import { estimate, meanOf, percentileOf, type Estimate } from '../../statistics.ts';
import type { Workload } from '../../workload.ts';
import { meanOverPairs, PAIRS, TOOL_PAIRS, type Pair } from '../pairs.ts';
import { CACHING_SAVES, CALLS, GPU_TIME, KV_MEMORY, LATENCY_SHARES, MOST_CHATS_SECONDS } from '../published.ts';
import { axis, bars, categories, chart, on, pairCategory, point, points, published, steps } from './parts.ts';

const each = (lab: Lab, pairs: readonly Pair[], of: (outcome: LoadOutcome) => number, setting = {}): (Estimate | null)[] => pairs.map((pair) => lab.measure(pair, setting, of));
const toolsPerRequest = ({ requests }: LoadOutcome): number => meanOf(requests.map(({ tools }) => tools.length));
/** A part of nothing is not drawn. */
const known = (value: Estimate | null) => (value !== null && value.mean > 0 ? value : null);
const ofAgent = (agent: string): Pair[] => PAIRS.filter((pair) => pair.agent === agent);

export function chartsOfFigure4(lab: Lab): Chart[] {
  const means = [ofAgent('CoT'), TOOL_PAIRS.filter(({ agent }) => agent !== 'LATS'), ofAgent('LATS')];
  const names = [['CoT', 'mean'], ['tools, not LATS', 'mean'], ['LATS', 'mean'], ...PAIRS.map(pairCategory)];
  return [
    chart('calls', 'Calls of the model and of tools per request', categories(names), axis('calls per request', '', 'logarithmic'), [
      bars('model', 'predicted', [...means.map((pairs) => on('fitted', meanOverPairs(lab, pairs, {}, callsPerRequest))), ...each(lab, PAIRS, callsPerRequest)]),
      bars('tools', 'predicted', PAIRS.map((pair) => (pair.agent === 'CoT' ? null : lab.measure(pair, {}, toolsPerRequest))), { first: means.length, color: 2 }),
      published([CALLS.cot, CALLS.toolAgents, CALLS.lats]),
    ]),
  ];
}

/** Sums to 100: what neither the model nor a tool is at is left out. */
function latencyPercent(key: 'llmMs' | 'toolMs' | 'overlapMs') {
  return ({ requests }: LoadOutcome): number => {
    const total = requests.reduce((sum, { arrival, end }) => sum + end - arrival, 0);
    return (100 * requests.map(latencyShares).reduce((sum, shares) => sum + shares[key] - (key === 'overlapMs' ? 0 : shares.overlapMs), 0)) / total;
  };
}

export function chartsOfFigure5(lab: Lab): Chart[] {
  const parts = [
    { key: 'llmMs', name: 'model alone', color: 0, published: LATENCY_SHARES.llm },
    { key: 'overlapMs', name: 'both at once', color: 3, published: null },
    { key: 'toolMs', name: 'tools alone', color: 2, published: LATENCY_SHARES.tools },
  ] as const;
  const names = [['the paper’s', 'tool agents, mean'], ['tool agents', 'mean'], ...PAIRS.map(pairCategory)];
  return [
    chart(
      'latency',
      'Where a request’s time goes',
      categories(names),
      axis('share of latency', '%'),
      [
        ...parts.map(({ key, name, color, published: share }) =>
          bars(name, 'predicted', [on('published', share === null ? null : 100 * share), on('fitted', known(meanOverPairs(lab, TOOL_PAIRS, {}, latencyPercent(key)))), ...each(lab, PAIRS, latencyPercent(key)).map(known)], { color, stack: 'time' }),
        ),
        points('latency', 'predicted', PAIRS.flatMap((pair, index) => point(2 + index, lab.measure(pair, {}, meanSeconds))), { color: 5, second: true }),
      ],
      { second: axis('latency of a request', 's', 'logarithmic') },
    ),
  ];
}

export function chartsOfFigure6(lab: Lab): Chart[] {
  const states = [
    { state: 'prefill', name: 'reads prompts', color: 1, published: GPU_TIME.prefill },
    { state: 'decode', name: 'writes', color: 0, published: GPU_TIME.decode },
    { state: 'mixed', name: 'both', color: 3, published: null },
    { state: 'idle', name: 'idles', color: 5, published: GPU_TIME.idle },
  ] as const;
  const share = (state: (typeof states)[number]['state']) => (outcome: LoadOutcome) => (100 * outcome.server.gpuMs[state]) / outcome.server.wallMs;
  return [
    chart('gpu', 'The GPU’s time while a request is answered', categories([['the paper’s', 'mean'], ['all', 'mean'], ...PAIRS.map(pairCategory)]), axis('share of time', '%'), [
      ...states.map(({ state, name, color, published: theirs }) =>
        bars(name, 'predicted', [on('published', theirs === null ? null : 100 * theirs), ...[meanOverPairs(lab, PAIRS, {}, share(state)), ...each(lab, PAIRS, share(state))].map(known)], { color, stack: 'time' }),
      ),
    ]),
  ];
}

/** Points of a distribution's curve: enough to look smooth. */
const QUANTILES = 100;

export function chartsOfFigure7(lab: Lab): Chart[] {
  const of = (behaviourId: string) => PAIRS.find(({ agent, behaviour }) => agent === 'ReAct' && behaviour.id === behaviourId)!;
  const curve = (workload: Workload, requests?: number) => {
    const seconds = lab.runs(workload, { requests }).flatMap((outcome) => outcome.requests.map(secondsOf));
    return Array.from({ length: QUANTILES + 1 }, (_, index) => ({ x: percentileOf(seconds, index / QUANTILES), y: (100 * index) / QUANTILES, margin: null, label: null }));
  };
  return [
    chart('latency', 'How long requests take: share of them that is answered by then', axis('latency', 's', 'logarithmic'), axis('requests answered', '%'), [
      steps('ShareGPT', 'fitted', curve('chat', 5 * lab.scale.requests), { color: 0 }),
      steps('ReAct, HotpotQA', 'fitted', curve(of('hotpotqa')), { color: 1 }),
      steps('ReAct, WebShop', 'fitted', curve(of('webshop')), { color: 2 }),
      points('most of ShareGPT, taken as 95 %', 'published', point(MOST_CHATS_SECONDS, 95)),
    ]),
  ];
}

export function chartsOfFigure9(lab: Lab): Chart[] {
  const perCall = (of: (call: LoadOutcome['requests'][number]['calls'][number]) => number) => ({ requests }: LoadOutcome) => meanOf(requests.flatMap(({ calls }) => calls.map(of))) / 1000;
  const reading = perCall(({ sent, times }) => times.firstToken - sent);
  const writing = perCall(({ times }) => times.lastToken - times.firstToken);
  const whole = perCall(({ sent, times }) => times.lastToken - sent);
  const saved = (pair: Pair, of: (outcome: LoadOutcome) => number) => lab.runs(pair, {}).map((cached, repeat) => 100 * (1 - of(cached) / of(lab.runs(pair, { prefixCaching: false })[repeat]!)));
  const mean = (of: (outcome: LoadOutcome) => number) => {
    const perPair = TOOL_PAIRS.map((pair) => saved(pair, of));
    return estimate(Array.from({ length: lab.scale.repeats }, (_, repeat) => meanOf(perPair.map((repeats) => repeats[repeat]!))));
  };
  const names = PAIRS.map(pairCategory);
  return [
    chart('saved', 'What prefix caching saves of the model’s time', categories([['the paper’s', 'tool agents, mean'], ['tool agents', 'mean'], ...names]), axis('saved', '%'), [
      bars('of reading prompts', 'predicted', [on('published', 100 * CACHING_SAVES.prefill), mean(reading), ...PAIRS.map((pair) => estimate(saved(pair, reading)))], { color: 1 }),
      bars('of all', 'predicted', [on('published', 100 * CACHING_SAVES.endToEnd), mean(whole), ...PAIRS.map((pair) => estimate(saved(pair, whole)))], { color: 0 }),
    ]),
    chart('seconds', 'A call of the model without and with prefix caching', categories(names), axis('time of a call', 's'), [
      bars('reads, without caching', 'predicted', each(lab, PAIRS, reading, { prefixCaching: false }), { color: 1, stack: 'without' }),
      bars('writes, without caching', 'predicted', each(lab, PAIRS, writing, { prefixCaching: false }), { color: 5, stack: 'without' }),
      bars('reads, with caching', 'predicted', each(lab, PAIRS, reading), { color: 3, stack: 'with' }),
      bars('writes, with caching', 'predicted', each(lab, PAIRS, writing), { color: 0, stack: 'with' }),
    ]),
  ];
}

export function chartsOfKvMemory(lab: Lab): Chart[] {
  const held = ({ server }: LoadOutcome) => server.kvTokens.whileBusy;
  const beside = TOOL_PAIRS.flatMap((pair) => {
    const cot = PAIRS.find(({ agent, behaviour }) => agent === 'CoT' && behaviour === pair.behaviour);
    return cot === undefined ? [] : [{ pair, times: lab.runs(pair, {}).map((outcome, repeat) => held(outcome) / held(lab.runs(cot, {})[repeat]!)) }];
  });
  const perRepeat = (of: (values: number[]) => number) => estimate(Array.from({ length: lab.scale.repeats }, (_, repeat) => of(beside.map(({ times }) => times[repeat]!))));
  const lats = ofAgent('LATS');
  const saved = lats.map((pair) => lab.runs(pair, {}).map((outcome, repeat) => 100 * (1 - held(outcome) / held(lab.runs(pair, { prefixCaching: false })[repeat]!))));
  return [
    chart('ratio', 'KV memory while the model works, in chain of thought’s', categories([['tool agents', 'mean'], ['tool agents', 'most'], ...beside.map(({ pair }) => pairCategory(pair))]), axis('times chain of thought’s', '×'), [
      bars('ours', 'predicted', [perRepeat(meanOf), perRepeat((values) => Math.max(...values)), ...beside.map(({ times }) => estimate(times))]),
      published([KV_MEMORY.meanOfCot, KV_MEMORY.worstOfCot]),
    ]),
    chart('saved', 'KV memory that prefix caching saves with LATS', categories([['LATS', 'mean'], ...lats.map(pairCategory)]), axis('saved', '%'), [
      bars('ours', 'predicted', [estimate(Array.from({ length: lab.scale.repeats }, (_, repeat) => meanOf(saved.map((repeats) => repeats[repeat]!)))), ...saved.map(estimate)]),
      published([100 * KV_MEMORY.latsSaved]),
    ]),
  ];
}
