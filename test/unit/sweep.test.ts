import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fillCommand, placeholders } from '../../src/cli/sweep/commandTemplate.ts';
import { planRuns, runPool } from '../../src/cli/sweep/plan.ts';
import { parseQuestions, type Question } from '../../src/cli/sweep/questions.ts';
import { lastLine, scorerOf, withoutAnswer, type Answered } from '../../src/cli/sweep/scoring.ts';
import { assignment, combine, parseVariants, parseVary } from '../../src/cli/sweep/variants.ts';

const question = (fields: Record<string, string>, number = 1): Question => ({ number, id: String(number), fields });

describe('a file of questions', () => {
  it('is lines of objects or texts, a list of them, a table, or lines of text', () => {
    expect(parseQuestions('{"id": "a", "question": "Why?", "answer": 42}\n\n"How?"\r\n', 'q.jsonl')).toEqual([
      { number: 1, id: 'a', fields: { id: 'a', question: 'Why?', answer: '42' } },
      { number: 2, id: '2', fields: { question: 'How?' } },
    ]);
    expect(parseQuestions('\uFEFF[{"_id": "x", "question": "Why?", "facts": ["a", 1]}]', 'q.json')).toEqual([{ number: 1, id: 'x', fields: { _id: 'x', question: 'Why?', facts: '["a",1]' } }]);
    expect(parseQuestions('question,answer\r\n"Who, then?","""me"""\r\nWhy?,\r\n', 'q.csv').map(({ fields }) => fields)).toEqual([{ question: 'Who, then?', answer: '"me"' }, { question: 'Why?', answer: '' }]);
    expect(parseQuestions('Why?\n\n  How? \n', 'questions').map(({ fields }) => fields['question'])).toEqual(['Why?', 'How?']);
  });

  it.each([
    ['q.jsonl', '{"question": "a"}\n{"question"', /^q\.jsonl:2 is not JSON/],
    ['q.jsonl', '7', /^q\.jsonl:1 is neither an object nor a text/],
    ['q.json', '{"question": "a"}', /^q\.json holds no list/],
    ['q.json', '[]', /^q\.json holds no question/],
    ['q.txt', '\n \n', /^q\.txt holds no question/],
    ['q.csv', 'question,answer\nWhy?\n', /^q\.csv, row 1 has 1 cells, and its head 2/],
    ['q.csv', 'a,a\n1,2\n', /two columns have one name/],
    ['q.csv', 'a,b\n1,"2\n', /^q\.csv, line 2: a quote is not closed/],
    ['q.csv', 'a,b\n1,2\n3,the "fourth"\n', /^q\.csv, line 3: /],
  ])('%s with %j is refused by the place of what is wrong', (file, text, message) => {
    expect(() => parseQuestions(text, file)).toThrow(message);
  });
});

describe('a command', () => {
  const questions = [question({ question: 'What is {answer}?', answer: '42' }), question({ question: 'Why?' }, 2)];

  it('gets the fields that it names, as they are and once', () => {
    expect(placeholders(['agent', '--ask={question}', '{"json": {}}', '{HOME}'], questions, false)).toEqual(['question']);
    expect(fillCommand(['agent', '--ask={question}', '{question} {question}', '{"json": {}}', '{HOME}'], questions[0]!)).toEqual(['agent', '--ask=What is {answer}?', 'What is {answer}? What is {answer}?', '{"json": {}}', '{HOME}']);
  });

  it('that asks nothing, or for what is not there, is refused', () => {
    expect(() => placeholders(['agent'], questions, false)).toThrow('The command asks nothing: put {question} or {answer} where the question belongs, or give --stdin.');
    expect(() => placeholders(['agent', '{prompt}'], questions, false)).toThrow('No question has a field "prompt". They have {question}, {answer}.');
    expect(() => placeholders(['agent', '{answer}'], questions, false)).toThrow('Question 2 has no field "answer"');
    expect(placeholders(['agent'], questions, true)).toEqual([]);
  });
});

describe('variants', () => {
  it('are all combinations of values of variables, and of those named in a file', () => {
    const named = parseVariants('{"short prompt": {"PROMPT": "Be short.", "STEPS": 3}, "plain": {}}', 'v.json');
    expect(combine([named, parseVary('TEMPERATURE=0,1')]).map(({ setting, environment }) => [setting, environment])).toEqual([
      ['variant="short prompt" TEMPERATURE=0', { PROMPT: 'Be short.', STEPS: '3', TEMPERATURE: '0' }],
      ['variant="short prompt" TEMPERATURE=1', { PROMPT: 'Be short.', STEPS: '3', TEMPERATURE: '1' }],
      ['variant=plain TEMPERATURE=0', { TEMPERATURE: '0' }],
      ['variant=plain TEMPERATURE=1', { TEMPERATURE: '1' }],
    ]);
    expect(combine([])).toEqual([{ setting: '', environment: {} }]);
    expect(parseVary('A=one\\, two,').map(({ environment }) => environment['A'])).toEqual(['one, two', '']);
    expect(assignment('A', '')).toBe('A=""');
  });

  it.each([
    [() => parseVary('STEPS'), /--vary takes NAME=VALUE/],
    [() => parseVary('a-b=1'), /--vary takes NAME=VALUE/],
    [() => parseVary('A=1,2,1'), /"1" stands there twice/],
    [() => combine([parseVary('A=1'), parseVary('A=2')]), /A is varied twice/],
    [() => combine(['A', 'B', 'C', 'D'].map((name) => parseVary(`${name}=0,1,2,3,4,5`))), /1296 combinations/],
    [() => parseVariants('[', 'v.json'), /v\.json is not JSON/],
    [() => parseVariants('{"a": {"B C": "1"}}', 'v.json'), /v\.json, a \/ B C: /],
    [() => parseVariants('{"a": 1}', 'v.json'), /v\.json, a: /],
    [() => parseVariants('{}', 'v.json'), /holds no variant/],
  ])('%# are refused with what is wrong', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('the plan', () => {
  const questions = [1, 2, 3, 4, 5].map((number) => question({ question: 'q' }, number));
  const of = (shard: { index: number; count: number }, backends = ['sim']) => planRuns({ questions, variants: parseVary('A=1,2'), backends, repeats: 2, shard });

  it('lets variants take turns, and repeats come one after the other', () => {
    expect(of({ index: 1, count: 1 }).slice(0, 3).map(({ question: { number }, setting, repeat }) => [number, setting, repeat])).toEqual([[1, 'A=1', 1], [1, 'A=2', 1], [2, 'A=1', 1]]);
    expect(of({ index: 1, count: 1 })).toHaveLength(20);
    expect(new Set(of({ index: 1, count: 1 }, ['sim', 'http://x/v1']).map(({ key }) => key)).size).toBe(40);
    expect(of({ index: 1, count: 1 }, ['sim', 'http://x/v1'])[1]!.setting).toBe('A=1 backend=http://x/v1');
  });

  it('falls into shards that have each run once', () => {
    const shards = [1, 2, 3].map((index) => of({ index, count: 3 }).map(({ key }) => key));
    expect(shards.flat().sort()).toEqual(of({ index: 1, count: 1 }).map(({ key }) => key).sort());
    expect(of({ index: 6, count: 6 })).toEqual([]);
  });

  it('is worked on by so many at once, and no further once it is to stop', async () => {
    let atWork = 0;
    let most = 0;
    const begun: number[] = [];
    await runPool([1, 2, 3, 4, 5, 6], 2, async (piece) => {
      begun.push(piece);
      most = Math.max(most, ++atWork);
      await delay(1);
      atWork -= 1;
    }, () => begun.length >= 4);
    expect([most, begun]).toEqual([2, [1, 2, 3, 4]]);
    await expect(runPool([1, 2], 1, () => Promise.reject(new Error('lost')), () => false)).rejects.toThrow('lost');
  });
});

describe('a score', () => {
  const answered = (answer: string, fields: Record<string, string>): Answered => ({ id: '1', question: fields, output: `thinking\n${answer}\n`, answer, variant: { STEPS: '3' }, recording: 'r' });
  const scoreOf = (how: string, answer: string, expected = 'The Eiffel Tower') => scorerOf(how).score(answered(answer, { answer: expected }));

  it('compares with the answer that a question has', async () => {
    expect(await scoreOf('exact', 'eiffel tower.')).toBe(1);
    expect(await scoreOf('exact', 'a tower')).toBe(0);
    expect(await scoreOf('f1', 'tower')).toBeCloseTo(2 / 3);
    expect(await scoreOf('contains', 'It is THE EIFFEL TOWER, I think')).toBe(1);
    expect(await scorerOf('exact').score(answered('x', {}))).toBeNull();
    expect(await scorerOf(undefined).score(answered('x', { answer: 'x' }))).toBeNull();
    expect([withoutAnswer('f1', [question({ question: 'q' })]), withoutAnswer('./score', [question({})]), withoutAnswer(undefined, [question({})])]).toEqual([1, 0, 0]);
  });

  it('is what a command of the user’s writes, which is handed all there is', async () => {
    const script = "let t='';process.stdin.on('data',d=>t+=d).on('end',()=>{const a=JSON.parse(t);console.log('so');console.log(a.answer===a.question.answer&&a.variant.STEPS==='3'?1:0.25)})";
    const command = `${JSON.stringify(process.execPath)} -e ${JSON.stringify(script)}`;
    expect(await scoreOf(command, 'x', 'x')).toBe(1);
    expect(await scoreOf(command, 'x', 'y')).toBe(0.25);
  });

  it('of a command that tells none is an error with what it said', async () => {
    await expect(scoreOf('echo good', 'x')).rejects.toThrow('--score wrote "good", not a number from 0 to 1.');
    await expect(scoreOf('echo 1.5', 'x')).rejects.toThrow('--score wrote "1.5"');
    await expect(scoreOf('echo why >&2; exit 3', 'x')).rejects.toThrow('--score exited with 3: why');
  });

  it('takes the last line that is not empty', () => {
    expect(lastLine('a\n b \r\n\n')).toBe('b');
    expect(lastLine('')).toBe('');
  });
});
