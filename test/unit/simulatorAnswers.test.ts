import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import questions from '../../src/benchmarks/hotpotqa/questions.json' with { type: 'json' };
import { chooseAnswer, type Question } from '../../src/simulator/answers/chooseAnswer.ts';
import { exactFiller, lengthened, lengthsOf } from '../../src/simulator/answers/filler.ts';
import { layOutAnswer, type LayoutOptions } from '../../src/simulator/answers/layout.ts';
import { sampleOfPattern } from '../../src/simulator/answers/patternSample.ts';
import { createCatalog, SHIPPED_PROFILES } from '../../src/simulator/catalog.ts';
import { createRandom } from '../../src/simulator/answers/random.ts';
import { sampleOfSchema } from '../../src/simulator/answers/schemaSample.ts';
import { scriptedAnswer, scripts } from '../../src/simulator/answers/scripted.ts';
import { estimatingTokenizer } from '../../src/simulator/tokens/estimatingTokenizer.ts';
import { estimateTokens, splitIntoTokens, tokenId } from '../../src/simulator/tokens/tokenEstimate.ts';
import type { Answer } from '../../src/simulator/tokens/tokenizer.ts';

describe('lengths of a workload', () => {
  const workload = createCatalog(SHIPPED_PROFILES).workload('ShareGPT')!;

  it.each(createCatalog(SHIPPED_PROFILES).list().filter((profile) => profile.kind === 'workload'))('of $id have its mean and its spread, and count the token that ends an answer', (workload) => {
    const random = createRandom(3);
    const drawn = Array.from({ length: 40_000 }, () => lengthsOf(workload).draw(random) + 1);
    const mean = drawn.reduce((sum, each) => sum + each, 0) / drawn.length;
    expect(mean / workload.answerTokens.mean.value).toBeCloseTo(1, 1);
    const logs = drawn.map(Math.log);
    const middle = logs.reduce((sum, each) => sum + each, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((sum, each) => sum + (each - middle) ** 2, 0) / logs.length);
    // The shortest have whole tokens, two at least.
    expect(Math.abs(deviation / workload.answerTokens.sigma.value - 1)).toBeLessThan(0.08);
  });

  it('are kept to the token, and the same for the same seed', () => {
    const narrow = { ...workload, answerTokens: { mean: { value: 31, source: 'test' }, sigma: { value: 0, source: 'test' } } };
    const question: Question = { messages: [{ role: 'user', text: 'Go.' }], said: ['Go.'], tools: [], toolChoice: 'auto', calledTools: [], constraint: null, minTokens: 0 };
    const tokens = (over: Partial<Question>) => estimateTokens(chooseAnswer({ ...question, ...over }, createRandom(1), lengthsOf(narrow)).content!);
    expect(tokens({})).toBe(30);
    expect(tokens({ minTokens: 47 })).toBe(47);
    const asked = [{ role: 'user', text: 'End with "Final Answer: …".' }];
    const short = { ...narrow, answerTokens: { ...narrow.answerTokens, mean: { value: 2, source: 'test' } } };
    expect(chooseAnswer({ ...question, messages: asked }, createRandom(1), lengthsOf(short)).content).toBe('Final Answer: simulated.');
    const answer = (seed: number) => chooseAnswer(question, createRandom(seed), lengthsOf(workload)).content;
    expect(answer(1)).toBe(answer(1));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => estimateTokens(answer(seed)!))).size).toBeGreaterThan(3);
    expect(estimateTokens(exactFiller(createRandom(1), 3))).toBe(3);
  });
});

describe('filler', () => {
  it('is as long as asked, in tokens of the whole', () => {
    const beginnings = fc.oneof(fc.constantFrom('', 'Yes', 'Yes ', '\n', 'A sentence.'), fc.string({ unit: 'grapheme', maxLength: 30 }));
    fc.assert(
      fc.property(beginnings, fc.integer({ min: 0, max: 400 }), fc.integer(), (text, atLeast, seed) => {
        const longer = lengthened(text, createRandom(seed), atLeast);
        return longer.startsWith(text) && estimateTokens(longer) >= atLeast && (estimateTokens(text) < atLeast || longer === text);
      }),
    );
  });
});

describe('token estimate', () => {
  it('cuts any text into pieces that are the text again', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => splitIntoTokens(text).join('') === text));
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => splitIntoTokens(text).join('') === text));
  });

  // The real counts are of Llama 3's tokenizer.
  it.each([
    ['prose', 'Thought: The results say that the Sydney Opera House was designed by a Danish architect. What is missing is his place of birth, so I look it up.', 32],
    ['code', 'for (let index = 0; index < items.length; index++) {\n  console.log(items[index]);\n}\n', 23],
    ['numbers', 'In 1973 it cost 102,000,000 dollars.', 14],
  ])('is close to the real tokenizer on %s', (_kind, text, real) => {
    expect(Math.abs(estimateTokens(text) - real) / real).toBeLessThan(0.16);
  });

  it('counts an ideograph as one token', () => {
    expect(estimateTokens('日本語')).toBe(3);
  });
});

describe('sample of a schema', () => {
  const schemas: Record<string, object> = {
    nested: {
      type: 'object',
      properties: { person: { type: 'object', properties: { name: { type: 'string', minLength: 12 }, age: { type: 'integer', minimum: 18, maximum: 20 } }, required: ['name', 'age'], additionalProperties: false } },
      required: ['person'],
    },
    arrays: { type: 'object', properties: { tags: { type: 'array', items: { enum: ['a', 'b', 'c'] }, minItems: 3 }, pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], minItems: 2 } }, required: ['tags', 'pair'] },
    numbers: { type: 'object', properties: { a: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.5 }, b: { type: 'integer', multipleOf: 7, minimum: 20 }, c: { type: 'integer', maximum: -5 } }, required: ['a', 'b', 'c'] },
    choices: { type: 'object', properties: { a: { anyOf: [{ type: 'null' }, { type: 'string', maxLength: 3 }] }, b: { oneOf: [{ type: 'integer' }, { type: 'boolean' }] }, c: { const: 'fixed' }, d: { type: ['null', 'boolean'] } }, required: ['a', 'b', 'c', 'd'] },
    references: { $defs: { city: { type: 'object', properties: { name: { type: 'string' }, twin: { anyOf: [{ $ref: '#/$defs/city' }, { type: 'null' }] } }, required: ['name', 'twin'] } }, $ref: '#/$defs/city' },
    formats: { type: 'object', properties: { a: { type: 'string', format: 'email' }, b: { type: 'string', format: 'date-time' }, c: { type: 'string', format: 'uuid' }, d: { type: 'string', format: 'uri' } }, required: ['a', 'b', 'c', 'd'] },
    patterns: { type: 'object', properties: { zip: { type: 'string', pattern: '^[0-9]{5}(-[0-9]{4})?$' }, plate: { type: 'string', pattern: '^(?:[A-Z]{1,3})-\\d+$' } }, required: ['zip', 'plate'] },
  };

  it.each(Object.keys(schemas))('fits: %s', (name) => {
    const schema = schemas[name]!;
    const sample = sampleOfSchema(schema, 'What is the weather?');
    expect(z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(sample).error).toBeUndefined();
  });

  it('fits whatever zod can describe', () => {
    const leaf = fc.constantFrom<z.ZodType>(z.string(), z.string().min(5), z.int().min(3).max(9), z.number().lt(-2), z.boolean(), z.null(), z.enum(['x', 'y']), z.literal(4), z.email(), z.string().regex(/^[a-f]{2,4}\d$/));
    const { schema } = fc.letrec<{ schema: z.ZodType }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.dictionary(fc.constantFrom('query', 'count', 'path', 'nested'), tie('schema')).map((shape) => z.object(shape)),
        tie('schema').map((item) => z.array(item).min(1).max(3)),
        fc.tuple(tie('schema'), tie('schema')).map(([one, other]) => z.union([one, other])),
        tie('schema').map((inner) => inner.nullable()),
      ),
    }));
    fc.assert(
      fc.property(schema, fc.string(), (type, topic) => {
        const result = type.safeParse(sampleOfSchema(z.toJSONSchema(type), topic));
        expect(result.error).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('asks tools what the user asked, and fills nothing that is optional', () => {
    const schema = { type: 'object', properties: { query: { type: 'string' }, city: { type: 'string' }, limit: { type: 'integer' } }, required: ['query', 'city'] };
    expect(sampleOfSchema(schema, 'Who  wrote\nHamlet?')).toEqual({ query: 'Who wrote Hamlet?', city: 'Paris' });
    expect(sampleOfSchema({ type: 'object', properties: { city: { type: 'string' } } }, '')).toEqual({ city: 'Paris' });
    expect(sampleOfSchema({}, '')).toBe('example');
  });

  it('survives what is no schema', () => {
    fc.assert(fc.property(fc.jsonValue(), (json) => void JSON.stringify(sampleOfSchema(json, 'x'))));
  });

  it.each(['^a+b*c?$', '[^a-z]{3}', '(foo|bar)\\.(png|jpg)', '^\\w+@\\w+\\.com$', '^(?<year>\\d{4})-\\d{2}$', 'x{2,}y'])('finds a text for the pattern %s', (pattern) => {
    expect(sampleOfPattern(pattern)).toMatch(new RegExp(pattern));
  });

  it.each(['(?=a)b', '(', '[z-a]', '(a)\\1b'])('gives up on the pattern %s', (pattern) => {
    expect(sampleOfPattern(pattern)).toBeNull();
  });
});

describe('layout', () => {
  const endToken = { id: tokenId('<end>'), piece: '<end>', text: '' };
  const options: LayoutOptions = { tokenizer: estimatingTokenizer, maxTokens: 1000, stop: [], endToken, toolFinishReason: 'tool_calls' };
  const written = (answer: Answer) => estimatingTokenizer.written({ messages: [], tools: [] }, answer);
  const text = 'One two three. Four five six.';
  const shown = (laidOut: ReturnType<typeof layOutAnswer>) => laidOut.tokens.flatMap(({ visible }) => visible).map((part) => (part.kind === 'toolName' ? '' : part.text)).join('');

  it('shows all of a text and ends it with its end token', () => {
    const laidOut = layOutAnswer(written({ content: text, toolCalls: [] }), options);
    expect(shown(laidOut)).toBe(text);
    expect(laidOut.tokens.at(-1)).toEqual({ ...endToken, visible: [] });
    expect(laidOut.finishReason).toBe('stop');
  });

  it('cuts at max_tokens', () => {
    const laidOut = layOutAnswer(written({ content: text, toolCalls: [] }), { ...options, maxTokens: 4 });
    expect(laidOut.tokens).toHaveLength(4);
    expect(shown(laidOut)).toBe('One two three.');
    expect(laidOut.finishReason).toBe('length');
  });

  it('shows nothing of a stop string, wherever it falls, and the first one wins', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 3 }), fc.integer({ min: 1, max: 3 }), (at, length) => {
        const stop = text.slice(at, at + length);
        const laidOut = layOutAnswer(written({ content: text, toolCalls: [] }), { ...options, stop: ['six.!', stop] });
        expect(shown(laidOut)).toBe(text.slice(0, text.indexOf(stop)));
        expect(laidOut).toMatchObject({ finishReason: 'stop', stopReason: stop });
      }),
    );
  });

  it('shows a tool by name once, then its arguments, and nothing of what is around them', () => {
    const laidOut = layOutAnswer(written({ content: 'So.', toolCalls: [{ name: 'search', arguments: '{"query": "x"}' }] }), options);
    expect(laidOut.tokens.flatMap(({ visible }) => visible).filter(({ kind }) => kind === 'toolName')).toEqual([{ kind: 'toolName', call: 0, name: 'search' }]);
    expect(shown(laidOut)).toBe('So.{"query": "x"}');
    expect(laidOut.tokens.map(({ piece }) => piece).join('')).toBe('So.{"name": "search", "parameters": {"query": "x"}}<end>');
    expect(laidOut.finishReason).toBe('tool_calls');
  });
});

describe('choice of an answer', () => {
  const tool = (name: string) => ({ name, parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } });
  const question = (over: Partial<Question>): Question => ({ messages: [{ role: 'user', text: 'Do it.' }], said: ['Do it.'], tools: [], toolChoice: 'auto', calledTools: [], constraint: null, minTokens: 0, ...over });
  const choose = (over: Partial<Question>, seed = 1) => chooseAnswer(question(over), createRandom(seed));

  it('calls each tool once, the one that ends the run last, then answers', () => {
    const tools = ['final_answer', 'search', 'read'].map(tool);
    const called: string[] = [];
    for (;;) {
      const answer = choose({ tools, calledTools: called });
      if (answer.toolCalls.length === 0) break;
      expect(JSON.parse(answer.toolCalls[0]!.arguments)).toEqual({ text: 'Do it.' });
      called.push(answer.toolCalls[0]!.name);
    }
    expect(called).toEqual(['search', 'read', 'final_answer']);
  });

  it('honours tool_choice', () => {
    const tools = [tool('one'), tool('two')];
    expect(choose({ tools, toolChoice: 'none' }).toolCalls).toEqual([]);
    expect(choose({ tools, toolChoice: { name: 'two' }, calledTools: ['two'] }).toolCalls[0]!.name).toBe('two');
    expect(choose({ tools, toolChoice: 'required', calledTools: ['one', 'two'] }).toolCalls[0]!.name).toBe('two');
  });

  it('answers as JSON after the tools', () => {
    const constraint = { kind: 'json', schema: { type: 'object', properties: { city: { type: 'string' } } } } as const;
    expect(choose({ tools: [tool('one')], constraint }).toolCalls).toHaveLength(1);
    expect(choose({ tools: [tool('one')], calledTools: ['one'], constraint }).content).toBe('{"city": "Paris"}');
  });

  it('writes text of a plausible length that says what it is; the same for the same seed', () => {
    for (let seed = 0; seed < 50; seed++) {
      const content = choose({}, seed).content!;
      expect(content).toMatch(/^Simulated answer/);
      expect(estimateTokens(content)).toBeGreaterThan(40);
      expect(estimateTokens(content)).toBeLessThan(210);
      expect(choose({}, seed).content).toBe(content);
    }
    expect(new Set(Array.from({ length: 20 }, (_, seed) => choose({}, seed).content)).size).toBeGreaterThan(10);
    expect(estimateTokens(choose({ minTokens: 500 }).content!)).toBeGreaterThanOrEqual(500);
  });

  it('ends a text-only ReAct loop', () => {
    expect(choose({ messages: [{ role: 'user', text: 'Use the format: Thought… Final Answer: …' }] }).content).toMatch(/^Final Answer: /);
  });
});

describe('scripts', () => {
  it('cover every bundled question of HotpotQA, in 2 to 4 calls', () => {
    for (const { question, answer: right } of questions) {
      const { steps, answer } = scripts.find((script) => script.question === question)!;
      expect(steps.length).toBeGreaterThanOrEqual(1);
      expect(steps.length).toBeLessThanOrEqual(3);
      expect(answer.endsWith(`\nAnswer: ${right}`)).toBe(true);
    }
  });

  it('are for agents with the right tools only, and believe the tools', () => {
    const { question, steps, needs, answer, otherwise } = scripts[0]!;
    const asked = { role: 'user', text: `Question: ${question}` };
    const history = (found: string) => [asked, ...steps.flatMap(() => [{ role: 'assistant', text: '' }, { role: 'tool', text: found }])];
    expect(scriptedAnswer([asked], ['search'])).toBeNull();
    expect(scriptedAnswer([{ role: 'user', text: 'Something else' }], ['search', 'lookup'])).toBeNull();
    expect(scriptedAnswer([asked], ['search', 'lookup'])!.toolCalls).toHaveLength(1);
    expect(scriptedAnswer(history(needs.join(' ')), ['search', 'lookup'])!.content).toBe(answer);
    expect(scriptedAnswer(history('nothing'), ['search', 'lookup'])!.content).toBe(otherwise);
  });
});
