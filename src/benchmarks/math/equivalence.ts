/**
 * Whether two answers are the same mathematics. Their structure (lists, sets, tuples, intervals, matrices, equations) is
 * taken apart here; whether two expressions are equal is for the computer-algebra library.
 */
import { ComputeEngine, isNumber, type Expression } from '@cortex-js/compute-engine';
import { normalizeLatex, splitOutside, withoutName, words } from './latex.ts';

const engine = new ComputeEngine();

/** Longer answers are compared as text. */
const LONGEST_EXPRESSION = 500;
/** Of two values, relative: below what different closed forms of small size come near to each other by chance. */
const TOLERANCE = 1e-9;
/** Where expressions with unknowns are compared; none is special for the functions that occur. */
const POINTS = [0.7391, 1.3172, 2.6183, -0.5437, 3.8911];

/** Is `answer` the same mathematics as `expected`? */
export function areEquivalent(answer: string, expected: string): boolean {
  const [some, others] = [normalizeLatex(answer), normalizeLatex(expected)];
  if (same(withoutName(some), withoutName(others))) return true;
  return some.includes('=') && others.includes('=') && same(some, others);
}

function same(answer: string, expected: string): boolean {
  const compact = (text: string) => text.replace(/\s+/g, '').replace(/\{(\w)\}/g, '$1');
  if (compact(answer) === compact(expected)) return true;
  if (answer === '' || expected === '') return false;
  const said = words(expected);
  if (said !== null) return said === (words(answer) ?? answer.replace(/[()]/g, '').trim().toLowerCase());
  // In which base a number is written is what is asked for.
  if (/^\d+_\{?\d+\}?$/.test(compact(expected))) return false;
  for (const compare of [sameList, sameUnion, sameBracketed, sameMatrix, sameEquation]) {
    const result = compare(answer, expected);
    if (result !== null) return result;
  }
  return sameValue(answer, expected);
}

/** Several answers, in whatever order: `1, -2`, `3 \pm \sqrt{2}`, `\{1, 2\}`. Null when neither is that. */
function sameList(answer: string, expected: string): boolean | null {
  const [some, others] = [members(answer), members(expected)];
  return some.length === 1 && others.length === 1 && some[0] === answer && others[0] === expected ? null : sameMembers(some, others);
}

function members(text: string): string[] {
  const set = /^\\\{(.*)\\\}$/.exec(text);
  return splitOutside(set?.[1] ?? text, /,|\\text\s*\{\s*(?:and|or)\s*\}|\band\b|\bor\b/y).flatMap((part) => (part.includes('\\pm') ? [part.replaceAll('\\pm', '+').replace(/^\+/, ''), part.replaceAll('\\pm', '-')] : [part]));
}

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  const left = others.map(withoutName);
  return some.map(withoutName).every((member) => {
    const found = left.findIndex((candidate) => same(member, candidate));
    if (found >= 0) left.splice(found, 1);
    return found >= 0;
  });
}

function sameUnion(answer: string, expected: string): boolean | null {
  if (!expected.includes('\\cup')) return null;
  return sameMembers(splitOutside(answer, /\\cup\b/y), splitOutside(expected, /\\cup\b/y));
}

/** Points, vectors and intervals: the same brackets, and the same in the same order between them. */
function sameBracketed(answer: string, expected: string): boolean | null {
  const [some, others] = [bracketed(answer), bracketed(expected)];
  if (others === null) return null;
  return some !== null && some.open === others.open && some.close === others.close && sameInOrder(some.parts, others.parts);
}

function bracketed(text: string): { open: string; close: string; parts: string[] } | null {
  const found = /^([([])(.*)([)\]])$/s.exec(text);
  if (found === null) return null;
  const parts = splitOutside(found[2]!, /,/y);
  return parts.length < 2 ? null : { open: found[1]!, close: found[3]!, parts };
}

function sameInOrder(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((part, index) => same(part, others[index]!));
}

function sameMatrix(answer: string, expected: string): boolean | null {
  const rows = (text: string) => /^\\begin\{[pbvV]?matrix\}(.*)\\end\{[pbvV]?matrix\}$/s.exec(text)?.[1]?.split(/\\\\/).map((row) => row.split('&').map((cell) => cell.trim()));
  const [some, others] = [rows(answer), rows(expected)];
  if (others === undefined) return null;
  return some !== undefined && some.length === others.length && some.every((row, index) => sameInOrder(row, others[index]!));
}

/** Two equations with the same solutions, as far as one is a multiple of the other. */
function sameEquation(answer: string, expected: string): boolean | null {
  const difference = (text: string) => (/^[^=<>]+=[^=<>]+$/.test(text) ? `(${text.replace('=', ')-(')})` : null);
  const [some, others] = [difference(answer), difference(expected)];
  if (others === null) return null;
  const pair = some === null ? null : parsePair(some, others);
  if (pair === null) return false;
  const ratios = samples(...pair).map(([one, other]) => ({ re: (one.re * other.re + one.im * other.im) / (other.re ** 2 + other.im ** 2), im: 0 }));
  return ratios.length > 1 && ratios.every((ratio) => ratio.re !== 0 && isNear(ratio, ratios[0]!));
}

function sameValue(answer: string, expected: string): boolean {
  const pair = parsePair(answer, expected);
  if (pair === null) return false;
  const [some, others] = pair;
  if (some.isSame(others)) return true;
  if (isNumber(some) && isNumber(others) && isExact(some) && isExact(others)) return false;
  const values = samples(some, others);
  return values.length > 0 && values.every(([one, other]) => isNear(one, other));
}

function parsePair(one: string, other: string): [Expression, Expression] | null {
  if (one.length > LONGEST_EXPRESSION || other.length > LONGEST_EXPRESSION) return null;
  const [some, others] = [engine.parse(one, { strict: false }), engine.parse(other, { strict: false })];
  return some.isValid && others.isValid ? [some, others] : null;
}

function isExact(expression: Expression): boolean {
  return expression.isInteger === true || expression.isRational === true;
}

interface Complex {
  re: number;
  im: number;
}

/** Both values at some points, where both are defined; at one, where there are no unknowns. */
function samples(one: Expression, other: Expression): [Complex, Complex][] {
  const unknowns = [...new Set([...one.unknowns, ...other.unknowns])];
  return (unknowns.length === 0 ? [0] : POINTS).flatMap((point): [Complex, Complex][] => {
    const values = Object.fromEntries(unknowns.map((name, index) => [name, point + 0.6180339 * index]));
    const [left, right] = [one, other].map((expression) => expression.subs(values).N()).map(({ re, im }) => ({ re, im })) as [Complex, Complex];
    return [left, right].every(({ re, im }) => Number.isFinite(re) && Number.isFinite(im)) ? [[left, right]] : [];
  });
}

function isNear(one: Complex, other: Complex): boolean {
  const size = Math.max(Math.hypot(one.re, one.im), Math.hypot(other.re, other.im));
  return Math.hypot(one.re - other.re, one.im - other.im) <= TOLERANCE * Math.max(size, 1e-3);
}
