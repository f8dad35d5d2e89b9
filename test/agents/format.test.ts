import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tool } from '../../src/agents/agent.ts';
import { parseReasoning } from '../../src/agents/cot/agent.ts';
import { parseArguments, renderCall } from '../../src/agents/format/arguments.ts';
import { parseTurn } from '../../src/agents/format/turnText.ts';
import { parseScore } from '../../src/agents/lats/prompt.ts';
import { PlanParser, dependencies, substitute } from '../../src/agents/llmcompiler/plan.ts';
import { withoutThinking } from '../../src/agents/model/streamReply.ts';
import { isRight } from '../../src/agents/reflexion/evaluate.ts';

const tool = (name: string, properties: string[], required = properties.slice(0, 1)): Tool => ({
  name,
  description: '',
  parameters: { type: 'object', properties: Object.fromEntries(properties.map((property) => [property, { type: 'string', description: '' }])), required },
  run: () => Promise.resolve({ text: '' }),
});
const search = tool('search', ['query']);
const lookup = tool('lookup', ['title', 'keyword']);
const run = tool('run', ['code']);
const tools = [search, lookup, run];

describe('a turn in text', () => {
  const searches = { tool: 'search', arguments: { query: 'Jørn Utzon' } };

  it.each([
    ['as asked for', 'Thought 1: I look.\nAction 1: search[Jørn Utzon]'],
    ['unnumbered, in round brackets', 'Thought: I look.\nAction: search(Jørn Utzon)'],
    ['quoted and named', 'Thought: I look.\nAction: search(query="Jørn Utzon")'],
    ['in Markdown', '**Thought:** I look.\n**Action:** `search["Jørn Utzon"]`'],
    ['in another case', 'THOUGHT 1: I look.\nACTION 1: Search[Jørn Utzon]'],
    ['with an input of its own', 'Thought: I look.\nAction: search\nAction Input: Jørn Utzon'],
    ['without brackets', 'Thought: I look.\nAction: search: Jørn Utzon'],
    ['not closed', 'Thought: I look.\nAction: search[Jørn Utzon'],
    ['as JSON', 'Thought: I look.\nAction: {"name": "search", "arguments": {"query": "Jørn Utzon"}}'],
    ['as a tool call of another model', 'I look.\n<tool_call>\n{"name": "search", "arguments": {"query": "Jørn Utzon"}}\n</tool_call>'],
    ['without the word', 'I look.\nsearch[Jørn Utzon]'],
    ['in the words of the examples', 'Thought: I look.\nCall: search with query "Jørn Utzon"\nFound: He was born in Oslo.'],
    ['with a made-up observation and more', 'Thought 1: I look.\nAction 1: search[Jørn Utzon]\nObservation 1: He was born in Oslo.\nThought 2: So it is.\nAction 2: finish[Oslo]'],
    ['with the next thought', 'Thought 1: I look.\nAction 1: search[Jørn Utzon]\nThought 2: Then I finish.\nAction 2: finish[Oslo]'],
  ])('%s', (_, said) => {
    expect(parseTurn(said, tools)).toMatchObject({ call: searches, answer: null });
    expect(parseTurn(said, tools).thought).toContain('I look.');
  });

  it('reads several arguments in the words of the examples', () => {
    expect(parseTurn('Call: lookup with title "The Queen\'s College, Oxford" and keyword "founded"', tools).call).toEqual({ tool: 'lookup', arguments: { title: "The Queen's College, Oxford", keyword: 'founded' } });
  });

  it.each([
    ['Thought 3: Done.\nAction 3: finish[Copenhagen]', 'Copenhagen'],
    ['Thought: Done.\nAction: Finish(Copenhagen)', 'Copenhagen'],
    ['Thought: Done.\nAnswer: Copenhagen.', 'Copenhagen'],
    ['Thought: Done.\n**Final Answer:** "Copenhagen"', 'Copenhagen'],
    ['Action: finish[[0, 1)]', '[0, 1)'],
    ['Action: {"name": "finish", "arguments": {"answer": "Copenhagen"}}', 'Copenhagen'],
    ['Action: finish[St. John (New Brunswick)]', 'St. John (New Brunswick)'],
  ])('answers: %s', (said, answer) => {
    expect(parseTurn(said, tools)).toMatchObject({ call: null, answer });
  });

  it('keeps code as it was written, over several lines', () => {
    const code = 'def f(xs):\n    return [x for x in xs if x[0] == "]"]\nprint(f([[1]]))';
    expect(parseTurn(`Thought: I try it.\nAction: run[\n${code}\n]`, tools).call).toEqual({ tool: 'run', arguments: { code } });
    expect(parseTurn(`Action: run\nAction Input: \`\`\`python\n${code}\n\`\`\``, tools).call).toEqual({ tool: 'run', arguments: { code } });
  });

  it('tells a tool that there is not from none', () => {
    expect(parseTurn('Action: browse[x]', tools).call).toEqual({ tool: 'browse', arguments: { input: 'x' } });
    expect(parseTurn('I have no idea what to do.', tools)).toEqual({ thought: 'I have no idea what to do.', call: null, answer: null });
  });

  it('takes anything', () => {
    const pieces = fc.constantFrom('Thought', 'Action', 'Answer', 'Observation', ':', '[', ']', '(', ')', '{', '}', '"', "'", ',', '\n', ' 1', 'search', 'lookup', 'finish', '```', '<think>', '$1', 'x');
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }).map((parts) => parts.join('')), (said) => {
        const { call, answer } = parseTurn(said, tools);
        expect(call === null || answer === null).toBe(true);
        parseReasoning(said);
        parseScore(said);
        isRight(said);
        new PlanParser(tools).feed(said, true);
        expect(withoutThinking(said)).not.toContain('<think>');
      }),
    );
  });
});

describe('arguments', () => {
  it('are read as they are rendered', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (title, keyword) => {
        const call = { tool: 'lookup', arguments: { title, keyword } };
        const rendered = renderCall(call, tools);
        expect(parseArguments(rendered.slice('lookup['.length, -1), lookup)).toEqual(call.arguments);
      }),
    );
  });

  it('keep a comma in a title', () => {
    expect(parseArguments('"The Queen\'s College, Oxford", "founded"', lookup)).toEqual({ title: "The Queen's College, Oxford", keyword: 'founded' });
    expect(parseArguments('"The Queen\'s College, Oxford"', lookup)).toEqual({ title: "The Queen's College, Oxford" });
    expect(parseArguments('Oxford, England, Europe', lookup)).toEqual({ title: 'Oxford, England, Europe' });
    expect(parseArguments('one, two', search)).toEqual({ query: 'one, two' });
  });

  it('become numbers where the tool wants them', () => {
    const at: Tool = { ...search, parameters: { type: 'object', properties: { page: { type: 'integer', description: '' } }, required: ['page'] } };
    expect(parseArguments('7', at)).toEqual({ page: 7 });
    expect(parseArguments('{"page": "7"}', at)).toEqual({ page: 7 });
    expect(parseArguments('seven', at)).toEqual({ page: 'seven' });
  });
});

describe('a plan', () => {
  const plan = '1. search("Golden Gate Bridge")\nThought: and the other\n2. lookup("Akashi", "span")\n3. lookup("$1", "of ${2}")\n4. join()<END_OF_PLAN>\n5. search("never")';

  it('is read line by line while it is written', () => {
    const parser = new PlanParser(tools);
    const seen: [number, string][] = [];
    for (let end = 1; end <= plan.length; end++) for (const call of parser.feed(plan.slice(0, end))) seen.push([call.id, plan.slice(0, end).split('\n').at(-1)!]);
    // Each as soon as its own line is over.
    expect(seen).toEqual([[1, ''], [2, ''], [3, '']]);
    expect(parser.feed(plan, true)).toEqual([]);
  });

  it('says what waits for what', () => {
    const calls = new PlanParser(tools).feed(plan, true);
    expect(calls.map(dependencies)).toEqual([[], [], [1, 2]]);
    expect(substitute(calls[2]!.arguments, new Map([[1, 'one'], [2, 'two']]))).toEqual({ title: 'one', keyword: 'of two' });
  });

  it.each([
    ['1) search(x)', 'x'],
    ['- search["x"]', 'x'],
    ['$1 = search(query="x")', 'x'],
    ['1. `search("x")`  # the first', 'x'],
    ['**1.** search("x").', null],
  ])('%s', (line, query) => {
    const calls = new PlanParser(tools).feed(line, true);
    expect(calls.map(({ arguments: args }) => args['query'] ?? null)).toEqual(query === null ? [] : [query]);
  });

  it('goes on with the numbers of the plan before, whatever the model counts from', () => {
    expect(new PlanParser(tools, 3).feed('1. search("x")\n2. search("$1")', true)).toEqual([
      { id: 3, tool: 'search', arguments: { query: 'x' } },
      { id: 4, tool: 'search', arguments: { query: '$3' } },
    ]);
    expect(new PlanParser(tools, 3).feed('3. search("$1")', true)).toEqual([{ id: 3, tool: 'search', arguments: { query: '$1' } }]);
  });
});

describe('judgements', () => {
  it.each([
    ['It is good. The score is 8.', 0.8],
    ['Score: 10', 1],
    ['I rate it 7/10.', 0.7],
    ['The score is 0', 0.1],
    ['The score is 55', null],
    ['9', 0.9],
    ['No idea.', null],
    ['The correctness score is: **6**', 0.6],
  ])('%s', (judgement, score) => expect(parseScore(judgement)).toBe(score));

  it('are right only where they say so', () => {
    expect(['Verdict: right', 'It looks wrong at first. Verdict: right', 'Correct.'].map(isRight)).toEqual([true, true, true]);
    expect(['Verdict: wrong', 'incorrect', 'Hm.', ''].map(isRight)).toEqual([false, false, false, false]);
  });
});

describe('a chain of thought', () => {
  it.each([
    ['A: He is Danish. The answer is Copenhagen.', 'Copenhagen'],
    ['The answer is no, or rather: the answer is: yes', 'yes'],
    ['He is Danish.\nAnswer: Copenhagen', 'Copenhagen'],
    ['He is Danish.\nCopenhagen', 'Copenhagen'],
    ['', null],
  ])('%s', (text, answer) => expect(parseReasoning(text).answer).toBe(answer));
});
