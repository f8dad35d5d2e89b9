/** What an answer must be like: `response_format` and vLLM's `structured_outputs` (before 0.12 `guided_…`). */
import type { Constraint } from '../answers/constraint.ts';
import { parseGrammar, type Grammar } from '../answers/grammar.ts';
import { sampleOfGrammar } from '../answers/grammarSample.ts';
import { createRandom } from '../answers/random.ts';
import { badRequest, invalidParameter } from './errors.ts';
import type { SamplingRequest } from './requests.ts';

const KINDS = ['json', 'regex', 'choice', 'grammar', 'json_object', 'structural_tag'] as const;
const ANY_OBJECT = { type: 'object', properties: { answer: { type: 'string', default: 'simulated' } } };

/** The constraint of a request; null where its answer is free. @throws ApiError */
export function constraintOf(body: SamplingRequest): Constraint | null {
  const format = body.response_format;
  if (format?.type === 'json_schema') {
    if (format.json_schema === null || format.json_schema === undefined) throw invalidParameter("When response_format type is 'json_schema', the 'json_schema' field must be provided.", 'response_format');
    return { kind: 'json', schema: format.json_schema.schema ?? {} };
  }
  if (format?.type === 'json_object') return { kind: 'json', schema: ANY_OBJECT };
  if (format?.type === 'structural_tag') throw notSimulated('a structural tag', 'response_format');
  return structured(body) ?? guided(body);
}

function structured({ structured_outputs: wanted }: SamplingRequest): Constraint | null {
  if (wanted === null || wanted === undefined) return null;
  const given = KINDS.filter((kind) => wanted[kind] !== null && wanted[kind] !== undefined);
  if (given.length === 0) throw badRequest(`You must use one kind of structured outputs constraint but none are specified. The kinds are ${KINDS.join(', ')}.`);
  if (given.length > 1) throw badRequest("You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice').");
  const kind = given[0]!;
  if (kind === 'json') return { kind, schema: asSchema(wanted.json) };
  if (kind === 'json_object') return { kind: 'json', schema: ANY_OBJECT };
  if (kind === 'regex') return { kind, pattern: wanted.regex! };
  if (kind === 'choice') return { kind, choices: asChoices(wanted.choice!) };
  if (kind === 'grammar') return { kind, grammar: asGrammar(wanted.grammar!) };
  throw notSimulated('a structural tag', 'structured_outputs');
}

/** As vLLM took them up to 0.11; today it ignores them. */
function guided({ guided_json: json, guided_regex: pattern, guided_choice: choices }: SamplingRequest): Constraint | null {
  if (json !== null && json !== undefined) return { kind: 'json', schema: asSchema(json) };
  if (typeof pattern === 'string') return { kind: 'regex', pattern };
  return choices === null || choices === undefined ? null : { kind: 'choice', choices: asChoices(choices) };
}

function asChoices(choices: readonly string[]): readonly string[] {
  if (choices.length === 0) throw badRequest("Choice '[]' cannot be an empty list");
  return choices;
}

function asSchema(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    throw badRequest('Invalid JSON grammar specification.');
  }
}

/** vLLM takes a grammar without `::=` for one of Lark's, which is not understood here. */
function asGrammar(given: string): Grammar {
  if (given.trim() === '') throw badRequest('structured_outputs.grammar cannot be an empty string');
  if (!given.includes('::=')) throw notSimulated('a grammar of Lark', 'structured_outputs');
  try {
    const grammar = parseGrammar(given);
    // Some text of it must end.
    sampleOfGrammar(grammar, createRandom(0));
    return grammar;
  } catch (error) {
    if (error instanceof SyntaxError) throw badRequest(`Grammar error: ${error.message}`);
    // Its brackets stand within each other deeper than the stack is.
    if (error instanceof RangeError) throw badRequest('Grammar error: it is nested too deep.');
    throw error;
  }
}

function notSimulated(what: string, parameter: string) {
  return badRequest(`The embedded server cannot hold an answer to ${what}. Use json, regex, choice or a grammar in EBNF.`, parameter);
}
