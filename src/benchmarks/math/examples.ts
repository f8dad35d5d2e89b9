/** Worked examples for the agents' prompts, of our own making. */
import type { Example } from '../../agents/agent.ts';

const use = (tool: string, name: string, thought: string, input: string, observation: string) => ({ thought, actions: [{ call: { tool, arguments: { [name]: input } }, observation }] });
const calculator = (thought: string, expression: string, observation: string) => use('calculator', 'expression', thought, expression, observation);
const wolfram = (thought: string, query: string, input: string, result: string) =>
  use('wolfram_alpha', 'query', thought, query, `Query:\n"${query}"\n\nInput interpretation:\n${input}\n\nResult:\n${result}`);

export const EXAMPLES: readonly Example[] = [
  {
    question: 'A rectangle has perimeter $26$ and area $40$. What is the length of its diagonal?',
    reasoning: 'Let the sides be $a$ and $b$. Then $a + b = 13$ and $ab = 40$, so $a^2 + b^2 = (a + b)^2 - 2ab = 169 - 80 = 89$. The diagonal is $\\sqrt{89}$.',
    steps: [
      calculator('With sides a and b, a + b = 13 and ab = 40. The square of the diagonal is a^2 + b^2 = (a + b)^2 - 2ab.', '13 ** 2 - 2 * 40', '89'),
    ],
    conclusion: 'The diagonal is the square root of 89, which has no square factor.',
    plan: [],
    answer: '\\sqrt{89}',
  },
  {
    question: 'What is the sum of the real solutions of $x^3 - 7x + 6 = 0$ that are greater than $0$?',
    reasoning: 'Trying $x = 1$: $1 - 7 + 6 = 0$. Dividing by $x - 1$ leaves $x^2 + x - 6 = (x + 3)(x - 2)$. The solutions are $1$, $2$ and $-3$. The positive ones add up to $3$.',
    steps: [wolfram('I need all real solutions of the cubic.', 'factor x^3 - 7x + 6', 'factor x^3 - 7x + 6', '(x - 2) * (x - 1) * (x + 3)')],
    conclusion: 'The solutions are 2, 1 and -3. Those above 0 are 1 and 2, and their sum is 3.',
    plan: [],
    answer: '3',
  },
  {
    question: 'Two fair dice are thrown. What is the probability that the larger of the two numbers is exactly $4$? Express your answer as a common fraction.',
    reasoning: 'Both numbers are at most $4$ in $4^2 = 16$ of $36$ cases, and both at most $3$ in $3^2 = 9$. So the larger one is exactly $4$ in $16 - 9 = 7$ cases: $\\frac{7}{36}$.',
    steps: [
      calculator(
        'The larger number is exactly 4 when both are at most 4 and not both at most 3.',
        'Fraction(4 ** 2 - 3 ** 2, 6 ** 2)',
        '7/36',
      ),
    ],
    conclusion: 'The fraction is in lowest terms.',
    plan: [],
    answer: '\\frac{7}{36}',
  },
];
