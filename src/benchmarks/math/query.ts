/** What the stand-in for Wolfram|Alpha makes of a query: a few kinds of them, each answered by the computer-algebra library. */
import { ComputeEngine, isNumber, type Expression } from '@cortex-js/compute-engine';

const engine = new ComputeEngine();

export interface Interpretation {
  /** What was understood. */
  input: string;
  /** Lines of the result. */
  result: string[];
}

/** Names that mean something in an expression; other words make a query one that is not understood. */
const KNOWN = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan asin acos atan sinh cosh tanh log ln exp sqrt cbrt root abs floor ceil round max min gcd lcm mod pi infinity inf factorial binomial frac dfrac cdot times left right theta alpha beta circ degrees'.split(' '),
);
const POLITE = /^(?:please |can you |what(?:'s| is| are) |calculate |compute |evaluate |find |determine |the |value of |exact value of |all |real |simplify |reduce )+/i;
const FROM_TO = /\s+(?:from|for)\s+(.+?)\s+to\s+(.+)$/i;

type Rule = [pattern: RegExp, answer: (...parts: string[]) => Interpretation | null];

/** Tried in this order; the first that fits and gives something answers. */
const RULES: Rule[] = [
  [/^(?:roots?|zeros?|zeroes|solutions?)\s+(?:of|to)\s+(.+)$/i, (text) => solve(text)],
  [/^solve\s+(?:for\s+(\w)\s*[:,]?\s+)?(.+?)(?:\s+(?:for|in)\s+([a-z](?:\s*(?:,|and)\s*[a-z])*))?(?:\s+over the reals)?$/i, (first, text, last) => solve(text, last ?? first)],
  [/^(?:prime\s+)?factori[sz]ation\s+of\s+(.+)$|^factor(?:i[sz]e)?\s+(.+)$/i, (one, other) => factor((one ?? other))],
  [/^expand\s+(.+)$/i, (text) => transform('Expand', text)],
  [/^(?:derivative\s+of|differentiate|d\/d\w)\s+(.+?)(?:\s+(?:with respect to|wrt)\s+(\w))?$/i, (text, variable) => derivative(text, variable)],
  [/^(?:integral\s+of|integrate)\s+(.+)$/i, (text) => integral(text)],
  [/^lim(?:it)?\s+(?:of\s+)?(.+?)\s+as\s+(\w)\s*(?:->|→|approaches|goes to|tends to)\s*(.+)$/i, (text, variable, to) => latex(`\\lim_{${variable} \\to ${infinite(to)}} (${toLatex(text)})`)],
  [/^sum\s+(?:of\s+)?(.+?)\s*(?:,|\bfor|\bfrom|\bas)\s*(\w)\s*(?:=|from)\s*(.+?)\s+to\s+(.+)$/i, (text, index, from, to) => latex(`\\sum_{${index}=${toLatex(from)}}^{${infinite(to)}} (${toLatex(text)})`)],
  [/^(?:is\s+)?(\d+)\s+(?:is\s+)?(?:a\s+)?prime(?:\s+number)?$/i, (text) => ({ input: `is ${text} a prime number`, result: [isPrime(text) ? `${text} is a prime number` : `${text} is not a prime number`] })],
  [/^(gcd|greatest common divisor|lcm|least common multiple)\s*(?:of\s+|\()\s*([\d\s,and]+?)\)?$/i, (name, numbers) => commonOf(name, numbers)],
  [/^(\d+)\s+choose\s+(\d+)$|^binomial(?:\s+coefficient)?\s*\(?\s*(\d+)\s*,\s*(\d+)\s*\)?$/i, (a, b, c, d) => latex(`\\binom{${a ?? c}}{${b ?? d}}`)],
  [/^(.+?)\s+(?:mod|modulo)\s+(.+)$/i, (left, right) => latex(`(${toLatex(left)}) \\bmod (${toLatex(right)})`)],
];

/** Answers a query; null when it is not understood. */
export function interpret(query: string): Interpretation | null {
  const text = query.trim().replace(/[?.\s]+$/, '').replace(/^\$+|\$+$/g, '').replace(/\*\*/g, '^').replace(POLITE, '');
  if (text === '') return null;
  for (const [pattern, answer] of RULES) {
    const found = pattern.exec(text);
    if (found !== null) return answer(...found.slice(1));
  }
  if (isEquation(text)) return solve(text);
  const parsed = parse(text);
  return parsed === null ? null : evaluated(parsed);
}

/** An expression in plain writing or LaTeX; null when it holds something else. */
function parse(text: string): Expression | null {
  if ([...text.matchAll(/[a-z]{3,}/gi)].some(([word]) => !KNOWN.has(word.toLowerCase()))) return null;
  const expression = engine.parse(toLatex(text), { strict: false });
  return expression.isValid && text.trim() !== '' ? expression : null;
}

function toLatex(text: string): string {
  return text
    .replace(/\binfinity\b|∞/gi, '\\infty')
    .replace(/(?<!\\)\bbinomial\s*\(([^,()]+),([^()]+)\)/gi, '\\binom{$1}{$2}')
    .replace(/(?<!\\)\bdegrees\b/gi, '^\\circ')
    .replace(/×/g, '*')
    .replace(/÷/g, '/')
    .replace(/π/g, '\\pi ')
    .replace(/²/g, '^2')
    .replace(/³/g, '^3')
    .replace(/√/g, '\\sqrt ');
}

function infinite(text: string): string {
  return toLatex(text.replace(/^\+?\s*(?:inf|oo)$/i, 'infinity'));
}

function isEquation(text: string): boolean {
  return /(?<![<>!])=|[<>≤≥]|\\[lg]eq?\b/.test(text);
}

function evaluated(expression: Expression, input = expression.toString()): Interpretation {
  const exact = expression.evaluate().simplify();
  const result = [exact.toString()];
  const value = exact.N();
  if (exact.unknowns.length === 0 && isNumber(value) && !exact.isInteger) result.push(`approximately ${value.toString()}`);
  return { input, result };
}

function latex(text: string): Interpretation | null {
  const expression = engine.parse(text, { strict: false });
  return expression.isValid ? evaluated(expression) : null;
}

function transform(operation: 'Expand' | 'Factor', text: string): Interpretation | null {
  const expression = parse(text);
  if (expression === null) return null;
  return { input: `${operation.toLowerCase()} ${expression.toString()}`, result: [engine.box([operation, expression]).evaluate().toString()] };
}

function factor(text: string): Interpretation | null {
  if (!/^\d+$/.test(text.trim())) return transform('Factor', text);
  const factors = primeFactors(text.trim());
  return factors === null ? null : { input: `factor ${text.trim()}`, result: [factors.map(([prime, power]) => (power === 1 ? prime : `${prime}^${power}`)).join(' * ')] };
}

function derivative(text: string, variable: string | undefined): Interpretation | null {
  const expression = parse(text);
  if (expression === null) return null;
  const by = variable ?? expression.unknowns[0] ?? 'x';
  return evaluated(engine.box(['D', expression, by]), `derivative of ${expression.toString()} by ${by}`);
}

function integral(text: string): Interpretation | null {
  const bounds = FROM_TO.exec(text);
  const [body, from, to] = bounds === null ? [text] : [text.slice(0, bounds.index), bounds[1]!.replace(/^\w\s*=\s*/, ''), bounds[2]!];
  const by = /\s*d([a-z])$/i.exec(body)?.[1];
  const integrand = parse(body.replace(/\s*d[a-z]$/i, ''));
  if (integrand === null) return null;
  const variable = by ?? integrand.unknowns[0] ?? 'x';
  return latex(`\\int${from === undefined ? '' : `_{${infinite(from)}}^{${infinite(to!)}}`} ${integrand.latex} \\, d${variable}`);
}

function solve(text: string, wanted?: string): Interpretation | null {
  const system = text.split(/\s*(?:,|;|\band\b)\s*/i).filter((part) => part !== '');
  const equations = system.map((part) => parse(part));
  if (equations.length === 0 || equations.some((equation) => equation === null)) return null;
  const all = equations as Expression[];
  const unknowns = wanted?.match(/[a-z]/gi) ?? [...new Set(all.flatMap((equation) => [...equation.unknowns]))];
  if (unknowns.length === 0) return all.length === 1 ? evaluated(all[0]!) : null;
  const input = `solve ${all.map(String).join(', ')} for ${unknowns.join(', ')}`;
  if (all.some((equation) => /^(?:Less|Greater)/.test(equation.operator))) return null;
  const solutions: unknown = all.length === 1 ? all[0]!.solve(unknowns[0]) : engine.box(['List', ...all]).solve(unknowns);
  return solutions === null || solutions === undefined ? null : { input, result: describeSolutions(solutions, unknowns) };
}

function describeSolutions(solutions: unknown, unknowns: readonly string[]): string[] {
  const sets = Array.isArray(solutions) ? (solutions as unknown[]) : [solutions];
  if (sets.length === 0) return ['no solution found'];
  return sets.map((set) => {
    const isRecord = typeof set === 'object' && set !== null && Object.getPrototypeOf(set) === Object.prototype;
    return isRecord ? Object.entries(set).map(([name, value]) => `${name} = ${String(value)}`).join(', ') : `${unknowns[0]} = ${String(set)}`;
  });
}

function commonOf(name: string, text: string): Interpretation | null {
  const numbers = text.match(/\d+/g) ?? [];
  if (numbers.length < 2) return null;
  const operation = /^(?:gcd|greatest)/i.test(name) ? 'GCD' : 'LCM';
  return evaluated(engine.box([operation, ...numbers.map(Number)]), `${operation} of ${numbers.join(', ')}`);
}

/** Primes with their powers; null for numbers that trial division would take long for. */
function primeFactors(text: string): [prime: string, power: number][] | null {
  if (text.length > 14) return null;
  const factors: [string, number][] = [];
  let rest = Number(text);
  for (let candidate = 2; candidate * candidate <= rest; candidate++) {
    let power = 0;
    for (; rest % candidate === 0; rest /= candidate) power += 1;
    if (power > 0) factors.push([String(candidate), power]);
  }
  if (rest > 1 || factors.length === 0) factors.push([String(rest), 1]);
  return factors;
}

function isPrime(text: string): boolean {
  const factors = primeFactors(text);
  return factors !== null && factors.length === 1 && factors[0]![1] === 1 && Number(text) > 1;
}
