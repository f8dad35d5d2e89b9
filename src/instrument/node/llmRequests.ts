/** Tells requests to an LLM's API from all the others, by method and address. */

/** A request's address in two parts: the base URL that the program meant (`https://api.openai.com/v1`) and what comes after it. */
export interface LlmAddress {
  base: string;
  /** `/chat/completions`, with the query. */
  suffix: string;
  /** The suffix counts from the server's root (Ollama's and llama.cpp's own routes), not from its `/v1`. */
  root: boolean;
}

/** Hosts that serve nothing but models, whose paths need no further look. */
const LLM_HOSTS = [
  'api.openai.com', 'openai.azure.com', 'cognitiveservices.azure.com', 'inference.ai.azure.com', 'models.github.ai', 'api.deepseek.com', 'api.groq.com',
  'api.mistral.ai', 'api.together.xyz', 'api.together.ai', 'openrouter.ai', 'api.perplexity.ai', 'api.fireworks.ai', 'generativelanguage.googleapis.com',
  'api.x.ai', 'api.cerebras.ai', 'api.sambanova.ai', 'integrate.api.nvidia.com', 'router.huggingface.co', 'api.deepinfra.com', 'api.moonshot.ai',
  'api.moonshot.cn', 'api.z.ai', 'open.bigmodel.cn', 'dashscope.aliyuncs.com', 'dashscope-intl.aliyuncs.com',
];
/** Hosts with protocols of their own: passed through where each call goes where it was sent, else left alone. */
const OTHER_PROTOCOLS = /^api\.cohere\.(com|ai)$|^bedrock-runtime\.[\w-]+\.amazonaws\.com$/;
const ANTHROPIC = 'api.anthropic.com';

const CHAT = /^(.*)(\/chat\/completions)\/?$/;
const POSTS = /^(.*)(\/(?:completions|responses|embeddings))\/?$/;
const MODELS = /^(.*?)(\/models(?:\/.+)?)\/?$/;
/** Anthropic's, which vLLM and llama.cpp serve as well. */
const MESSAGES = /^(.*\/v1)(\/messages(?:\/count_tokens)?)\/?$/;
const OLLAMA = /^(.*)(\/api\/(?:chat|generate|embed|embeddings))\/?$/;
const OLLAMA_PORT = '11434';
const LLAMACPP = /^(.*)(\/(?:completion|infill|embedding))\/?$/;
/** `/v1`, `/openai/v1`, `/v1beta/openai`, `/compatible-mode/v1`, `/api/paas/v4`, `/openai/deployments/NAME`. */
const API_PREFIX = /\/v\d+(?:(?:alpha|beta)\d*)?(?:\/openai)?$|\/openai\/deployments\/[^/]+$/;
/** Anything of a model host's own API: files, audio, moderations, a stored completion. */
const UNDER_API = /^(.*?\/v\d+(?:(?:alpha|beta)\d*)?(?:\/openai)?)(\/.+)$/;

/** What a program's own tracing sends (OTLP, OpenAI's and LangSmith's traces): no call, and no work of the agent's. */
const TELEMETRY_PATH = /\/v1\/(?:traces|logs|metrics)(?:\/ingest)?$|\/otlp\/?$/;
const LANGSMITH = /^(?:[\w-]+\.)?api\.smith\.langchain\.com$/;

export function isTelemetry(url: URL, method: string): boolean {
  return (method.toUpperCase() === 'POST' && TELEMETRY_PATH.test(url.pathname)) || LANGSMITH.test(url.hostname);
}

export function isLlmHost(hostname: string): boolean {
  return LLM_HOSTS.some((host) => hostname === host || hostname.endsWith(`.${host}`));
}

function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.|^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\./.test(hostname) || !hostname.includes('.');
}

/** Whether a host serves models in a protocol that is not looked into. */
export function speaksOtherProtocol(hostname: string): boolean {
  return OTHER_PROTOCOLS.test(hostname);
}

/** What is known about a request beside its address. */
export interface RequestHints {
  /** An LLM SDK sends it, or its host has been asked for a completion before. */
  trusted: boolean;
  /** Each call goes where it was sent: what is not looked into can pass as well. */
  passesAll: boolean;
  /** Value of OLLAMA_HOST, where its server listens. */
  ollamaHost: string | undefined;
  /** The body, when it is at hand as text. */
  body: string | null;
}

/**
 * The address of an LLM request, or null for any other. Chat completions are known by their path alone; the shorter names,
 * which other APIs use too (`/v1/responses` of a survey, `/v1/models` of a car dealer), must also look right otherwise.
 */
export function llmAddress(url: URL, method: string, hints: RequestHints): LlmAddress | null {
  const known = isLlmHost(url.hostname);
  const posts = /^POST$/i.test(method);
  const found =
    (posts ? (CHAT.exec(url.pathname) ?? matchPost(url, known || hints.trusted, hints.body) ?? matchMessages(url, hints)) : null) ??
    (/^(GET|HEAD)$/i.test(method) ? matchModels(url, known || hints.trusted) : null) ??
    (known ? UNDER_API.exec(url.pathname) : null);
  if (found !== null) return addressOf(url, found, false);
  const atRoot = posts ? matchNative(url, hints) : null;
  if (atRoot !== null) return addressOf(url, atRoot, true);
  return hints.passesAll && (speaksOtherProtocol(url.hostname) || url.hostname === ANTHROPIC) ? addressOf(url, ['', '', url.pathname], true) : null;
}

function addressOf(url: URL, [, prefix = '', suffix = '']: readonly string[], root: boolean): LlmAddress {
  return { base: `${url.protocol}//${url.host}${prefix}`, suffix: `${suffix}${url.search}`, root };
}

function matchMessages(url: URL, { body, trusted }: RequestHints): RegExpExecArray | null {
  const match = MESSAGES.exec(url.pathname);
  if (match === null || url.hostname === ANTHROPIC || trusted) return match;
  return body !== null && ['model', 'messages', 'max_tokens'].every((name) => body.includes(`"${name}"`)) ? match : null;
}

/** Paths that any server could have: they must lead to where such a server listens, and say what such a server is told. */
function matchNative(url: URL, { body, ollamaHost }: RequestHints): RegExpExecArray | null {
  const ollama = OLLAMA.exec(url.pathname);
  if (ollama !== null) {
    const listens = url.port === OLLAMA_PORT || (ollamaHost !== undefined && ollamaHost !== '' && url.host === hostIn(ollamaHost));
    return listens && (body === null || body.includes('"model"')) ? ollama : null;
  }
  const llamacpp = LLAMACPP.exec(url.pathname);
  return llamacpp !== null && isLocal(url.hostname) && body !== null && /"(prompt|input_prefix|content)"\s*:/.test(body) ? llamacpp : null;
}

/** OLLAMA_HOST may be a URL, a host with a port, or a host alone. */
function hostIn(ollamaHost: string): string {
  const rest = ollamaHost.replace(/^\w+:\/\//, '').replace(/\/.*$/, '');
  return rest.includes(':') ? rest : `${rest}:${OLLAMA_PORT}`;
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
