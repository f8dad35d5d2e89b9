import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer, type GpuSegment } from '../../src/simulator/embeddedServer.ts';

// A small model on a large GPU: the same mechanics with steps of about a millisecond.
const gpu = findGpu('h100')!;
const model = findModel('smollm2-135m')!;

let server: EmbeddedServer;
let client: OpenAI;
const segments: GpuSegment[] = [];

beforeAll(async () => {
  server = await startEmbeddedServer({ gpu, model, seed: 5, onGpu: (segment) => segments.push(segment) });
  client = new OpenAI({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.close());
beforeEach(() => {
  segments.length = 0;
});

const root = () => server.url.replace('/v1', '');
const user = (content: string) => [{ role: 'user' as const, content }];
const weather = (name = 'get_weather') => ({
  type: 'function' as const,
  function: { name, parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } }, required: ['city', 'unit'] } },
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(root() + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Record<string, unknown> };
}

/** The value of each series of /metrics, by its name without labels that are the same on all. */
async function metrics(): Promise<Map<string, number>> {
  const page = await (await fetch(`${root()}/metrics`)).text();
  const series = new Map<string, number>();
  for (const line of page.trimEnd().split('\n')) {
    if (line.startsWith('#')) continue;
    const parsed = /^([a-z_:0-9]+)\{([^}]*)\} (\S+)$/.exec(line);
    if (parsed === null) throw new Error(`not a sample: ${line}`);
    const labels = parsed[2]!.split(',').filter((label) => !/^(engine|model_name)=/.test(label));
    series.set(parsed[1]! + (labels.length > 0 ? `{${labels.join(',')}}` : ''), Number(parsed[3]));
  }
  return series;
}

describe('chat completions', () => {
  it('answers a plain request, with usage and its own account of the time', async () => {
    const { status, json } = await post('/v1/chat/completions', { model: 'any-name', messages: user('Hello there') });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      object: 'chat.completion',
      model: 'HuggingFaceTB/SmolLM2-135M-Instruct',
      choices: [{ index: 0, message: { role: 'assistant', content: expect.stringMatching(/^Simulated answer/) as string }, finish_reason: 'stop' }],
    });
    const usage = json.usage as { prompt_tokens: number; completion_tokens: number; total_tokens: number; prompt_tokens_details: { cached_tokens: number } };
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
    expect(usage.prompt_tokens_details.cached_tokens).toBe(0);
    const own = json.metrics as Record<string, number>;
    expect(Object.keys(own)).toEqual(['time_to_first_token_ms', 'generation_time_ms', 'queue_time_ms', 'mean_itl_ms', 'tokens_per_second', 'speculative_decoding']);
    expect(own.mean_itl_ms! * (usage.completion_tokens - 1)).toBeCloseTo(own.generation_time_ms!, 6);
    expect(own.tokens_per_second).toBeCloseTo((usage.completion_tokens * 1000) / (own.time_to_first_token_ms! + own.generation_time_ms!), 6);
  });

  it('streams one chunk a token, and the same text as in one body', async () => {
    const messages = user('Tell me something');
    const whole = await client.chat.completions.create({ model: 'x', messages });
    const stream = await client.chat.completions.create({ model: 'x', messages, stream: true, stream_options: { include_usage: true } });
    let text = '';
    let chunks = 0;
    let usage: OpenAI.CompletionUsage | null | undefined;
    let finish: string | null = null;
    for await (const chunk of stream) {
      const delta = chunk.choices[0]?.delta.content;
      if (delta) chunks += 1;
      text += delta ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]!.message.content);
    expect(finish).toBe('stop');
    // The last token is the one that ends the answer.
    expect(usage!.completion_tokens).toBe(chunks + 1);
    expect(usage!.prompt_tokens).toBe(whole.usage!.prompt_tokens);
    expect(usage!.prompt_tokens_details!.cached_tokens).toBe(Math.floor((usage!.prompt_tokens - 1) / 16) * 16);
  });

  it('sends usage only when asked, and with every chunk when asked for that', async () => {
    const read = async (options: object) => {
      const response = await fetch(`${server.url}/chat/completions`, { method: 'POST', body: JSON.stringify({ messages: user('Hi'), max_tokens: 3, stream: true, ...options }) });
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
      const events = (await response.text()).split('\n\n').filter((event) => event !== '');
      expect(events.pop()).toBe('data: [DONE]');
      return events.map((event) => JSON.parse(event.slice('data: '.length)) as { choices: unknown[]; usage?: { completion_tokens: number }; metrics?: unknown });
    };
    expect((await read({})).every((event) => event.usage === undefined)).toBe(true);
    const last = (await read({ stream_options: { include_usage: true } })).at(-1)!;
    expect(last).toMatchObject({ choices: [], usage: { completion_tokens: 3 }, metrics: { queue_time_ms: expect.any(Number) as number } });
    const continuous = await read({ stream_options: { include_usage: true, continuous_usage_stats: true } });
    expect(continuous.map((event) => event.usage!.completion_tokens)).toEqual([0, 1, 2, 3, 3]);
  });

  it('is deterministic under its seed, and the request has one too', async () => {
    const ask = async (seed?: number) => (await client.chat.completions.create({ model: 'x', messages: user('Same?'), seed: seed ?? null })).choices[0]!.message.content;
    expect(await ask()).toBe(await ask());
    expect(await ask(1)).toBe(await ask(1));
    expect(await ask(1)).not.toBe(await ask(2));
    const twin = await startEmbeddedServer({ gpu, model, seed: 5 });
    const other = new OpenAI({ baseURL: twin.url, apiKey: 'none' });
    expect((await other.chat.completions.create({ model: 'x', messages: user('Same?') })).choices[0]!.message.content).toBe(await ask());
    await twin.close();
  });

  it('calls each tool once over several turns, then answers, and each turn finds the last one cached', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = user(`How is the weather? ${'Take your time. '.repeat(40)}`);
    const tools = [weather('get_weather'), weather('get_forecast')];
    const called: string[] = [];
    let known = 0;
    for (;;) {
      const { choices, usage } = await client.chat.completions.create({ model: 'x', messages, tools });
      if (known > 0) expect(usage!.prompt_tokens_details!.cached_tokens).toBeGreaterThanOrEqual(Math.floor((known - 1) / 16) * 16);
      known = usage!.total_tokens - 1;
      const { message, finish_reason } = choices[0]!;
      messages.push(message);
      if (message.tool_calls === undefined) {
        expect(finish_reason).toBe('stop');
        break;
      }
      expect(finish_reason).toBe('tool_calls');
      expect(message.content).toBeNull();
      for (const call of message.tool_calls) {
        if (call.type !== 'function') throw new Error('a custom tool');
        called.push(call.function.name);
        expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Paris', unit: 'celsius' });
        messages.push({ role: 'tool', tool_call_id: call.id, content: 'Sunny' });
      }
    }
    expect(called).toEqual(['get_weather', 'get_forecast']);
  });

  it('streams tool calls as the SDK puts them together', async () => {
    const final = await client.chat.completions.stream({ model: 'x', messages: user('Weather?'), tools: [weather()] }).finalChatCompletion();
    const call = final.choices[0]!.message.tool_calls![0]!;
    expect(call).toMatchObject({ type: 'function', id: expect.stringMatching(/^chatcmpl-tool-/) as string, function: { name: 'get_weather', arguments: '{"city": "Paris", "unit": "celsius"}' } });
    expect(final.choices[0]!.finish_reason).toBe('tool_calls');
  });

  it('honours tool_choice', async () => {
    const create = (tool_choice: OpenAI.ChatCompletionToolChoiceOption) => client.chat.completions.create({ model: 'x', messages: user('Go'), tools: [weather('one'), weather('two')], tool_choice });
    expect((await create('none')).choices[0]!.message.tool_calls).toBeUndefined();
    expect((await create('required')).choices[0]!.message.tool_calls).toHaveLength(1);
    const named = (await create({ type: 'function', function: { name: 'two' } })).choices[0]!;
    expect(named.message.tool_calls).toMatchObject([{ function: { name: 'two' } }]);
    expect(named.finish_reason).toBe('stop');
  });

  it('answers with JSON of the schema, or any object', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' }, people: { type: 'integer', minimum: 1000 } }, required: ['city', 'people'], additionalProperties: false };
    const structured = await client.chat.completions.create({ model: 'x', messages: user('Go'), response_format: { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } } });
    expect(JSON.parse(structured.choices[0]!.message.content!)).toEqual({ city: 'Paris', people: 1000 });
    const any = await client.chat.completions.create({ model: 'x', messages: user('Go'), response_format: { type: 'json_object' } });
    expect(JSON.parse(any.choices[0]!.message.content!)).toBeTypeOf('object');
  });

  it('honours stop, max_tokens, min_tokens and n', async () => {
    const stopped = await post('/v1/chat/completions', { messages: user('Go'), stop: ['server,', 'never'] });
    expect(stopped.json.choices).toMatchObject([{ message: { content: 'Simulated answer: no model runs behind this ' }, finish_reason: 'stop', stop_reason: 'server,' }]);
    const short = await client.chat.completions.create({ model: 'x', messages: user('Go'), max_completion_tokens: 5 });
    expect(short.usage!.completion_tokens).toBe(5);
    expect(short.choices[0]!.finish_reason).toBe('length');
    const long = await post('/v1/chat/completions', { messages: user('Go'), max_tokens: 300, ignore_eos: true });
    expect(long.json.usage).toMatchObject({ completion_tokens: 300 });
    const several = await post('/v1/chat/completions', { messages: user('Go'), n: 3 });
    const contents = (several.json.choices as { message: { content: string } }[]).map(({ message }) => message.content);
    expect(new Set(contents).size).toBe(3);
    expect(several.json.metrics).toBeNull();
  });

  it('takes content in parts and null options, as SDKs send them', async () => {
    const parts = [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }];
    const { status, json } = await post('/v1/chat/completions', { model: 'x', messages: parts, tools: null, stop: null, stream_options: null, max_tokens: 4, temperature: null, unknown_field: 1 });
    expect(status).toBe(200);
    expect((json.usage as { completion_tokens: number }).completion_tokens).toBe(4);
  });

  it('books GPU time on the proxy’s call id, in segments that follow each other, before the answer ends', async () => {
    await post('/v1/chat/completions', { messages: user('Go'), n: 2, max_tokens: 50 }, { 'x-agent-cost-call-id': 'call-7' });
    expect(segments.length).toBeGreaterThan(0);
    expect(segments[0]!.state).toBe('prefill');
    expect(segments.at(-1)!.state).toBe('decode');
    for (const [index, segment] of segments.entries()) {
      expect(Object.keys(segment.shares)).toEqual(['call-7']);
      expect(segment.shares['call-7']).toBeCloseTo(1, 9);
      expect(segment.endNs).toBeGreaterThan(segment.startNs);
      expect(segment.endNs).toBeLessThanOrEqual(process.hrtime.bigint());
      expect(segment.kvTokens).toBeLessThanOrEqual(segment.kvCapacityTokens);
      // However late timers fire, one step begins where the last one ended.
      if (index > 0) expect(segment.startNs).toBe(segments[index - 1]!.endNs);
    }
  });

  it('shares the GPU between calls that run at the same time', async () => {
    const go = (id: string) => post('/v1/chat/completions', { messages: user(`Go ${id}`), max_tokens: 400, ignore_eos: true }, { 'x-agent-cost-call-id': id });
    await Promise.all([go('a'), go('b')]);
    const together = segments.filter(({ batch }) => batch === 2);
    expect(together.length).toBeGreaterThan(0);
    expect(together.some(({ shares }) => Math.abs(shares.a! - 0.5) < 0.05 && Math.abs(shares.a! + shares.b! - 1) < 1e-9)).toBe(true);
  });
});

describe('disconnects', () => {
  it('abort the request, and leave the server free', async () => {
    const before = await metrics();
    const controller = new AbortController();
    const stream = await client.chat.completions.create({ model: 'x', messages: user('Go on'), max_tokens: 7000, stream: true, ...{ ignore_eos: true } }, { signal: controller.signal });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) break;
    }
    controller.abort();
    await expect.poll(async () => (await metrics()).get('vllm:num_requests_running'), { timeout: 20_000 }).toBe(0);
    const after = await metrics();
    expect(after.get('vllm:e2e_request_latency_seconds_count')).toBe(before.get('vllm:e2e_request_latency_seconds_count'));
    expect(after.get('vllm:time_to_first_token_seconds_count')).toBe(before.get('vllm:time_to_first_token_seconds_count')! + 1);
    expect(after.get('vllm:kv_cache_usage_perc')).toBe(0);
  });
});

describe('other routes', () => {
  it('completes text, one prompt or several', async () => {
    const one = await client.completions.create({ model: 'x', prompt: 'Once upon a time', max_tokens: 12 });
    expect(one).toMatchObject({ object: 'text_completion', choices: [{ finish_reason: 'length', text: expect.stringMatching(/^ Simulated/) as string }], usage: { completion_tokens: 12 } });
    const two = await client.completions.create({ model: 'x', prompt: ['One', 'Two'], max_tokens: 4 });
    expect(two.choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(two.usage!.completion_tokens).toBe(8);
    let text = '';
    for await (const chunk of await client.completions.create({ model: 'x', prompt: 'Once upon a time', max_tokens: 12, stream: true })) text += chunk.choices[0]?.text ?? '';
    expect(text).toBe(one.choices[0]!.text);
  });

  it('lists the model, its health and version', async () => {
    expect((await client.models.list()).data).toMatchObject([{ id: 'HuggingFaceTB/SmolLM2-135M-Instruct', max_model_len: 8192 }]);
    expect((await fetch(`${root()}/health`)).status).toBe(200);
    expect(await (await fetch(`${root()}/version`)).json()).toMatchObject({ simulated: true });
  });

  it('tokenizes as it counts', async () => {
    const messages = user('How many tokens is this?');
    const { json } = await post('/tokenize', { model: 'x', messages });
    const { usage } = await client.chat.completions.create({ model: 'x', messages, max_tokens: 1 });
    expect(json).toMatchObject({ count: usage!.prompt_tokens, max_model_len: 8192, estimated: true });
    expect(json.tokens).toHaveLength(usage!.prompt_tokens);
    expect((await post('/tokenize', { prompt: 'Hello world', return_token_strs: true })).json.token_strs).toEqual(['<|begin_of_text|>', 'Hello', ' world']);
  });

  it('forgets cached prompts when told to', async () => {
    const cached = async () => ((await post('/v1/chat/completions', { messages: user('Remember '.repeat(50)), max_tokens: 1 })).json.usage as { prompt_tokens_details: { cached_tokens: number } }).prompt_tokens_details.cached_tokens;
    await cached();
    expect(await cached()).toBeGreaterThan(0);
    expect((await fetch(`${root()}/reset_prefix_cache`, { method: 'POST' })).status).toBe(200);
    expect(await cached()).toBe(0);
  });

  it('counts in /metrics what the answers said, under vLLM’s names', async () => {
    const before = await metrics();
    const first = (await post('/v1/chat/completions', { messages: user('Count '.repeat(60)), max_tokens: 20 })).json;
    const second = (await post('/v1/chat/completions', { messages: user('Count '.repeat(60)), max_tokens: 20 })).json;
    const after = await metrics();
    const grown = (name: string) => after.get(name)! - before.get(name)!;
    const usage = [first, second].map((json) => json.usage as { prompt_tokens: number; completion_tokens: number; prompt_tokens_details: { cached_tokens: number } });
    const sum = (pick: (one: (typeof usage)[number]) => number) => usage.reduce((total, one) => total + pick(one), 0);
    const cached = sum((one) => one.prompt_tokens_details.cached_tokens);
    expect(cached).toBeGreaterThan(0);
    expect(grown('vllm:prompt_tokens_total')).toBe(sum((one) => one.prompt_tokens));
    expect(grown('vllm:prompt_tokens_by_source_total{source="local_cache_hit"}')).toBe(cached);
    expect(grown('vllm:prefix_cache_hits_total')).toBe(cached);
    expect(grown('vllm:prefix_cache_queries_total')).toBe(sum((one) => one.prompt_tokens));
    expect(grown('vllm:generation_tokens_total')).toBe(sum((one) => one.completion_tokens));
    expect(grown('vllm:request_success_total{finished_reason="length"}')).toBe(2);
    expect(grown('vllm:e2e_request_latency_seconds_count')).toBe(2);
    expect(grown('vllm:e2e_request_latency_seconds_bucket{le="+Inf"}')).toBe(2);
    const own = [first, second].map((json) => json.metrics as { time_to_first_token_ms: number; generation_time_ms: number });
    expect(grown('vllm:request_decode_time_seconds_sum') * 1000).toBeCloseTo(own.reduce((total, one) => total + one.generation_time_ms, 0), 3);
    expect(grown('vllm:request_prefill_time_seconds_sum') * 1000).toBeCloseTo(own.reduce((total, one) => total + one.time_to_first_token_ms, 0), 3);
    for (const name of ['vllm:num_requests_running', 'vllm:num_requests_waiting', 'vllm:kv_cache_usage_perc']) expect(after.get(name)).toBe(0);
  });
});

describe('errors, in vLLM’s form', () => {
  it.each([
    ['no JSON', '{"messages":', 400, { type: 'Bad Request', param: 'body', message: expect.stringContaining('JSON decode error') as string }],
    ['no messages', {}, 400, { type: 'Bad Request', param: 'body.messages', message: "1 validation error:\n  {'type': 'missing', 'loc': 'body.messages', 'msg': 'Field required'}" }],
    ['empty messages', { messages: [] }, 400, { type: 'BadRequestError', message: expect.stringContaining('empty conversation') as string }],
    ['a wrong type', { messages: user('x'), temperature: 'hot' }, 400, { param: 'body.temperature' }],
    ['too long a prompt', { messages: user('word '.repeat(9000)) }, 400, { type: 'BadRequestError', param: 'input_tokens', message: expect.stringContaining("This model's maximum context length is 8192 tokens") as string }],
    ['too many tokens asked for', { messages: user('x'), max_tokens: 100_000 }, 400, { param: 'max_tokens', message: expect.stringContaining('max_tokens=100000 cannot be greater than max_model_len=8192') as string }],
    ['more than is left', { messages: user('x'), max_tokens: 8190 }, 400, { param: 'max_tokens', message: expect.stringContaining('is too large: 8190') as string }],
    ['no tokens asked for', { messages: user('x'), max_tokens: 0 }, 400, { param: 'max_tokens', message: 'max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)' }],
    ['top_logprobs without logprobs', { messages: user('x'), top_logprobs: 2 }, 400, { param: 'top_logprobs', message: expect.stringContaining('must be set') as string }],
    ['a priority', { messages: user('x'), priority: 5 }, 400, { param: 'priority', message: 'Got priority 5 but Priority scheduling is not enabled.' }],
    ['pictures', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }] }, 400, { message: expect.stringContaining('not a multimodal model') as string }],
    ['a tool that is not there', { messages: user('x'), tools: [weather()], tool_choice: { type: 'function', function: { name: 'other' } } }, 400, { param: 'tool_choice' }],
    ['a choice without tools', { messages: user('x'), tool_choice: 'required' }, 400, { param: 'tool_choice' }],
  ])('%s', async (_what, body, status, error) => {
    const answer = await post('/v1/chat/completions', body);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error: { code: status, ...error } });
  });

  it('knows its routes and their methods', async () => {
    expect(await post('/v1/nothing', {})).toMatchObject({ status: 404, json: { detail: 'Not Found' } });
    expect(await post('/constructor', {})).toMatchObject({ status: 404 });
    const wrong = await fetch(`${server.url}/chat/completions`);
    expect([wrong.status, wrong.headers.get('allow'), await wrong.json()]).toEqual([405, 'POST', { detail: 'Method Not Allowed' }]);
  });

  it('repeats the request’s id', async () => {
    const { headers, json } = await post('/v1/chat/completions', { messages: user('x'), max_tokens: 1 }, { 'x-request-id': 'abc-1' });
    expect(headers.get('x-request-id')).toBe('abc-1');
    expect(json.id).toBe('chatcmpl-abc-1');
  });

  it('says that its port is taken', async () => {
    await expect(startEmbeddedServer({ gpu, model, port: Number(new URL(server.url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a server with little room', () => {
  it('lets requests wait, and tells for how long', async () => {
    const narrow = await startEmbeddedServer({ gpu, model, maxSequences: 1 });
    const go = async () => {
      const response = await fetch(`${narrow.url}/chat/completions`, { method: 'POST', body: JSON.stringify({ messages: user('Go'), max_tokens: 300, ignore_eos: true }) });
      return ((await response.json()) as { metrics: { queue_time_ms: number } }).metrics.queue_time_ms;
    };
    const waits = (await Promise.all([go(), go(), go()])).sort((one, other) => one - other);
    expect(waits[1]).toBeGreaterThan(20);
    expect(waits[2]).toBeGreaterThan(waits[1] + 20);
    await narrow.close();
  });

  it('lets the lowest priority in first, when it goes by priority', async () => {
    const narrow = await startEmbeddedServer({ gpu, model, maxSequences: 1, schedulingPolicy: 'priority' });
    const order: number[] = [];
    const go = async (priority: number) => {
      const response = await fetch(`${narrow.url}/chat/completions`, { method: 'POST', body: JSON.stringify({ messages: user('Go'), max_tokens: 300, ignore_eos: true, priority }) });
      await response.json();
      order.push(priority);
    };
    const first = go(0);
    await expect.poll(async () => (await (await fetch(narrow.url.replace('/v1', '/metrics'))).text()).match(/^vllm:num_requests_running\{.*\} (\d)/m)?.[1]).toBe('1');
    await Promise.all([first, go(7), go(-7)]);
    expect(order).toEqual([0, -7, 7]);
    await narrow.close();
  });

  it('cuts answers off when it is closed', async () => {
    const closing = await startEmbeddedServer({ gpu, model });
    const response = await fetch(`${closing.url}/chat/completions`, { method: 'POST', body: JSON.stringify({ messages: user('Go'), max_tokens: 7000, ignore_eos: true, stream: true }) });
    await closing.close();
    await expect(response.text()).rejects.toThrow();
  });
});
