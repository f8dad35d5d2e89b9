/** All findings together, grouped by what they rest on. */
import { errorOf, type Basis, type Experiment, type Findings, type Row, type RunBasis } from '../rows.ts';
import { medianOf } from '../statistics.ts';

export interface Result {
  experiment: Experiment;
  findings: Findings;
}

export interface PlacedRow extends Row {
  where: string;
}

export interface Group {
  basis: Basis;
  title: string;
  rows: PlacedRow[];
  /** Of the sizes of errors, as a share of theirs; null where there are none. */
  medianError: number | null;
}

const TITLES: Record<Basis, string> = {
  fitted: 'Fitted: these figures were used to make the behaviour',
  predicted: 'Predicted: nothing was fitted on these figures',
  open: 'Predicted, at settings that the paper’s text does not give',
  behaviour: 'The behaviour’s own word: no model was asked',
  measured: 'Measured: agents on a server that was asked',
};

export const basisTitle = (basis: Basis | RunBasis): string => (basis === 'simulated' ? 'Simulated: the embedded server answered' : TITLES[basis]);

/** The rows that the paper has a figure for. */
export function groupedByBasis(results: readonly Result[]): Group[] {
  const rows = results.flatMap(({ experiment: { where }, findings }) => findings.rows.filter(({ published }) => published !== null).map((row): PlacedRow => ({ ...row, where })));
  return (Object.keys(TITLES) as Basis[]).map((basis) => {
    const own = rows.filter((row) => row.basis === basis);
    const errors = own.map(errorOf).filter((error) => error !== null).map(Math.abs);
    return { basis, title: TITLES[basis], rows: own, medianError: errors.length === 0 ? null : medianOf(errors) };
  });
}
