/** The agent's tools: a calculator and Wolfram|Alpha. */
import type { Environment, Tool } from '../../agents/agent.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { calculate } from './calculator.ts';
import { askWolfram, type WolframOptions } from './wolfram.ts';

/** Nothing is kept between calls. Without a sandbox there is no calculator, without access to Wolfram|Alpha only that. */
export function mathEnvironment(sandbox: Sandbox | null, wolfram: WolframOptions | null): Environment {
  const environment: Environment = {
    tools: [...(sandbox === null ? [] : [calculatorTool(sandbox)]), ...(wolfram === null ? [] : [wolframTool(wolfram)])],
    fork: () => environment,
  };
  return environment;
}

function calculatorTool(sandbox: Sandbox): Tool {
  return {
    name: 'calculator',
    description: 'Evaluate a numerical expression in Python syntax, with the functions of the math module and Fraction.',
    parameters: {
      type: 'object',
      properties: { expression: { type: 'string', description: 'One expression without assignments, such as 37593 ** (1 / 5) or comb(10, 3) / 2 ** 10.' } },
      required: ['expression'],
    },
    async run({ expression }, signal) {
      const text = typeof expression === 'number' ? String(expression) : expression;
      if (typeof text !== 'string' || text.trim() === '') return { text: 'Give calculator an expression in Python syntax, such as 3 * (4 + 5).' };
      return { text: await calculate(text, sandbox, signal) };
    },
  };
}

function wolframTool(wolfram: WolframOptions): Tool {
  return {
    name: 'wolfram_alpha',
    description: 'Ask Wolfram|Alpha to solve equations and to compute with symbols: factor, expand, derivatives, integrals, limits, sums.',
    parameters: {
      type: 'object',
      properties: { query: { type: 'string', description: 'Such as: solve x^2 - 5x + 6 = 0; factor c^2 + 6c - 27; integrate x^2 from 0 to 1.' } },
      required: ['query'],
    },
    async run({ query }, signal) {
      if (typeof query !== 'string' || query.trim() === '') return { text: 'Give wolfram_alpha a query, such as: solve x^2 - 5x + 6 = 0.' };
      return { text: await askWolfram(query, wolfram, signal) };
    },
  };
}
