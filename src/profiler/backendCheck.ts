/** Asks a backend, before the program starts, who it is, how it was started and whether it will answer. */
import type { Backend, ServerSettings } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { parseObject, type JsonObject } from '../proxy/json.ts';
import { NOTHING_SAID, SERVERS, type MissingData, type Pages } from '../telemetry/servers/serverFacts.ts';
import { kindByHost, kindByOwner, kindByPages, listedModels, TELLING_PAGES, type ListedModel, type ServerKind } from '../telemetry/servers/serverKind.ts';
import { ProfilerError } from './profilerError.ts';

const TIMEOUT_MS: Milliseconds = 3000;
/** For what would be nice to know: the program waits for it. */
const EXTRA_TIMEOUT_MS: Milliseconds = 2000;
const BACKEND_KEY = 'AGENT_COST_BACKEND_KEY';

export interface CheckedBackend {
  kind: Backend['kind'];
  version: string | null;
  /** Names of all models that it has. */
  models: string[];
  /** The model that will serve, when that is certain. */
  model: string | null;
  server: ServerSettings | null;
  /** Where its kind has a page of metrics in Prometheus' format, that page. */
  metricsUrl: string | null;
  /** Something to tell the user before going on. */
  warning: { code: string; message: string } | null;
  /** What it could tell and was not started to. */
  missing: MissingData[];
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
  if (status === 401 || status === 403) {
    const key = options.authorization === null ? `Set ${BACKEND_KEY} to its API key.` : `The key in ${BACKEND_KEY} is not accepted.`;
    throw new ProfilerError('backendUnauthorized', `The backend ${url} answers ${status} to ${where}. ${key}`);
  }
  if (status === 404) throw new ProfilerError('backendNotFound', `The backend ${url} answers 404 to ${where}. Give the base URL of its OpenAI-compatible API, which usually ends in /v1.`);
  if (status === 429 || status >= 500) {
    const why = status === 429 ? 'it has too many requests' : 'it has a problem of its own';
    const message = `The backend ${url} answers ${status} to ${where}: ${why}. Calls are sent to it all the same; look at the server's log if they fail.`;
    return { kind: 'unknown', version: null, models: [], model: options.model, server: null, metricsUrl: null, warning: { code: 'backendTroubled', message }, missing: [] };
  }
  const list = status === 200 ? parseObject(text) : null;
  if (list === null || !Array.isArray(list['data'])) {
    throw new ProfilerError('backendGarbage', `What answers at ${where} is no OpenAI-compatible server (status ${status}, no list of models). Check the address and port given with --backend.`);
  }
  const models = listedModels(list);
  if (options.model !== null && models.length > 0 && !models.some(({ id }) => id === options.model)) {
    const names = models.map(({ id }) => id);
    const shown = names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');
    throw new ProfilerError('backendModelNotFound', `The backend ${url} has no model "${options.model}". It serves ${shown}; name one of these with --model.`);
  }
  const model = options.model === null ? (models.length === 1 ? models[0]! : null) : (models.find(({ id }) => id === options.model) ?? null);
  const found = await lookInto(url, models, model, headers);
  return { ...found, models: models.map(({ id }) => id), model: model?.id ?? options.model, warning: null };
}

/** What its pages say besides; hosted APIs have none. */
async function lookInto(url: string, models: readonly ListedModel[], model: ListedModel | null, headers: Record<string, string>): Promise<Pick<CheckedBackend, 'kind' | 'version' | 'server' | 'metricsUrl' | 'missing'>> {
  const nothing = { version: null, server: unlessEmpty({ ...NOTHING_SAID, contextTokens: model?.contextTokens ?? null }), metricsUrl: null, missing: [] };
  const hosted = kindByHost(new URL(url).hostname);
  if (hosted !== null) return { kind: hosted, ...nothing };
  const root = url.replace(/\/v1$/, '');
  const kind: ServerKind | null = kindByOwner(models) ?? kindByPages(await pagesOf(root, TELLING_PAGES, headers));
  if (kind === null) return { kind: 'unknown', ...nothing };
  const reader = SERVERS[kind];
  const pages = await pagesOf(root, [...reader.pages, ...(reader.metrics === null ? [] : [reader.metrics])], headers);
  const { version, settings } = reader.facts(pages, model);
  const metricsUrl = reader.metrics !== null && typeof pages.get(reader.metrics) === 'string' ? root + reader.metrics : null;
  return { kind, version, server: unlessEmpty(settings), metricsUrl, missing: reader.missing(pages) };
}

function unlessEmpty(settings: ServerSettings): ServerSettings | null {
  return Object.values(settings).every((value) => value === null) ? null : settings;
}

/** Of a list of paths the first that is there. */
async function pagesOf(root: string, paths: readonly (string | readonly string[])[], headers: Record<string, string>): Promise<Pages> {
  const pages = new Map<string, JsonObject | string>();
  await Promise.all(
    paths.map(async (path) => {
      for (const each of typeof path === 'string' ? [path] : path) {
        const text = await textOf(root + each, headers);
        if (text === null) continue;
        pages.set(each, parseObject(text) ?? text);
        return;
      }
    }),
  );
  return pages;
}

/** Null where there is no such page, or none for us: what it would say is nice to know, no more. */
async function textOf(url: string, headers: Record<string, string>): Promise<string | null> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(EXTRA_TIMEOUT_MS), redirect: 'manual' });
    if (response.ok) return await response.text();
    await response.body?.cancel();
    return null;
  } catch {
    return null;
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
