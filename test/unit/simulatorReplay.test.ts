import { describe, expect, it } from 'vitest';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { CallEndLine } from '../../src/profile/recordingFormat.ts';
import type { Question } from '../../src/simulator/answers/chooseAnswer.ts';
import { createRandom } from '../../src/simulator/answers/random.ts';
import { Replay } from '../../src/simulator/answers/replay.ts';
import { estimateTokens } from '../../src/simulator/tokens/tokenEstimate.ts';
import { call, callEnd, header, recordingText } from './recordingLines.ts';

const random = createRandom(1);
const search = { name: 'search', parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] } };
const question = (said: string[], over: Partial<Question> = {}): Question => ({ messages: said.map((text) => ({ role: 'user', text })), said, tools: [], toolChoice: 'auto', calledTools: [], constraint: null, minTokens: 0, ...over });

interface Recorded {
  said: (string | null)[];
  text?: string | null;
  toolCalls?: CallEndLine['toolCalls'];
  completionTokens?: number;
  over?: Partial<CallEndLine>;
}

function replayOf(...recorded: Recorded[]): Replay {
  const lines = recorded.flatMap(({ said, text = null, toolCalls = [], completionTokens, over }, index) => {
    const request = { bytes: 1, messages: said.map((one) => ({ role: 'user', hash: null, chars: one?.length ?? 9, text: one })), tools: [], toolsChars: 0, toolResults: [], maxTokens: null };
    const usage = completionTokens === undefined ? null : { promptTokens: 9, cachedTokens: null, completionTokens, reasoningTokens: null };
    return [call(`c${index}`, index * 10, { request }), callEnd(`c${index}`, index * 10 + 5, { text, toolCalls, usage, ...over })];
  });
  return new Replay(readRecording(recordingText(header(), ...lines)));
}

describe('answers of a recording', () => {
  it('go to the conversation that they were given to, however an API writes it, in whatever order it comes', () => {
    const replay = replayOf({ said: ['You are terse.', 'Who?'], text: 'Frank.' }, { said: ['You are terse.', 'When?'], text: 'In 1965.' });
    expect(replay.answerTo(question(['You are\nterse.', '', 'When?']), random)).toEqual({ content: 'In 1965.', toolCalls: [] });
    expect(replay.answerTo(question(['You are terse.', 'Who?']), random)).toEqual({ content: 'Frank.', toolCalls: [] });
    expect(replay.counts).toEqual({ byContent: 2, byOrder: 0, unanswered: 0 });
  });

  it('follow each other where one conversation was asked more than once, and the last stays', () => {
    const replay = replayOf({ said: ['Throw a die.'], text: '4' }, { said: ['Throw a die.'], text: '6' });
    expect([1, 2, 3].map(() => replay.answerTo(question(['Throw a die.']), random)?.content)).toEqual(['4', '6', '6']);
  });

  it('go by their order to conversations that were not recorded, until none is left', () => {
    const replay = replayOf({ said: ['It is 10:01. Who?'], text: 'Frank.' }, { said: ['It is 10:02. When?'], text: 'In 1965.' });
    const at = (said: string) => replay.answerTo(question([said]), random)?.content;
    expect([at('It is 11:01. Who?'), at('It is 11:02. When?'), at('It is 11:03. Why?')]).toEqual(['Frank.', 'In 1965.', undefined]);
    expect(replay.counts).toEqual({ byContent: 0, byOrder: 2, unanswered: 1 });
  });

  it('leave out calls that failed, were cut off, or asked for no answer', () => {
    const replay = replayOf({ said: ['A'], text: 'half', over: { status: 'cancelled' } }, { said: ['B'], text: '', over: { status: 'error', httpStatus: 500, error: 'no' } }, { said: ['C'], text: 'whole' });
    expect(replay.size).toBe(1);
    expect(replay.answerTo(question(['A']), random)?.content).toBe('whole');
  });

  it('call the same tools with the same arguments, and only those that are offered', () => {
    const toolCalls = [{ callId: 'x', name: 'search', argumentBytes: 16, arguments: '{"query":"Dune"}' }];
    const recorded = { said: ['Who?'], text: '', toolCalls };
    expect(replayOf(recorded).answerTo(question(['Who?'], { tools: [search] }), random)).toEqual({ content: null, toolCalls: [{ name: 'search', arguments: '{"query":"Dune"}' }] });
    for (const over of [{}, { tools: [search], toolChoice: 'none' as const }, { tools: [search, { name: 'other', parameters: {} }], toolChoice: { name: 'other' } }]) {
      const replay = replayOf(recorded);
      expect(replay.answerTo(question(['Who?'], over), random)).toBeNull();
      expect(replay.counts.unanswered).toBe(1);
    }
  });

  it('are no answer where JSON is wanted and they are none', () => {
    expect(replayOf({ said: ['Who?'], text: 'Frank.' }).answerTo(question(['Who?'], { constraint: { kind: 'json', schema: {} } }), random)).toBeNull();
    expect(replayOf({ said: ['Who?'], text: '{"name":"Frank"}' }).answerTo(question(['Who?'], { constraint: { kind: 'json', schema: {} } }), random)?.content).toBe('{"name":"Frank"}');
  });

  it('are as long as they were, and call the same tools, where their words were not recorded', () => {
    const toolCalls = [{ callId: 'x', name: 'search', argumentBytes: 16, arguments: null }];
    const replay = replayOf({ said: [null], toolCalls, completionTokens: 20 }, { said: [null], completionTokens: 34 }, { said: [null] });
    expect([replay.size, replay.withWords]).toEqual([3, 0]);
    expect(replay.answerTo(question(['Dune?'], { tools: [search] }), random)).toEqual({ content: null, toolCalls: [{ name: 'search', arguments: '{"query": "Dune?"}' }] });
    const filler = replay.answerTo(question(['More?'], { tools: [search] }), random);
    // The token that ends an answer is one of those that were counted.
    expect(estimateTokens(filler!.content!)).toBe(33);
    // Of which nothing is known is left to what is made up.
    expect(replay.answerTo(question(['More?'], { tools: [search] }), random)).toBeNull();
  });
});
