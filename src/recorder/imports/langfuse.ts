/**
 * Langfuse's traces as its API gives them and its exports hold them: a trace with its observations, or a list of observations
 * (https://api.reference.langfuse.com, `Observation`).
 */
import { asArray, asCount, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { isoNs, type ForeignSpan } from './foreignSpan.ts';

const OPERATIONS: Readonly<Record<string, string>> = { GENERATION: 'chat', EMBEDDING: 'embeddings', AGENT: 'invoke_agent', TOOL: 'execute_tool', RETRIEVER: 'retrieval' };
const CHAINS = new Set(['CHAIN', 'GUARDRAIL']);

/** The observations in it; null for what is no trace of Langfuse's. */
export function langfuseSpans(json: unknown): ForeignSpan[] | null {
  const observations = observationsIn(json);
  if (observations.length === 0 || !observations.every(isObservation)) return null;
  const ids = new Set(observations.map((each) => each['id']));
  return observations.flatMap((observation) => spanOf(observation, ids) ?? []);
}

function observationsIn(json: unknown): JsonObject[] {
  const object = asObject(json);
  const list = object === null ? json : (object['observations'] ?? object['data']);
  return asArray(list).flatMap((each): JsonObject[] => {
    const entry = asObject(each);
    if (entry === null) return [];
    // A list of traces, each with its observations.
    return Array.isArray(entry['observations']) ? observationsIn(entry) : [entry];
  });
}

function isObservation(entry: JsonObject): boolean {
  return asString(entry['id']) !== null && asString(entry['type']) !== null && asString(entry['startTime']) !== null;
}

function spanOf(observation: JsonObject, ids: ReadonlySet<unknown>): ForeignSpan | null {
  const startNs = isoNs(observation['startTime']);
  if (startNs === null) return null;
  const type = asString(observation['type'])?.toUpperCase() ?? '';
  const parent = asString(observation['parentObservationId']);
  const isRoot = parent === null || !ids.has(parent);
  const first = isoNs(observation['completionStartTime']);
  const failed = asString(observation['level']) === 'ERROR';
  return {
    trace: asString(observation['traceId']) ?? '',
    id: asString(observation['id']) ?? '',
    parent: isRoot ? null : parent,
    name: asString(observation['name']) ?? type.toLowerCase(),
    startNs,
    endNs: type === 'EVENT' ? startNs : isoNs(observation['endTime']),
    error: failed ? (asString(observation['statusMessage']) ?? 'It failed.') : null,
    attributes: {
      'gen_ai.operation.name': OPERATIONS[type],
      // What is around all of a request leads to its calls.
      'openinference.span.kind': CHAINS.has(type) || (type === 'SPAN' && isRoot) ? 'CHAIN' : undefined,
      'gen_ai.response.model': asString(observation['model']) ?? undefined,
      'gen_ai.response.time_to_first_chunk': first === null ? undefined : Number(first - startNs) / 1e9,
      'input.value': (observation['input'] ?? undefined) as string | undefined,
      'output.value': (observation['output'] ?? undefined) as string | undefined,
      ...usageOf(observation),
    },
    scope: 'Langfuse',
  };
}

/** Its kinds of usage split `input`: with a total, the prompt is what is not output. */
function usageOf(observation: JsonObject): Record<string, number | undefined> {
  const usage = asObject(observation['usageDetails']) ?? asObject(observation['usage']) ?? {};
  const output = asCount(usage['output']) ?? asCount(usage['outputTokens']) ?? asCount(observation['completionTokens']);
  const total = asCount(usage['total']);
  const splits = Object.keys(usage).some((name) => name.startsWith('input_'));
  const input = splits && total !== null && output !== null ? total - output : splits ? null : (asCount(usage['input']) ?? asCount(usage['inputTokens']) ?? asCount(observation['promptTokens']));
  return {
    'gen_ai.usage.input_tokens': input ?? undefined,
    'gen_ai.usage.cache_read.input_tokens': asCount(usage['input_cached_tokens']) ?? asCount(usage['cache_read_input_tokens']) ?? undefined,
    'gen_ai.usage.output_tokens': output ?? undefined,
    'gen_ai.usage.reasoning.output_tokens': asCount(usage['output_reasoning_tokens']) ?? undefined,
  };
}
