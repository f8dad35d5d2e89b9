/** Reads the load of a vLLM server off its Prometheus metrics, under the names of both its engines. */
import type { SampleLine } from '../profile/recordingFormat.ts';
import { seriesRows } from './prometheusText.ts';

export type ServerLoad = Pick<SampleLine, 'running' | 'waiting' | 'kvUse'>;

const RUNNING = ['vllm:num_requests_running'];
const WAITING = ['vllm:num_requests_waiting'];
/** V1, then V0. */
const KV_USE = ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'];

/** Values of a series under the first name that has any; engines and models of one server are rows of their own. */
function values(text: string, names: string[]): number[] {
  for (const name of names) {
    const found = seriesRows(text, name).map(({ value }) => value);
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
