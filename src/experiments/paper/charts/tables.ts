/** Charts of Tables III and IV. */
import type { Chart, ChartBasis } from '../../charts/chart.ts';
import type { Estimate } from '../../statistics.ts';
import { axis, bars, categories, chart, on, published } from './parts.ts';

/** A cell of a table that a bar stands for. */
export interface Cell {
  name: string[];
  basis: ChartBasis;
  ours: Estimate | null;
  published: number;
}

/** Ours by what they rest on, each in its place, with theirs over them. */
export function chartOfCells(id: string, title: string, y: { title: string; unit: string }, cells: readonly Cell[]): Chart {
  return chart(id, title, categories(cells.map(({ name }) => name)), axis(y.title, y.unit, 'logarithmic'), [
    bars('ours', 'predicted', cells.map((cell) => on(cell.basis, cell.ours))),
    published(cells.map((cell) => cell.published)),
  ]);
}
