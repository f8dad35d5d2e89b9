/** The parts of Chart.js that charts are drawn with, and what it does not have: labels beside points. */
import { BarElement, CategoryScale, Chart as ChartJs, Legend, LinearScale, LineElement, LogarithmicScale, PointElement, SubTitle, Title, type Plugin } from 'chart.js';
import { BarWithErrorBar, BarWithErrorBarsController, LineWithErrorBarsController, PointWithErrorBar } from 'chartjs-chart-error-bars';

/** Pixels from a point's middle. */
const LABEL_DISTANCE = 7;
const LABEL_FONT_SIZE = 10;

/** What is used of the canvas' context, which the browser's types alone know. */
interface TextContext {
  font: string;
  fillStyle: string;
  textAlign: string;
  textBaseline: string;
  save(): void;
  restore(): void;
  measureText(text: string): { width: number };
  fillText(text: string, x: number, y: number): void;
}

/** Writes a point's `label` beside it, in the colour of text. */
const pointLabels: Plugin = {
  id: 'pointLabels',
  afterDatasetsDraw(chart) {
    const { data, options, chartArea } = chart;
    const ctx = chart.ctx as unknown as TextContext;
    ctx.save();
    ctx.font = `${LABEL_FONT_SIZE}px ${options.font?.family ?? 'sans-serif'}`;
    ctx.fillStyle = options.color as string;
    ctx.textBaseline = 'bottom';
    const taken: Box[] = [];
    data.datasets.forEach((dataset, index) => {
      if (!chart.isDatasetVisible(index)) return;
      chart.getDatasetMeta(index).data.forEach((element, place) => {
        const { label } = (dataset.data[place] ?? {}) as { label?: string | null };
        if (typeof label !== 'string' || label === '') return;
        const { width } = ctx.measureText(label);
        const isAtTheRight = element.x + LABEL_DISTANCE + width > chartArea.right;
        const left = element.x + (isAtTheRight ? -LABEL_DISTANCE - width : LABEL_DISTANCE);
        const box: Box = { left, right: left + width, top: element.y - 2 - LABEL_FONT_SIZE, bottom: element.y - 2 };
        // What would lie over another says less than nothing: the table has all.
        if (taken.some((other) => overlap(box, other))) return;
        taken.push(box);
        ctx.textAlign = 'left';
        ctx.fillText(label, left, box.bottom);
      });
    });
    ctx.restore();
  },
};

/** Pixels. */
interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function overlap(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

let isRegistered = false;

/** Once is enough; more often does no harm. */
export function registerCharts(): void {
  if (isRegistered) return;
  isRegistered = true;
  ChartJs.register(BarElement, BarWithErrorBar, BarWithErrorBarsController, CategoryScale, Legend, LinearScale, LineElement, LineWithErrorBarsController, LogarithmicScale, PointElement, PointWithErrorBar, SubTitle, Title, pointLabels);
}
