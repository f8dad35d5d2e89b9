/** Tells what a server is, by what it says of its models and, where that says nothing, by the pages that it has. */
import type { Backend } from '../../profile/recordingFormat.ts';
import { asArray, asCount, asObject, asString, type JsonObject } from '../../proxy/json.ts';

/** Kinds of servers that can be looked into. */
export type ServerKind = Exclude<Backend['kind'], 'sim' | 'direct' | 'openai' | 'anthropic' | 'hosted' | 'unknown'>;
/** Kinds that a base URL can lead to. */
export type BackendKind = Exclude<Backend['kind'], 'sim' | 'direct'>;

export interface ListedModel {
  id: string;
  owner: string;
  /** As vLLM and SGLang (`max_model_len`), llama.cpp (`meta.n_ctx`) and hosted APIs (`context_length`) give it. */
  contextTokens: number | null;
}

/** The entries of an OpenAI-compatible list of models. */
export function listedModels(list: JsonObject): ListedModel[] {
  return asArray(list['data']).flatMap((entry) => {
    const model = asObject(entry);
    const id = asString(model?.['id']);
    if (model === null || id === null) return [];
    const contextTokens = asCount(model['max_model_len']) ?? asCount(asObject(model['meta'])?.['n_ctx']) ?? asCount(model['context_length']);
    return [{ id, owner: asString(model['owned_by']) ?? '', contextTokens }];
  });
}

/**
 * What servers call themselves as the owner of the models they serve. vLLM and llama.cpp: as captured. SGLang:
 * `ModelCard.owned_by` in python/sglang/srt/entrypoints/openai/protocol.py; TensorRT-LLM: `ModelCard.owned_by` in
 * tensorrt_llm/serve/openai_protocol.py; LM Studio: what its `/v1/models` answers; Ollama: the name space of a model's
 * name, `library` unless it is somebody's own (openai/openai.go).
 */
const OWNERS: Readonly<Record<string, ServerKind>> = {
  vllm: 'vllm',
  llamacpp: 'llama.cpp',
  sglang: 'sglang',
  tensorrt_llm: 'tensorrt-llm',
  organization_owner: 'lm-studio',
  library: 'ollama',
  ollama: 'ollama',
};

export function kindByOwner(models: readonly ListedModel[]): ServerKind | null {
  for (const { owner } of models) {
    const kind = OWNERS[owner];
    if (kind !== undefined) return kind;
  }
  return null;
}

/** APIs on the internet, by the host names of their base URLs as their makers' documentation gives them. Nothing but the API is asked there. */
const HOSTED: readonly (readonly [suffix: string, kind: 'openai' | 'anthropic' | 'hosted'])[] = [
  ['api.openai.com', 'openai'],
  ['api.anthropic.com', 'anthropic'],
  ['openai.azure.com', 'openai'],
  ['openrouter.ai', 'hosted'],
  ['api.groq.com', 'hosted'],
  ['api.together.xyz', 'hosted'],
  ['api.fireworks.ai', 'hosted'],
  ['api.mistral.ai', 'hosted'],
  ['api.deepseek.com', 'hosted'],
  ['api.x.ai', 'hosted'],
  ['generativelanguage.googleapis.com', 'hosted'],
  ['api.cerebras.ai', 'hosted'],
  ['router.huggingface.co', 'hosted'],
  ['integrate.api.nvidia.com', 'hosted'],
];

export function kindByHost(hostname: string): 'openai' | 'anthropic' | 'hosted' | null {
  for (const [suffix, kind] of HOSTED) if (hostname === suffix || hostname.endsWith(`.${suffix}`)) return kind;
  return null;
}

/** Pages that tell kinds apart which do not name themselves among their models, or whose answers a gateway rewrote. */
export const TELLING_PAGES = ['/info', '/api/version', '/props', '/metrics'] as const;

/** @param pages texts of `TELLING_PAGES` that there were */
export function kindByPages(pages: ReadonlyMap<string, JsonObject | string>): ServerKind | null {
  const metrics = pages.get('/metrics');
  if (typeof metrics === 'string') {
    if (/^vllm:/m.test(metrics)) return 'vllm';
    if (/^sglang:/m.test(metrics)) return 'sglang';
    if (/^tgi_/m.test(metrics)) return 'tgi';
    if (/^llamacpp:/m.test(metrics)) return 'llama.cpp';
  }
  const json = (path: string) => asObject(pages.get(path) ?? null);
  // `Info` in TGI's router/src/lib.rs.
  const info = json('/info');
  if (asString(info?.['model_id']) !== null && asCount(info?.['max_total_tokens']) !== null) return 'tgi';
  if (asObject(json('/props')?.['default_generation_settings']) !== null) return 'llama.cpp';
  return asString(json('/api/version')?.['version']) === null ? null : 'ollama';
}
