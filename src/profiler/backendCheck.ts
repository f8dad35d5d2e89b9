/** Asks a backend, before the program starts, who it is and whether it will answer. */
import type { Backend } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { asArray, asObject, asString, parseObject } from '../proxy/json.ts';
import { ProfilerError } from './profilerError.ts';

const TIMEOUT_MS: Milliseconds = 3000;
const BACKEND_KEY = 'AGENT_COST_BACKEND_KEY';

export interface CheckedBackend {
  kind: Backend['kind'];
  version: string | null;
  /** The model that will serve, when that is certain. */
  model: string | null;
  /** Something to tell the user before going on. */
  warning: { code: string; message: string } | null;
}

/**
 * @param url base URL, ending in `/v1`
 * @param model the name that requests will be given, or null
 * @throws ProfilerError with code backendUnreachable, backendUnauthorized, backendNotFound, backendGarbage or backendModelNotFound
 */
export async function checkBackend(url: string, options: { model: string | null; authorization: string | null }): Promise<CheckedBackend> {
  const headers: Record<string, string> = options.authorization === null ? {} : { authorization: options.authorization };
  const where = `${url}/models`;
  let status: number;
  let text: string;
  try {
    const response = await fetch(where, { headers, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new ProfilerError('backendUnreachable', `The backend ${url} cannot be reached (${reason(error)}). Start the server or check its address; --backend sim needs none.`);
  }
  const unknown = { kind: 'unknown', version: null, model: options.model } as const;
  if (status === 401 || status === 403) {
    const key = options.authorization === null ? `Set ${BACKEND_KEY} to its API key.` : `The key in ${BACKEND_KEY} is not accepted.`;
    throw new ProfilerError('backendUnauthorized', `The backend ${url} answers ${status} to ${where}. ${key}`);
  }
  if (status === 404) throw new ProfilerError('backendNotFound', `The backend ${url} answers 404 to ${where}. Give the base URL of its OpenAI-compatible API, which usually ends in /v1.`);
  if (status === 429 || status >= 500) {
    const why = status === 429 ? 'it has too many requests' : 'it has a problem of its own';
    return { ...unknown, warning: { code: 'backendTroubled', message: `The backend ${url} answers ${status} to ${where}: ${why}. Calls are sent to it all the same; look at the server's log if they fail.` } };
  }
  const list = status === 200 ? parseObject(text) : null;
  if (list === null || !Array.isArray(list['data'])) {
    throw new ProfilerError('backendGarbage', `What answers at ${where} is no OpenAI-compatible server (status ${status}, no list of models). Check the address and port given with --backend.`);
  }
  const models = asArray(list['data']).flatMap((entry) => {
    const object = asObject(entry);
    const id = asString(object?.['id']);
    return id === null ? [] : [{ id, owner: asString(object?.['owned_by']) ?? '' }];
  });
  if (options.model !== null && models.length > 0 && !models.some(({ id }) => id === options.model)) {
    const names = models.map(({ id }) => id);
    const shown = names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');
    throw new ProfilerError('backendModelNotFound', `The backend ${url} has no model "${options.model}". It serves ${shown}; name one of these with --model.`);
  }
  const root = url.replace(/\/v1$/, '');
  const kind = kindOf(models.map(({ owner }) => owner), url);
  const version =
    kind === 'vllm' ? asString((await ask(`${root}/version`, headers))?.['version']) : kind === 'ollama' ? asString((await ask(`${root}/api/version`, headers))?.['version']) : null;
  return { kind, version, model: options.model ?? (models.length === 1 ? models[0]!.id : null), warning: null };
}

/** Servers name themselves as the owner of the models they serve. */
function kindOf(owners: string[], url: string): Backend['kind'] {
  if (owners.includes('vllm')) return 'vllm';
  if (owners.includes('llamacpp')) return 'llama.cpp';
  if (owners.includes('sglang')) return 'sglang';
  if (owners.includes('library') || owners.includes('ollama')) return 'ollama';
  return new URL(url).hostname === 'api.openai.com' ? 'openai' : 'unknown';
}

async function ask(url: string, headers: Record<string, string>): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    return response.ok ? parseObject(await response.text()) : null;
  } catch {
    // The version is nice to know, no more.
    return null;
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
