/** The experiment view as a whole: a list of figures, and the chosen one's charts and table. */
import * as l10n from '@vscode/l10n';
import { formatCount } from '../../src/profile/formatCount.ts';
import { attributes, element, fill } from '../common/dom.ts';
import type { Host } from '../common/host.ts';
import { watchTheme } from '../common/theme.ts';
import { makeButton } from '../common/toolkit.ts';
import type { FromExperiment, ToExperiment } from '../../src/protocol/experiment.ts';
import type { Result } from '../../src/experiments/report/grouped.ts';
import { visibleText } from '../../src/profile/visibleText.ts';
import { ChartView } from './chartView.ts';
import { rowsTable, words } from './findings.ts';

type Shown = Extract<ToExperiment, { type: 'show' }>;

export class App {
  private readonly host: Host<FromExperiment>;
  private readonly root = element('main', 'experiment');
  private readonly title = element('h1', '');
  private readonly badge = element('span', 'badge', l10n.t('simulated'));
  private readonly settings = element('span', 'dim');
  private readonly progress = element('span', 'progress');
  private readonly list = element('ul', '');
  private readonly article = attributes(element('article', ''), { tabindex: '-1' });
  private readonly columns = element('div', 'columns', attributes(element('nav', '', this.list), { 'aria-label': l10n.t('Figures') }), this.article);
  private readonly state = element('div', 'state');
  private readonly live = attributes(element('div', 'visually-hidden'), { role: 'status' });
  private readonly save;
  private charts: ChartView[] = [];
  private shown: Shown | null = null;
  /** Nothing of it is simulated. */
  private isMeasured = false;
  /** The id of the figure that is shown; null for the first. */
  private chosen: string | null;
  /** What the article was last made of. */
  private drawn: Result | null = null;

  constructor(host: Host<FromExperiment>) {
    this.host = host;
    const kept = host.kept();
    this.chosen = typeof kept === 'object' && kept !== null && 'chosen' in kept && typeof kept.chosen === 'string' ? kept.chosen : null;
    this.save = makeButton(l10n.t('Save…'), 'secondary', () => host.post({ type: 'save' }));
    const tools = element('span', 'tools', makeButton(l10n.t('Open…'), 'secondary', () => host.post({ type: 'choose' })), this.save);
    const header = element('div', 'header', this.title, this.badge, this.settings, element('span', 'grow'), this.progress, tools);
    this.root.append(header, this.columns, this.state, this.live);
    document.body.append(this.root);
    this.list.addEventListener('keydown', (event) => this.moveByKey(event));
    watchTheme(() => this.charts.forEach((chart) => chart.draw()));
    this.say(l10n.t('Waiting for the experiment…'), '');
  }

  receive(message: ToExperiment): void {
    if (message.type === 'empty') {
      this.shown = null;
      this.say(message.message, message.detail);
      return;
    }
    this.shown = message;
    this.title.textContent = visibleText(message.title, 200);
    this.isMeasured = message.results.length > 0 && message.results.every(({ findings }) => findings.rows.every(({ basis }) => basis === 'measured'));
    this.settings.textContent = visibleText(message.settings, 400);
    this.save.disabled = message.results.length === 0 || message.progress !== null;
    this.showProgress(message);
    if (message.results.length === 0) {
      this.say(message.progress === null ? l10n.t('Nothing was run') : l10n.t('Running'), message.progress === null ? l10n.t('It was stopped before its first figure was done. Open another.') : l10n.t('The first figure will be seen here when it is done. The editor can be used meanwhile.'));
      return;
    }
    this.state.classList.add('hidden');
    this.columns.classList.remove('hidden');
    this.showList(message.results);
    this.showResult(message.results.find(({ experiment }) => experiment.id === this.chosen) ?? message.results[0]!);
  }

  /** Says what went wrong, to whoever looks and to the editor. */
  fail(message: string): void {
    this.say(l10n.t('The experiment cannot be shown'), message);
    this.host.post({ type: 'failed', message: message.slice(0, 10_000) });
  }

  private say(what: string, detail: string): void {
    this.columns.classList.add('hidden');
    this.state.classList.remove('hidden');
    this.badge.classList.toggle('hidden', this.shown === null);
    fill(this.state, element('strong', '', what), element('p', '', detail));
    this.live.textContent = what;
  }

  private showProgress({ progress, results }: Shown): void {
    this.badge.classList.toggle('hidden', this.isMeasured);
    if (progress === null) {
      if (this.progress.childElementCount > 0) this.live.textContent = l10n.t`${formatCount(results.length, 'figure')} shown`;
      fill(this.progress);
      return;
    }
    const text = progress.doing === '' ? l10n.t('starting') : l10n.t`${progress.doing}, ${progress.done} of ${progress.total} done`;
    if (this.progress.childElementCount === 0)
      fill(this.progress, attributes(document.createElement('progress'), { max: String(progress.total), 'aria-label': l10n.t('Figures done') }), element('span', 'text'), makeButton(l10n.t('Cancel'), 'secondary', () => this.host.post({ type: 'cancel' })));
    this.progress.querySelector('progress')!.value = progress.done;
    this.progress.querySelector('.text')!.textContent = visibleText(text, 200);
    this.live.textContent = text;
  }

  private showList(results: readonly Result[]): void {
    const known = [...this.list.querySelectorAll('button')].map((button) => button.dataset['id']);
    if (known.length === results.length && results.every(({ experiment }, index) => experiment.id === known[index])) return;
    fill(
      this.list,
      ...results.map(({ experiment: { id, where, title } }) => {
        const button = attributes(element('button', '', visibleText(where, 60), element('span', 'what', visibleText(title, 200))), { type: 'button', 'data-id': id });
        button.addEventListener('click', () => this.choose(id));
        return element('li', '', button);
      }),
    );
  }

  private choose(id: string): void {
    this.chosen = id;
    this.host.keep({ chosen: id });
    const result = this.shown?.results.find(({ experiment }) => experiment.id === id);
    if (result !== undefined) this.showResult(result);
  }

  private showResult(result: Result): void {
    const { experiment, findings } = result;
    for (const button of this.list.querySelectorAll('button')) attributes(button, { 'aria-current': button.dataset['id'] === experiment.id ? 'true' : null });
    // A message comes for each figure that is done: what is shown already stays, and where it was scrolled to.
    if (this.drawn !== null && JSON.stringify(this.drawn) === JSON.stringify(result)) return;
    this.drawn = result;
    for (const chart of this.charts) chart.dispose();
    this.charts = findings.charts.map((chart) => new ChartView(chart));
    const title = visibleText(`${experiment.where}: ${experiment.title}`, 400);
    fill(this.article, element('h2', '', title), ...this.charts.map(({ root }) => root), rowsTable(findings.rows, title), ...words(result));
    this.article.scrollTop = 0;
    for (const chart of this.charts) chart.draw();
  }

  /** Up, down, first and last in the list of figures. */
  private moveByKey(event: KeyboardEvent): void {
    const buttons = [...this.list.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    const button = to === undefined ? undefined : buttons[Math.min(Math.max(to, 0), buttons.length - 1)];
    if (button === undefined) return;
    event.preventDefault();
    button.focus();
    button.click();
  }
}
