/** What model servers are, how they were started and what they do, by what they say of themselves. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toAddToServer } from '../../src/profile/optionNames.ts';
import { serverName, serverSettingsTexts } from '../../src/profile/serverText.ts';
import type { Page } from '../../src/proxy/askServer.ts';
import { parseObject, type JsonObject } from '../../src/proxy/json.ts';
import type { PageReader } from '../../src/telemetry/metricsPage.ts';
import { MetricsPoller, pollingInterval } from '../../src/telemetry/metricsPoller.ts';
import { parseServerLoad } from '../../src/telemetry/serverMetrics.ts';
import { SERVERS } from '../../src/telemetry/servers/serverFacts.ts';
import { kindByHost, kindByOwner, kindByPages, listedModels, type ServerKind } from '../../src/telemetry/servers/serverKind.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, '../fixtures/servers', file), 'utf8');
const pagesOf = (files: Record<string, string>) => new Map<string, JsonObject | string>(Object.entries(files).map(([path, file]) => [path, parseObject(read(file)) ?? read(file)]));

const NONE = { contextTokens: null, blockTokens: null, kvTokens: null, prefixCaching: null, promptTokenDetails: null };

describe('a server', () => {
  it.each<[ServerKind, models: string, pages: Record<string, string>, version: string | null, settings: object]>([
    ['vllm', 'vllm/models.json', { '/version': 'vllm/version.json', '/metrics': 'vllm/metrics-allflags.txt' }, '0.32.0', { ...NONE, contextTokens: 4096, blockTokens: 32, kvTokens: 4800, prefixCaching: true }],
    ['vllm', 'vllm/models.json', { '/metrics': 'vllm/metrics-v0.txt' }, null, { ...NONE, contextTokens: 4096, blockTokens: 16, kvTokens: 156_800, prefixCaching: false }],
    ['sglang', 'sglang/models.json', { '/server_info': 'sglang/server_info.json', '/metrics': 'sglang/metrics.txt' }, '0.5.6', { contextTokens: 131_072, blockTokens: 1, kvTokens: 441_265, prefixCaching: true, promptTokenDetails: false }],
    ['llama.cpp', 'llamacpp/models.json', { '/props': 'llamacpp/props.json', '/metrics': 'llamacpp/metrics.txt' }, 'b0-unknown', { ...NONE, contextTokens: 4096 }],
    ['ollama', 'ollama/models.json', { '/api/version': 'ollama/version.json', '/api/ps': 'ollama/ps.json' }, '0.12.6', { ...NONE, contextTokens: 4096 }],
    ['lm-studio', 'lm-studio/models.json', { '/api/v0/models': 'lm-studio/models-v0.json' }, null, { ...NONE, contextTokens: 8192 }],
    ['tensorrt-llm', 'tensorrt-llm/models.json', { '/version': 'tensorrt-llm/version.json', '/prometheus/metrics': 'tensorrt-llm/metrics.txt' }, '1.2.1', { ...NONE, contextTokens: 2048, blockTokens: 32, kvTokens: 64_000, prefixCaching: true }],
  ])('%s names itself (%s) and says how it was started', (kind, models, files, version, settings) => {
    const listed = listedModels(parseObject(read(models))!);
    expect(kindByOwner(listed)).toBe(kind);
    expect(SERVERS[kind].facts(pagesOf(files), listed[0]!)).toEqual({ version, settings });
  });

  it('that does not name itself is known by its pages', () => {
    expect(kindByOwner(listedModels(parseObject(read('tgi/models.json'))!))).toBeNull();
    const pages = pagesOf({ '/info': 'tgi/info.json', '/metrics': 'tgi/metrics.txt' });
    expect(kindByPages(pages)).toBe('tgi');
    expect(SERVERS.tgi.facts(pages, null)).toEqual({ version: '3.3.6-dev0', settings: { ...NONE, contextTokens: 8192 } });
    expect(kindByPages(pagesOf({ '/info': 'tgi/info.json' }))).toBe('tgi');
    expect(kindByPages(pagesOf({ '/metrics': 'vllm/metrics-idle.txt' }))).toBe('vllm');
    expect(kindByPages(pagesOf({ '/api/version': 'ollama/version.json' }))).toBe('ollama');
    expect(kindByPages(pagesOf({ '/props': 'llamacpp/props.json' }))).toBe('llama.cpp');
    // A web server that has one page for everything is none of these.
    expect(kindByPages(new Map(['/info', '/api/version', '/props', '/metrics'].map((path) => [path, '<html></html>'])))).toBeNull();
  });

  it.each([
    ['api.openai.com', 'openai'],
    ['me.openai.azure.com', 'openai'],
    ['api.anthropic.com', 'anthropic'],
    ['openrouter.ai', 'hosted'],
    ['gpu-box', null],
    ['notopenrouter.ai', null],
  ])('on the internet is known by its host: %s is %s', (host, kind) => expect(kindByHost(host)).toBe(kind));

  it('that could tell more says which flag turns it on, and only then', () => {
    const missing = (kind: ServerKind, files: Record<string, string>) => SERVERS[kind].missing(pagesOf(files)).map(({ message }) => [message, toAddToServer(message)]);
    expect(missing('vllm', { '/metrics': 'vllm/metrics-idle.txt' })).toEqual([]);
    const [off] = SERVERS.vllm.missing(new Map([['/metrics', 'python_info 1.0\n']]));
    expect(off?.message).toMatch(/--disable-log-stats/);
    // To add that flag is the last that anyone should do.
    expect(toAddToServer(off!.message)).toBeNull();
    expect(missing('sglang', { '/server_info': 'sglang/server_info.json', '/metrics': 'sglang/metrics.txt' })).toEqual([[expect.stringMatching(/cached tokens.*SGLang/), '--enable-cache-report']]);
    expect(missing('sglang', { '/server_info': 'sglang/server_info.json' })).toEqual([[expect.any(String), '--enable-metrics --enable-cache-report']]);
    expect(missing('llama.cpp', { '/metrics': 'llamacpp/metrics.txt' })).toEqual([]);
    expect(missing('llama.cpp', {})).toEqual([[expect.stringMatching(/llama-server/), '--metrics']]);
    expect(missing('tensorrt-llm', { '/prometheus/metrics': 'tensorrt-llm/metrics.txt' })).toEqual([]);
    expect(missing('tensorrt-llm', {})).toEqual([[expect.any(String), 'return_perf_metrics: true\nenable_iter_perf_stats: true']]);
    expect(missing('ollama', {})).toEqual([]);
  });

  it('gives nothing away that it should have kept to itself', () => {
    const pages = pagesOf({ '/server_info': 'sglang/server_info.json' });
    expect(read('sglang/server_info.json')).toContain('secret-of-the-server');
    expect(JSON.stringify([SERVERS.sglang.facts(pages, null), SERVERS.sglang.missing(pages)])).not.toContain('secret');
  });

  it('may say anything at all', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('/version', '/metrics', '/info', '/props', '/server_info', '/api/version', '/api/ps', '/api/v0/models', '/prometheus/metrics'), fc.oneof(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()))), fc.jsonValue(), (pages, models) => {
        const map = new Map<string, JsonObject | string>(Object.entries(pages));
        const listed = listedModels({ data: models });
        kindByPages(map);
        for (const server of Object.values(SERVERS)) {
          const { settings } = server.facts(map, listed[0] ?? null);
          for (const tokens of [settings.contextTokens, settings.blockTokens, settings.kvTokens]) expect(tokens === null || (Number.isInteger(tokens) && tokens >= 0)).toBe(true);
          server.missing(map);
        }
      }),
    );
  });

  it('is told of in words', () => {
    expect(serverName({ kind: 'vllm', version: '0.32.0' })).toBe('vLLM 0.32.0');
    expect(serverSettingsTexts({ contextTokens: 4096, blockTokens: 32, kvTokens: 4800, prefixCaching: true, promptTokenDetails: false })).toEqual(['context 4.1k tokens', 'KV cache 4.8k tokens', 'blocks of 32', 'prefix cache on', 'cached tokens not told']);
    expect(serverSettingsTexts(NONE)).toEqual([]);
  });
});

describe('a server’s load', () => {
  it.each([
    ['vllm/metrics-underload.txt', { kind: 'vllm', running: 40, waiting: 0, kvUse: 0.11019283746556474 }, { promptTokens: 24_279, cachedTokens: 12_544, completionTokens: 4652, finished: 72, queueMs: 98.81866399928185, prefillMs: 16_872.481563998008, decodeMs: 75_246.44766100664 }],
    ['vllm/metrics-v0.txt', { kind: 'vllm', running: 2, waiting: 1, kvUse: 0.25 }, { promptTokens: 1000, cachedTokens: null, completionTokens: 200, finished: 4, queueMs: 500, prefillMs: 2000, decodeMs: 10_000 }],
    ['sglang/metrics.txt', { kind: 'sglang', running: 162, waiting: 2826, kvUse: 0.28 }, { promptTokens: 8_128_902, cachedTokens: 61_000, completionTokens: 7_557_572, finished: 11_228, queueMs: null, prefillMs: null, decodeMs: null }],
    ['tgi/metrics.txt', { kind: 'tgi', running: 3, waiting: 1, kvUse: null }, { promptTokens: 6400, cachedTokens: null, completionTokens: 12_800, finished: 50, queueMs: 2500, prefillMs: null, decodeMs: null }],
    ['llamacpp/metrics.txt', { kind: 'llama.cpp', running: 0, waiting: 0, kvUse: null }, { promptTokens: 7078, cachedTokens: 4833, completionTokens: 4660, finished: null, queueMs: null, prefillMs: null, decodeMs: null }],
    ['tensorrt-llm/metrics.txt', { kind: 'tensorrt-llm', running: 4, waiting: 2, kvUse: 0.125 }, { promptTokens: 5000, cachedTokens: 3200, completionTokens: 640, finished: 10, queueMs: 100, prefillMs: 900, decodeMs: 7000 }],
  ])('%s', (file, load, counters) => {
    const found = parseServerLoad(read(file))!;
    expect(found).toMatchObject(load);
    for (const [name, value] of Object.entries(counters)) {
      const counted = found.counters[name as keyof typeof counters];
      if (value === null) expect(counted, name).toBeNull();
      else expect(counted, name).toBeCloseTo(value, 6);
    }
  });

  it('is that of all engines of one server', () => {
    const v1 = '# HELP vllm:num_requests_running x\nvllm:num_requests_running{engine="0",model_name="a b"} 3.0\nvllm:num_requests_running{engine="1",model_name="a"} 1\nvllm:num_requests_running_other 9\nvllm:num_requests_waiting{engine="0"} 0.0\nvllm:num_requests_waiting_by_reason{reason="capacity"} 7.0\nvllm:kv_cache_usage_perc{engine="0"} 0.1\nvllm:kv_cache_usage_perc{engine="1"} 0.3\n';
    expect(parseServerLoad(v1)).toMatchObject({ running: 4, waiting: 0, kvUse: 0.2 });
    expect(parseServerLoad('vllm:gpu_cache_usage_perc{model_name="m"} 0.5 1700000000\nvllm:num_requests_running 2\n')).toMatchObject({ running: 2, waiting: null, kvUse: 0.5 });
  });

  it('of before vLLM counted cached tokens is that of the prefix cache’s blocks', () => {
    const text = 'vllm:num_requests_running 1\nvllm:prompt_tokens_total 900\nvllm:gpu_prefix_cache_queries_total 1000\nvllm:gpu_prefix_cache_hits_total 400\n';
    expect(parseServerLoad(text)!.counters).toMatchObject({ promptTokens: 1000, cachedTokens: 400 });
  });

  it.each(['', 'vllm:num_requests_running NaN\n', 'up 1\n', '<html>\n', 'sglang:cache_hit_rate 0.5\n'])('is not in %j', (text) => expect(parseServerLoad(text)).toBeNull());

  it('is never made of half a number, wherever the text was cut off', () => {
    const text = read('tensorrt-llm/metrics.txt');
    const whole = parseServerLoad(text)!;
    for (let length = 0; length < text.length; length++) {
      const load = parseServerLoad(text.slice(0, length));
      if (load === null) continue;
      for (const name of ['running', 'waiting', 'kvUse'] as const) expect([null, whole[name]]).toContain(load[name]);
      for (const [name, value] of Object.entries(load.counters)) expect([null, whole.counters[name as keyof typeof whole.counters]]).toContain(value);
    }
  });

  it('is asked for at most ten times a second, and as much less as keeps it to a hundredth of the server’s time', () => {
    expect(pollingInterval([])).toBe(100);
    expect(pollingInterval([0.4, 3])).toBe(100);
    // A page that took 5 ms at best.
    expect(pollingInterval([190, 5, 12])).toBe(500);
    expect(pollingInterval([190, 80])).toBe(8000);
  });
});

describe('polling', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const page = (ask: PageReader['ask']): PageReader => ({ ask, close: () => undefined });

  it('goes on while calls run, once a second for a while after them, starts again with the next, and ends with the session', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime', 'performance', 'Date'] });
    const asked: number[] = [];
    const loads: number[] = [];
    const ask = (patience: number): Promise<Page> => {
      asked.push(patience);
      return Promise.resolve({ status: 200, text: 'vllm:num_requests_running 1\n' });
    };
    const poller = new MetricsPoller(page(ask), ({ running }) => loads.push(running!));
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(0);
    poller.begin();
    await vi.advanceTimersByTimeAsync(1000);
    expect([asked.length, loads.length]).toEqual([1, 1]);
    asked.length = loads.length = 0;
    poller.callBegan();
    poller.callBegan();
    poller.callEnded();
    await vi.advanceTimersByTimeAsync(1050);
    expect(asked).toHaveLength(11);
    expect(loads).toHaveLength(11);
    poller.callEnded();
    await vi.advanceTimersByTimeAsync(11_000);
    // Ten in the first second, and one in each of the next.
    expect(asked.length).toBeGreaterThan(11 + 15);
    expect(asked.length).toBeLessThan(11 + 25);
    // The next call is not to wait for its turn.
    const before = asked.length;
    poller.callBegan();
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(before + 1);
    poller.callEnded();
    await vi.advanceTimersByTimeAsync(40_000);
    const afterwards = asked.length;
    await vi.advanceTimersByTimeAsync(40_000);
    expect(asked).toHaveLength(afterwards);
    poller.callBegan();
    await vi.advanceTimersByTimeAsync(500);
    expect(asked.length).toBeGreaterThan(afterwards + 3);
    const last = asked.length;
    await poller.finish();
    const closed = asked.length;
    expect(closed).toBe(last + 1);
    await vi.advanceTimersByTimeAsync(5000);
    poller.callBegan();
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(closed);
  });

  it.each([7, 45])('takes a hundredth of the time of a server whose page takes %d ms, also between calls', async (work) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime', 'performance', 'Date'] });
    let worked = 0;
    const ask = async (): Promise<Page> => {
      await new Promise((resolve) => setTimeout(resolve, work));
      worked += work;
      return { status: 200, text: 'vllm:num_requests_running 1\n' };
    };
    const poller = new MetricsPoller(page(ask), () => undefined);
    const begun = performance.now();
    poller.callBegan();
    await vi.advanceTimersByTimeAsync(60_000);
    poller.callEnded();
    // One more call every two seconds, which would each like to know what was counted before.
    for (let index = 0; index < 20; index++) {
      poller.callBegan();
      poller.callEnded();
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(worked).toBeGreaterThan(100 * 1000 * 0.005);
    expect((worked - work) / (performance.now() - begun)).toBeLessThanOrEqual(0.01);
    poller.close();
  });

  it('gives up where there is nothing to read, and asks one question at a time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime', 'performance', 'Date'] });
    let open = 0;
    let most = 0;
    let asked = 0;
    const ask = async (): Promise<Page> => {
      asked++;
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 700));
      open--;
      return { status: 404, text: 'not here' };
    };
    const poller = new MetricsPoller(page(ask), () => expect.unreachable());
    poller.callBegan();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([asked, most]).toEqual([5, 1]);
  });
});
