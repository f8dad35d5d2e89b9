/**
 * Reads what a server says of itself, from the pages that its kind has. Pure; the fields' sources stand beside them.
 *
 * SGLang's page holds its keys, too: nothing is taken of a page but the fields named here.
 */
import type { ServerSettings } from '../../profile/recordingFormat.ts';
import { asArray, asCount, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { labelIn, seriesRows } from '../prometheusText.ts';
import type { ListedModel, ServerKind } from './serverKind.ts';

/** A page's text or, where that is what it is, its JSON object; not in the map where the server has no such page. */
export type Pages = ReadonlyMap<string, JsonObject | string>;

export interface ServerFacts {
  version: string | null;
  settings: ServerSettings;
}

/** Something that the server could tell and was not started to, with what turns that on: in backticks, to be copied. */
export interface MissingData {
  code: string;
  message: string;
}

interface ServerReader {
  /** Paths from the server's root; of a list the first that is there is enough. */
  pages: readonly (string | readonly string[])[];
  /** Path of its Prometheus page. */
  metrics: string | null;
  facts(pages: Pages, model: ListedModel | null): ServerFacts;
  missing(pages: Pages): MissingData[];
}

export const NOTHING_SAID: ServerSettings = { contextTokens: null, blockTokens: null, kvTokens: null, prefixCaching: null, promptTokenDetails: null };

function json(pages: Pages, ...paths: string[]): JsonObject | null {
  for (const path of paths) {
    const object = asObject(pages.get(path) ?? null);
    if (object !== null) return object;
  }
  return null;
}

function text(pages: Pages, path: string): string {
  const page = pages.get(path);
  return typeof page === 'string' ? page : '';
}

function gauge(page: string, name: string): number | null {
  const value = seriesRows(page, name)[0]?.value;
  return value === undefined || value <= 0 ? null : value;
}

function product(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one * other;
}

function objects(entry: unknown): JsonObject[] {
  const object = asObject(entry);
  return object === null ? [] : [object];
}

function positive(text: string | null): number | null {
  const value = Number(text ?? NaN);
  return Number.isInteger(value) && value > 0 ? value : null;
}

/** As a label of Python's Prometheus client has it. */
function pythonBoolean(text: string | null): boolean | null {
  return text === 'True' ? true : text === 'False' ? false : null;
}

/** `/version`, and the labels of `vllm:cache_config_info`, which V0 and V1 both have (vllm/engine/metrics.py, vllm/v1/metrics/loggers.py). */
const vllm: ServerReader = {
  pages: ['/version'],
  metrics: '/metrics',
  facts(pages, model) {
    const [config] = seriesRows(text(pages, '/metrics'), 'vllm:cache_config_info');
    const label = (name: string) => (config === undefined ? null : labelIn(config.labels, name));
    const blockTokens = positive(label('block_size'));
    return {
      version: asString(json(pages, '/version')?.['version']),
      settings: {
        ...NOTHING_SAID,
        contextTokens: model?.contextTokens ?? null,
        blockTokens,
        kvTokens: product(positive(label('num_gpu_blocks')), blockTokens),
        prefixCaching: pythonBoolean(label('enable_prefix_caching')),
      },
    };
  },
  missing(pages) {
    const page = pages.get('/metrics');
    // The page is there whatever the flag, and then without a series of vLLM's own.
    if (typeof page !== 'string' || /^vllm:/m.test(page)) return [];
    return [{ code: 'serverMetricsOff', message: 'The server’s load is unknown, and so is whether others use it: vLLM was started with --disable-log-stats. Start it without.' }];
  },
};

/** Fields of `ServerArgs` and of the scheduler (`get_server_info` in python/sglang/srt/entrypoints/http_server.py). */
const sglang: ServerReader = {
  pages: [['/server_info', '/get_server_info']],
  metrics: '/metrics',
  facts(pages, model) {
    const info = json(pages, '/server_info', '/get_server_info');
    const off = info?.['disable_radix_cache'];
    const report = info?.['enable_cache_report'];
    return {
      version: asString(info?.['version']),
      settings: {
        contextTokens: asCount(info?.['context_length']) ?? model?.contextTokens ?? null,
        blockTokens: asCount(info?.['page_size']),
        kvTokens: asCount(info?.['max_total_num_tokens']),
        prefixCaching: typeof off === 'boolean' ? !off : null,
        promptTokenDetails: typeof report === 'boolean' ? report : null,
      },
    };
  },
  missing(pages) {
    const info = json(pages, '/server_info', '/get_server_info');
    const metrics = text(pages, '/metrics');
    const parts: [unknown: string, flag: string][] = [];
    // Without the flag there is no such page at all.
    if (!/^sglang:/m.test(metrics)) parts.push(['the server’s load', '--enable-metrics']);
    if (info?.['enable_cache_report'] === false) parts.push(['cached tokens', '--enable-cache-report']);
    if (parts.length === 0) return [];
    const flags = parts.map(([, flag]) => flag).join(' ');
    const what = parts.map(([unknown]) => unknown).join(' and ');
    return [{ code: 'serverDataOff', message: `Unknown: ${what}, because the server was not started to tell. Start SGLang with \`${flags}\`.` }];
  },
};

/** `Info` in TGI's router/src/lib.rs, as its documentation's openapi.json lists it. */
const tgi: ServerReader = {
  pages: ['/info'],
  metrics: '/metrics',
  facts(pages) {
    const info = json(pages, '/info');
    return { version: asString(info?.['version']), settings: { ...NOTHING_SAID, contextTokens: asCount(info?.['max_total_tokens']) } };
  },
  missing: () => [],
};

/** `/props`, as captured; its metrics page answers 501 unless it was started with `--metrics`. */
const llamacpp: ServerReader = {
  pages: ['/props'],
  metrics: '/metrics',
  facts(pages, model) {
    const props = json(pages, '/props');
    const context = asCount(asObject(props?.['default_generation_settings'])?.['n_ctx']) ?? model?.contextTokens ?? null;
    return { version: asString(props?.['build_info']), settings: { ...NOTHING_SAID, contextTokens: context } };
  },
  missing(pages) {
    if (/^llamacpp:/m.test(text(pages, '/metrics'))) return [];
    return [{ code: 'serverMetricsOff', message: 'The server’s load is unknown, and so is whether others use it. Start llama-server with `--metrics`.' }];
  },
};

/** `/api/version` and `/api/ps` (docs.ollama.com/api/ps): the context of a model is known once it is loaded. */
const ollama: ServerReader = {
  pages: ['/api/version', '/api/ps'],
  metrics: null,
  facts(pages, model) {
    const loaded = asArray(json(pages, '/api/ps')?.['models']).flatMap(objects);
    const mine = loaded.filter((entry) => model === null || entry['name'] === model.id || entry['model'] === model.id);
    return { version: asString(json(pages, '/api/version')?.['version']), settings: { ...NOTHING_SAID, contextTokens: mine.length === 1 ? asCount(mine[0]?.['context_length']) : null } };
  },
  missing: () => [],
};

/** `/api/v0/models` (lmstudio.ai/docs/developer/rest/endpoints); it tells no version. */
const lmStudio: ServerReader = {
  pages: ['/api/v0/models'],
  metrics: null,
  facts(pages, model) {
    const models = asArray(json(pages, '/api/v0/models')?.['data']).flatMap(objects);
    const mine = models.find((entry) => (model === null ? entry['state'] === 'loaded' : entry['id'] === model.id)) ?? null;
    return { version: null, settings: { ...NOTHING_SAID, contextTokens: asCount(mine?.['loaded_context_length']) } };
  },
  missing: () => [],
};

/** `/version`, and gauges of `MetricsCollector` in tensorrt_llm/metrics/collector.py: those of its settings (`log_config_info`) are there since 2026. */
const tensorrtLlm: ServerReader = {
  pages: ['/version'],
  metrics: '/prometheus/metrics',
  facts(pages) {
    const page = text(pages, '/prometheus/metrics');
    const label = (series: string, name: string) => {
      const [info] = seriesRows(page, series);
      return info === undefined ? null : labelIn(info.labels, name);
    };
    const blockTokens = gauge(page, 'trtllm_kv_cache_tokens_per_block');
    return {
      version: asString(json(pages, '/version')?.['version']),
      settings: {
        ...NOTHING_SAID,
        contextTokens: positive(label('trtllm_model_config_info', 'max_model_len')),
        blockTokens,
        kvTokens: product(gauge(page, 'trtllm_kv_cache_max_blocks'), blockTokens),
        prefixCaching: pythonBoolean(label('trtllm_kv_cache_config_info', 'enable_block_reuse')),
      },
    };
  },
  missing(pages) {
    if (/^trtllm_/m.test(text(pages, '/prometheus/metrics'))) return [];
    return [{ code: 'serverMetricsOff', message: 'The server’s load is unknown, and so is whether others use it. Add `return_perf_metrics: true` and `enable_iter_perf_stats: true` to the configuration file that trtllm-serve is started with.' }];
  },
};

export const SERVERS: Readonly<Record<ServerKind, ServerReader>> = { vllm, sglang, tgi, 'llama.cpp': llamacpp, ollama, 'lm-studio': lmStudio, 'tensorrt-llm': tensorrtLlm };
