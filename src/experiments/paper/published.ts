/**
 * What "The Cost of Dynamic Reasoning: Demystifying AI Agents and Test-Time Scaling from an AI Infrastructure Perspective" (HPCA 2026)
 * reports, with where it stands there. Set-up: vLLM 0.6.6, prefix caching on unless said; Llama-3.1-8B-Instruct on one
 * A100-40GB, Llama-3.1-70B-Instruct on eight; first come, first served.
 */

export type PaperModel = '8B' | '70B';
export type PaperWorkload = 'ShareGPT' | 'Reflexion' | 'LATS';

/** Table III: one request at a time, on HotpotQA (ShareGPT: one chat turn). Accuracy in percent; none of chats. */
export const TABLE_III: readonly { model: PaperModel; workload: PaperWorkload; accuracy: number | null; seconds: number; wattHours: number }[] = [
  { model: '8B', workload: 'ShareGPT', accuracy: null, seconds: 4.23, wattHours: 0.32 },
  { model: '8B', workload: 'Reflexion', accuracy: 38, seconds: 649.34, wattHours: 41.53 },
  { model: '8B', workload: 'LATS', accuracy: 80, seconds: 380.9, wattHours: 22.76 },
  { model: '70B', workload: 'ShareGPT', accuracy: null, seconds: 6.4, wattHours: 2.55 },
  { model: '70B', workload: 'Reflexion', accuracy: 67, seconds: 720, wattHours: 348.41 },
  { model: '70B', workload: 'LATS', accuracy: 82, seconds: 305.67, wattHours: 158.48 },
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

/** Figure 5's text, Figure 8's text (prompts: of agents on HotpotQA, mean) and Section IV-C: ReAct on HotpotQA. */
export const REACT_HOTPOTQA = { toolSeconds: 1.2, firstPromptTokens: 1000, growsTo: [3, 4] as const, seconds: 9.6, mostIdle: 0.545 };

/** Figure 4's text: calls of the model per request. The mean over tool-augmented agents cannot count LATS's 71.0, with which four agents' mean would be above 17. */
export const CALLS = { cot: 1, toolAgents: 9.2, lats: 71.0 };

/** Figure 5's text: shares of the latency, means over agents; what overlaps is LLMCompiler's. */
export const LATENCY_SHARES = { llm: 0.694, tools: 0.302, overlap: 0.182 };

/** Section IV-C and Figure 7: ReAct on WebShop. */
export const REACT_WEBSHOP = { seconds: 5.3 };

/** Section IV-B on memory: KV memory per request of tool-augmented agents in chains of thought's, and what caching saves of LATS's. */
export const KV_MEMORY = { meanOfCot: 3.0, worstOfCot: 5.4, latsSaved: 0.648 };

/** Figure 12's text: KV memory saved by prefix caching, ReAct on HotpotQA at 0.2 QPS and on WebShop at 0.1 QPS. */
export const SERVING_KV = { hotpotQaPerSecond: 0.2, webShopPerSecond: 0.1, meanSaved: 0.517, mostSaved: 0.635 };

/**
 * Figure 16's text. Reflexion gains 4 % of accuracy from 16.9 to 25.6 s, and as much again from 56.0 s on by 269.5 s more: taken as an
 * increase, as only then it is 31 times the first one. LATS is 196.3 s faster with 16 children than with one.
 */
export const SCALING = { reflexionSeconds: [16.9, 25.6] as const, latsSavedSeconds: 196.3 };

/** Figure 9's text: less time with prefix caching than without, mean over agents. */
export const CACHING_SAVES = { prefill: 0.601, endToEnd: 0.157 };

/** Figure 11 and its text: peak queries a second with prefix caching, and how many times that without. */
export const PEAK = { shareGpt: 6.4, shareGptGain: 1.03, reactHotpotQa: 2.6, reactWebShop: 1.2, reactGain: 5.62, hotpotQaOverOneAtATime: 25, webShopOverOneAtATime: 6.2 };

/** Section IV-C: at their peaks, concurrent ReAct agents took so many times as long on average as one at a time. */
export const LATENCY_AT_PEAK = 2.1;
