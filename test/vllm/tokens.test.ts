/** The embedded server with the tokenizer of the server's model, against the server: the same tokens of the same requests. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';
import { readTokenizer } from '../../src/simulator/tokens/readTokenizer.ts';
import { SERVED_MODEL } from './limits.ts';
import { fetchOnce } from './fetchOnce.ts';

const { origin } = new URL(process.env['AGENT_COST_LIVE_URL']!);
const TEXT = 'Grüße aus Köln, naïve café — 日本語のテキスト 🎉👩‍👩‍👧\r\n\n  it\'s 12345.678; const x = [...y].map((z) => z + 1);';
const conversation = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: TEXT },
  { role: 'assistant', content: 'So it is.' },
  { role: 'user', content: 'And then? '.repeat(20) },
];

let embedded: EmbeddedServer;
beforeAll(async () => {
  embedded = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')!, tokenizer: readTokenizer(process.env['AGENT_COST_LIVE_TOKENIZER']!) });
});
afterAll(() => embedded.close());

async function both(path: string, body: Record<string, unknown>): Promise<{ ours: Record<string, unknown>; theirs: Record<string, unknown> }> {
  const ask = async (server: string): Promise<Record<string, unknown>> => {
    const response = await fetchOnce(server + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: SERVED_MODEL, ...body }) });
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  };
  return { ours: await ask(new URL(embedded.url).origin), theirs: await ask(origin) };
}

describe('tokens', () => {
  it.each([
    ['a text', { prompt: TEXT, return_token_strs: true }],
    ['a text alone', { prompt: TEXT, add_special_tokens: false }],
    ['marks in a text', { prompt: '<|im_start|>user\nhi<|im_end|>\n', return_token_strs: true }],
    ['a conversation', { messages: conversation, return_token_strs: true }],
  ])('of %s are the server’s', async (_what, body) => {
    const { ours, theirs } = await both('/tokenize', body);
    expect({ ...ours, max_model_len: null }).toEqual({ ...theirs, max_model_len: null });
    const back = await both('/detokenize', { tokens: theirs['tokens'] });
    expect(back.ours).toEqual(back.theirs);
  });

  it.each([
    ['/v1/chat/completions', { messages: conversation, max_tokens: 6 }],
    ['/v1/completions', { prompt: TEXT, max_tokens: 6, ignore_eos: true }],
    ['/v1/responses', { input: TEXT, max_output_tokens: 6 }],
  ])('of a prompt to %s are as many', async (path, body) => {
    const { ours, theirs } = await both(path, body);
    const counts = ({ usage }: Record<string, unknown>) => {
      const { prompt_tokens: prompt, input_tokens: input } = usage as { prompt_tokens?: number; input_tokens?: number };
      return prompt ?? input;
    };
    expect(counts(ours)).toBe(counts(theirs));
  });
});
