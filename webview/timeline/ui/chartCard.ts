/** One chart on the page: drawn by Chart.js, read by pointer and keyboard, with a legend and a table to read instead. */
import * as l10n from '@vscode/l10n';
import { BarController, BarElement, CategoryScale, Chart, LinearScale, LineController, LineElement, PointElement, type ChartConfiguration, type ChartDataset } from 'chart.js';
import { attributes, element, fill } from '../../common/dom.ts';
import { chartFill, dashOf, fillTile } from '../draw/chartFills.ts';
import { describeCallChart, type CallChart, type ChartPoint } from '../model/callCharts.ts';
import { row, type Tooltip } from './tooltip.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { ChartTheme } from '../../../src/experiments/charts/theme.ts';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement, PointElement);

export interface CardActions {
  select(numbers: readonly number[]): void;
  announce(sentence: string): void;
  leave(): void;
}

/** A point by its series and its place in it. */
interface At {
  series: number;
  index: number;
}

const FONT_SIZE = 11;
const LONGEST_NAME = 48;

export class ChartCard {
  readonly root = element('section', 'chart-card');
  private readonly title = element('h2', '');
  private readonly note = element('p', 'dim');
  private readonly missing = element('p', 'chart-missing');
  private readonly legend = element('ul', 'chart-legend');
  private readonly canvas = attributes(element('canvas', ''), { role: 'img', tabindex: '0' });
  private readonly room = element('div', 'chart-room', this.canvas);
  private readonly table = element('details', '', element('summary', '', l10n.t('As a table')));
  private readonly tooltip: Tooltip;
  private readonly actions: CardActions;
  private chart: CallChart | null = null;
  private theme: ChartTheme | null = null;
  private drawn: Chart<'bar' | 'line'> | null = null;
  private at: At | null = null;
  private selected = -1;

  constructor(tooltip: Tooltip, actions: CardActions) {
    this.tooltip = tooltip;
    this.actions = actions;
    this.root.append(this.title, this.note, this.missing, this.legend, this.room, this.table);
    this.canvas.addEventListener('pointermove', (event) => this.hover(event));
    this.canvas.addEventListener('pointerleave', () => this.point(null));
    this.canvas.addEventListener('click', (event) => {
      this.hover(event);
      this.pick();
    });
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.point(null));
    this.table.addEventListener('toggle', () => this.fillTable());
  }

  /** @param selected number of the span to be marked, or -1 */
  show(chart: CallChart, theme: ChartTheme, selected: number): void {
    this.chart = chart;
    this.theme = theme;
    this.selected = selected;
    this.at = null;
    this.title.textContent = chart.title;
    this.note.textContent = chart.note;
    this.missing.textContent = chart.missing ?? '';
    const isEmpty = chart.missing !== null;
    this.missing.classList.toggle('hidden', !isEmpty);
    for (const node of [this.legend, this.room, this.table]) node.classList.toggle('hidden', isEmpty);
    this.canvas.setAttribute('aria-label', `${describeCallChart(chart)} ${l10n.t('Arrow keys read it, Enter selects.')}`);
    fill(this.legend, ...chart.series.map(({ name }, index) => element('li', '', this.swatch(index), visibleText(name, LONGEST_NAME))));
    this.fillTable();
    this.drawn?.destroy();
    this.drawn = isEmpty ? null : new Chart(this.canvas, this.configuration(chart, theme));
  }

  mark(selected: number): void {
    this.selected = selected;
    this.drawn?.update('none');
  }

  resize(): void {
    this.drawn?.resize();
  }

  private color(index: number): string {
    const { series } = this.theme ?? { series: [] };
    return series[index % series.length]?.solid ?? '#808080';
  }

  private swatch(index: number): HTMLElement {
    const background = this.theme?.background ?? '#000000';
    if (this.chart?.kind === 'stacks') return attributes(fillTile(index, this.color(index), background), { class: 'swatch', 'aria-hidden': 'true' });
    const line = attributes(element('canvas', 'swatch line'), { width: '22', height: '8', 'aria-hidden': 'true' });
    const ctx = line.getContext('2d');
    if (ctx !== null) {
      ctx.strokeStyle = this.color(index);
      ctx.lineWidth = 2;
      ctx.setLineDash(dashOf(index));
      ctx.moveTo(0, 4);
      ctx.lineTo(22, 4);
      ctx.stroke();
    }
    return line;
  }

  private configuration(chart: CallChart, theme: ChartTheme): ChartConfiguration<'bar' | 'line'> {
    const isStacked = chart.kind === 'stacks';
    const font = { family: theme.fontFamily, size: FONT_SIZE };
    const axis = (text: string, textOf: (value: number) => string, isWhole = false) => ({
      title: { display: true, text, color: theme.foreground, font },
      ticks: { color: theme.foreground, font, maxRotation: 0, autoSkip: true, autoSkipPadding: 12, ...(isWhole ? { precision: 0 } : {}), callback: (value: string | number) => textOf(Number(value)) },
      grid: { color: theme.grid, tickColor: theme.grid },
      border: { color: theme.grid },
      beginAtZero: true,
    });
    return {
      type: isStacked ? 'bar' : 'line',
      data: { labels: isStacked ? chart.table.rows.map((_, index) => index) : [], datasets: chart.series.map((_, index) => this.dataset(chart, theme, index)) },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        events: [],
        scales: {
          x: isStacked ? { ...axis(chart.xTitle, chart.xText), type: 'category', stacked: true, grid: { display: false } } : { ...axis(chart.xTitle, chart.xText, chart.kind === 'lines'), type: 'linear', ...(chart.kind === 'lines' ? { min: 1, beginAtZero: false } : {}) },
          y: { ...axis(chart.yTitle, chart.yText), stacked: isStacked, ...(chart.kind === 'steps' ? { max: 1 } : {}) },
        },
      },
    };
  }

  private dataset(chart: CallChart, theme: ChartTheme, index: number): ChartDataset<'bar' | 'line'> {
    const { name, points } = chart.series[index] as CallChart['series'][number];
    const color = this.color(index);
    const data = points.map(({ x, y }) => ({ x, y }));
    const isMarked = (place: number): boolean => this.selected >= 0 && points[place]?.numbers.includes(this.selected) === true;
    const isAt = (place: number): boolean => this.at !== null && points[place] === this.pointAt(this.at);
    if (chart.kind === 'stacks') {
      return {
        type: 'bar',
        label: name,
        data,
        backgroundColor: chartFill(index, color, theme.background),
        borderColor: theme.foreground,
        borderWidth: ({ dataIndex }) => (isMarked(dataIndex) || (this.at !== null && points[dataIndex]?.x === this.pointAt(this.at)?.x) ? 1.5 : 0),
        barPercentage: 1,
        categoryPercentage: 0.9,
        maxBarThickness: 48,
      };
    }
    const isSteps = chart.kind === 'steps';
    return {
      type: 'line',
      label: name,
      data,
      stepped: isSteps,
      borderColor: color,
      backgroundColor: color,
      borderWidth: 1.6,
      borderDash: dashOf(index),
      pointRadius: ({ dataIndex }) => (isMarked(dataIndex) || isAt(dataIndex) ? 5 : isSteps || points.length > 60 ? 0 : 2.5),
      pointBorderColor: theme.foreground,
      pointBorderWidth: ({ dataIndex }) => (isMarked(dataIndex) ? 1.5 : 0),
    };
  }

  private pointAt({ series, index }: At): ChartPoint | null {
    return this.chart?.series[series]?.points[index] ?? null;
  }

  private hover(event: PointerEvent | MouseEvent): void {
    const [found] = this.drawn?.getElementsAtEventForMode(event, 'nearest', { intersect: false, axis: this.chart?.kind === 'stacks' ? 'x' : 'xy' }, false) ?? [];
    this.point(found === undefined ? null : { series: found.datasetIndex, index: found.index }, event);
  }

  /** Reads a point; `where` it is shown beside, by default the point itself. */
  private point(at: At | null, where?: { clientX: number; clientY: number }): void {
    if (at?.series !== this.at?.series || at?.index !== this.at?.index) {
      this.at = at;
      this.drawn?.update('none');
    }
    const point = at === null ? null : this.pointAt(at);
    if (at === null || point === null) {
      this.tooltip.hide();
      return;
    }
    const shown = this.drawn?.getDatasetMeta(at.series).data[at.index];
    const box = this.canvas.getBoundingClientRect();
    const place = where ?? { clientX: box.left + (shown?.x ?? 0), clientY: box.top + (shown?.y ?? 0) };
    this.tooltip.showLines(`${this.chart?.id} ${at.series} ${at.index}`, () => this.lines(at, point), place.clientX, place.clientY);
  }

  private lines(at: At, point: ChartPoint): HTMLElement[] {
    const { chart } = this;
    if (chart === null) return [];
    const named = chart.kind === 'stacks' ? chart.series : chart.series.slice(at.series, at.series + 1);
    return [element('b', '', point.place), ...named.flatMap(({ name, points }) => points.filter((each) => (chart.kind === 'stacks' ? each.x === point.x : each === point)).map(({ y }) => row(visibleText(name, LONGEST_NAME), chart.yText(y))))];
  }

  private pick(): void {
    const point = this.at === null ? null : this.pointAt(this.at);
    if (point !== null) this.actions.select(point.numbers);
  }

  private key(event: KeyboardEvent): void {
    const { chart } = this;
    if (chart === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.at ?? { series: 0, index: -1 };
    const last = (chart.series[at.series]?.points.length ?? 0) - 1;
    const toSeries = (step: number): At => ({ series: Math.min(chart.series.length - 1, Math.max(0, at.series + step)), index: Math.max(0, at.index) });
    const moves: Record<string, At> = {
      ArrowRight: { ...at, index: Math.min(last, at.index + 1) },
      ArrowLeft: { ...at, index: Math.max(0, at.index - 1) },
      ArrowUp: toSeries(-1),
      ArrowDown: toSeries(1),
      Home: { ...at, index: 0 },
      End: { ...at, index: last },
    };
    const move = moves[event.key];
    if (move !== undefined) {
      const length = chart.series[move.series]?.points.length ?? 0;
      const next = { ...move, index: Math.min(length - 1, move.index) };
      this.point(next);
      const point = this.pointAt(next);
      if (point !== null) this.actions.announce(`${point.place}, ${chart.series[next.series]?.name ?? ''} ${chart.yText(point.y)}`);
    } else if (event.key === 'Enter' || event.key === ' ') this.pick();
    else if (event.key === 'Escape') this.actions.leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Only for who opens it: there may be hundreds of rows. */
  private fillTable(): void {
    this.table.querySelector('table')?.remove();
    const { chart } = this;
    if (!this.table.open || chart === null) return;
    const { head, rows } = chart.table;
    const line = (tag: 'th' | 'td', cells: readonly string[]): HTMLElement => element('tr', '', ...cells.map((text, index) => (index === 0 && tag === 'td' ? attributes(element('th', '', text), { scope: 'row' }) : element(tag, '', visibleText(text, LONGEST_NAME)))));
    this.table.append(element('table', 'chart-table', element('caption', 'visually-hidden', chart.title), element('thead', '', line('th', head)), element('tbody', '', ...rows.map((cells) => line('td', cells)))));
  }
}
