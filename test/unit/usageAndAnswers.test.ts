/** What is learned from requests and answers, in the forms in which real servers send them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareBody, scanBody } from '../../src/proxy/requestBody.ts';
import { parseHeadTimes, parseServerTimes, parseUsage } from '../../src/proxy/usage.ts';
import { Answer } from '../../src/recorder/answer.ts';
import { digestRequest } from '../../src/recorder/requestDigest.ts';

describe('usage', () => {
  it.each<[string, unknown, object | null]>([
    ['vLLM', { prompt_tokens: 37, total_tokens: 61, completion_tokens: 24, prompt_tokens_details: { cached_tokens: 0, created_cache_tokens: 0 } }, { promptTokens: 37, cachedTokens: 0, completionTokens: 24, reasoningTokens: null }],
    ['vLLM without details', { prompt_tokens: 37, completion_tokens: 24, prompt_tokens_details: null, completion_tokens_details: null }, { promptTokens: 37, cachedTokens: null, completionTokens: 24, reasoningTokens: null }],
    ['OpenAI', { prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 3 } }, { promptTokens: 9, cachedTokens: 4, completionTokens: 5, reasoningTokens: 3 }],
    ['responses', { input_tokens: 33, input_tokens_details: { cached_tokens: 32 }, output_tokens: 8, output_tokens_details: { reasoning_tokens: 0 } }, { promptTokens: 33, cachedTokens: 32, completionTokens: 8, reasoningTokens: 0 }],
    ['DeepSeek', { prompt_tokens: 9, completion_tokens: 5, prompt_cache_hit_tokens: 2 }, { promptTokens: 9, cachedTokens: 2, completionTokens: 5, reasoningTokens: null }],
    ['nonsense', { prompt_tokens: -1, completion_tokens: '5' }, { promptTokens: null, cachedTokens: null, completionTokens: null, reasoningTokens: null }],
    ['none', null, null],
  ])('of %s', (_name, usage, expected) => {
    expect(parseUsage(usage)).toEqual(expected);
  });

  it('comes with the server’s own times where it tells them', () => {
    expect(parseServerTimes({ metrics: { time_to_first_token_ms: 40.5, generation_time_ms: 461.5, queue_time_ms: 0.03 } })).toEqual({ queueMs: 0.03, prefillMs: 40.5, decodeMs: 461.5 });
    expect(parseServerTimes({ timings: { prompt_ms: 39.9, predicted_ms: 21.6, cache_n: 24 } })).toEqual({ queueMs: null, prefillMs: 39.9, decodeMs: 21.6 });
    // LM Studio's own documentation, https://lmstudio.ai/docs/developer/rest/endpoints.
    expect(parseServerTimes({ stats: { tokens_per_second: 57.69230769230769, time_to_first_token: 0.299, generation_time: 0.156, stop_reason: 'maxPredictedTokensReached' } })).toEqual({ queueMs: null, prefillMs: 299, decodeMs: 156 });
    expect(parseServerTimes({ stats: {} })).toBeNull();
    expect(parseServerTimes({ metrics: null })).toBeNull();
    expect(parseServerTimes({ metrics: { speculative_decoding: null } })).toBeNull();
  });

  it('comes with TGI’s queue and inference in its head, and with nothing from heads of others', () => {
    const of = (headers: Record<string, string>) => parseHeadTimes((name) => headers[name] ?? null);
    expect(of({ 'x-queue-time': '12', 'x-inference-time': '345', 'x-time-per-token': '17' })).toEqual({ queueMs: 12, prefillMs: null, decodeMs: null, inferenceMs: 345 });
    expect(of({ 'x-queue-time': '12', 'x-inference-time': 'long' })).toEqual({ queueMs: 12, prefillMs: null, decodeMs: null });
    expect(of({ 'x-queue-time': '12' })).toBeNull();
    expect(of({ 'x-queue-time': 'soon', 'x-inference-time': '345' })).toBeNull();
    expect(of({})).toBeNull();
  });
});

describe('an answer', () => {
  const chunk = (delta: object, more: object = {}) => JSON.stringify({ id: 'c', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null, ...more }] });

  it('in tokens of any text is the same whether each is parsed or told by what changes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 10 }), { maxLength: 30 }), fc.boolean(), (tokens, legacy) => {
        const answer = new Answer(legacy ? 'completions' : 'chat');
        tokens.forEach((text, n) => answer.event(legacy ? JSON.stringify({ choices: [{ index: 0, text, finish_reason: null }] }) : chunk({ content: text }), n));
        expect(answer.textOf('full')).toBe(tokens.join(''));
        expect(answer.outputAt).toEqual(tokens.flatMap((text, n) => (text === '' ? [] : [n])));
        expect(answer.firstTokenAt).toBe(answer.outputAt[0] ?? null);
      }),
    );
  });

  it('of more characters than are kept is counted and timed to its end', () => {
    const answer = new Answer('chat');
    const text = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 10; n++) answer.event(chunk({ content: text }), n);
    answer.event(chunk({ tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: 'äb' } }] }), 10);
    answer.event(JSON.stringify({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }), 11);
    expect(answer.outputAt.length).toBe(11);
    expect([answer.tooLong, answer.textOf('full'), answer.text]).toEqual([true, null, []]);
    expect(answer.toolCalls('full')).toEqual([{ callId: 't', name: 'f', argumentBytes: 3, arguments: null }]);
    expect(answer.usage?.completionTokens).toBe(2);
  });

  it('that turns from text to thought, tools and its end is followed', () => {
    const answer = new Answer('chat');
    const all = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'hm' }),
      chunk({ content: 'one' }),
      chunk({ content: 'two' }),
      chunk({ content: 'x', reasoning: 'y' }),
      chunk({ content: null, tool_calls: [{ id: 't1', type: 'function', index: 0, function: { name: 'get_weather' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"Gö"}' } }] }),
      chunk({ tool_calls: [{ id: 't2', index: 1, function: { name: 'now', arguments: '{}' } }] }),
      chunk({}, { finish_reason: 'tool_calls' }),
      JSON.stringify({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 }, metrics: { queue_time_ms: 1 } }),
      '[DONE]',
    ];
    all.forEach((data, n) => answer.event(data, n));
    expect(answer.firstTokenAt).toBe(1);
    expect(answer.outputAt).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(answer.textOf('full')).toBe('onetwox');
    expect(answer.toolCalls('full')).toEqual([
      { callId: 't1', name: 'get_weather', argumentBytes: 14, arguments: '{"city":"Gö"}' },
      { callId: 't2', name: 'now', argumentBytes: 2, arguments: '{}' },
    ]);
    expect(answer.toolCalls('hashes')[0]).toMatchObject({ argumentBytes: 14, arguments: null });
    expect([answer.finishReason, answer.usage!.completionTokens, answer.serverTimes!.queueMs, answer.finished]).toEqual(['tool_calls', 2, 1, true]);
  });

  it('of the responses endpoint is followed', () => {
    const answer = new Answer('responses');
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'Hello there' }] }, { type: 'function_call', call_id: 'f1', name: 'go', arguments: '{}' }];
    [
      { type: 'response.created', response: { status: 'in_progress', usage: null } },
      { type: 'response.output_text.delta', delta: 'Hello' },
      { type: 'response.output_text.delta', delta: ' there' },
      { type: 'response.function_call_arguments.delta', delta: '{}' },
      { type: 'response.completed', response: { model: 'm', status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output, usage: { input_tokens: 3, output_tokens: 2 } } },
    ].forEach((event, n) => answer.event(JSON.stringify(event), n));
    expect(answer).toMatchObject({ firstTokenAt: 1, outputAt: [1, 2, 3], finishReason: 'max_output_tokens', model: 'm', usage: { promptTokens: 3, completionTokens: 2 } });
    expect([answer.textOf('full'), answer.toolCalls('full')]).toEqual(['Hello there', [{ callId: 'f1', name: 'go', argumentBytes: 2, arguments: '{}' }]]);
  });

  it('that reports an error in its stream says so', () => {
    const answer = new Answer('chat');
    answer.event(JSON.stringify({ error: { message: 'engine died', type: 'InternalServerError', code: 500 } }), 1);
    expect(answer.error).toEqual({ message: 'engine died', code: 'InternalServerError' });
  });
});

describe('a request', () => {
  it('of a chat is kept as digests: who wrote how much, tools, results', () => {
    const body = {
      model: 'm', max_tokens: 5,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'What ' }, { type: 'image_url', image_url: { url: 'data:' } }, { type: 'text', text: 'is 🦊?' }] },
        { role: 'assistant', content: null, tool_calls: [{ id: 't', function: { name: 'look', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 't', content: 'füchse' },
      ],
      tools: [{ type: 'function', function: { name: 'look', parameters: {} } }, { type: 'web_search' }],
    };
    const { model, request } = digestRequest('chat', body, 99, 'full');
    expect(model).toBe('m');
    expect(request.messages.map(({ role, chars, text }) => [role, chars, text])).toEqual([['system', 9, 'Be brief.'], ['user', 11, 'What is 🦊?'], ['assistant', 6, 'look{}'], ['tool', 6, 'füchse']]);
    expect(request).toMatchObject({ bytes: 99, tools: ['look', 'web_search'], toolsChars: JSON.stringify(body.tools).length, toolResults: [{ callId: 't', bytes: 7 }], maxTokens: 5 });
    const hashes = digestRequest('chat', body, 99, 'hashes').request.messages;
    expect(hashes.map(({ text }) => text)).toEqual([null, null, null, null]);
    expect(hashes.map(({ hash }) => hash)).toEqual(request.messages.map(({ hash }) => hash));
    expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(4);
    expect(digestRequest('chat', body, 99, 'none').request.messages[0]).toEqual({ role: 'system', hash: null, chars: 9, text: null });
  });

  it('of the other endpoints, too', () => {
    const roles = (endpoint: 'responses' | 'completions' | 'embeddings', body: Record<string, unknown>) => digestRequest(endpoint, body, 1, 'full').request.messages.map(({ role, text }) => [role, text]);
    expect(roles('completions', { prompt: ['a', 'b'] })).toEqual([['user', 'a'], ['user', 'b']]);
    expect(roles('embeddings', { input: 'a' })).toEqual([['user', 'a']]);
    expect(roles('responses', { instructions: 'i', input: [{ role: 'user', content: 'u' }, { type: 'function_call', name: 'f', arguments: '{}' }, { type: 'function_call_output', call_id: 'c', output: 'r' }] })).toEqual([['system', 'i'], ['user', 'u'], ['assistant', 'f{}'], ['tool', 'r']]);
    expect(digestRequest('chat', null, 7, 'full').request).toEqual({ bytes: 7, messages: [], tools: [], toolsChars: 0, toolResults: [], maxTokens: null });
  });

  const json = fc.jsonValue().map((value) => value as unknown);
  const object = fc.record({ stream: fc.oneof(fc.boolean(), json), model: fc.oneof(fc.string(), json), stream_options: fc.oneof(fc.constant(null), fc.record({ include_usage: fc.boolean(), x: json }, { requiredKeys: [] }), json), messages: json, other: json }, { requiredKeys: [] });

  it('is scanned as JSON.parse reads it, and changed in nothing but what was asked', () => {
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, '\t'), fc.option(fc.string()), (body, indent, model) => {
        const bytes = Buffer.from(JSON.stringify(body, null, indent));
        const parsed = JSON.parse(bytes.toString()) as Record<string, unknown>;
        const scanned = scanBody(bytes);
        expect(scanned!.stream).toBe(parsed['stream'] === true);
        const prepared = prepareBody(bytes, scanned!, { injectUsage: true, model });
        const sent = JSON.parse(Buffer.concat(prepared.parts).toString()) as Record<string, unknown>;
        expect(prepared.length).toBe(Buffer.concat(prepared.parts).length);
        const options = parsed['stream_options'];
        const expected = { ...parsed };
        if (model !== null) expected['model'] = model;
        const canAsk = parsed['stream'] === true && (options === undefined || options === null || (typeof options === 'object' && !Array.isArray(options)));
        if (canAsk) expected['stream_options'] = { ...(options ?? {}), include_usage: true };
        expect(sent).toEqual(expected);
        expect(prepared.usageInjected).toBe(canAsk && (options as { include_usage?: unknown } | undefined | null)?.include_usage !== true);
      }),
    );
  });

  it.each(['', '[]', 'null', '{', '{"a"}', '{"a":1', '{"a":1}x', '{"a":"', '{"a":[}', '{,}', "{'a':1}"])('that is not a JSON object (%j) is left alone', (text) => {
    const scanned = scanBody(Buffer.from(text));
    if (scanned !== null) expect(() => JSON.parse(Buffer.concat(prepareBody(Buffer.from(text), scanned, { injectUsage: true, model: null }).parts).toString()) as unknown).toThrow();
  });
});
