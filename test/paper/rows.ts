/** A figure of the paper's beside ours. */

export interface Row {
  /** Where the paper has it. */
  where: string;
  what: string;
  unit: string;
  ours: number | null;
  /** Null where the paper has none. */
  theirs: number | null;
  /** How far off it may be, as a share of theirs; null where no limit was set. */
  limit: number | null;
  /** The last digit that the paper prints, where that is coarser than the limit: ours may also round to theirs. */
  printed?: number;
  /** `fitted`: a constant of ours was fitted on this figure. `from fitted`: it follows from fitted ones. `exact`: nothing to fit. */
  basis: 'fitted' | 'from fitted' | 'predicted' | 'arithmetic' | 'exact';
}

export type Verdict = 'met' | 'NOT MET' | '';

/** Whether a row is within its limit; empty where it has none. What could not be computed is not met. */
export function verdictOf({ ours, theirs, limit, printed }: Row): Verdict {
  if (limit === null || theirs === null) return '';
  if (ours === null) return 'NOT MET';
  // A limit of 0 is for counts.
  if (Math.abs(ours - theirs) <= limit * Math.abs(theirs)) return 'met';
  return printed !== undefined && Math.abs(ours - theirs) <= printed / 2 ? 'met' : 'NOT MET';
}

/** Power of a number of queries a day, each of so much energy, in MW: the formula under Table IV. */
export function megawatts(wattHoursPerQuery: number, queriesPerDay: number): number {
  return (wattHoursPerQuery * queriesPerDay) / 24 / 1e6;
}
