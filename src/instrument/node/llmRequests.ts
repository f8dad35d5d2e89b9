/** Tells requests to an OpenAI-compatible API from all the others, by method and address. */

/** A request's address in two parts: the base URL that the program meant (`https://api.openai.com/v1`) and what comes after it. */
export interface LlmAddress {
  base: string;
  /** `/chat/completions`, with the query. */
  suffix: string;
}

/** Hosts that serve nothing but models, whose paths need no further look. */
const LLM_HOSTS = [
  'api.openai.com', 'openai.azure.com', 'cognitiveservices.azure.com', 'inference.ai.azure.com', 'models.github.ai', 'api.deepseek.com', 'api.groq.com',
  'api.mistral.ai', 'api.together.xyz', 'api.together.ai', 'openrouter.ai', 'api.perplexity.ai', 'api.fireworks.ai', 'generativelanguage.googleapis.com',
  'api.x.ai', 'api.cerebras.ai', 'api.sambanova.ai', 'integrate.api.nvidia.com', 'router.huggingface.co', 'api.deepinfra.com', 'api.moonshot.ai',
  'api.moonshot.cn', 'api.z.ai', 'open.bigmodel.cn', 'dashscope.aliyuncs.com', 'dashscope-intl.aliyuncs.com',
];
const CHAT = /^(.*)(\/chat\/completions)\/?$/;
const POSTS = /^(.*)(\/(?:completions|responses|embeddings))\/?$/;
const MODELS = /^(.*?)(\/models(?:\/.+)?)\/?$/;
/** `/v1`, `/openai/v1`, `/v1beta/openai`, `/compatible-mode/v1`, `/api/paas/v4`, `/openai/deployments/NAME`. */
const API_PREFIX = /\/v\d+(?:(?:alpha|beta)\d*)?(?:\/openai)?$|\/openai\/deployments\/[^/]+$/;
/** Anything of a model host's own API: files, audio, moderations, a stored completion. */
const UNDER_API = /^(.*?\/v\d+(?:(?:alpha|beta)\d*)?(?:\/openai)?)(\/.+)$/;

export function isLlmHost(hostname: string): boolean {
  return LLM_HOSTS.some((host) => hostname === host || hostname.endsWith(`.${host}`));
}

function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.|^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\./.test(hostname) || !hostname.includes('.');
}

/** What is known about a request beside its address. */
export interface RequestHints {
  /** An LLM SDK sends it, or its host has been asked for a completion before. */
  trusted: boolean;
  /** The body, when it is at hand as text. */
  body: string | null;
}

/**
 * The address of an LLM request, or null for any other. Chat completions are known by their path alone; the shorter names,
 * which other APIs use too (`/v1/responses` of a survey, `/v1/models` of a car dealer), must also look right otherwise.
 */
export function llmAddress(url: URL, method: string, hints: RequestHints): LlmAddress | null {
  const known = isLlmHost(url.hostname);
  const found =
    (/^POST$/i.test(method) ? (CHAT.exec(url.pathname) ?? matchPost(url, known || hints.trusted, hints.body)) : null) ??
    (/^(GET|HEAD)$/i.test(method) ? matchModels(url, known || hints.trusted) : null) ??
    (known ? UNDER_API.exec(url.pathname) : null);
  if (found === null) return null;
  return { base: `${url.protocol}//${url.host}${found[1] ?? ''}`, suffix: `${found[2] ?? ''}${url.search}` };
}

function matchPost(url: URL, trusted: boolean, body: string | null): RegExpExecArray | null {
  const match = POSTS.exec(url.pathname);
  if (match === null || trusted) return match;
  if (!API_PREFIX.test(match[1] ?? '')) return null;
  return body === null || /"model"\s*:/.test(body) ? match : null;
}

function matchModels(url: URL, trusted: boolean): RegExpExecArray | null {
  const match = MODELS.exec(url.pathname);
  if (match === null || !API_PREFIX.test(match[1] ?? '')) return null;
  return trusted || isLocal(url.hostname) ? match : null;
}
