/** Holds a run to a budget. */
import type { Budget, BudgetLimits } from '../../profile/budget.ts';
import type { Report, ReportLine, ReportTool } from '../../profile/report.ts';
import { sumKnown } from '../statistics.ts';
import { lineFigures, parseQuantity, QUANTITY_EXAMPLES, toolFigures, totalFigures, type Figure, type FigureUnit } from './figures.ts';

export interface LimitCheck {
  scope: 'totals' | 'lines' | 'tools';
  /** The line or the tool; null for a total. */
  of: string | null;
  figure: string;
  unit: FigureUnit;
  /** Null where it is not known. */
  value: number | null;
  limit: number;
  /** `unknown`: the run does not have the figure, or the line; that it is kept cannot be said, so it is not. */
  status: 'kept' | 'broken' | 'unknown';
}

/** A budget that names what there is not, in words for its writer. */
export class BudgetError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BudgetError';
  }
}

/** @throws BudgetError for a figure that there is not, or a limit that is no quantity of its unit */
export function checkBudget(report: Report, budget: Budget): LimitCheck[] {
  const checks = check('totals', null, totalFigures, budget.totals ?? {}, ({ of }) => of(report));
  for (const [where, limits] of Object.entries(budget.lines ?? {})) {
    const lines = linesAt(report, where);
    checks.push(...check('lines', where, lineFigures, limits, ({ of }) => (lines.length === 0 ? null : sumAll(lines.map(of)))));
  }
  for (const [name, limits] of Object.entries(budget.tools ?? {})) {
    for (const tool of name === '*' ? report.tools.map((each) => each.name) : [name]) {
      const found = report.tools.find((each) => each.name === tool);
      checks.push(...check('tools', tool, toolFigures, limits, ({ of }) => (found === undefined ? 0 : of(found))));
    }
    // A wrong limit is said of a run without tools as well.
    if (name === '*' && report.tools.length === 0) check('tools', name, toolFigures, limits, () => 0);
  }
  return checks;
}

function check<Of extends Report | ReportLine | ReportTool>(scope: LimitCheck['scope'], of: string | null, figures: Readonly<Record<string, Figure<Of>>>, limits: BudgetLimits, valueOf: (figure: Figure<Of>) => number | null): LimitCheck[] {
  const place = of === null ? scope : `${scope}["${of}"]`;
  return Object.entries(limits).map(([name, written]) => {
    const figure = Object.hasOwn(figures, name) ? figures[name] : undefined;
    if (figure === undefined) throw new BudgetError(`${place} has no figure "${name}": there are ${Object.keys(figures).join(', ')}.`);
    const { unit } = figure;
    const limit = parseQuantity(String(written), unit);
    if (limit === null) throw new BudgetError(`${place}.${name}: ${JSON.stringify(written)} is no limit. Write it as ${unit === 'count' || unit === 'tokens' ? QUANTITY_EXAMPLES[unit] : `"${QUANTITY_EXAMPLES[unit]}"`}.`);
    const value = valueOf(figure);
    return { scope, of, figure: name, unit, value, limit, status: value === null ? 'unknown' : value > limit ? 'broken' : 'kept' };
  });
}

function sumAll(values: readonly (number | null)[]): number | null {
  return values.some((value) => value === null) ? null : sumKnown(values);
}

/** Lines by the end of their file's path, and a line's number or its function's name; of a file alone, those that call. */
function linesAt(report: Report, where: string): ReportLine[] {
  const [, path = where, place] = /^(.*?)(?::([^:\\/]+))?$/.exec(where) ?? [];
  const inFile = report.lines.filter(({ file }) => file === path || file.endsWith(`/${path}`) || file.endsWith(`\\${path}`));
  if (place === undefined) return inFile.filter(({ calls }) => calls > 0);
  return inFile.filter((line) => (/^\d+$/.test(place) ? line.line === Number(place) : line.function === place && line.calls > 0));
}
