/** Asks a backend, before the program starts, who it is, how it was started and whether it will answer. */
import type { Backend, ServerSettings } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { askServer, NoAnswerInTime, type Page } from '../proxy/askServer.ts';
import { DialError } from '../proxy/dial.ts';
import { parseObject, type JsonObject } from '../proxy/json.ts';
import { Trust } from '../proxy/trust.ts';
import { UpstreamPool } from '../proxy/upstreamPool.ts';
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

type Ask = (url: string, patience: Milliseconds) => Promise<Page>;

export interface CheckOptions {
  /** The name that requests will be given, or null. */
  model: string | null;
  authorization: string | null;
  /** Whose certificates the server may have, besides those that this machine knows. */
  caFile?: string | null;
  /** False: a proxy that the environment names is passed by. */
  byProxy?: boolean;
}

/**
 * @param url base URL, ending in `/v1`
 * @throws ProfilerError with code backendUnreachable, backendUnauthorized, backendNotFound, backendGarbage or backendModelNotFound
 */
export async function checkBackend(url: string, options: CheckOptions): Promise<CheckedBackend> {
  const pool = new UpstreamPool(new Trust(process.env, options.caFile ?? null));
  try {
    return await check(url, options, (page, patience) => askServer(pool, options.byProxy === false ? {} : process.env, { url: page, authorization: options.authorization, patience }));
  } finally {
    pool.close();
  }
}

async function check(url: string, options: CheckOptions, ask: Ask): Promise<CheckedBackend> {
  const where = `${url}/models`;
  let status: number;
  let text: string;
  try {
    ({ status, text } = await ask(where, TIMEOUT_MS));
  } catch (error) {
    throw new ProfilerError('backendUnreachable', `The backend ${url} cannot be reached (${reason(error)}). ${error instanceof DialError ? '' : 'Start the server or check its address; '}--backend sim needs none.`);
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
  const found = await lookInto(url, models, model, ask);
  return { ...found, models: models.map(({ id }) => id), model: model?.id ?? options.model, warning: null };
}

/** What its pages say besides; hosted APIs have none. */
async function lookInto(url: string, models: readonly ListedModel[], model: ListedModel | null, ask: Ask): Promise<Pick<CheckedBackend, 'kind' | 'version' | 'server' | 'metricsUrl' | 'missing'>> {
  const nothing = { version: null, server: unlessEmpty({ ...NOTHING_SAID, contextTokens: model?.contextTokens ?? null }), metricsUrl: null, missing: [] };
  const hosted = kindByHost(new URL(url).hostname);
  if (hosted !== null) return { kind: hosted, ...nothing };
  const root = url.replace(/\/v1$/, '');
  const kind: ServerKind | null = kindByOwner(models) ?? kindByPages(await pagesOf(root, TELLING_PAGES, ask));
  if (kind === null) return { kind: 'unknown', ...nothing };
  const reader = SERVERS[kind];
  const pages = await pagesOf(root, [...reader.pages, ...(reader.metrics === null ? [] : [reader.metrics])], ask);
  const { version, settings } = reader.facts(pages, model);
  const metricsUrl = reader.metrics !== null && typeof pages.get(reader.metrics) === 'string' ? root + reader.metrics : null;
  return { kind, version, server: unlessEmpty(settings), metricsUrl, missing: reader.missing(pages) };
}

function unlessEmpty(settings: ServerSettings): ServerSettings | null {
  return Object.values(settings).every((value) => value === null) ? null : settings;
}

/** Of a list of paths the first that is there. */
async function pagesOf(root: string, paths: readonly (string | readonly string[])[], ask: Ask): Promise<Pages> {
  const pages = new Map<string, JsonObject | string>();
  await Promise.all(
    paths.map(async (path) => {
      for (const each of typeof path === 'string' ? [path] : path) {
        const text = await textOf(root + each, ask);
        if (text === null) continue;
        pages.set(each, parseObject(text) ?? text);
        return;
      }
    }),
  );
  return pages;
}

/** Null where there is no such page, or none for us: what it would say is nice to know, no more. */
async function textOf(url: string, ask: Ask): Promise<string | null> {
  try {
    const { status, text } = await ask(url, EXTRA_TIMEOUT_MS);
    return status >= 200 && status < 300 ? text : null;
  } catch {
    return null;
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof NoAnswerInTime ? error.message : ((error as NodeJS.ErrnoException).code ?? error.message);
}
