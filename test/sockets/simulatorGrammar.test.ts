/** Grammars and repeated messages over the wire, in the forms of vLLM 0.32's chat completions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseGrammar } from '../../src/simulator/answers/grammar.ts';
import { isOfGrammar } from '../../src/simulator/answers/grammarSample.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';

let server: EmbeddedServer;
beforeAll(async () => {
  server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')!, seed: 5 });
});
afterAll(() => server.close());

const GRAMMAR = 'root ::= "SELECT " column (", " column){1,3}\ncolumn ::= "col_" [1-9]';
const user = { role: 'user', content: 'Which columns?' };

interface Answered {
  choices: { index: number; message: { content: string }; text: string; delta: { role?: string; content?: string }; finish_reason: string | null }[];
  error: { message: string; param: string | null };
}

const ask = (path: 'completions' | 'chat/completions', body: object) => fetch(`${server.url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
async function whole(path: 'completions' | 'chat/completions', body: object): Promise<Answered & { status: number }> {
  const response = await ask(path, body);
  return { status: response.status, ...((await response.json()) as Answered) };
}
async function chunks(body: object): Promise<Answered[]> {
  const text = await (await ask('chat/completions', { ...body, stream: true })).text();
  return text.split('\n\n').filter((event) => event.startsWith('data: {')).map((event) => JSON.parse(event.slice('data: '.length)) as Answered);
}

describe('structured_outputs with a grammar', () => {
  it('holds answers to it: chats, whole and streamed, and texts', async () => {
    const wanted = { structured_outputs: { grammar: GRAMMAR }, max_tokens: 100 };
    const told = (text: string) => expect(isOfGrammar(parseGrammar(GRAMMAR), text), text).toBe(true);
    const chat = await whole('chat/completions', { messages: [user], n: 3, ...wanted });
    for (const { message, finish_reason } of chat.choices) {
      told(message.content);
      expect(finish_reason).toBe('stop');
    }
    told((await chunks({ messages: [user], ...wanted })).flatMap(({ choices }) => choices).map(({ delta }) => delta.content ?? '').join(''));
    told((await whole('completions', { prompt: 'Which columns?', ...wanted })).choices[0]!.text);
  });

  it.each([
    ['', 'structured_outputs.grammar cannot be an empty string'],
    ['root ::= column', 'Grammar error: Rule "root" uses "column", which is not defined.'],
    ['root ::= "a" root', 'Grammar error: No text of the grammar ever ends.'],
    [`root ::= ${'('.repeat(100_000)}`, 'Grammar error: it is nested too deep.'],
    ['start: "a"', 'The embedded server cannot hold an answer to a grammar of Lark. Use json, regex, choice or a grammar in EBNF.'],
  ])('refuses what is no grammar: %#', async (grammar, message) => {
    expect(await whole('chat/completions', { messages: [user], structured_outputs: { grammar } })).toMatchObject({ status: 400, error: { message } });
  });
});

describe('echo of a chat', () => {
  const begun = { role: 'assistant', content: 'The columns are' };

  it('puts the last message before the answer where that is the assistant’s', async () => {
    const asked = { messages: [user, begun], max_tokens: 4, seed: 3 };
    const alone = await whole('chat/completions', asked);
    const { choices } = await whole('chat/completions', { ...asked, echo: true });
    expect(choices[0]!.message.content).toBe(begun.content + alone.choices[0]!.message.content);
    const last = await whole('chat/completions', { messages: [user], max_tokens: 4, seed: 3, echo: true });
    expect(last.choices[0]!.message.content).toBe((await whole('chat/completions', { messages: [user], max_tokens: 4, seed: 3 })).choices[0]!.message.content);
  });

  it('is streamed as a piece of its own behind the role of each choice', async () => {
    const told = (await chunks({ messages: [user, begun], max_tokens: 2, n: 2, echo: true })).flatMap(({ choices }) => choices);
    expect(told.slice(0, 4).map(({ index, delta }) => [index, delta])).toEqual([
      [0, { role: 'assistant', content: '' }],
      [1, { role: 'assistant', content: '' }],
      [0, { content: begun.content }],
      [1, { content: begun.content }],
    ]);
    expect(told.slice(4).map(({ delta }) => delta.content ?? '')).not.toContain(begun.content);
  });
});

describe('usage of a prompt', () => {
  const long = { messages: [{ role: 'user', content: 'Remember this. '.repeat(60) }], max_tokens: 2 };
  const details = (answer: unknown) => (answer as { usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } } }).usage;

  it('tells what of it is new in the prefix cache: of chats alone, and in a stream nothing that is not set', async () => {
    const first = details(await whole('chat/completions', long));
    const blocks = Math.floor(first.prompt_tokens / 16) * 16;
    // The chat template's beginning may be there already.
    const cached = first.prompt_tokens_details.cached_tokens;
    expect(cached).toBeLessThan(blocks / 2);
    expect(first.prompt_tokens_details).toEqual({ cached_tokens: cached, created_cache_tokens: blocks - cached, multimodal_tokens: null });
    const streamed = (await chunks({ ...long, stream_options: { include_usage: true } })).at(-1);
    expect(details(streamed).prompt_tokens_details).toEqual({ cached_tokens: blocks, created_cache_tokens: 0 });
    expect(details(await whole('completions', { prompt: 'Go on', max_tokens: 1 })).prompt_tokens_details).toMatchObject({ created_cache_tokens: null, multimodal_tokens: null });
  });
});

describe('a search by beams', () => {
  it.each(['completions', 'chat/completions'] as const)('is refused by its name: %s', async (path) => {
    expect(await whole(path, { prompt: 'x', messages: [user], use_beam_search: true })).toMatchObject({ status: 400, error: { param: 'use_beam_search' } });
  });
});
