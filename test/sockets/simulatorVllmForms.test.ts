/** What the embedded server answers where vLLM 0.32 was asked the same: forms and errors are that server's, values are the simulator's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';

const gpu = findGpu('h100')!;
const model = findModel('smollm2-135m')!;

let server: EmbeddedServer;

beforeAll(async () => {
  server = await startEmbeddedServer({ gpu, model, seed: 5 });
});
afterAll(() => server.close());

interface TextLogprobs {
  text_offset: number[];
  token_logprobs: (number | null)[];
  tokens: string[];
  top_logprobs: (Record<string, number> | null)[];
}
interface Choice {
  index: number;
  text: string;
  finish_reason: string | null;
  logprobs: TextLogprobs | null;
  prompt_logprobs?: unknown;
  prompt_token_ids?: number[] | null;
  token_ids: number[] | null;
}
interface Body {
  choices: Choice[];
  usage: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details: { cached_tokens: number } };
  system_fingerprint?: string;
}

async function post(path: 'completions' | 'chat/completions', body: object): Promise<{ status: number; json: Body & Record<string, unknown> }> {
  const response = await fetch(`${server.url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Body & Record<string, unknown> };
}

async function stream(path: 'completions' | 'chat/completions', body: object): Promise<(Body & Record<string, unknown>)[]> {
  const response = await fetch(`${server.url}/${path}`, { method: 'POST', body: JSON.stringify({ ...body, stream: true }) });
  const events = (await response.text()).split('\n\n').filter((event) => event !== '');
  expect(events.pop()).toBe('data: [DONE]');
  return events.map((event) => JSON.parse(event.slice('data: '.length)) as Body & Record<string, unknown>);
}

describe('echo', () => {
  const prompt = 'The river flows';

  it('repeats the prompt before its answer', async () => {
    const { json: alone } = await post('completions', { prompt, max_tokens: 3 });
    const { json } = await post('completions', { prompt, max_tokens: 3, echo: true });
    expect(json.choices[0]).toMatchObject({ text: prompt + alone.choices[0]!.text, finish_reason: 'length', logprobs: null, prompt_logprobs: null, prompt_token_ids: null });
    expect(json.usage).toMatchObject({ completion_tokens: 3, prompt_tokens: alone.usage.prompt_tokens });
  });

  it('has the prompt’s tokens in its log probabilities, of which the first has none', async () => {
    const { json } = await post('completions', { prompt, max_tokens: 2, echo: true, logprobs: 1 });
    const { text, logprobs, prompt_logprobs } = json.choices[0]!;
    const { usage } = json;
    expect(logprobs!.tokens).toHaveLength(usage.prompt_tokens + 2);
    expect(logprobs!.tokens.slice(0, 4)).toEqual(['<|begin_of_text|>', 'The', ' river', ' flows']);
    expect(logprobs!.token_logprobs).toEqual([null, ...Array.from({ length: usage.prompt_tokens + 1 }, () => 0)]);
    expect(logprobs!.top_logprobs.slice(0, 2)).toEqual([null, { The: 0 }]);
    expect(logprobs!.text_offset).toEqual(logprobs!.tokens.map((_, index) => logprobs!.tokens.slice(0, index).join('').length));
    expect(logprobs!.tokens.slice(1).join('')).toBe(text);
    expect(prompt_logprobs).toEqual([null, ...['The', ' river', ' flows'].map((token) => expect.toSatisfy((one: object) => JSON.stringify(Object.values(one)).includes(JSON.stringify(token))) as unknown)]);
    expect(Object.values((prompt_logprobs as Record<string, unknown>[])[1]!)).toEqual([{ logprob: 0, rank: 1, decoded_token: 'The' }]);
  });

  it('streams the prompt with the first token, and the same as in one body', async () => {
    const options = { prompt, max_tokens: 3, echo: true, logprobs: 0, stream_options: { include_usage: true } };
    const { json: whole } = await post('completions', { ...options, stream_options: null });
    const events = await stream('completions', options);
    const choices = events.flatMap(({ choices: [choice] }) => choice ?? []);
    expect(choices).toHaveLength(3);
    expect(choices[0]!.text.startsWith(prompt)).toBe(true);
    expect(choices[0]!.prompt_token_ids).toHaveLength(whole.usage.prompt_tokens);
    expect(choices[1]!.prompt_token_ids).toBeUndefined();
    expect(choices.map(({ text }) => text).join('')).toBe(whole.choices[0]!.text);
    for (const key of ['tokens', 'token_logprobs', 'text_offset'] as const) expect(choices.flatMap(({ logprobs }) => logprobs![key] as unknown[])).toEqual(whole.choices[0]!.logprobs![key]);
  });

  it('tells the prompt alone with max_tokens 0, for which one token is computed', async () => {
    const { json } = await post('completions', { prompt, max_tokens: 0, echo: true, logprobs: 1 });
    expect(json.choices[0]).toMatchObject({ text: prompt, finish_reason: 'length' });
    expect(json.choices[0]!.logprobs!.tokens).toHaveLength(json.usage.prompt_tokens);
    expect(json.usage.completion_tokens).toBe(1);
    const events = await stream('completions', { prompt, max_tokens: 0, echo: true, logprobs: 1 });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ choices: [{ text: prompt, finish_reason: 'length' }], system_fingerprint: 'agent-cost-simulator' });
    expect(events[0]!.choices[0]!.logprobs).toEqual(json.choices[0]!.logprobs);
  });

  it('repeats each prompt before each of its choices', async () => {
    const { json } = await post('completions', { prompt: ['One', 'Two'], n: 2, max_tokens: 2, echo: true });
    expect(json.choices.map(({ text }) => text.slice(0, 3))).toEqual(['One', 'One', 'Two', 'Two']);
  });

  it('computes the whole prompt where its probabilities are asked for, however warm the cache', async () => {
    const long = 'Remember this line. '.repeat(30);
    const cached = async (options: object) => (await post('completions', { prompt: long, max_tokens: 1, ...options })).json.usage.prompt_tokens_details.cached_tokens;
    await cached({});
    expect(await cached({})).toBeGreaterThan(0);
    expect(await cached({ echo: true })).toBeGreaterThan(0);
    expect(await cached({ echo: true, logprobs: 0 })).toBe(0);
    expect(await cached({ prompt_logprobs: 0 })).toBe(0);
  });

  it('says that it cannot tell the text of tokens that the client has cut, without a vocabulary', async () => {
    const { status, json } = await post('completions', { prompt: [504, 6], max_tokens: 2, echo: true });
    expect([status, json.error]).toEqual([400, expect.objectContaining({ param: 'echo', message: expect.stringContaining('--tokenizer') as string })]);
  });
});

describe('tokens and usage', () => {
  it('tells ids of tokens where they are asked for', async () => {
    const { json } = await post('completions', { prompt: 'Once', max_tokens: 3, return_token_ids: true });
    expect(json.choices[0]!.token_ids).toHaveLength(3);
    expect(json.choices[0]!.prompt_token_ids).toHaveLength(json.usage.prompt_tokens);
    const chat = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 3, return_token_ids: true };
    const { json: whole } = await post('chat/completions', chat);
    const events = await stream('chat/completions', chat);
    expect(events[0]!.prompt_token_ids).toEqual(whole.prompt_token_ids);
    expect(events.slice(1).every((event) => !('prompt_token_ids' in event))).toBe(true);
    expect(events.flatMap(({ choices }) => choices[0]!.token_ids ?? [])).toEqual(whole.choices[0]!.token_ids);
    expect(events.map(({ system_fingerprint: fingerprint }) => fingerprint)).toEqual([undefined, undefined, undefined, 'agent-cost-simulator']);
    const { json: named } = await post('completions', { prompt: 'Once', max_tokens: 1, logprobs: 1, return_tokens_as_token_ids: true });
    const [name] = named.choices[0]!.logprobs!.tokens;
    expect(name).toMatch(/^token_id:\d+$/);
    expect(named.choices[0]!.logprobs!.top_logprobs).toEqual([{ [name!]: 0 }]);
  });

  it('tells the probabilities of a chat’s prompt', async () => {
    const { json } = await post('chat/completions', { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1, prompt_logprobs: 1 });
    expect(json.prompt_logprobs).toHaveLength(json.usage.prompt_tokens);
    expect((json.prompt_logprobs as unknown[])[0]).toBeNull();
  });

  it('begins all choices of a chat at once, and counts each choice’s tokens by themselves', async () => {
    const events = await stream('chat/completions', { messages: [{ role: 'user', content: 'Hi' }], n: 2, max_tokens: 3, stream_options: { include_usage: true, continuous_usage_stats: true } });
    expect(events.slice(0, 2).map(({ choices }) => choices[0])).toMatchObject([0, 1].map((index) => ({ index, delta: { role: 'assistant', content: '' } })));
    const counted = (index: number) => events.filter(({ choices }) => choices[0]?.index === index).map(({ usage }) => usage.completion_tokens);
    expect([counted(0), counted(1)]).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect(events.at(-1)!.usage.completion_tokens).toBe(6);
  });
});

describe('constraints', () => {
  const ask = async (options: object) => (await post('completions', { prompt: 'A date', max_tokens: 40, ...options })).json.choices[0]!.text;

  it.each([
    ['a choice', { structured_outputs: { choice: ['yes', 'no'] } }, /^(yes|no)$/],
    ['a pattern', { structured_outputs: { regex: '[0-9]{4}-[0-9]{2}' } }, /^\d{4}-\d{2}$/],
    ['any object', { structured_outputs: { json_object: true } }, /^\{.*\}$/],
    ['a schema', { structured_outputs: { json: { type: 'object', properties: { city: { type: 'string' } } } } }, /^\{"city": "Paris"\}$/],
    ['a response format', { response_format: { type: 'json_object' } }, /^\{.*\}$/],
    ['a choice, as vLLM took it before', { guided_choice: ['left'] }, /^left$/],
  ])('%s holds text completions and chats', async (_what, options, form) => {
    expect(await ask(options)).toMatch(form);
    const { json } = await post('chat/completions', { messages: [{ role: 'user', content: 'Hi' }], ...options });
    expect((json.choices[0] as unknown as { message: { content: string } }).message.content).toMatch(form);
  });
});

describe('errors', () => {
  const completion = (body: object) => ['completions', { prompt: 'The river flows', max_tokens: 2, ...body }] as const;
  const chat = (body: object) => ['chat/completions', { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 3, ...body }] as const;
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const format = 'Correct usage: `{"type": "function", "function": {"name": "my_function"}}`';

  // Each message as vLLM 0.32 gives it.
  it.each([
    [completion({ max_tokens: 0 }), 'max_tokens', 'max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)'],
    [completion({ max_tokens: 2, prompt_logprobs: 1, stream: true }), 'prompt_logprobs', '`prompt_logprobs` are not available when `stream=True`. (parameter=prompt_logprobs)'],
    [completion({ prompt_logprobs: -2 }), 'prompt_logprobs', '`prompt_logprobs` must be a positive value or -1. (parameter=prompt_logprobs, value=-2)'],
    [completion({ prompt_logprobs: 21 }), 'prompt_logprobs', 'Requested prompt logprobs of 21, which is greater than max allowed: 20 (parameter=prompt_logprobs, value=21)'],
    [completion({ logprobs: -2 }), 'logprobs', '`logprobs` must be a positive value or -1. (parameter=logprobs, value=-2)'],
    [completion({ logprobs: 21 }), 'logprobs', 'Requested sample logprobs of 21, which is greater than max allowed: 20 (parameter=logprobs, value=21)'],
    [completion({ stream_options: { include_usage: true } }), 'stream_options', 'Stream options can only be defined when `stream=True`. (parameter=stream_options)'],
    [completion({ n: 2, temperature: 0 }), null, 'n must be 1 when using greedy sampling, got 2.'],
    [completion({ n: 0 }), null, 'n must be at least 1, got 0.'],
    [completion({ stop: '' }), null, 'stop cannot contain an empty string.'],
    [completion({ temperature: 3 }), 'temperature', 'temperature must be in [0, 2], got 3.0. (parameter=temperature, value=3.0)'],
    [completion({ temperature: -1 }), 'temperature', 'temperature must be non-negative, got -1.0. (parameter=temperature, value=-1.0)'],
    [completion({ top_p: 0 }), 'top_p', 'top_p must be in (0, 1], got 0.0. (parameter=top_p, value=0.0)'],
    [completion({ prompt: '' }), 'prompt', 'Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)'],
    [completion({ prompt: undefined }), 'prompt', 'Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)'],
    [completion({ prompt: [] }), null, 'You must pass at least one prompt'],
    [completion({ structured_outputs: { regex: 'a', choice: ['a'] } }), null, "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice')."],
    [completion({ response_format: { type: 'json_schema' } }), 'response_format', "When response_format type is 'json_schema', the 'json_schema' field must be provided. (parameter=response_format)"],
    [completion({ min_tokens: 6 }), null, 'min_tokens must be less than or equal to max_tokens=2, got 6.'],
    [completion({ suffix: 'x' }), 'suffix', 'suffix is only supported for models with FIM completion rendering'],
    [chat({ top_logprobs: 2 }), 'top_logprobs', 'when using `top_logprobs`, `logprobs` must be set to true. (parameter=top_logprobs)'],
    [chat({ top_logprobs: -2, logprobs: true }), 'top_logprobs', '`top_logprobs` must be a positive value or -1. (parameter=top_logprobs, value=-2)'],
    [chat({ top_logprobs: 21, logprobs: true }), 'logprobs', 'Requested sample logprobs of 21, which is greater than max allowed: 20 (parameter=logprobs, value=21)'],
    [chat({ tools: [] }), 'tools', '`tools` must not be an empty array. Either provide at least one tool or omit the field entirely. (parameter=tools)'],
    [chat({ tool_choice: 'auto' }), 'tool_choice', 'When using `tool_choice`, `tools` must be set. (parameter=tool_choice)'],
    [chat({ tools, tool_choice: 'sometimes' }), 'tool_choice', 'Invalid value for `tool_choice`: sometimes! Only named tools, "none", "auto" or "required" are supported. (parameter=tool_choice)'],
    [chat({ tools, tool_choice: { type: 'function' } }), 'tool_choice.function', `Invalid value for \`function\`: \`None\` in \`tool_choice\`! ${format} (parameter=tool_choice.function)`],
    [chat({ tools, tool_choice: { type: 'function', function: {} } }), 'tool_choice.function.name', `Expected field \`name\` in \`function\` in \`tool_choice\`! ${format} (parameter=tool_choice.function.name)`],
    [chat({ tools, tool_choice: { type: 'function', function: { name: 'g' } } }), 'tool_choice', 'The tool specified in `tool_choice` does not match any of the specified `tools` (parameter=tool_choice)'],
    [chat({ structured_outputs: { json: '{not json' } }), null, 'Invalid JSON grammar specification.'],
    [chat({ structured_outputs: { choice: [] } }), null, "Choice '[]' cannot be an empty list"],
    [chat({ max_tokens: undefined, max_completion_tokens: 10_000 }), 'max_completion_tokens', 'max_completion_tokens=10000 cannot be greater than max_model_len=8192. Please request fewer output tokens. (parameter=max_completion_tokens, value=10000)'],
  ])('%j', async ([path, body], param, message) => {
    expect(await post(path, body)).toEqual({ status: 400, json: { error: { message, type: 'BadRequestError', param, code: 400 } } });
  });

  it.each([
    ['an unknown response format', chat({ response_format: { type: 'yaml' } }), 'body.response_format.type'],
    ['a schema without a name', chat({ response_format: { type: 'json_schema', json_schema: { schema: {} } } }), 'body.response_format.json_schema.name'],
    ['a seed that is no whole number', chat({ seed: 1.5 }), 'body.seed'],
    ['a tool without a function', chat({ tools: [{ type: 'function' }] }), 'body.tools.0.function'],
  ])('validate %s', async (_what, [path, body], param) => {
    const { status, json } = await post(path, body);
    expect([status, json.error]).toEqual([400, expect.objectContaining({ type: 'Bad Request', param })]);
  });

  it('take a seed of 64 bits', async () => {
    expect((await post(...chat({ seed: 2 ** 62 }))).status).toBe(200);
  });
});
