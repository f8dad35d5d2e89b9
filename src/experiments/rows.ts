/** What an experiment says: rows of a tidy table, and whether what the paper says in words holds. */
import type { Chart } from './charts/chart.ts';
import type { Estimate } from './statistics.ts';

/**
 * What a figure of ours rests on.
 * - `fitted`: a value of the behaviour was fitted on this very figure of the paper.
 * - `predicted`: nothing was.
 * - `open`: predicted, for a setting that the paper's text does not give, so that theirs may be of another.
 * - `behaviour`: the behaviour's word, as no model was asked: accuracies.
 * - `measured`: of a server that was asked.
 */
export type Basis = 'fitted' | 'predicted' | 'open' | 'behaviour' | 'measured';

/** What a figure of a program's run rests on: a real server, or the embedded one. */
export type RunBasis = 'measured' | 'simulated';

export interface Row {
  /** Of whom: agent, benchmark, model, setting. */
  series: string;
  what: string;
  unit: string;
  /** Null where it cannot be known. */
  ours: Estimate | null;
  /** Null where the paper prints none. */
  published: number | null;
  basis: Basis | RunBasis;
}

/** Something that the paper says without a number, or an order of its numbers. */
export interface Direction {
  says: string;
  holds: boolean;
}

export interface Findings {
  rows: Row[];
  directions: Direction[];
  /** What is assumed, and why ours misses where it does. */
  notes: string[];
  /** What the figure draws, ours beside theirs. */
  charts: Chart[];
}

export interface Experiment {
  /** As the command line names it: `fig11`, `table3`. */
  id: string;
  /** As the paper does: `Fig 11`. */
  where: string;
  title: string;
}

/** How far off, as a share of theirs; null where either is not known or theirs is 0. */
export function errorOf({ ours, published }: Row): number | null {
  return ours === null || published === null || published === 0 ? null : (ours.mean - published) / Math.abs(published);
}
