/** Reads a model server's load and its counters off its Prometheus metrics, in the words of each kind. */
import type { SampleLine, ServerCounters } from '../profile/recordingFormat.ts';
import { labelIn, seriesRows, type SeriesRow } from './prometheusText.ts';
import type { ServerKind } from './servers/serverKind.ts';

export type ServerLoad = Pick<SampleLine, 'running' | 'waiting' | 'kvUse'> & { kind: MetricsKind; counters: ServerCounters };
export type MetricsKind = Exclude<ServerKind, 'ollama' | 'lm-studio'>;

const MS_PER_S = 1000;

/** Names of series: of a list, the first that there is counts. Lists are ordered from today's names to those of before. */
interface Series {
  running: string[];
  waiting: string[];
  kvUse: string[];
  /** Prompt tokens, those from the cache included, and how many these were: pairs that belong together. */
  prompt: { all: string[]; cached: string[] }[];
  completion: string[];
  finished: string;
  /** Histograms of what finished requests waited, had their prompts read and wrote: seconds. Only of servers that fill all of them as a request ends. */
  queue: string | null;
  prefill: string | null;
  decode: string | null;
}

const SERIES: Readonly<Record<Exclude<MetricsKind, 'llama.cpp'>, Series>> = {
  // V1 first, then V0 (vllm/v1/metrics/loggers.py, vllm/engine/metrics.py; captures of 0.32). Hits of the prefix cache were counted too often before PR #48860.
  vllm: {
    running: ['vllm:num_requests_running'],
    waiting: ['vllm:num_requests_waiting'],
    kvUse: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    prompt: [
      { all: ['vllm:prompt_tokens_total'], cached: ['vllm:prompt_tokens_cached_total'] },
      { all: ['vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total'], cached: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'] },
      { all: ['vllm:prompt_tokens_total'], cached: [] },
    ],
    completion: ['vllm:generation_tokens_total'],
    finished: 'vllm:e2e_request_latency_seconds_count',
    queue: 'vllm:request_queue_time_seconds',
    prefill: 'vllm:request_prefill_time_seconds',
    decode: 'vllm:request_decode_time_seconds',
  },
  // docs.sglang.io/references/production_metrics.html. `cache_hit_rate` is the last batch's alone.
  sglang: {
    running: ['sglang:num_running_reqs'],
    waiting: ['sglang:num_queue_reqs'],
    kvUse: ['sglang:full_token_usage', 'sglang:token_usage'],
    prompt: [{ all: ['sglang:prompt_tokens_total'], cached: ['sglang:cached_tokens_total'] }, { all: ['sglang:prompt_tokens_total'], cached: [] }],
    completion: ['sglang:generation_tokens_total'],
    finished: 'sglang:e2e_request_latency_seconds_count',
    // `queue_time_seconds` is filled as a request leaves the queue, and so belongs to others than these.
    queue: null,
    prefill: null,
    decode: null,
  },
  // huggingface.co/docs/text-generation-inference/reference/metrics: nothing of the cache, and both phases in one figure.
  tgi: {
    running: ['tgi_batch_current_size'],
    waiting: ['tgi_queue_size'],
    kvUse: [],
    prompt: [{ all: ['tgi_request_input_length_sum'], cached: [] }],
    completion: ['tgi_request_generated_tokens_sum'],
    finished: 'tgi_request_queue_duration_count',
    queue: 'tgi_request_queue_duration',
    prefill: null,
    decode: null,
  },
  // `MetricsCollector` in tensorrt_llm/metrics/collector.py.
  'tensorrt-llm': {
    running: ['trtllm_num_requests_running'],
    waiting: ['trtllm_num_requests_waiting'],
    kvUse: ['trtllm_kv_cache_utilization'],
    prompt: [{ all: ['trtllm_prompt_tokens_total'], cached: ['trtllm_prompt_cached_tokens_total'] }, { all: ['trtllm_prompt_tokens_total'], cached: [] }],
    completion: ['trtllm_generation_tokens_total'],
    finished: 'trtllm_e2e_request_latency_seconds_count',
    queue: 'trtllm_request_queue_time_seconds',
    prefill: 'trtllm_request_prefill_time_seconds',
    decode: 'trtllm_request_decode_time_seconds',
  },
};

const KINDS: readonly (readonly [prefix: RegExp, kind: MetricsKind])[] = [
  [/^vllm:/m, 'vllm'],
  [/^sglang:/m, 'sglang'],
  [/^tgi_/m, 'tgi'],
  [/^llamacpp:/m, 'llama.cpp'],
  [/^trtllm_/m, 'tensorrt-llm'],
];

/**
 * The load in a metrics text, whichever server's; null when it speaks of none, as a text that was cut off before it may not.
 * The KV use of several engines is their mean.
 */
export function parseServerLoad(text: string): ServerLoad | null {
  // Every line of the format ends with a line feed: one that does not was cut off, and so may its number be.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const kind = KINDS.find(([prefix]) => prefix.test(whole))?.[1];
  if (kind === undefined) return null;
  const load = kind === 'llama.cpp' ? llamacppLoad(whole) : { kind, ...loadBy(SERIES[kind], whole) };
  return load.running === null && load.waiting === null && load.kvUse === null ? null : load;
}

function loadBy(series: Series, text: string): Omit<ServerLoad, 'kind'> {
  const kv = rowsOf(text, series.kvUse);
  const prompt = series.prompt.find(({ all, cached }) => rowsOf(text, all).length > 0 && (cached.length === 0 || rowsOf(text, cached).length > 0));
  const seconds = (name: string | null) => (name === null ? null : inMs(sum(rowsOf(text, [`${name}_sum`]))));
  return {
    running: sum(rowsOf(text, series.running)),
    waiting: sum(rowsOf(text, series.waiting)),
    kvUse: kv.length === 0 ? null : sum(kv)! / kv.length,
    counters: {
      promptTokens: prompt === undefined ? null : sum(rowsOf(text, prompt.all)),
      cachedTokens: prompt === undefined ? null : sum(rowsOf(text, prompt.cached)),
      completionTokens: sum(rowsOf(text, series.completion)),
      finished: sum(rowsOf(text, [series.finished])),
      queueMs: seconds(series.queue),
      prefillMs: seconds(series.prefill),
      decodeMs: seconds(series.decode),
    },
  };
}

/** As captured; `prompt_tokens_total` leaves out what the cache spared, and of before no one knows how much that was. */
function llamacppLoad(text: string): ServerLoad {
  const one = (name: string) => sum(rowsOf(text, [`llamacpp:${name}`]));
  const read = one('prompt_tokens_total');
  const cached = one('prompt_tokens_cached_total');
  return {
    kind: 'llama.cpp',
    running: one('requests_processing'),
    waiting: one('requests_deferred'),
    kvUse: one('kv_cache_usage_ratio'),
    // Its answers tell of each request's time themselves, so that these sums, without a count, are not needed.
    counters: { promptTokens: read === null || cached === null ? null : read + cached, cachedTokens: cached, completionTokens: one('tokens_predicted_total'), finished: null, queueMs: null, prefillMs: null, decodeMs: null },
  };
}

/** Rows of a series under the first name that has any; engines and models of one server are rows of their own. */
function rowsOf(text: string, names: readonly string[]): SeriesRow[] {
  for (const name of names) {
    const found = seriesRows(text, name).filter(({ labels }) => !isCopy(labels));
    if (found.length > 0) return found;
  }
  return [];
}

/** SGLang can let each rank of one tensor-parallel engine tell the same. */
function isCopy(labels: string): boolean {
  return labels.includes('tp_rank') && !['0', null].includes(labelIn(labels, 'tp_rank'));
}

function sum(rows: readonly SeriesRow[]): number | null {
  return rows.length === 0 ? null : rows.reduce((total, { value }) => total + value, 0);
}

function inMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * MS_PER_S;
}
