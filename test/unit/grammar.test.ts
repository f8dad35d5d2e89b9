import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constrainedText, meets } from '../../src/simulator/answers/constraint.ts';
import { parseGrammar } from '../../src/simulator/answers/grammar.ts';
import { isOfGrammar, sampleOfGrammar } from '../../src/simulator/answers/grammarSample.ts';
import { createRandom } from '../../src/simulator/answers/random.ts';

const SQL = `root ::= select_statement  # as in vLLM's documentation
select_statement ::= "SELECT " column " from " table " where " condition
column ::= "col_1 " | "col_2 "
table ::= "table_1 " | "table_2 "
condition ::= column "= " number
number ::= "1 " | "2 "`;
const JSON_LIKE = String.raw`root ::= object
value ::= object | array | string | number | ("true" | "false" | "null")
object ::= "{" ws (
  string ":" ws value ("," ws string ":" ws value)*
)? "}"
array ::= "[" ws (value ("," ws value)*)? "]"
string ::= "\"" ([^"\\\x00-\x1F])* "\""
number ::= "-"? ([0-9] | [1-9] [0-9]{0,15}) ("." [0-9]+)?
ws ::= [ \t\n]*`;

describe('a grammar', () => {
  it('is read with its rules, and its texts are told from others', () => {
    const grammar = parseGrammar(SQL);
    expect([...grammar.rules.keys()]).toEqual(['root', 'select_statement', 'column', 'table', 'condition', 'number']);
    expect(isOfGrammar(grammar, 'SELECT col_1  from table_2  where col_2 = 1 ')).toBe(true);
    expect(isOfGrammar(grammar, 'SELECT col_3  from table_2  where col_2 = 1 ')).toBe(false);
    expect(isOfGrammar(grammar, 'SELECT col_1  from table_2  where col_2 = 1 !')).toBe(false);
  });

  it.each([
    ['SQL', SQL],
    ['JSON', JSON_LIKE],
    ['escapes', 'root ::= "\\t\\u00e9\\x41" [^a-z\\]\\-] "]"{2}'],
    ['a chain', 'root ::= "a" root | "b"'],
    ['nothing', 'root ::= ""'],
    ['times', 'root ::= ("ab"{2,3} | [0-9]{4}) ","? [x-z]{1,}'],
  ])('has texts by chance that are its own, the same for the same seed: %s', (_, source) => {
    const grammar = parseGrammar(source);
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const text = sampleOfGrammar(grammar, createRandom(seed));
        return text.length < 5000 && isOfGrammar(grammar, text) && sampleOfGrammar(grammar, createRandom(seed)) === text;
      }),
      { numRuns: 60 },
    );
  });

  it('of JSON has texts that are JSON', () => {
    const grammar = parseGrammar(JSON_LIKE);
    const texts = Array.from({ length: 40 }, (_, seed) => sampleOfGrammar(grammar, createRandom(seed)));
    for (const text of texts) expect(() => JSON.parse(text) as unknown, text).not.toThrow();
    expect(new Set(texts).size).toBeGreaterThan(10);
    expect(isOfGrammar(grammar, '{"a": [1, {"b": null}], "c": "é"}')).toBe(true);
    expect(isOfGrammar(grammar, '{"a": [1, {"b": null}, "c": "é"}')).toBe(false);
  });

  it.each([
    ['start ::= "a"', 'The grammar has no rule named "root".'],
    ['root ::= thing', 'Rule "root" uses "thing", which is not defined.'],
    ['root ::= "a', 'Line 1, column 12: the end of a string is missing.'],
    ['root ::= ("a"\nb ::= "c"', 'Line 2, column 1: a ")" is missing.'],
    ['root ::= [z-a]', 'Line 1, column 14: a range of characters ends before it begins.'],
    ['root ::= []', 'Line 1, column 12: a class of characters is empty.'],
    ['root ::= "a"{3,2}', 'Line 1, column 18: {3,2} asks for less than it begins with.'],
    ['root ::= "a"\nroot ::= "b"', 'Line 2, column 9: rule "root" is defined twice.'],
    ["root ::= 'a'", `Line 1, column 10: "'" is not understood.`],
    ['root ::= "a" .', 'Line 1, column 14: "." is not understood.'],
    ['"a"', 'Line 1, column 1: a rule like `name ::= …` was expected.'],
  ])('that is none says where: %j', (source, message) => {
    expect(() => parseGrammar(source)).toThrow(new SyntaxError(message));
  });

  it('whose texts never end, or are too long, has none', () => {
    expect(() => sampleOfGrammar(parseGrammar('root ::= "a" root'), createRandom(1))).toThrow('No text of the grammar ever ends.');
    expect(() => sampleOfGrammar(parseGrammar('root ::= ""{1000}{1000}{1000}'), createRandom(1))).toThrow('too long');
  });

  it('that begins with itself is sampled, and read without being followed for ever', () => {
    const grammar = parseGrammar('root ::= root "a" | "b"');
    expect(sampleOfGrammar(grammar, createRandom(3))).toMatch(/^ba*$/);
    expect(isOfGrammar(grammar, 'b')).toBe(true);
  });

  it('is read whatever is written: it is understood or refused', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('root', ' ::= ', '"a"', '(', ')', '|', '*', '[a-c]', '{2}', '\n', '#', 'x', '"', '[^'), { maxLength: 30 }), (parts) => {
        try {
          const grammar = parseGrammar(parts.join(''));
          return isOfGrammar(grammar, sampleOfGrammar(grammar, createRandom(1)));
        } catch (error) {
          return error instanceof SyntaxError;
        }
      }),
    );
  });

  it('is a constraint like the others', () => {
    const constraint = { kind: 'grammar', grammar: parseGrammar(SQL) } as const;
    expect(meets(constraint, constrainedText(constraint, '', createRandom(1))!)).toBe(true);
    expect(meets(constraint, 'anything')).toBe(false);
  });
});
