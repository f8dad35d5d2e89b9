/** `vllm bench serve` against the embedded server: its requests, recorded, and its reading of the answers. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';
import { readTokenizer } from '../../src/simulator/tokens/readTokenizer.ts';

interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: { prompt?: string; max_tokens?: number; max_completion_tokens?: number; max_output_tokens?: number; ignore_eos?: boolean; logprobs?: number | null } | null;
}

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
const requests = JSON.parse(readFileSync(`${fixtures}/benchServe/requests.json`, 'utf8')) as Sent[];
const tokenizer = readTokenizer(`${fixtures}/tokenizer/bytes`);

let server: EmbeddedServer;
beforeAll(async () => {
  server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')!, tokenizer });
});
afterAll(() => server.close());

async function send({ method, path, headers, body }: Sent): Promise<string> {
  const response = await fetch(server.url.replace('/v1', '') + path, { method, headers, ...(body === null ? {} : { body: JSON.stringify(body) }) });
  expect(response.status).toBe(200);
  return response.text();
}

/** The data of a stream's events, as it reads them. */
function eventsOf(stream: string): Record<string, unknown>[] {
  return stream
    .split('\n\n')
    .flatMap((message) => message.split('\n').filter((line) => line.startsWith('data: ')))
    .filter((line) => line !== 'data: [DONE]')
    .map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);
}

const sentTo = (path: string) => requests.filter((request) => request.path === path);

describe('vllm bench serve', () => {
  it.each(sentTo('/v1/completions'))('counts a chunk for each token of a completion, and what was used: $body', async (sent) => {
    const events = eventsOf(await send(sent));
    const chunks = events.filter(({ choices }) => (choices as unknown[]).length > 0);
    const { usage } = events.at(-1) as { usage: { completion_tokens: number; prompt_tokens: number } };
    expect(usage.prompt_tokens).toBe(tokenizer.textPrompt(sent.body!.prompt!).ids.length);
    const text = chunks.map(({ choices }) => (choices as { text: string }[])[0]!.text).join('');
    expect(usage.completion_tokens).toBe(sent.body!.ignore_eos === true || usage.completion_tokens === sent.body!.max_tokens ? sent.body!.max_tokens : tokenizer.cut([text]).length + 1);
    expect(chunks.length).toBe(usage.completion_tokens);
    const told = chunks.flatMap(({ choices }) => (choices as { logprobs: { tokens: string[] } | null }[])[0]!.logprobs?.tokens ?? []);
    expect(told.length).toBe(sent.body!.logprobs ? usage.completion_tokens : 0);
  });

  it.each(sentTo('/v1/chat/completions'))('finds role, text and usage in a chat', async (sent) => {
    const events = eventsOf(await send(sent));
    const chunks = events.filter(({ choices }) => (choices as unknown[]).length > 0) as { choices: { delta: { role?: string; content?: string } }[] }[];
    expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant');
    expect(chunks.map(({ choices }) => choices[0]!.delta.content ?? '').join('')).not.toBe('');
    expect(events.at(-1)).toMatchObject({ usage: { completion_tokens: sent.body!.max_completion_tokens } });
  });

  it.each(sentTo('/v1/responses'))('finds deltas and the last event of a response', async (sent) => {
    const events = eventsOf(await send(sent));
    expect(events.filter(({ type }) => type === 'response.output_text.delta').length).toBe(sent.body!.max_output_tokens);
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { usage: { output_tokens: sent.body!.max_output_tokens } } });
  });

  it('asks how long its prompts are, without what begins one', async () => {
    const [sent] = sentTo('/tokenize');
    const { tokens, count } = JSON.parse(await send(sent!)) as { tokens: number[]; count: number };
    expect(tokens).toEqual(tokenizer.cut([sent!.body!.prompt!]).map(({ id }) => id));
    expect(count).toBe(tokens.length);
  });

  it('has as much of a long text embedded as the model reads', async () => {
    const [sent] = sentTo('/v1/embeddings');
    const usage = async (input: string, over = {}) => (JSON.parse(await send({ ...sent!, body: { ...sent!.body, ...{ input }, ...over } })) as { usage: { prompt_tokens: number } }).usage.prompt_tokens;
    expect(await usage('short')).toBe(tokenizer.textPrompt('short').ids.length);
    expect(await usage('word '.repeat(20_000))).toBe(server.served.maxModelTokens - 1);
    expect(await usage('word '.repeat(20), { truncate_prompt_tokens: 5, truncation_side: 'left' })).toBe(5);
  });

  it('reads the metrics before and after', async () => {
    expect(await send(sentTo('/metrics')[0]!)).toMatch(/^vllm:generation_tokens_total\{.*\} \d+/m);
  });
});
