/** Draws a chart as SVG with Chart.js, without a browser. */
import { Chart as ChartJs } from 'chart.js';
import type { Chart } from '../experiments/charts/chart.ts';
import { chartConfiguration } from '../experiments/charts/configuration.ts';
import { describeChart } from '../experiments/charts/describe.ts';
import { registerCharts } from '../experiments/charts/register.ts';
import type { ChartTheme } from '../experiments/charts/theme.ts';
import { escapeXml, SvgContext, type MeasureText } from './svgContext.ts';

/** Pixels. Wide charts have many names along the axis. */
const WIDTH = 760;
const WIDE = 1040;
const HEIGHT = 420;
const MANY_NAMES = 9;

/**
 * @param prefix of the ids in it: unlike that of other drawings on the same page
 * @returns an `<svg>` element with its title and description
 */
export function drawChart(chart: Chart, theme: ChartTheme, measure: MeasureText, prefix: string): string {
  registerCharts();
  const width = 'names' in chart.x && chart.x.names.length >= MANY_NAMES ? WIDE : WIDTH;
  const context = new SvgContext(measure, prefix);
  const canvas = { width, height: HEIGHT, style: {}, getContext: () => context };
  Object.assign(context, { canvas });
  const { options, ...configuration } = chartConfiguration(chart, theme);
  // Chart.js has a platform of its own for where there is no document: it draws at once, and listens to nobody.
  const drawn = new ChartJs(canvas, { ...configuration, options: { ...options, responsive: false, devicePixelRatio: 1, events: [] } });
  const { content } = context;
  drawn.destroy();
  const ids = { title: `${prefix}-title`, text: `${prefix}-text` };
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-labelledby="${ids.title} ${ids.text}" font-family="${escapeXml(theme.fontFamily)}"><title id="${ids.title}">${escapeXml(chart.title)}</title><desc id="${ids.text}">${escapeXml(describeChart(chart))}</desc><rect width="${width}" height="${HEIGHT}" fill="${escapeXml(theme.background)}"/>${content}</svg>\n`;
}
