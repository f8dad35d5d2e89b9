/** Rules that a comparison must hold to: `time>10%`, `energy>0.1Wh`, `lines.time>20%`. */
import { lineFigures, parseQuantity, QUANTITY_EXAMPLES, totalFigures, type Figure, type FigureUnit, type LineFigureName, type TotalFigure } from './figures.ts';
import type { Difference, RunComparison } from './compareRuns.ts';

/** Fails where the figure grew by more than this. */
export interface Rule {
  text: string;
  scope: 'totals' | 'lines';
  figure: string;
  unit: FigureUnit;
  /** A share of before, or a quantity in the unit. */
  limit: { ratio: number } | { amount: number };
}

export class RuleError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RuleError';
  }
}

/** @throws RuleError that says what is wrong with it, and how it would be right */
export function parseRule(text: string): Rule {
  const [, lines, figure = '', limit = ''] = /^\s*(lines\.)?([a-z]\w*)\s*>\s*(.+?)\s*$/i.exec(text) ?? [];
  const scope = lines === undefined ? 'totals' : 'lines';
  const figures: Readonly<Record<string, Figure<never>>> = scope === 'lines' ? lineFigures : totalFigures;
  const known = Object.hasOwn(figures, figure) ? figures[figure] : undefined;
  if (known === undefined) throw new RuleError(`"${text}" is no rule: expected ${scope === 'lines' ? 'lines.' : ''}FIGURE>LIMIT, such as time>10%, with a figure of ${Object.keys(figures).join(', ')}.`);
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(limit)?.[1];
  if (percent !== undefined) return { text, scope, figure, unit: known.unit, limit: { ratio: Number(percent) / 100 } };
  const amount = parseQuantity(limit, known.unit);
  if (amount === null) throw new RuleError(`"${text}": ${limit} is no limit for ${figure}. Write it as 10% or ${QUANTITY_EXAMPLES[known.unit]}.`);
  return { text, scope, figure, unit: known.unit, limit: { amount } };
}

export interface RuleBreach {
  rule: Rule;
  /** Null for a total. */
  line: { file: string; line: number; function: string | null } | null;
  difference: Difference;
}

/**
 * Where figures grew by more than a rule allows, and by more than chance explains where that is known.
 * @throws RuleError where a figure that a rule is about is not known
 */
export function breaches(comparison: RunComparison, rules: readonly Rule[]): RuleBreach[] {
  return rules.flatMap((rule): RuleBreach[] => {
    if (rule.scope === 'totals') {
      const of = comparison.totals[rule.figure as TotalFigure];
      if (of.change === null) throw new RuleError(`"${rule.text}" cannot be told: ${totalFigures[rule.figure as TotalFigure].label} is not known of every run.`);
      return isBroken(rule, of) ? [{ rule, line: null, difference: of }] : [];
    }
    return comparison.lines.flatMap(({ file, line, function: name, figures }) => {
      const of = figures[rule.figure as LineFigureName];
      return isBroken(rule, of) ? [{ rule, line: { file, line, function: name }, difference: of }] : [];
    });
  });
}

function isBroken({ limit }: Rule, { before, change, isClear }: Difference): boolean {
  if (change === null || before === null || isClear === false) return false;
  // Of what was not there before, anything is more than any share.
  return change > ('amount' in limit ? limit.amount : before * limit.ratio);
}
