/** Reads the load of a vLLM server off its Prometheus metrics, under the names of both its engines. */
import type { SampleLine } from '../profile/recordingFormat.ts';

export type ServerLoad = Pick<SampleLine, 'running' | 'waiting' | 'kvUse'>;

const RUNNING = ['vllm:num_requests_running'];
const WAITING = ['vllm:num_requests_waiting'];
/** V1, then V0. */
const KV_USE = ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'];

/** Values of a series by name; engines and models of one server are rows of their own. */
function values(text: string, names: string[]): number[] {
  for (const name of names) {
    const found: number[] = [];
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      const after = text.charCodeAt(at + name.length);
      const startsLine = at === 0 || text.charCodeAt(at - 1) === 10;
      // `{` or a space: another letter makes it a longer name.
      if (!startsLine || (after !== 123 && after !== 32)) continue;
      const end = text.indexOf('\n', at);
      const line = text.slice(at, end < 0 ? text.length : end);
      const value = Number(/(?:\}| )\s*([^\s}]+)(?:\s+\d+)?$/.exec(line)?.[1] ?? NaN);
      if (Number.isFinite(value)) found.push(value);
    }
    if (found.length > 0) return found;
  }
  return [];
}

function sum(numbers: number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((total, value) => total + value, 0);
}

/** The load in a `/metrics` text; null when it speaks of none. The KV use of several engines is their mean. */
export function parseServerLoad(text: string): ServerLoad | null {
  const kv = values(text, KV_USE);
  const kvSum = sum(kv);
  const load = { running: sum(values(text, RUNNING)), waiting: sum(values(text, WAITING)), kvUse: kvSum === null ? null : kvSum / kv.length };
  return load.running === null && load.waiting === null && load.kvUse === null ? null : load;
}
