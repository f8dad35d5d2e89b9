/** The models' own tokenizers: what Hugging Face's `tokenizers` makes of the same texts is in `test/fixtures/tokenizer`. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactFiller, lengthened } from '../../src/simulator/answers/filler.ts';
import { layOutAnswer } from '../../src/simulator/answers/layout.ts';
import { createRandom } from '../../src/simulator/answers/random.ts';
import { readTokenizer, TokenizerError, tokenizerInCache } from '../../src/simulator/tokens/readTokenizer.ts';
import { countTokens, type Answer, type Conversation } from '../../src/simulator/tokens/tokenizer.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/tokenizer', import.meta.url));
const KINDS = ['bytes', 'metaspace'] as const;

interface Expected {
  texts: { text: string; ids: number[]; asPrompt: number[] }[];
  conversations: (Conversation & { text: string; ids: number[] })[];
}

const expected = (kind: string): Expected => JSON.parse(readFileSync(join(FIXTURES, kind, 'expected.json'), 'utf8')) as Expected;
const shownOf = (laidOut: ReturnType<typeof layOutAnswer>) => laidOut.tokens.flatMap(({ visible }) => visible);
const newFolder = () => mkdtempSync(join(tmpdir(), 'agent-cost-tokenizer-'));
/** Arguments as a client sends them, not as a template gets them. */
const asSent = ({ messages, tools }: Conversation): Conversation => ({
  tools: tools ?? [],
  messages: messages.map((message) => ({ ...message, ...(message.tool_calls ? { tool_calls: message.tool_calls.map((call) => ({ ...call, function: { ...call.function, arguments: JSON.stringify(call.function.arguments) } })) } : {}) })),
});

describe.each(KINDS)('a vocabulary of %s', (kind) => {
  const tokenizer = readTokenizer(join(FIXTURES, kind));

  it.each(expected(kind).texts)('cuts $text as its own library does', ({ text, ids, asPrompt }) => {
    const tokens = tokenizer.cut([text]);
    expect(tokens.map(({ id }) => id)).toEqual(ids);
    expect(tokenizer.textPrompt(text).ids).toEqual(asPrompt);
    expect(tokens.map(({ piece }) => piece)).toEqual(tokenizer.textPrompt(text).tokens().map(({ piece }) => piece).slice(asPrompt.length - ids.length));
  });

  it('gives each token the text that it adds, whole characters only', () => {
    const text = 'Grüße, 日本語 and 🎉👩‍👩‍👧 there';
    const tokens = tokenizer.cut([text.slice(0, 10), text.slice(10)]);
    expect(tokens.map((token) => token.text).join('').trimStart()).toBe(text);
    expect(tokens.some((token) => token.text === '')).toBe(true);
    expect(tokens.every((token) => !token.text.includes('\ufffd'))).toBe(true);
    expect(tokenizer.text(tokens.map(({ id }) => id)).trimStart()).toBe(text);
  });

  it('knows which ids it has', () => {
    expect(tokenizer.unknown([1, 2])).toBeUndefined();
    expect(tokenizer.unknown([1, 90_000])).toBe(90_000);
    expect(() => tokenizer.text([90_000])).toThrow('token id 90000 is not in the vocabulary');
  });

  it('writes filler of so many tokens', () => {
    for (let tokens = 2; tokens < 80; tokens += 7) expect(countTokens(tokenizer, exactFiller(createRandom(tokens), tokens, tokenizer))).toBe(tokens);
    expect(countTokens(tokenizer, lengthened('Yes', createRandom(1), 300, tokenizer))).toBeGreaterThanOrEqual(300);
  });
});

describe('a text of any kind', () => {
  const tokenizer = readTokenizer(join(FIXTURES, 'bytes'));

  it('is the texts of its tokens, and they are those of its bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 4 }), (parts) => {
        const tokens = tokenizer.cut(parts);
        return tokens.map(({ text }) => text).join('') === parts.join('') && tokenizer.text(tokens.map(({ id }) => id)) === parts.join('');
      }),
    );
  });
});

describe('a text that the vocabulary normalizes', () => {
  it('is given to its tokens as it was, and all of it', () => {
    const folder = newFolder();
    cpSync(join(FIXTURES, 'bytes'), folder, { recursive: true });
    const files = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as object;
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ ...files, normalizer: { type: 'NFC' } }));
    const text = 'e\u0301tude, cafe\u0301';
    const tokens = readTokenizer(folder).cut([text]);
    expect(tokens.map(({ id }) => id)).toEqual(readTokenizer(folder).cut([text.normalize('NFC')]).map(({ id }) => id));
    expect(tokens.map((token) => token.text).join('')).toBe(text);
  });
});

describe('a chat template', () => {
  const tokenizer = readTokenizer(join(FIXTURES, 'bytes'));
  const conversations = expected('bytes').conversations.map((each) => ({ ...each, ...asSent(each) }));

  it.each(conversations)('makes the prompt that the model is trained on: $text', (conversation) => {
    expect(tokenizer.chatPrompt(conversation).ids).toEqual(conversation.ids);
    // What is remembered of it is the same again.
    expect(tokenizer.chatPrompt(conversation).ids).toEqual(conversation.ids);
  });

  it.each<Answer>([
    { content: 'Tokyo.', toolCalls: [] },
    { content: null, toolCalls: [{ name: 'search', arguments: '{"query": "größte Stadt"}' }] },
    { content: 'I look.', toolCalls: [{ name: 'search', arguments: '{"query":"x"}' }, { name: 'search', arguments: '{}' }] },
  ])('tells what the model writes for an answer, so that the next prompt goes on with it: %j', (answer) => {
    const conversation = conversations[1]!;
    const parts = tokenizer.written(conversation, answer);
    const laidOut = layOutAnswer(parts, { tokenizer, maxTokens: 1000, stop: [], endToken: tokenizer.endOfTurn, toolFinishReason: 'tool_calls' });
    const shown = shownOf(laidOut);
    expect(shown.map((part) => (part.kind === 'content' ? part.text : '')).join('')).toBe(answer.content ?? '');
    expect(shown.filter((part) => part.kind === 'toolName').map(({ name }) => name)).toEqual(answer.toolCalls.map(({ name }) => name));
    answer.toolCalls.forEach((called, call) => {
      const given = shown.map((part) => (part.kind === 'toolArguments' && part.call === call ? part.text : '')).join('');
      expect(JSON.parse(given)).toEqual(JSON.parse(called.arguments));
    });
    const next = tokenizer.chatPrompt({ ...conversation, messages: [...conversation.messages, { role: 'assistant', content: answer.content ?? '', tool_calls: answer.toolCalls.map((called) => ({ function: called })) }, { role: 'user', content: 'And then?' }] });
    const sofar = [...tokenizer.chatPrompt(conversation).ids, ...laidOut.tokens.map(({ id }) => id)];
    expect(next.ids.slice(0, sofar.length)).toEqual(sofar);
    expect(laidOut.tokens.at(-1)).toMatchObject({ piece: '<|im_end|>', visible: [] });
  });

  it('may refuse a conversation, in its own words', () => {
    const folder = newFolder();
    cpSync(join(FIXTURES, 'bytes'), folder, { recursive: true });
    writeFileSync(join(folder, 'chat_template.jinja'), "{% if messages[0].role != 'user' %}{{ raise_exception('a user begins') }}{% endif %}{{ bos_token }}{{ messages[0].content }}{% if thinking %}…{% endif %}");
    const own = readTokenizer(folder);
    expect(() => own.chatPrompt({ messages: [{ role: 'system', content: 'x' }], tools: [] })).toThrow('a user begins');
    const asked = { messages: [{ role: 'user', content: 'Hi' }], tools: [] };
    expect(own.text(own.chatPrompt(asked).ids)).toBe('<|endoftext|>Hi');
    expect(own.text(own.chatPrompt({ ...asked, templateOptions: { thinking: true } }).ids)).toBe('<|endoftext|>Hi…');
    // It says nothing of answers: they are as other models have them.
    expect(own.written(asked, { content: 'Yes.', toolCalls: [] })).toEqual([{ text: 'Yes.', shown: { kind: 'content' } }]);
  });

  it('is estimated where none lies beside the vocabulary', () => {
    const own = readTokenizer(join(FIXTURES, 'metaspace'));
    expect([own.estimatesChats, tokenizer.estimatesChats]).toEqual([true, false]);
    const said = 'How many tokens is this?';
    expect(own.chatPrompt({ messages: [{ role: 'user', content: said }], tools: [] }).ids.length).toBeGreaterThan(countTokens(own, said));
  });
});

describe('a tokenizer on disk', () => {
  it('is found in Hugging Face’s cache by the model’s name, at the revision that main is', () => {
    const cache = newFolder();
    const repository = join(cache, 'models--org--Model-1B');
    for (const [revision, kind] of [['aaa', 'metaspace'], ['bbb', 'bytes']] as const) cpSync(join(FIXTURES, kind), join(repository, 'snapshots', revision), { recursive: true });
    mkdirSync(join(repository, 'refs'));
    writeFileSync(join(repository, 'refs', 'main'), 'bbb');
    const environment = { HF_HUB_CACHE: cache };
    expect(tokenizerInCache(['Model', 'org/Model-1B'], environment)).toMatchObject({ vocabulary: 'org/Model-1B', estimatesChats: false });
    expect(tokenizerInCache(['org/Model-2B'], environment)).toBeNull();
    expect(tokenizerInCache(['org/Model-1B'], { HF_HOME: cache })).toBeNull();
  });

  it('says which file is wrong and what would be right', () => {
    const folder = newFolder();
    expect(() => readTokenizer(folder)).toThrow(new TokenizerError(`There is no ${join(folder, 'tokenizer.json')}. Name a model's tokenizer.json, or the folder that holds it with tokenizer_config.json.`));
    writeFileSync(join(folder, 'tokenizer.json'), '{');
    expect(() => readTokenizer(folder)).toThrow(/tokenizer\.json is not JSON/);
    writeFileSync(join(folder, 'tokenizer.json'), '{"model": 1}');
    expect(() => readTokenizer(folder)).toThrow(/tokenizer\.json is not what its name says: model: /);
    writeFileSync(join(folder, 'tokenizer.json'), '{"model": {"type": "Unheard", "vocab": {}}}');
    expect(() => readTokenizer(folder)).toThrow(/The tokenizer of .* is not understood/);
    cpSync(join(FIXTURES, 'bytes'), folder, { recursive: true });
    writeFileSync(join(folder, 'chat_template.jinja'), '{% for %}');
    expect(() => readTokenizer(folder)).toThrow(/is not understood/);
  });
});
