/** The embedded server's other APIs, through the clients that people use for them. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer, type GpuSegment } from '../../src/simulator/embeddedServer.ts';

let server: EmbeddedServer;
let openai: OpenAI;
let anthropic: Anthropic;
const segments: GpuSegment[] = [];

beforeAll(async () => {
  server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')!, seed: 5, onGpu: (segment) => segments.push(segment) });
  openai = new OpenAI({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: server.url.replace(/\/v1$/, ''), apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.close());

const schema = { type: 'object', properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } }, required: ['city', 'unit'] };

describe('responses', () => {
  it('answer in text, plain and streamed alike', async () => {
    const request = { model: 'm', instructions: 'Be brief.', input: 'What is a prefix cache?', max_output_tokens: 30 };
    const plain = await openai.responses.create(request);
    expect(plain).toMatchObject({ object: 'response', status: expect.stringMatching(/^(completed|incomplete)$/) as string, output_text: expect.stringMatching(/^Simulated answer/) as string });
    const events = [];
    const stream = openai.responses.stream(request);
    for await (const event of stream) events.push(event.type);
    const streamed = await stream.finalResponse();
    expect(streamed.output_text).toBe(plain.output_text);
    expect(events.slice(0, 4)).toEqual(['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added']);
    expect(events.filter((type) => type === 'response.output_text.delta').length).toBeGreaterThan(10);
    expect(streamed.usage).toMatchObject({ input_tokens: plain.usage!.input_tokens, output_tokens: plain.usage!.output_tokens });
    // The second finds the first one's prompt.
    expect(streamed.usage!.input_tokens_details.cached_tokens).toBeGreaterThan(0);
  });

  it('call each tool once, then answer', async () => {
    const tools = [{ type: 'function' as const, name: 'get_weather', parameters: schema, strict: true }];
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Weather in Bergen?' }];
    const stream = openai.responses.stream({ model: 'm', input, tools });
    const first = await stream.finalResponse();
    const [call] = first.output;
    expect(call).toMatchObject({ type: 'function_call', name: 'get_weather', status: 'completed' });
    if (call?.type !== 'function_call') throw new Error('no call');
    expect(JSON.parse(call.arguments)).toMatchObject({ unit: 'celsius' });
    const second = await openai.responses.create({ model: 'm', input: [...input, call, { type: 'function_call_output', call_id: call.call_id, output: 'rain' }], tools });
    expect(second.output.map(({ type }) => type)).toEqual(['message']);
  });

  it('fit a schema where one is asked for, and say what they cannot do', async () => {
    const format = { type: 'json_schema' as const, name: 'place', schema, strict: true };
    const { output_text: text } = await openai.responses.create({ model: 'm', input: 'Where?', text: { format } });
    expect(JSON.parse(text)).toMatchObject({ unit: 'celsius' });
    await expect(openai.responses.create({ model: 'm', input: 'And then?', previous_response_id: 'resp_1' })).rejects.toThrow(/keeps no responses.*whole conversation/);
  });
});

describe('messages', () => {
  const question = { model: 'm', max_tokens: 40, system: 'Be brief.', messages: [{ role: 'user' as const, content: 'What is a prefix cache?' }] };

  it('answer in text, plain and streamed alike, cached tokens apart', async () => {
    await fetch(server.url.replace(/v1$/, 'reset_prefix_cache'), { method: 'POST' });
    const plain = await anthropic.messages.create(question);
    expect(plain).toMatchObject({ type: 'message', role: 'assistant', content: [{ type: 'text', text: expect.stringMatching(/^Simulated answer/) as string }], usage: { cache_read_input_tokens: 0 } });
    const stream = anthropic.messages.stream(question);
    const deltas: string[] = [];
    stream.on('text', (text) => deltas.push(text));
    const streamed = await stream.finalMessage();
    expect(streamed.content).toEqual(plain.content);
    expect(deltas.length).toBeGreaterThan(10);
    const cached = streamed.usage.cache_read_input_tokens!;
    expect(cached).toBeGreaterThan(0);
    expect(streamed.usage.input_tokens + cached).toBe(plain.usage.input_tokens);
    expect((await anthropic.messages.countTokens({ model: 'm', system: question.system, messages: question.messages })).input_tokens).toBe(plain.usage.input_tokens);
  });

  it('call each tool once, then answer', async () => {
    const tools = [{ name: 'get_weather', input_schema: { ...schema, type: 'object' as const } }];
    const first = await anthropic.messages.stream({ ...question, tools }).finalMessage();
    expect(first.stop_reason).toBe('tool_use');
    const call = first.content.find((block) => block.type === 'tool_use')!;
    expect(call).toMatchObject({ name: 'get_weather', input: { unit: 'celsius' } });
    const second = await anthropic.messages.create({
      ...question,
      tools,
      messages: [...question.messages, { role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain' }] }],
    });
    expect(second).toMatchObject({ stop_reason: expect.stringMatching(/end_turn|max_tokens/) as string, content: [{ type: 'text' }] });
    expect(second.usage.cache_read_input_tokens).toBeGreaterThan(0);
  });

  it('end at a stop sequence and at their limit, and err in their own form', async () => {
    const stopped = await anthropic.messages.create({ ...question, stop_sequences: ['answer'] });
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'answer' });
    expect((await anthropic.messages.create({ ...question, max_tokens: 3 })).stop_reason).toBe('max_tokens');
    await expect(anthropic.messages.create({ model: 'm', max_tokens: 5, messages: [] })).rejects.toMatchObject({ status: 400, error: { type: 'error', error: { type: 'invalid_request_error', message: expect.stringContaining('empty conversation') as string } } });
  });
});

describe('embeddings', () => {
  it('are the same for the same text, and cost a prefill', async () => {
    segments.length = 0;
    const { data, usage } = await openai.embeddings.create({ model: 'm', input: ['one text', 'another', 'one text'], dimensions: 64, encoding_format: 'float' });
    expect(data.map(({ index, embedding }) => [index, embedding.length])).toEqual([[0, 64], [1, 64], [2, 64]]);
    expect(data[2]!.embedding).toEqual(data[0]!.embedding);
    expect(data[1]!.embedding).not.toEqual(data[0]!.embedding);
    expect(Math.hypot(...data[0]!.embedding)).toBeCloseTo(1, 6);
    expect(usage.prompt_tokens).toBe(usage.total_tokens);
    expect(new Set(segments.map(({ state }) => state))).toEqual(new Set(['prefill']));
    // In the client's own default, base64.
    const encoded = await openai.embeddings.create({ model: 'm', input: 'one text', dimensions: 64 });
    encoded.data[0]!.embedding.forEach((value, index) => expect(value).toBeCloseTo(data[0]!.embedding[index]!, 6));
    await expect(openai.embeddings.create({ model: 'm', input: [] })).rejects.toThrow(/non-empty/);
  });
});
