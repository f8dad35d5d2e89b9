/** Charts of the run's calls as a view: tokens by role, context growth, latency, cache hits. */
import { element } from '../../common/dom.ts';
import { readPlainTheme } from '../../common/theme.ts';
import { callCharts, type CallChart } from '../model/callCharts.ts';
import { ChartCard } from './chartCard.ts';
import { Pace } from './pace.ts';
import { Tooltip } from './tooltip.ts';
import { themeOn } from '../../../src/experiments/charts/theme.ts';
import type { Shell, View } from './view.ts';

export class ChartsView implements View {
  readonly root = element('div', 'view charts-view');
  private readonly shell: Shell;
  private readonly grid = element('div', 'chart-grid');
  private readonly tooltip = new Tooltip();
  private readonly cards: ChartCard[];
  private readonly pace = new Pace(() => this.build());
  private charts: readonly CallChart[] = [];
  private found: readonly number[] | null = null;

  constructor(shell: Shell) {
    this.shell = shell;
    const actions = {
      select: (numbers: readonly number[]) => shell.select(numbers, true),
      announce: (sentence: string) => shell.announce(sentence),
      leave: () => shell.clear(),
    };
    this.cards = Array.from({ length: 4 }, () => new ChartCard(this.tooltip, actions));
    this.grid.append(...this.cards.map(({ root }) => root));
    this.root.append(this.grid, this.tooltip.root);
  }

  focus(): void {
    this.grid.querySelector('canvas')?.focus({ preventScroll: true });
  }

  refresh(): void {
    if (this.shell.model.live) this.pace.soon();
    else this.pace.now();
  }

  choiceChanged(): void {
    const { found, selected } = this.shell.choice;
    if (found !== this.found) this.pace.now();
    else for (const card of this.cards) card.mark(selected[0] ?? -1);
  }

  themeChanged(): void {
    this.draw();
  }

  resized(): void {
    for (const card of this.cards) card.resize();
  }

  private build(): void {
    const { model, costs, choice } = this.shell;
    this.found = choice.found;
    const only = this.found === null ? null : new Set(this.found);
    this.charts = callCharts(model, costs, (number) => only === null || only.has(number));
    this.draw();
  }

  private draw(): void {
    const { background, foreground, fontFamily, contrast } = readPlainTheme();
    const theme = themeOn(background, foreground, fontFamily, contrast);
    this.tooltip.hide();
    this.charts.forEach((chart, index) => this.cards[index]?.show(chart, theme, this.shell.choice.selected[0] ?? -1));
  }
}
