/** The embedded server with a model's own tokenizer, and what it tells of its tokens with and without. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';
import { readTokenizer } from '../../src/simulator/tokens/readTokenizer.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/tokenizer/bytes', import.meta.url));
const tokenizer = readTokenizer(FOLDER);
const { texts, conversations } = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as {
  texts: { text: string; ids: number[]; asPrompt: number[] }[];
  conversations: { messages: OpenAI.ChatCompletionMessageParam[]; ids: number[] }[];
};

let server: EmbeddedServer;
let client: OpenAI;
let estimating: EmbeddedServer;

beforeAll(async () => {
  const hardware = { gpu: findGpu('h100')!, model: findModel('smollm2-135m')! };
  server = await startEmbeddedServer({ ...hardware, tokenizer });
  estimating = await startEmbeddedServer(hardware);
  client = new OpenAI({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => Promise.all([server.close(), estimating.close()]));

async function post(path: string, body: unknown, { url } = server) {
  const response = await fetch(url.replace('/v1', '') + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

describe('a tokenizer of the model', () => {
  const { messages, ids } = conversations[0]!;

  it('counts prompts and answers as the model does, over each API', async () => {
    const chat = await client.chat.completions.create({ model: 'x', messages });
    expect(chat.usage?.prompt_tokens).toBe(ids.length);
    const text = chat.choices[0]!.message.content!;
    // And the token that ends it.
    expect(chat.usage?.completion_tokens).toBe(tokenizer.cut([text]).length + 1);
    const { text: prompt, asPrompt } = texts[4]!;
    const completion = await client.completions.create({ model: 'x', prompt, max_tokens: 9 });
    expect(completion.usage).toMatchObject({ prompt_tokens: asPrompt.length, completion_tokens: 9 });
    const cut = await client.completions.create({ model: 'x', prompt: asPrompt, max_tokens: 9 });
    expect([cut.usage?.prompt_tokens, cut.choices[0]?.text]).toEqual([asPrompt.length, completion.choices[0]?.text]);
    expect((await post('/v1/messages/count_tokens', { model: 'x', messages })).json).toEqual({ input_tokens: ids.length });
    const embedded = await client.embeddings.create({ model: 'x', input: prompt });
    expect(embedded.usage.prompt_tokens).toBe(asPrompt.length);
  });

  it('streams whole characters, a token a chunk, with how sure it is of each', async () => {
    const asked = { model: 'x', messages, logprobs: true, top_logprobs: 1 } as const;
    const whole = (await client.chat.completions.create(asked)).choices[0]!;
    let text = '';
    const told: OpenAI.ChatCompletionTokenLogprob[] = [];
    for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
      told.push(...(chunk.choices[0]?.logprobs?.content ?? []));
    }
    expect(text).toBe(whole.message.content);
    expect(told).toEqual(whole.logprobs?.content);
    expect(told.map(({ token }) => token)).toEqual([...tokenizer.cut([text]).map((token) => token.text), '<|im_end|>']);
    expect(Buffer.from(told.slice(0, -1).flatMap(({ bytes }) => bytes!)).toString()).toBe(text);
    expect(told.every(({ logprob, token, top_logprobs: [top] }) => logprob === 0 && top?.token === token)).toBe(true);
    const completion = await client.completions.create({ model: 'x', prompt: 'Once', max_tokens: 5, logprobs: 0 });
    const { text: said, logprobs } = completion.choices[0]!;
    expect(logprobs?.tokens?.join('')).toBe(said);
    expect(logprobs?.text_offset?.map((offset, index) => said.startsWith(logprobs.tokens![index]!, offset))).toEqual([true, true, true, true, true]);
  });

  it('repeats a prompt, also one of tokens, with each of them', async () => {
    const { text: prompt, asPrompt } = texts[4]!;
    const asked = { model: 'x', max_tokens: 3, echo: true, logprobs: 1 } as const;
    const { text, logprobs } = (await client.completions.create({ ...asked, prompt })).choices[0]!;
    expect(text.startsWith(prompt)).toBe(true);
    expect(logprobs?.tokens).toHaveLength(asPrompt.length + 3);
    expect(logprobs?.tokens?.join('').endsWith(text)).toBe(true);
    const cut = (await client.completions.create({ ...asked, prompt: asPrompt })).choices[0]!;
    expect(cut.logprobs).toEqual(logprobs);
    expect(cut.text).toBe(logprobs?.tokens?.join(''));
    const { json } = await post('/v1/completions', { prompt, max_tokens: 1, prompt_logprobs: 0 });
    const scored = (json as { choices: { prompt_logprobs: (Record<string, unknown> | null)[] }[] }).choices[0]!.prompt_logprobs;
    expect(scored.map((one) => (one === null ? null : Number(Object.keys(one)[0])))).toEqual([null, ...asPrompt.slice(1)]);
  });

  it('finds a conversation’s beginning in the cache, calls of tools and their answers included', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'search', parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] } } }];
    const asked: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Größte Stadt? 🎉 '.repeat(30) }];
    const first = await client.chat.completions.create({ model: 'x', messages: asked, tools });
    const { message, finish_reason: reason } = first.choices[0]!;
    expect([reason, message.tool_calls?.length]).toEqual(['tool_calls', 1]);
    const call = message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall;
    const second = await client.chat.completions.create({ model: 'x', tools, messages: [...asked, { role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: call.id, content: 'Tokyo' }] });
    // The answer's last token was written and not read.
    const known = first.usage!.prompt_tokens + first.usage!.completion_tokens - 1;
    expect(second.usage?.prompt_tokens_details?.cached_tokens).toBe(Math.floor(known / 16) * 16);
  });

  it('tells tokens and their text, and no estimate', async () => {
    const { text, asPrompt } = texts[4]!;
    const { json } = await post('/tokenize', { prompt: text, return_token_strs: true });
    expect(json).toEqual({ count: asPrompt.length, max_model_len: 8192, tokens: asPrompt, token_strs: tokenizer.textPrompt(text).tokens().map(({ piece }) => piece) });
    expect((await post('/tokenize', { messages })).json).toMatchObject({ count: ids.length, tokens: ids });
    expect((await post('/detokenize', { tokens: texts[4]!.ids })).json).toEqual({ prompt: text });
    expect(await post('/detokenize', { tokens: [99_999] })).toMatchObject({ status: 400, json: { error: { message: 'Token id 99999 is out of vocabulary' } } });
    expect(await post('/v1/completions', { prompt: [1, 99_999], max_tokens: 1 })).toMatchObject({ status: 400, json: { error: { message: 'Token id 99999 is out of vocabulary' } } });
    const tooLong = await post('/v1/completions', { prompt: 'word '.repeat(9000) });
    expect([tooLong.status, JSON.stringify(tooLong.json)]).toEqual([400, expect.stringMatching(/contains \d+ input tokens, which exceeds/)]);
  });
});

describe('an estimate', () => {
  it('is called one, and tells no text of tokens', async () => {
    expect((await post('/tokenize', { prompt: 'Hello' }, estimating)).json).toMatchObject({ estimated: true });
    expect(await post('/detokenize', { tokens: [1] }, estimating)).toMatchObject({ status: 400, json: { error: { message: expect.stringContaining('--tokenizer') as string } } });
    const tooLong = await post('/v1/completions', { prompt: 'word '.repeat(9000) }, estimating);
    expect([tooLong.status, JSON.stringify(tooLong.json)]).toEqual([400, expect.stringMatching(/contains \d+ input tokens \(estimated\), which exceeds/)]);
  });
});
