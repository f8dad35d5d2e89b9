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
  {
    question: 'How many ways are there to seat $4$ boys and $3$ girls in a row of $7$ chairs so that no two girls sit next to each other?',
    reasoning:
      'First the boys sit down, in $4! = 24$ orders. They leave $5$ gaps: one before, one behind, and three between them. The girls take three different gaps, in $\\binom{5}{3} \\cdot 3! = 60$ ways. Together there are $24 \\cdot 60 = 1440$ ways.',
    steps: [
      calculator(
        'I seat the boys in 4! ways. The girls then choose 3 of the 5 gaps between and around the boys and can be ordered in 3! ways.',
        'factorial(4) * comb(5, 3) * factorial(3)',
        '1440',
      ),
    ],
    conclusion: 'Boys, gaps and girls have been counted, so the product is the answer.',
    plan: [],
    answer: '1440',
  },
  {
    question: 'What are the last two digits of $7^{2026}$?',
    reasoning: 'The last two digits of powers of $7$ are $07, 49, 43, 01$, and then they repeat, as $7^4 = 2401$. Since $2026 = 4 \\cdot 506 + 2$, those of $7^{2026}$ are those of $7^2$, which are $49$.',
    steps: [calculator('The last two digits are the remainder modulo 100, which Python computes for large powers.', 'pow(7, 2026, 100)', '49')],
    conclusion: 'The remainder has two digits already. It fits what 7^4 = 2401 tells: powers repeat every 4, and 2026 leaves 2, as 7^2 = 49.',
    plan: [],
    answer: '49',
  },
  {
    question: 'A cone has a base of radius $6$, and $10$ is the distance from its apex to any point on the edge of the base. What is its volume? Express your answer in terms of $\\pi$.',
    reasoning: 'Height, radius and slant height form a right triangle, so the height is $\\sqrt{10^2 - 6^2} = 8$. The volume is $\\frac{1}{3} \\pi \\cdot 6^2 \\cdot 8 = 96\\pi$.',
    steps: [
      calculator('The height is the other leg of a right triangle with hypotenuse 10 and leg 6.', 'sqrt(10 ** 2 - 6 ** 2)', '8.0'),
      calculator('The height is 8. A third of base area times height, without the factor pi, is r^2 * h / 3.', 'Fraction(6 ** 2 * 8, 3)', '96'),
    ],
    conclusion: 'With the factor pi again the volume is 96 pi.',
    plan: [],
    answer: '96\\pi',
  },
  {
    question: 'For how many integers $n$ from $1$ to $100$ is $n$ divisible by $4$ or by $6$?',
    reasoning: 'There are $25$ multiples of $4$ and $16$ of $6$ up to $100$. Both at once are the multiples of $12$, of which there are $8$. So $25 + 16 - 8 = 33$ numbers are divisible by one or the other.',
    steps: [
      wolfram('Numbers that both 4 and 6 divide are counted twice, so I need their least common multiple.', 'lcm(4, 6)', 'LCM of 4, 6', '12'),
      calculator('By inclusion and exclusion I add the multiples of 4 and of 6 and take away those of 12.', '100 // 4 + 100 // 6 - 100 // 12', '33'),
    ],
    conclusion: 'Multiples of 12 are now counted once.',
    plan: [],
    answer: '33',
  },
  {
    question: 'The graphs of $y = x^2$ and $y = 2x + 15$ meet at two points. What is the distance between these points?',
    reasoning: 'They meet where $x^2 - 2x - 15 = (x - 5)(x + 3) = 0$, at $(5, 25)$ and $(-3, 9)$. The distance is $\\sqrt{8^2 + 16^2} = \\sqrt{320} = 8\\sqrt{5}$.',
    steps: [
      wolfram('They meet where x^2 = 2x + 15.', 'solve x^2 = 2x + 15', 'solve x^2 == 2x + 15 for x', 'x = 5\nx = -3'),
      calculator('The points are (5, 25) and (-3, 9). I compute the square of their distance.', '(5 - (-3)) ** 2 + (25 - 9) ** 2', '320'),
    ],
    conclusion: 'The distance is the square root of 320 = 64 * 5, which is 8 times the square root of 5.',
    plan: [],
    answer: '8\\sqrt{5}',
  },
];
