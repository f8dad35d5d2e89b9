/** Recomputes with the simulator what the paper measured. */
import { Engine } from '../../src/simulator/engine/engine.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { findEngine, findGpu, findModel } from '../../src/simulator/catalog.ts';
import type { SessionResult, VirtualRun } from '../../src/simulator/virtualTime.ts';
import { fitWholeNumber, peakRate } from '../../src/experiments/peak.ts';
import { CACHING_SAVES, GPU_TIME, LATENCY_AT_PEAK, MOST_CHATS_SECONDS, PEAK, REACT_HOTPOTQA, TABLE_III, TABLE_IV, type PaperModel, type PaperWorkload } from '../../src/experiments/paper/published.ts';
import { megawatts, type Row } from './rows.ts';
import { serve } from './servers.ts';
import { agents, chats, tryingAgain } from './workloads.ts';

/** How far off Table III's power may be: eight GPUs have more between them that is not known. */
const POWER_LIMIT: Record<PaperModel, number> = { '8B': 0.05, '70B': 0.15 };
const TABLE_IV_LIMIT = 0.01;
/** Children of a tree node in the paper's own code of LATS (VIA-Research/AgentBench, config.yaml). */
const LATS_BRANCHES = 5;

/** What was fitted, for the notes beside the table. */
export interface Fitted {
  chatAnswerTokens: number;
  reactAnswerTokens: number;
  /** Before each step, so that the GPU idles as much as in Figure 6. */
  toolSeconds: Record<'Reflexion' | 'LATS', number>;
}

/** How many of each are run; fewer are faster and less certain. */
export interface Sizes {
  chats: number;
  agents: number;
  attempts: number;
}
const ENOUGH: Sizes = { chats: 1000, agents: 200, attempts: 20 };

export interface Recomputed {
  rows: Row[];
  fitted: Fitted;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const secondsOf = ({ arrival, end }: SessionResult): number => (end - arrival) / 1000;
const meanSeconds = ({ sessions }: VirtualRun): number => meanOf(sessions.map(secondsOf));

export function recompute(sizes: Sizes = ENOUGH): Recomputed {
  const chatAnswerTokens = fitWholeNumber((tokens) => meanSeconds(serve('8B', chats(sizes.chats, null, tokens))), tableIII('8B', 'ShareGPT').seconds, 2000);
  const reactAnswerTokens = fitWholeNumber((answerTokens) => meanSeconds(serve('8B', agents(sizes.agents, null, { answerTokens, toolSeconds: REACT_HOTPOTQA.toolSeconds }))), REACT_HOTPOTQA.seconds, 500);
  const toolSeconds = { Reflexion: fitToolSeconds(sizes, reactAnswerTokens, 1), LATS: fitToolSeconds(sizes, reactAnswerTokens, LATS_BRANCHES) };
  const fitted = { chatAnswerTokens, reactAnswerTokens, toolSeconds };
  return { fitted, rows: [...chatRows(sizes, fitted), ...agentRows(sizes, fitted), ...tableIV(), ...cachingRows(sizes, fitted), ...peakRows(sizes, fitted), ...cachedTokenRows()] };
}

function tableIII(model: PaperModel, workload: PaperWorkload): (typeof TABLE_III)[number] {
  return TABLE_III.find((row) => row.model === model && row.workload === workload)!;
}

function watts({ seconds, wattHours }: (typeof TABLE_III)[number]): number {
  return (wattHours * 3600) / seconds;
}

/** In thousandths of a second: the pause with which the GPU idles as long as in Figure 6. */
function fitToolSeconds({ attempts }: Sizes, answerTokens: number, branches: number): number {
  const idle = (milliseconds: number) => {
    const { gpuMs, wallMs } = serve('8B', tryingAgain(attempts, { answerTokens, toolSeconds: milliseconds / 1000, branches }));
    return gpuMs.idle / wallMs;
  };
  return fitWholeNumber(idle, GPU_TIME.idle, 60_000) / 1000;
}

/** One chat at a time: the pauses between them are the clients', not the server's. */
function chatRows(sizes: Sizes, { chatAnswerTokens }: Fitted): Row[] {
  return (['8B', '70B'] as const).flatMap((model): Row[] => {
    const published = tableIII(model, 'ShareGPT');
    const run = serve(model, chats(sizes.chats, null, chatAnswerTokens));
    const seconds = meanSeconds(run);
    const working = run.wallMs - run.gpuMs.idle;
    const drawn = run.meanWatts === null ? null : (run.meanWatts * run.wallMs - idleWatts(model) * run.gpuMs.idle) / working;
    const isFitted = model === '8B';
    const row = { where: 'Table III', basis: isFitted ? ('fitted' as const) : ('predicted' as const) };
    return [
      { ...row, what: `${model} ShareGPT latency`, unit: 's', ours: seconds, theirs: published.seconds, limit: null },
      { ...row, what: `${model} ShareGPT energy`, unit: 'Wh', ours: drawn === null ? null : (drawn * seconds) / 3600, theirs: published.wattHours, limit: null, basis: isFitted ? 'from fitted' : 'predicted' },
      { ...row, what: `${model} ShareGPT power`, unit: 'W', ours: drawn, theirs: watts(published), limit: POWER_LIMIT[model] },
      ...(isFitted ? [{ ...row, where: 'Fig 7', what: '8B ShareGPT, most answers within', unit: 's', ours: percentile95(run), theirs: MOST_CHATS_SECONDS, limit: null }] : []),
    ];
  });
}

function idleWatts(model: PaperModel): number {
  return findGpu('a100-40gb')!.idleWatts!.value * (model === '8B' ? 1 : 8);
}

function percentile95({ sessions }: VirtualRun): number {
  return sessions.map(secondsOf).sort((a, b) => a - b)[Math.floor(sessions.length * 0.95)]!;
}

/** How long an agent of Table III ran is not recomputed: the paper does not say how many calls it made. Its mean power needs no more than its mix. */
function agentRows({ attempts }: Sizes, { reactAnswerTokens, toolSeconds }: Fitted): Row[] {
  return (['8B', '70B'] as const).flatMap((model) =>
    (['Reflexion', 'LATS'] as const).map((workload): Row => {
      const branches = workload === 'LATS' ? LATS_BRANCHES : 1;
      const run = serve(model, tryingAgain(attempts, { answerTokens: reactAnswerTokens, toolSeconds: toolSeconds[workload], branches }));
      return { where: 'Table III', what: `${model} ${workload} power`, unit: 'W', ours: run.meanWatts, theirs: watts(tableIII(model, workload)), limit: POWER_LIMIT[model], basis: model === '8B' ? 'fitted' : 'predicted' };
    }),
  );
}

function tableIV(): Row[] {
  return TABLE_IV.map(({ model, workload, queriesPerDay, megawatts: theirs, printed }) => ({
    where: 'Table IV',
    what: `${model} ${workload}, ${queriesPerDay / 1e6} million queries a day`,
    unit: 'MW',
    ours: megawatts(tableIII(model, workload).wattHours, queriesPerDay),
    theirs,
    limit: TABLE_IV_LIMIT,
    printed,
    basis: 'arithmetic',
  }));
}

/** ReAct on HotpotQA, one at a time. */
function cachingRows(sizes: Sizes, { reactAnswerTokens }: Fitted): Row[] {
  const sessions = () => agents(sizes.agents, null, { answerTokens: reactAnswerTokens, toolSeconds: REACT_HOTPOTQA.toolSeconds });
  const [cached, plain] = [serve('8B', sessions()), serve('8B', sessions(), false)];
  const modelMs = ({ gpuMs }: VirtualRun) => gpuMs.prefill + gpuMs.decode;
  const saved = (of: (run: VirtualRun) => number) => 100 * (1 - of(cached) / of(plain));
  return [
    { where: 'IV-C', what: 'ReAct on HotpotQA, one at a time', unit: 's', ours: meanSeconds(cached), theirs: REACT_HOTPOTQA.seconds, limit: null, basis: 'fitted' },
    { where: 'Fig 9', what: 'prefix caching saves of prefill (theirs: mean over agents)', unit: '%', ours: saved(({ gpuMs }) => gpuMs.prefill), theirs: 100 * CACHING_SAVES.prefill, limit: null, basis: 'predicted' },
    { where: 'Fig 9', what: 'prefix caching saves of model calls (theirs: mean over agents)', unit: '%', ours: saved(modelMs), theirs: 100 * CACHING_SAVES.endToEnd, limit: null, basis: 'predicted' },
  ];
}

/** A peak is where the mean latency is 2.1 times that of one client at a time: what the paper says of ReAct's peaks. */
function peakRows(sizes: Sizes, { chatAnswerTokens, reactAnswerTokens }: Fitted): Row[] {
  const react = { answerTokens: reactAnswerTokens, toolSeconds: REACT_HOTPOTQA.toolSeconds };
  const chatPeak = (prefixCaching: boolean) => peakRate((rate) => meanSeconds(serve('8B', chats(sizes.chats, rate, chatAnswerTokens), prefixCaching)), LATENCY_AT_PEAK * tableIII('8B', 'ShareGPT').seconds, 20);
  const reactPeak = (prefixCaching: boolean) => peakRate((rate) => meanSeconds(serve('8B', agents(sizes.agents, rate, react), prefixCaching)), LATENCY_AT_PEAK * REACT_HOTPOTQA.seconds, 8);
  const [chat, chatPlain, agent, agentPlain] = [chatPeak(true), chatPeak(false), reactPeak(true), reactPeak(false)];
  const row = { where: 'Fig 11', limit: null, basis: 'predicted' as const };
  return [
    { ...row, what: 'ShareGPT at 8B, peak with prefix caching', unit: 'QPS', ours: chat, theirs: PEAK.shareGpt },
    { ...row, what: 'ShareGPT at 8B, peak without (theirs: 6.4 / 1.03)', unit: 'QPS', ours: chatPlain, theirs: PEAK.shareGpt / PEAK.shareGptGain },
    { ...row, what: 'ShareGPT at 8B, gain by prefix caching', unit: '×', ours: chat / chatPlain, theirs: PEAK.shareGptGain },
    { ...row, what: 'ReAct on HotpotQA, peak with prefix caching', unit: 'QPS', ours: agent, theirs: PEAK.reactHotpotQa },
    { ...row, what: 'ReAct on HotpotQA, gain (theirs: mean with WebShop)', unit: '×', ours: agent / agentPlain, theirs: PEAK.reactGain },
  ];
}

/** A prompt of 1,000 tokens after another: the same, and changed in its first or 500th token. Blocks of 16, and the last token is always computed. */
function cachedTokenRows(): Row[] {
  const prompt = Array.from({ length: 1000 }, (_, index) => index);
  const changedAt = (at: number) => prompt.map((token, index) => (index === at ? -1 : token));
  const second = (tokens: number[]): number => {
    const engine = new Engine({ cost: createCostModel(findGpu('a100-40gb')!, findModel('llama-3.1-8b-instruct')!, 1), scheduler: findEngine('vllm-v0')!.scheduler });
    engine.submit({ id: 'first', arrival: 0, promptTokens: prompt, outputTokens: [1] });
    const { end } = engine.step(0)!;
    engine.submit({ id: 'second', arrival: end, promptTokens: tokens, outputTokens: [1] });
    return engine.step(end)!.finished[0]!.cachedTokens;
  };
  const row = { where: 'vLLM', unit: 'tokens', limit: 0, basis: 'exact' as const };
  return [
    { ...row, what: 'cached of a 1,000-token prompt, repeated', ours: second(prompt), theirs: 992 },
    { ...row, what: '… changed in its first token', ours: second(changedAt(0)), theirs: 0 },
    { ...row, what: '… changed in its 500th token', ours: second(changedAt(499)), theirs: 496 },
  ];
}
