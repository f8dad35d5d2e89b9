/** An answer that must have a form that the client gave. */
import { pythonStyleJson } from '../pythonStyleJson.ts';
import type { Grammar } from './grammar.ts';
import { isOfGrammar, sampleOfGrammar } from './grammarSample.ts';
import { sampleOfPattern } from './patternSample.ts';
import type { Random } from './random.ts';
import { sampleOfSchema } from './schemaSample.ts';

export type Constraint = { kind: 'json'; schema: unknown } | { kind: 'regex'; pattern: string } | { kind: 'choice'; choices: readonly string[] } | { kind: 'grammar'; grammar: Grammar };

/**
 * A text that meets a constraint.
 * @param topic words for strings of a schema that look like a query
 * @returns null for a pattern that is not understood
 */
export function constrainedText(constraint: Constraint, topic: string, random: Random): string | null {
  if (constraint.kind === 'grammar') return sampleOfGrammar(constraint.grammar, random);
  if (constraint.kind === 'json') return pythonStyleJson(sampleOfSchema(constraint.schema, topic));
  return constraint.kind === 'choice' ? random.pick(constraint.choices) : sampleOfPattern(constraint.pattern);
}

/** Whether a text meets a constraint, as far as that is looked at: of a schema, only that it is JSON. */
export function meets(constraint: Constraint, text: string): boolean {
  try {
    if (constraint.kind === 'grammar') return isOfGrammar(constraint.grammar, text);
    if (constraint.kind === 'json') JSON.parse(text);
    return constraint.kind === 'json' || (constraint.kind === 'choice' ? constraint.choices.includes(text) : new RegExp(`^(?:${constraint.pattern})$`, 'u').test(text));
  } catch {
    return false;
  }
}
