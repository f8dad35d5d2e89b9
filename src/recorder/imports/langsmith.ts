/** LangSmith's runs as its API and its exports have them (https://docs.langchain.com/langsmith/run-data-format), nested or in a list. */
import { asArray, asCount, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { isoNs, type ForeignSpan } from './foreignSpan.ts';

/** Of `run_type`, in the words of OpenInference, which has the same kinds. */
const KINDS: Readonly<Record<string, string>> = { llm: 'LLM', chain: 'CHAIN', tool: 'TOOL', retriever: 'RETRIEVER', embedding: 'EMBEDDING', parser: 'CHAIN', prompt: 'CHAIN' };

/** The runs in it; null for what is no run of LangSmith's. */
export function langsmithSpans(json: unknown): ForeignSpan[] | null {
  const object = asObject(json);
  const runs = flat(object === null ? asArray(json) : asArray(object['runs'] ?? [json]));
  if (runs.length === 0 || !runs.every((run) => asString(run['id']) !== null && asString(run['run_type']) !== null && run['start_time'] !== undefined)) return null;
  return runs.flatMap((run) => spanOf(run) ?? []);
}

function flat(runs: readonly unknown[]): JsonObject[] {
  const found: JsonObject[] = [];
  const rest = [...runs].reverse();
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const run = asObject(next);
    if (run === null) continue;
    found.push(run);
    rest.push(...asArray(run['child_runs']).reverse());
  }
  return found;
}

function spanOf(run: JsonObject): ForeignSpan | null {
  const startNs = timeOf(run['start_time']);
  if (startNs === null) return null;
  const extra = asObject(run['extra']) ?? {};
  const metadata = asObject(extra['metadata']) ?? {};
  const parameters = asObject(extra['invocation_params']) ?? {};
  const usage = asObject((asObject(run['outputs']) ?? {})['usage_metadata']) ?? {};
  const first = timeOf(run['first_token_time']);
  return {
    trace: asString(run['trace_id']) ?? asString(run['id']) ?? '',
    id: asString(run['id']) ?? '',
    parent: asString(run['parent_run_id']),
    name: asString(run['name']) ?? 'run',
    startNs,
    endNs: timeOf(run['end_time']),
    error: asString(run['error']),
    attributes: {
      'openinference.span.kind': KINDS[asString(run['run_type']) ?? ''],
      'llm.model_name': asString(metadata['ls_model_name']) ?? asString(parameters['model']) ?? asString(parameters['model_name']) ?? undefined,
      'gen_ai.response.time_to_first_chunk': first === null ? undefined : Number(first - startNs) / 1e9,
      'gen_ai.usage.input_tokens': asCount(usage['input_tokens']) ?? asCount(run['prompt_tokens']) ?? undefined,
      'gen_ai.usage.cache_read.input_tokens': asCount((asObject(usage['input_token_details']) ?? {})['cache_read']) ?? undefined,
      'gen_ai.usage.output_tokens': asCount(usage['output_tokens']) ?? asCount(run['completion_tokens']) ?? undefined,
      'gen_ai.usage.reasoning.output_tokens': asCount((asObject(usage['output_token_details']) ?? {})['reasoning']) ?? undefined,
      'input.value': (asObject(run['inputs']) ?? undefined) as Record<string, string> | undefined,
      'output.value': (asObject(run['outputs']) ?? undefined) as Record<string, string> | undefined,
    },
    scope: 'LangSmith',
  };
}

/** ISO 8601, or milliseconds since 1970, as its tracers send. */
function timeOf(value: unknown): bigint | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? BigInt(Math.round(value * 1e6)) : isoNs(value);
}
