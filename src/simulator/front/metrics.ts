/** `/metrics` in Prometheus text, under the names that vLLM's V1 engine uses. */
import type { EngineStep, FinishedRequest } from '../engine/engineStep.ts';
import type { RealTimeEngine } from '../realTimeEngine.ts';
import { BLOCK_TOKENS } from '../engine/kvBlocks.ts';

const SECONDS = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
const FIRST_TOKEN_SECONDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];
const TOKEN_SECONDS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];
const ITERATION_TOKENS = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];

class Histogram {
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  /** Of each bucket alone; shown, as Prometheus has it, with all below. */
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#count += 1;
    this.#sum += value;
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index]! += 1;
  }

  lines(labels: string): string[] {
    let below = 0;
    const bound = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));
    return [
      `# HELP ${this.name} ${this.help}`,
      `# TYPE ${this.name} histogram`,
      ...this.#bounds.map((value, index) => `${this.name}_bucket{${labels},le="${bound(value)}"} ${(below += this.#counts[index]!)}`),
      `${this.name}_bucket{${labels},le="+Inf"} ${this.#count}`,
      `${this.name}_count{${labels}} ${this.#count}`,
      `${this.name}_sum{${labels}} ${this.#sum}`,
    ];
  }
}

/** Counts what the server has done since it started. As on vLLM, an aborted request leaves no trace but its tokens. */
export class ServerMetrics {
  readonly #labels: string;
  readonly #finished = { stop: 0, length: 0, abort: 0, error: 0 };
  #promptTokens = 0;
  #cachedTokens = 0;
  #generationTokens = 0;
  readonly #firstToken = new Histogram('vllm:time_to_first_token_seconds', 'Histogram of time to first token in seconds.', FIRST_TOKEN_SECONDS);
  readonly #interToken = new Histogram('vllm:inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', TOKEN_SECONDS);
  readonly #perOutputToken = new Histogram('vllm:request_time_per_output_token_seconds', 'Histogram of time_per_output_token_seconds per request.', TOKEN_SECONDS);
  readonly #endToEnd = new Histogram('vllm:e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', SECONDS);
  readonly #queue = new Histogram('vllm:request_queue_time_seconds', 'Histogram of time spent in WAITING phase for request.', SECONDS);
  readonly #inference = new Histogram('vllm:request_inference_time_seconds', 'Histogram of time spent in RUNNING phase for request.', SECONDS);
  readonly #prefill = new Histogram('vllm:request_prefill_time_seconds', 'Histogram of time spent in PREFILL phase for request.', SECONDS);
  readonly #decode = new Histogram('vllm:request_decode_time_seconds', 'Histogram of time spent in DECODE phase for request.', SECONDS);
  readonly #requestPrompt = new Histogram('vllm:request_prompt_tokens', 'Number of prefill tokens processed.', TOKENS);
  readonly #requestGeneration = new Histogram('vllm:request_generation_tokens', 'Number of generation tokens processed.', TOKENS);
  readonly #computed = new Histogram('vllm:request_prefill_kv_computed_tokens', 'Histogram of new KV tokens computed during prefill (excluding cached tokens).', TOKENS);
  readonly #iteration = new Histogram('vllm:iteration_tokens_total', 'Histogram of number of tokens per engine_step.', ITERATION_TOKENS);

  constructor(modelName: string) {
    this.#labels = `engine="0",model_name="${modelName.replace(/[\\"\n]/g, '_')}"`;
  }

  countStep(step: EngineStep): void {
    this.#iteration.observe(step.tokens);
    this.#generationTokens += step.emitted.length;
  }

  countFirstToken(seconds: number, promptTokens: number, cachedTokens: number): void {
    this.#firstToken.observe(seconds);
    this.#promptTokens += promptTokens;
    this.#cachedTokens += cachedTokens;
  }

  countToken(seconds: number): void {
    this.#interToken.observe(seconds);
  }

  countFinished({ times, promptTokens, cachedTokens, outputTokens }: FinishedRequest, reason: 'stop' | 'length'): void {
    this.#finished[reason] += 1;
    const decode = (times.lastToken - times.firstToken) / 1000;
    this.#endToEnd.observe((times.lastToken - times.arrival) / 1000);
    this.#queue.observe((times.firstScheduled - times.arrival) / 1000);
    this.#inference.observe((times.lastToken - times.firstScheduled) / 1000);
    this.#prefill.observe((times.firstToken - times.firstScheduled) / 1000);
    this.#decode.observe(decode);
    this.#perOutputToken.observe(outputTokens > 1 ? decode / (outputTokens - 1) : 0);
    this.#requestPrompt.observe(promptTokens);
    this.#requestGeneration.observe(outputTokens);
    this.#computed.observe(promptTokens - cachedTokens);
  }

  /** The whole page. */
  render({ engine }: RealTimeEngine): string {
    const labels = this.#labels;
    const gauge = (name: string, help: string, value: number) => [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name}{${labels}} ${value}`];
    const counter = (name: string, help: string, value: number) => [`# HELP ${name} ${help}`, `# TYPE ${name} counter`, `${name}{${labels}} ${value}`];
    const lines = [
      ...gauge('vllm:num_requests_running', 'Number of requests in model execution batches.', engine.running),
      ...gauge('vllm:num_requests_waiting', 'Number of requests waiting to be processed.', engine.waiting),
      ...gauge('vllm:kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', engine.blocks.used / engine.blocks.count),
      ...counter('vllm:prefix_cache_queries_total', 'Prefix cache queries, in terms of number of queried tokens.', engine.counters.prefixCacheQueries),
      ...counter('vllm:prefix_cache_hits_total', 'Prefix cache hits, in terms of number of cached tokens.', engine.counters.prefixCacheHits),
      ...counter('vllm:num_preemptions_total', 'Cumulative number of preemption from the engine.', engine.counters.preemptions),
      ...counter('vllm:prompt_tokens_total', 'Number of prefill tokens processed.', this.#promptTokens),
      '# HELP vllm:prompt_tokens_by_source_total Number of prompt tokens by source.',
      '# TYPE vllm:prompt_tokens_by_source_total counter',
      `vllm:prompt_tokens_by_source_total{${labels},source="local_compute"} ${this.#promptTokens - this.#cachedTokens}`,
      `vllm:prompt_tokens_by_source_total{${labels},source="local_cache_hit"} ${this.#cachedTokens}`,
      `vllm:prompt_tokens_by_source_total{${labels},source="external_kv_transfer"} 0`,
      ...counter('vllm:prompt_tokens_cached_total', 'Number of cached prompt tokens (local + external).', this.#cachedTokens),
      ...counter('vllm:generation_tokens_total', 'Number of generation tokens processed.', this.#generationTokens),
      '# HELP vllm:request_success_total Count of successfully processed requests.',
      '# TYPE vllm:request_success_total counter',
      ...Object.entries(this.#finished).map(([reason, count]) => `vllm:request_success_total{${labels},finished_reason="${reason}"} ${count}`),
    ];
    for (const histogram of [
      this.#requestPrompt,
      this.#requestGeneration,
      this.#iteration,
      this.#firstToken,
      this.#interToken,
      this.#perOutputToken,
      this.#endToEnd,
      this.#queue,
      this.#inference,
      this.#prefill,
      this.#decode,
      this.#computed,
    ])
      lines.push(...histogram.lines(labels));
    lines.push(
      '# HELP vllm:cache_config_info Information of the LLMEngine CacheConfig',
      '# TYPE vllm:cache_config_info gauge',
      `vllm:cache_config_info{block_size="${BLOCK_TOKENS}",enable_prefix_caching="True",engine="0",num_gpu_blocks="${engine.blocks.count}"} 1.0`,
    );
    return `${lines.join('\n')}\n`;
  }
}
