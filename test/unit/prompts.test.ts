/** What calls said and were told: messages, what an earlier prompt had already, tools' results, and the command that sends a call again. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asCurl } from '../../src/analysis/asCurl.ts';
import { promptTable } from '../../src/analysis/prompts.ts';
import { spanContent } from '../../src/analysis/spanContent.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { spanContentSchema, type CallContent, type PromptTable } from '../../src/protocol/content.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, end, header, message, recordingText, toolCall } from './recordingLines.ts';

const tableOf = (...lines: object[]): PromptTable => promptTable(readRecording(recordingText(header(), ...lines, end(9000))).calls);

function contentOf(table: PromptTable, id: string): CallContent {
  const content = spanContent(table, { id, toolCallId: null, startMs: 0 });
  if (content?.kind !== 'call') throw new Error(`nothing of ${id}`);
  return content;
}

const asked = (id: string, at: number, messages: ReturnType<typeof message>[], answer: string | null, over: object = {}): object[] => [
  call(id, at, { server: 'localhost:8000', request: { messages } }),
  callEnd(id, at + 50, { text: answer, ...over }),
];

const SYSTEM = message('system', 'You are careful.');

describe('what an earlier prompt had', () => {
  it('is all of it up to the first character that differs, in the earlier call that shares most', () => {
    const table = tableOf(
      ...asked('a', 0, [SYSTEM, message('user', 'Who was Ada?')], 'A countess.'),
      ...asked('b', 100, [message('system', 'Other.'), message('user', 'Who was Ada?')], 'x'),
      ...asked('c', 200, [SYSTEM, message('user', 'Who was Grace?')], 'An admiral.'),
    );
    const { shared, messages, totalChars } = contentOf(table, 'c');
    expect(shared).toEqual({ with: 'a', chars: 16 + 'Who was '.length, otherTools: false });
    expect(messages.map(({ sharedChars }) => sharedChars)).toEqual([16, 8]);
    expect(totalChars).toBe(30);
    expect(contentOf(table, 'a').shared).toEqual({ with: null, chars: 0, otherTools: false });
    expect(table.messages).toHaveLength(4);
  });

  it('goes on through what the model answered there', () => {
    const first = [SYSTEM, message('user', 'q')];
    const table = tableOf(...asked('a', 0, first, 'Let me think.'), ...asked('b', 100, [...first, message('assistant', 'Let me think.'), message('user', 'go on')], 'ok'));
    expect(contentOf(table, 'b').messages.map(({ sharedChars }) => sharedChars)).toEqual([16, 1, 13, 0]);
  });

  it('counts by whole messages where only hashes were kept, and is not known where nothing was', () => {
    const hashed = (role: string, text: string): ReturnType<typeof message> => ({ ...message(role, text), text: null });
    const table = tableOf(...asked('a', 0, [hashed('system', 'long'), hashed('user', 'Who was Ada?')], null), ...asked('b', 100, [hashed('system', 'long'), hashed('user', 'Who was Grace?')], null));
    expect(contentOf(table, 'b').messages.map(({ text, sharedChars }) => [text, sharedChars])).toEqual([[null, 4], [null, 0]]);
    const none = tableOf(...asked('a', 0, [{ ...message('user', 'x'), hash: null, text: null }], null));
    expect(contentOf(none, 'a').shared).toBeNull();
  });

  it('is looked for on the same server and model only, and tells when other tools were offered', () => {
    const prompt = [SYSTEM];
    const table = tableOf(
      call('a', 0, { model: 'other', request: { messages: prompt } }),
      call('b', 1, { server: 'elsewhere', request: { messages: prompt } }),
      call('c', 2, { request: { messages: prompt, tools: ['search'], toolsChars: 100 } }),
      call('d', 3, { request: { messages: prompt } }),
    );
    expect(['a', 'b', 'c'].map((id) => contentOf(table, id).shared?.with)).toEqual([null, null, null]);
    expect(contentOf(table, 'd').shared).toEqual({ with: 'c', chars: 16, otherTools: true });
  });

  it('stands beside what the server had cached, in characters', () => {
    const usage = { promptTokens: 10, cachedTokens: 4, completionTokens: 1, reasoningTokens: null };
    expect(contentOf(tableOf(...asked('a', 0, [message('user', 'x'.repeat(100))], 'y', { usage })), 'a').cachedChars).toBe(40);
    expect(contentOf(tableOf(...asked('a', 0, [message('user', 'x')], 'y', { usage: null })), 'a').cachedChars).toBeNull();
  });
});

describe('a tool that was asked for', () => {
  const ask = [message('user', 'q')];
  const asking = message('assistant', 'search{"q":"Ada"}');
  const told = message('tool', 'A countess.');
  const table = tableOf(
    call('a', 0, { request: { messages: ask } }),
    callEnd('a', 50, { text: '', toolCalls: [{ ...toolCall('t1', 'search'), arguments: '{"q":"Ada"}' }] }),
    call('b', 100, { request: { messages: [...ask, asking, told], toolResults: [{ callId: 't1', bytes: 11 }], maxTokens: 64 } }),
    callEnd('b', 150, { text: '', toolCalls: [{ ...toolCall('t1', 'lookup'), arguments: '{}' }] }),
  );

  it('has its arguments, its result, and the calls on both sides', () => {
    expect(spanContent(table, { id: 's1', toolCallId: 't1', startMs: 52 })).toEqual({ kind: 'tool', name: 'search', arguments: '{"q":"Ada"}', askedBy: 'a', result: 'A countess.', handedTo: 'b' });
    expect(contentOf(table, 'a').toolCalls).toEqual([expect.objectContaining({ name: 'search', result: 'A countess.', resultBytes: 11, handedTo: 'b' })]);
    expect(contentOf(table, 'b').messages[2]?.answersTool).toEqual({ callId: 't1', name: 'search', arguments: '{"q":"Ada"}' });
  });

  it('is told from another with the same id by when it ran', () => {
    expect(spanContent(table, { id: 's2', toolCallId: 't1', startMs: 160 })).toMatchObject({ name: 'lookup', askedBy: 'b', result: null, handedTo: null });
    expect(spanContent(table, { id: 's0', toolCallId: 't1', startMs: 10 })).toBeNull();
    expect(spanContent(table, { id: 's3', toolCallId: null, startMs: 10 })).toBeNull();
  });

  it('stands in the command with the call that it answers, as servers want it', () => {
    expect(sent(asCurl(contentOf(table, 'b'), { url: 'http://gpu-box:8000/v1', simulated: false }) ?? '')).toEqual({
      url: 'http://gpu-box:8000/v1/chat/completions',
      body: {
        model: 'm',
        stream: true,
        max_tokens: 64,
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: null, tool_calls: [{ id: 't1', type: 'function', function: { name: 'search', arguments: '{"q":"Ada"}' } }] },
          { role: 'tool', tool_call_id: 't1', content: 'A countess.' },
        ],
      },
    });
  });
});

/** What a shell makes of the command: nothing of a recording may be more than an argument. */
function sent(command: string): { url: string; body: unknown } {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}\n`;
  const words = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: { OPENAI_BASE_URL: 'http://base/v1', OPENAI_API_KEY: 'k', PATH: '' } }).split('\0');
  return { url: words[0] ?? '', body: JSON.parse(words[words.indexOf('-d') + 1] ?? '') as unknown };
}

describe('a call as a command', () => {
  const content = (endpoint: CallContent['call']['endpoint'], path: string, texts: string[], server: string | null = null): CallContent => ({
    call: { endpoint, path, server, model: 'm', stream: false, maxTokens: null },
    messages: texts.map((text) => ({ role: 'user', chars: text.length, text, sharedChars: 0, answersTool: null })),
    tools: [],
    toolsChars: 0,
    totalChars: 0,
    shared: null,
    cachedChars: null,
    answer: null,
    toolCalls: [],
  });

  it('keeps every text whole and runs none of it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom("'; touch /tmp/x #", '$(id)', '`id`', '\\', '\u202e', '\u009b31m', '\n')), { minLength: 1, maxLength: 3 }), (texts) => {
        const command = asCurl(content('chat', '/v1/chat/completions', texts), { url: null, simulated: false }) ?? '';
        expect(command).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
        // A lone surrogate has no form of its own in UTF-8; JSON writes it as an escape.
        expect(sent(command)).toEqual({ url: 'http://base/v1/chat/completions', body: { model: 'm', messages: texts.map((text) => ({ role: 'user', content: text })) } });
      }),
      { numRuns: 60 },
    );
  });

  it('goes to where the call went', () => {
    const urlOf = (path: string, server: string | null, url: string | null, simulated = false): string => sent(asCurl(content('completions', path, ['x'], server), { url, simulated }) ?? '').url;
    expect(urlOf('/v1/completions', null, 'http://gw/openai/v1/')).toBe('http://gw/openai/v1/completions');
    expect(urlOf('/v1/completions', 'api.example.com', null)).toBe('https://api.example.com/v1/completions');
    expect(urlOf('/v1/completions', 'localhost:11434', null)).toBe('http://localhost:11434/v1/completions');
    expect(urlOf('/v1/completions', '127.0.0.1:39999', 'http://127.0.0.1:39999', true)).toBe('http://base/v1/completions');
  });

  it('is none where the texts were not kept', () => {
    const kept = content('chat', '/v1/chat/completions', ['x']);
    expect(asCurl({ ...kept, messages: kept.messages.map((each) => ({ ...each, text: null })) }, { url: null, simulated: false })).toBeNull();
    expect(asCurl({ ...kept, messages: [] }, { url: null, simulated: false })).toBeNull();
    expect(asCurl({ ...kept, call: { ...kept.call, endpoint: 'opaque' } }, { url: null, simulated: false })).toBeNull();
  });
});

it('shares no more than there is, of any recording', () => {
  fc.assert(
    fc.property(arbitraryRecording, (text) => {
      const table = promptTable(readRecording(text).calls);
      for (const { id } of table.calls) {
        const content = spanContentSchema.parse(spanContent(table, { id, toolCallId: null, startMs: 0 }));
        if (content.kind !== 'call') throw new Error('a call is a call');
        const sum = content.messages.reduce((total, each) => total + each.sharedChars, 0);
        expect(sum).toBe(content.shared?.chars ?? sum);
        for (const each of content.messages) expect(each.sharedChars).toBeLessThanOrEqual(each.chars);
        // Nothing is shared behind what is not.
        const first = content.messages.findIndex((each) => each.sharedChars < each.chars);
        if (first >= 0) expect(content.messages.slice(first + 1).every((each) => each.sharedChars === 0)).toBe(true);
      }
    }),
  );
});
