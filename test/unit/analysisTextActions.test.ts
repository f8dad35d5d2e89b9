/** Tools that a model asks for in its text. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { parseAction } from '../../src/analysis/textActions.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { call, callEnd, end, header, message, recordingText, site, span, spanEnd } from './recordingLines.ts';

const FEW_SHOT = 'Question: Who was Ada?\nThought: look it up\nAction: search[Ada]\nObservation: A countess.\nAction: finish[a countess]\n\n';
const THINK = [site('/p/agent.py', 10, 'think'), site('/p/agent.py', 30, 'answer')];

/** A model call whose prompt is one text. */
function asked(id: string, from: number, until: number, prompt: string, answer: string | null): object[] {
  return [call(id, from, { frames: THINK, request: { messages: [message('user', prompt)] } }), callEnd(id, until, { text: answer })];
}

const reportOf = (...lines: object[]): Report => analyze(readRecording(recordingText(header(), ...lines, end(5000)))).report;
const tools = (report: Report) => report.spans.filter(({ kind }) => kind === 'tool').map(({ name, startMs, endMs, evidence, tool }) => [name, startMs, endMs, evidence, tool?.argumentBytes, tool?.resultBytes]);

describe('an action in an answer', () => {
  it.each([
    ['Thought: x\nAction: search[Ada Lovelace]', 'search', 'Ada Lovelace'],
    ['Thought 2: x\nAction 2: Search[a [b] c]', 'Search', 'a [b] c'],
    ['Action: web_search("Ada", 3)', 'web_search', '"Ada", 3'],
    ['Thought: x\nAction: search\nAction Input: Ada\n', 'search', 'Ada'],
    ['**Action:** search[Ada]', 'search', 'Ada'],
    ['Action: `get_weather(Paris)`', 'get_weather', 'Paris'],
    ['Action:\n', null, null],
    ['```\nAction: {"action": "search", "action_input": {"q": "{"}}\n```', 'search', '{"q":"{"}'],
    // What the model goes on to make up is no second action.
    ['Action: search[Ada]\nObservation: made up\nAction: lookup[x]', 'search', 'Ada'],
    ['Action: finish[42]', null, null],
    ['Action: {"action": "Final Answer", "action_input": "42"}', null, null],
    ['The best action: go home.', null, null],
    ['Action: we should search for it', null, null],
    ['Call to Action: buy(now)', null, null],
    ['', null, null],
  ])('%j', (text, name, input) => {
    const action = parseAction(text);
    expect(action === null ? [null, null] : [action.name, action.arguments]).toEqual([name, input]);
  });
});

it('takes no long time over any text', () => {
  const many = 200_000;
  for (const text of [`Action: {${'}'.repeat(many)}`, `Action: {${'{}'.repeat(many)}`, `Action: a${'* '.repeat(many)}b`, `Action${' '.repeat(many)}x`, `Action: search\nAction Input${' '.repeat(many)}`, `${' '.repeat(many)}Action`, `Action: f(${')'.repeat(many)}x`])
    expect(parseAction(text)).toBeNull();
}, 20_000);

describe('a tool in text', () => {
  const prompt = `${FEW_SHOT}Question: Who was Grace?\n`;
  const answer = 'Thought: look it up\nAction: search[Grace]';
  const next = `${prompt}${answer}\nObservation: An admiral.\n`;

  it('lasts from the answer until the prompt with its observation', () => {
    const report = reportOf(...asked('a', 0, 100, prompt, answer), ...asked('b', 400, 500, next, 'Action: finish[an admiral]'));
    expect(tools(report)).toEqual([['search', 100, 400, 'inferred', 5, 'An admiral.'.length]]);
    expect(report.spans.find(({ kind }) => kind === 'tool')?.tool?.callId).toBeNull();
  });

  it('is the function of its name', () => {
    const report = reportOf(
      ...asked('a', 0, 100, prompt, answer),
      span('f', 110, { kind: 'other', source: 'function', name: 'search', frames: [site('/p/tools.py', 5, 'search'), site('/p/agent.py', 31, 'answer')] }),
      spanEnd('f', 390),
      ...asked('b', 400, 500, next, 'Action: finish[an admiral]'),
    );
    expect(tools(report)).toEqual([['search', 110, 390, 'measured', 5, 11]]);
  });

  it('may be told in messages of their own', () => {
    const first = [message('system', FEW_SHOT), message('user', 'Who was Grace?')];
    const report = reportOf(
      call('a', 0, { request: { messages: first } }),
      callEnd('a', 100, { text: answer }),
      call('b', 400, { request: { messages: [...first, message('assistant', answer), message('user', 'Observation: An admiral.')] } }),
      callEnd('b', 500, { text: 'Final Answer: an admiral' }),
    );
    expect(tools(report)).toEqual([['search', 100, 400, 'inferred', 5, 11]]);
  });

  it('is none without an observation of it', () => {
    const unanswered = reportOf(...asked('a', 0, 100, prompt, answer), ...asked('b', 400, 500, `${prompt}${answer}\nNo, think again.\n`, 'Hm.'));
    expect(tools(unanswered)).toEqual([]);
    // The few-shot example has an action and an observation, and this answer has neither.
    const quoting = reportOf(...asked('a', 0, 100, prompt, 'I would rather not.'), ...asked('b', 400, 500, next, 'Done.'));
    expect(tools(quoting)).toEqual([]);
    // Another action's observation.
    const other = reportOf(...asked('a', 0, 100, prompt, answer), ...asked('b', 400, 500, `${prompt}${answer}\nAction: lookup[x]\nObservation: y\n`, 'Done.'));
    expect(tools(other)).toEqual([]);
  });

  it('is not known where the texts were not recorded', () => {
    const digests = (text: string) => ({ ...message('user', text), text: null });
    const report = reportOf(call('a', 0, { request: { messages: [digests(prompt)] } }), callEnd('a', 100), call('b', 400, { request: { messages: [digests(next)] } }), callEnd('b', 500));
    expect(tools(report)).toEqual([]);
  });
});

describe('requests of an agent that writes on in one prompt', () => {
  const turns = (question: string, at: number): object[] => {
    const prompt = `${FEW_SHOT}Question: ${question}\n`;
    const answer = `Thought: look it up\nAction: search[${question}]`;
    return [...asked(`${question}1`, at, at + 100, prompt, answer), ...asked(`${question}2`, at + 200, at + 300, `${prompt}${answer}\nObservation: x\n`, 'Action: finish[x]')];
  };

  it('are told apart by where the prompt begins anew', () => {
    const report = reportOf(...turns('Ada', 0), ...turns('Grace', 1000), ...turns('Joan', 2000));
    expect(report.spans.filter(({ kind }) => kind === 'agent').map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [0, 300],
      [1000, 1300],
      [2000, 2300],
    ]);
  });

  it('are told apart while they run at once', () => {
    const report = reportOf(...turns('Ada', 0), ...turns('Grace', 50));
    expect(report.totals.requests).toBe(2);
  });

  it('stay one where a longer prompt does not hold the earlier answer', () => {
    const report = reportOf(...asked('a', 0, 100, 'Tell me a story', 'Once upon a time.'), ...asked('b', 200, 300, 'Tell me a story of cats', 'Miaow.'), ...asked('c', 400, 500, 'Tell me a story of cats and dogs', 'Wuff.'));
    expect(report.totals.requests).toBe(1);
  });
});
