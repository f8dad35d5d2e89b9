/** Charts on the page, drawn by Chart.js in the editor's colours; hovering tells a value, its margin and what it rests on. */
import { Chart as ChartJs, Tooltip, type TooltipItem } from 'chart.js';
import { attributes, element } from '../common/dom.ts';
import { readPlainTheme } from '../common/theme.ts';
import { basisWord, hasCategories, nameInLine, type Chart } from '../../src/experiments/charts/chart.ts';
import { chartConfiguration } from '../../src/experiments/charts/configuration.ts';
import { describeChart } from '../../src/experiments/charts/describe.ts';
import { registerCharts } from '../../src/experiments/charts/register.ts';
import { themeOn } from '../../src/experiments/charts/theme.ts';
import { digits, withMargin } from '../../src/experiments/report/format.ts';

export class ChartView {
  readonly root: HTMLElement;
  private readonly canvas = document.createElement('canvas');
  private readonly chart: Chart;
  private drawn: { destroy(): void } | null = null;

  constructor(chart: Chart) {
    this.chart = chart;
    attributes(this.canvas, { role: 'img', 'aria-label': describeChart(chart) });
    this.root = element('div', 'chart', this.canvas);
  }

  /** In today's colours; the element must be on the page. */
  draw(): void {
    registerCharts();
    ChartJs.register(Tooltip);
    this.drawn?.destroy();
    const { background, foreground, fontFamily, contrast } = readPlainTheme();
    const { options, ...configuration } = chartConfiguration(this.chart, themeOn(background, foreground, fontFamily, contrast));
    const tooltip = {
      backgroundColor: background,
      titleColor: foreground,
      bodyColor: foreground,
      borderColor: foreground,
      borderWidth: 1,
      displayColors: false,
      callbacks: { title: (items: TooltipItem<never>[]) => this.placeOf(items[0]), label: (item: TooltipItem<never>) => this.valueOf(item) },
    };
    this.drawn = new ChartJs(this.canvas, { ...configuration, options: { ...options, plugins: { ...options?.plugins, tooltip } } });
  }

  dispose(): void {
    this.drawn?.destroy();
    this.drawn = null;
  }

  private pointOf({ datasetIndex, dataIndex }: TooltipItem<never>) {
    const series = this.chart.series[datasetIndex];
    const point = hasCategories(this.chart.x) ? series?.points.find(({ x }) => x === dataIndex) : series?.points[dataIndex];
    return series === undefined || point === undefined ? null : { series, point };
  }

  private placeOf(item: TooltipItem<never> | undefined): string {
    const found = item === undefined ? null : this.pointOf(item);
    if (found === null) return '';
    const { x } = this.chart;
    const { point } = found;
    const place = hasCategories(x) ? nameInLine(x.names[point.x] ?? '') : `${x.title} ${digits(point.x)} ${x.unit}`;
    return point.label === null || point.label === '' ? place : `${point.label} · ${place}`;
  }

  private valueOf(item: TooltipItem<never>): string {
    const found = this.pointOf(item);
    if (found === null) return '';
    const { series, point } = found;
    const { unit } = series.second && this.chart.second !== null ? this.chart.second : this.chart.y;
    return `${series.name}: ${withMargin({ mean: point.y, margin: point.margin })} ${unit} · ${basisWord(point.basis ?? series.basis)}`;
  }
}
