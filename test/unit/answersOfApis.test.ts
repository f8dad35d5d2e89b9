/** What is learned from requests and answers of the APIs other than OpenAI's chat. */
import { describe, expect, it } from 'vitest';
import { Answer } from '../../src/recorder/answer.ts';
import { digestRequest } from '../../src/recorder/requestDigest.ts';
import { JsonLinesParser } from '../../src/proxy/jsonLines.ts';
import type { Endpoint } from '../../src/profile/recordingFormat.ts';

function read(endpoint: Endpoint, events: readonly unknown[]): Answer {
  const answer = new Answer(endpoint);
  events.forEach((event, at) => answer.event(JSON.stringify(event), at));
  return answer;
}

describe('Anthropic’s messages', () => {
  it('are followed as a stream: text, thinking, calls of tools, usage in two parts', () => {
    // As Anthropic streams it; vLLM repeats all counts in message_delta.
    const answer = read('messages', [
      { type: 'message_start', message: { id: 'm1', model: 'claude', usage: { input_tokens: 33, cache_creation_input_tokens: 8, cache_read_input_tokens: 100, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Let me ' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'look.' } },
      { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 't1', name: 'search', input: {} } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"q":' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '"ö"}' } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 21 } },
      { type: 'message_stop' },
    ]);
    expect(answer).toMatchObject({ firstTokenAt: 2, outputAt: [2, 4, 5, 6, 7, 8], finishReason: 'tool_use', model: 'claude', finished: true, usage: { promptTokens: 141, cachedTokens: 100, completionTokens: 21 } });
    expect([answer.textOf('full'), answer.toolCalls('full')]).toEqual(['Let me look.', [{ callId: 't1', name: 'search', argumentBytes: 10, arguments: '{"q":"ö"}' }]]);
  });

  it('are read in one piece, and say what went wrong', () => {
    const answer = new Answer('messages');
    answer.body({ type: 'message', model: 'm', content: [{ type: 'text', text: 'Hi' }, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }], stop_reason: 'end_turn', usage: { input_tokens: 33, output_tokens: 8 } });
    expect(answer).toMatchObject({ finishReason: 'end_turn', usage: { promptTokens: 33, cachedTokens: null, completionTokens: 8 } });
    expect(answer.toolCalls('full')).toEqual([{ callId: 't', name: 'f', argumentBytes: 7, arguments: '{"a":1}' }]);
    const failed = new Answer('messages');
    failed.body({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    expect(failed.error).toEqual({ code: 'overloaded_error', message: 'Overloaded' });
  });

  it('are asked with a system prompt apart, and with results of tools in the user’s message', () => {
    const { request, model } = digestRequest(
      'messages',
      {
        model: 'claude',
        max_tokens: 99,
        system: [{ type: 'text', text: 'Be brief.' }],
        tools: [{ name: 'search', input_schema: {} }],
        messages: [
          { role: 'user', content: 'Why?' },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'search', input: { q: 1 } }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'füchse' }] }] },
        ],
      },
      7,
      'full',
    );
    expect(model).toBe('claude');
    expect(request.messages.map(({ role, text }) => [role, text])).toEqual([['system', 'Be brief.'], ['user', 'Why?'], ['assistant', 'search{"q":1}'], ['tool', 'füchse']]);
    expect(request).toMatchObject({ tools: ['search'], toolResults: [{ callId: 't', bytes: 7 }], maxTokens: 99 });
  });
});

describe('Ollama’s own API', () => {
  it('streams lines, the last with counts and with times in nanoseconds', () => {
    const lines = [
      { model: 'llama3.2', created_at: 'x', message: { role: 'assistant', content: 'Hel' }, done: false },
      { model: 'llama3.2', created_at: 'x', message: { role: 'assistant', content: 'lo', tool_calls: [{ function: { name: 'search', arguments: { q: 1 } } }] }, done: false },
      { model: 'llama3.2', created_at: 'x', message: { role: 'assistant', content: '' }, done_reason: 'stop', done: true, total_duration: 9e9, load_duration: 2e6, prompt_eval_count: 26, prompt_eval_duration: 130e6, eval_count: 12, eval_duration: 4799e6 },
    ];
    const text = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));
    // However the bytes are cut.
    for (const size of [1, 7, 50, text.length]) {
      const answer = new Answer('ollama');
      const parser = new JsonLinesParser();
      for (let at = 0; at < text.length; at += size) parser.push(text.subarray(at, at + size), (line) => answer.event(line, at));
      parser.end((line) => answer.event(line, text.length));
      expect(answer).toMatchObject({ model: 'llama3.2', finishReason: 'stop', finished: true, usage: { promptTokens: 26, cachedTokens: null, completionTokens: 12 }, serverTimes: { queueMs: 2, prefillMs: 130, decodeMs: 4799 } });
      expect([answer.textOf('full'), answer.toolCalls('full').map(({ name, arguments: given }) => [name, given])]).toEqual(['Hello', [['search', '{"q":1}']]]);
      expect(answer.outputAt).toHaveLength(2);
    }
  });

  it('generates from a bare prompt, and embeds', () => {
    const answer = new Answer('ollama');
    // As docs.ollama.com/api/usage has it: of 11 tokens the cache spared 8.
    const cached = new Answer('ollama');
    cached.body({ model: 'gemma3', response: 'Hello!', done: true, prompt_eval_count: 11, prompt_eval_cached_count: 8, prompt_eval_duration: 13_074_791, eval_count: 18, eval_duration: 52_479_709 });
    expect(cached.usage).toEqual({ promptTokens: 11, cachedTokens: 8, completionTokens: 18, reasoningTokens: null });
    answer.body({ model: 'm', response: 'Because.', done: true, prompt_eval_count: 3, eval_count: 2 });
    expect([answer.textOf('full'), answer.usage?.completionTokens]).toEqual(['Because.', 2]);
    const embedded = new Answer('ollama');
    embedded.body({ model: 'm', embeddings: [[0.1]], total_duration: 1e7, load_duration: 1e6, prompt_eval_count: 8 });
    expect(embedded.usage).toMatchObject({ promptTokens: 8, completionTokens: null });
    const { request } = digestRequest('ollama', { model: 'm', system: 'Be brief.', prompt: 'Why?', options: { num_predict: 5 } }, 1, 'full');
    expect([request.messages.map(({ role, text }) => [role, text]), request.maxTokens]).toEqual([[['system', 'Be brief.'], ['user', 'Why?']], 5]);
  });
});

describe('llama.cpp’s own API', () => {
  it('streams its words, and says at the end what the cache spared', () => {
    const answer = read('llamacpp', [
      { index: 0, content: 'Once', stop: false, tokens_predicted: 1, tokens_evaluated: 12 },
      { index: 0, content: ' upon', stop: false, tokens_predicted: 2, tokens_evaluated: 12 },
      { index: 0, content: '', stop: true, model: 'm.gguf', tokens_predicted: 2, tokens_evaluated: 12, stop_type: 'limit', timings: { cache_n: 10, prompt_n: 2, prompt_ms: 5.5, predicted_n: 2, predicted_ms: 15.5 } },
    ]);
    expect(answer).toMatchObject({ firstTokenAt: 0, outputAt: [0, 1], finished: true, finishReason: 'limit', usage: { promptTokens: 12, cachedTokens: 10, completionTokens: 2 }, serverTimes: { prefillMs: 5.5, decodeMs: 15.5 } });
    expect(digestRequest('llamacpp', { prompt: 'Once', n_predict: 2 }, 1, 'full').request).toMatchObject({ maxTokens: 2, messages: [{ role: 'user', text: 'Once' }] });
  });
});
