/**
 * What "The Cost of Dynamic Reasoning: Demystifying AI Agents and Test-Time Scaling from an AI Infrastructure Perspective" (HPCA 2026)
 * reports, with where it stands there. Set-up: vLLM 0.6.6, prefix caching on unless said; Llama-3.1-8B-Instruct on one
 * A100-40GB, Llama-3.1-70B-Instruct on eight; first come, first served.
 */

export type PaperModel = '8B' | '70B';
export type PaperWorkload = 'ShareGPT' | 'Reflexion' | 'LATS';

/** Table III: one request at a time, on HotpotQA (ShareGPT: one chat turn). */
export const TABLE_III: readonly { model: PaperModel; workload: PaperWorkload; seconds: number; wattHours: number }[] = [
  { model: '8B', workload: 'ShareGPT', seconds: 4.23, wattHours: 0.32 },
  { model: '8B', workload: 'Reflexion', seconds: 649.34, wattHours: 41.53 },
  { model: '8B', workload: 'LATS', seconds: 380.9, wattHours: 22.76 },
  { model: '70B', workload: 'ShareGPT', seconds: 6.4, wattHours: 2.55 },
  { model: '70B', workload: 'Reflexion', seconds: 720, wattHours: 348.41 },
  { model: '70B', workload: 'LATS', seconds: 305.67, wattHours: 158.48 },
];

/** Table IV and the text below it: power for all queries of a day. `printed`: the last digit that the paper gives. */
export const TABLE_IV: readonly { model: PaperModel; workload: PaperWorkload; queriesPerDay: number; megawatts: number; printed: number }[] = [
  { model: '8B', workload: 'ShareGPT', queriesPerDay: 71.4e6, megawatts: 1.0, printed: 0.1 },
  { model: '8B', workload: 'Reflexion', queriesPerDay: 71.4e6, megawatts: 123.6, printed: 0.1 },
  { model: '8B', workload: 'LATS', queriesPerDay: 71.4e6, megawatts: 67.7, printed: 0.1 },
  { model: '70B', workload: 'ShareGPT', queriesPerDay: 71.4e6, megawatts: 7.6, printed: 0.1 },
  { model: '70B', workload: 'Reflexion', queriesPerDay: 71.4e6, megawatts: 1000, printed: 100 },
  { model: '70B', workload: 'LATS', queriesPerDay: 71.4e6, megawatts: 471.5, printed: 0.1 },
  { model: '70B', workload: 'ShareGPT', queriesPerDay: 13.7e9, megawatts: 1500, printed: 100 },
  { model: '70B', workload: 'Reflexion', queriesPerDay: 13.7e9, megawatts: 200_000, printed: 1000 },
];

/** Figure 6's text: the GPU's time with one agent at a time, mean over agents and benchmarks. */
export const GPU_TIME = { prefill: 0.047, decode: 0.741, idle: 1 - 0.047 - 0.741 };

/** Figure 7's text: what most chats are answered within. Taken as the 95th percentile. */
export const MOST_CHATS_SECONDS = 9.7;

/** Figure 5's text, Figure 8's text and Section IV-C: ReAct on HotpotQA. */
export const REACT_HOTPOTQA = { toolSeconds: 1.2, firstPromptTokens: 1000, growsTo: [3, 4] as const, seconds: 9.6, mostIdle: 0.545 };

/** Figure 9's text: less time with prefix caching than without, mean over agents. */
export const CACHING_SAVES = { prefill: 0.601, endToEnd: 0.157 };

/** Figure 11 and its text: peak queries a second with prefix caching, and how many times that without. */
export const PEAK = { shareGpt: 6.4, shareGptGain: 1.03, reactHotpotQa: 2.6, reactGain: 5.62 };

/** Section IV-C: at their peaks, concurrent ReAct agents took so many times as long on average as one at a time. */
export const LATENCY_AT_PEAK = 2.1;
