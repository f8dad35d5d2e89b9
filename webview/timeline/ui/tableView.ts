/** The table as a view: calls by line, tool, model, role or step, sorted by any column, filtered by the search. */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { makeButton, type ButtonElement } from '../../common/toolkit.ts';
import { groupings, roleRows, tableRows, type Grouping, type RoleRow, type TableRow } from '../model/callTable.ts';
import { columnsOf, roleColumns, sorted, toText, type Column } from '../model/tableColumns.ts';
import { Pace } from './pace.ts';
import { SelectField } from './selectField.ts';
import { TableGrid } from './tableGrid.ts';
import { formatCount } from '../../../src/profile/formatCount.ts';
import type { Shell, View } from './view.ts';

type Row = TableRow | RoleRow;

const groupingTexts: Record<Grouping, string> = { line: l10n.t('line'), tool: l10n.t('tool'), model: l10n.t('model'), role: l10n.t('prompt role'), step: l10n.t('step') };
const missing: Record<Grouping, string> = {
  line: l10n.t('No call to a model or a tool was seen in this run.'),
  tool: l10n.t('No call to a tool was seen in this run.'),
  model: l10n.t('No call to a model was seen in this run.'),
  role: l10n.t('Who wrote which tokens is not known: of no call are both the messages and the prompt’s tokens.'),
  step: l10n.t('No call to a model or a tool was seen in this run.'),
};

interface Settings {
  grouping: Grouping;
  /** Id of the column. */
  sort: string;
  descending: boolean;
}

function readSettings(kept: unknown): Settings {
  const { grouping, sort, descending } = (typeof kept === 'object' && kept !== null ? kept : {}) as Partial<Record<keyof Settings, unknown>>;
  return { grouping: groupings.find((each) => each === grouping) ?? 'line', sort: typeof sort === 'string' ? sort : 'time', descending: descending !== false };
}

export class TableView implements View {
  readonly root = element('div', 'view table-view');
  private readonly shell: Shell;
  private readonly state: Settings;
  private readonly by: SelectField<Grouping>;
  private readonly count = attributes(element('span', 'dim'), { role: 'status' });
  private readonly openButton: ButtonElement;
  private readonly grid: TableGrid<Row>;
  private readonly notice = element('p', 'view-notice hidden');
  private readonly pace = new Pace(() => this.show());
  private rows: Row[] = [];
  private columns: readonly Column<Row>[] = [];
  /** What the rows were filtered by. */
  private found: readonly number[] | null = null;

  constructor(shell: Shell, kept: unknown) {
    this.shell = shell;
    this.state = readSettings(kept);
    this.by = new SelectField(l10n.t('By'), groupings.map((each) => [each, groupingTexts[each]] as const), (grouping) => this.group(grouping));
    this.by.value = this.state.grouping;
    this.openButton = makeButton(l10n.t('Open Line'), 'quiet', () => this.open());
    this.openButton.title = l10n.t('Open the line of the chosen row (Enter)');
    const copy = makeButton(l10n.t('Copy'), 'quiet', () => shell.detailActions.copy(toText(this.rows, this.columns, '\t')));
    copy.title = l10n.t('Copy the table for a spreadsheet, with tabs between');
    const copyCsv = makeButton(l10n.t('Copy as CSV'), 'quiet', () => shell.detailActions.copy(toText(this.rows, this.columns, ',')));
    const bar = element('div', 'view-bar', this.by.root, this.count, element('span', 'grow'));
    if (shell.hosted) bar.append(this.openButton);
    bar.append(copy, copyCsv);
    this.grid = new TableGrid<Row>({
      sort: (id) => this.sort(id),
      choose: (row) => shell.select(row.numbers, true),
      open: () => this.open(),
      leave: () => shell.clear(),
    });
    this.root.append(bar, this.notice, this.grid.root);
  }

  settings(): Settings {
    return this.state;
  }

  focus(): void {
    this.grid.focus();
  }

  refresh(): void {
    if (this.shell.model.live) this.pace.soon();
    else this.pace.now();
  }

  choiceChanged(reveal: boolean): void {
    if (this.shell.choice.found !== this.found) this.show();
    else this.mark(reveal);
  }

  themeChanged(): void {}

  resized(): void {
    this.grid.draw();
  }

  private group(grouping: Grouping): void {
    this.state.grouping = grouping;
    this.show();
    this.shell.keep();
  }

  private sort(id: string): void {
    const first = id !== 'name';
    this.state.descending = this.state.sort === id ? !this.state.descending : first;
    this.state.sort = id;
    this.show();
    this.shell.keep();
  }

  private show(): void {
    const { shell } = this;
    const { grouping, sort, descending } = this.state;
    this.found = shell.choice.found;
    const only = this.found === null ? null : new Set(this.found);
    const isShown = (number: number): boolean => only === null || only.has(number);
    if (grouping === 'role') this.fillGrid(roleRows(shell.costs, isShown), roleColumns, sort, descending);
    else this.fillGrid(tableRows(shell.model, shell.costs, grouping, isShown), columnsOf(grouping), sort, descending);
    this.count.textContent = `${formatCount(this.rows.length, grouping)}${only === null ? '' : ` ${l10n.t('of what was found')}`}`;
    const text = this.rows.length > 0 ? null : only === null ? missing[grouping] : l10n.t('Nothing that the search has found belongs here.');
    fill(this.notice, text);
    this.notice.classList.toggle('hidden', text === null);
    this.mark(false);
  }

  private fillGrid<R extends Row>(rows: R[], columns: readonly Column<R>[], sort: string, descending: boolean): void {
    const by = columns.some(({ id }) => id === sort) ? sort : (columns[2]?.id ?? 'name');
    const ordered = sorted({ rows, columns }, by, descending);
    this.rows = ordered;
    // Rows and columns come in pairs: each column only ever reads rows of its own kind.
    this.columns = columns;
    this.grid.show(this.rows, this.columns, by, descending, l10n.t`Calls by ${groupingTexts[this.state.grouping]}`);
  }

  private mark(reveal: boolean): void {
    this.grid.mark(this.shell.choice.selected[0] ?? -1, reveal);
    this.openButton.disabled = this.place() < 0;
  }

  /** The first span of the chosen row that has a line. */
  private place(): number {
    return this.grid.chosen?.numbers.find((number) => (this.shell.model.spanAt(number)?.site ?? null) !== null) ?? -1;
  }

  private open(): void {
    this.shell.open(this.place());
  }
}
