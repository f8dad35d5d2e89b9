/** A table of any length: only the rows in sight are on the page. Sorted by its headers, walked through by keyboard. */
import { attributes, element, fill } from '../../common/dom.ts';
import type { Column } from '../model/tableColumns.ts';

export interface GridActions<Row> {
  sort(column: string): void;
  choose(row: Row): void;
  /** The chosen row was asked for by Enter or a double click. */
  open(): void;
  leave(): void;
}

interface GridRow {
  key: string;
  numbers: readonly number[];
}

/** Pixels; the style sheet has the same. */
const ROW_HEIGHT = 24;
const ROWS_BEYOND = 6;
/** Pixels: of the names, and of the other columns at the mean. */
const NAME_WIDTH = 160;
const COLUMN_WIDTH = 78;

export class TableGrid<Row extends GridRow> {
  readonly root = element('div', 'grid-scroller');
  chosen: Row | null = null;
  private readonly table = attributes(element('table', 'grid'), { role: 'grid', tabindex: '0' });
  private readonly head = element('tr', '');
  private readonly before = attributes(element('tbody', ''), { 'aria-hidden': 'true' });
  private readonly body = element('tbody', '');
  private readonly after = attributes(element('tbody', ''), { 'aria-hidden': 'true' });
  private readonly actions: GridActions<Row>;
  private rows: readonly Row[] = [];
  private columns: readonly Column<Row>[] = [];
  private columnIds = '';
  private drawn = { from: 0, to: 0 };

  constructor(actions: GridActions<Row>) {
    this.actions = actions;
    this.table.append(element('thead', '', this.head), this.before, this.body, this.after);
    this.root.append(this.table);
    this.root.addEventListener('scroll', () => this.draw());
    this.table.addEventListener('keydown', (event) => this.key(event));
    this.body.addEventListener('click', (event) => this.pick(event));
    this.body.addEventListener('dblclick', () => actions.open());
  }

  focus(): void {
    this.table.focus({ preventScroll: true });
  }

  show(rows: readonly Row[], columns: readonly Column<Row>[], sort: string, descending: boolean, label: string): void {
    this.rows = rows;
    this.columns = columns;
    const key = this.chosen?.key;
    this.chosen = rows.find((row) => row.key === key) ?? null;
    attributes(this.table, { 'aria-label': label, 'aria-rowcount': String(rows.length + 1) });
    this.table.classList.toggle('hidden', rows.length === 0);
    this.showHead(sort, descending);
    this.drawn = { from: 0, to: 0 };
    fill(this.body);
    this.draw();
  }

  /** The headers stay where they are, so that the one that was pressed keeps the focus. */
  private showHead(sort: string, descending: boolean): void {
    const ids = this.columns.map(({ id }) => id).join();
    if (ids !== this.columnIds) {
      this.columnIds = ids;
      this.table.style.minWidth = `${NAME_WIDTH + COLUMN_WIDTH * (this.columns.length - 1)}px`;
      fill(this.head, ...this.columns.map((column) => this.headOf(column)));
    }
    [...this.head.children].forEach((cell, index) => {
      const isSorted = this.columns[index]?.id === sort;
      attributes(cell, { 'aria-sort': !isSorted ? 'none' : descending ? 'descending' : 'ascending' });
    });
  }

  private headOf({ id, title, hint }: Column<Row>): HTMLElement {
    const button = element('button', '', title);
    button.type = 'button';
    button.title = hint;
    button.addEventListener('click', () => this.actions.sort(id));
    return attributes(element('th', id, button), { scope: 'col' });
  }

  /** Brings what is in sight onto the page. */
  draw(): void {
    const top = this.root.scrollTop;
    const from = Math.max(0, Math.floor(top / ROW_HEIGHT) - ROWS_BEYOND);
    const to = Math.min(this.rows.length, Math.ceil((top + this.root.clientHeight) / ROW_HEIGHT) + ROWS_BEYOND);
    if (from === this.drawn.from && to === this.drawn.to) return;
    this.drawn = { from, to };
    fill(this.body, ...this.rows.slice(from, to).map((row, index) => this.rowOf(row, from + index)));
    spacer(this.before, from);
    spacer(this.after, this.rows.length - to);
    this.markChosen();
  }

  private rowOf(row: Row, index: number): HTMLElement {
    const node = attributes(element('tr', ''), { id: `row-${index}`, 'aria-rowindex': String(index + 2), 'aria-selected': 'false' });
    for (const column of this.columns) {
      const text = column.text(row);
      const cell = element('td', column.id === 'name' ? 'name' : '', text);
      if (column.id === 'name') cell.title = text;
      node.append(cell);
    }
    return node;
  }

  /** Marks the row of a span: the chosen one, if it has that span, else the first that has. */
  mark(number: number, reveal: boolean): void {
    if (this.chosen === null || !this.chosen.numbers.includes(number)) this.chosen = this.rows.find((row) => row.numbers.includes(number)) ?? null;
    if (reveal) this.reveal();
    this.markChosen();
  }

  private markChosen(): void {
    const at = this.chosen === null ? -1 : this.rows.indexOf(this.chosen);
    for (const node of this.body.children) node.setAttribute('aria-selected', String(node.id === `row-${at}`));
    const isDrawn = at >= this.drawn.from && at < this.drawn.to;
    attributes(this.table, { 'aria-activedescendant': isDrawn ? `row-${at}` : null });
  }

  private reveal(): void {
    const at = this.chosen === null ? -1 : this.rows.indexOf(this.chosen);
    if (at < 0) return;
    const top = at * ROW_HEIGHT;
    // The headers stand over the first row.
    const room = this.root.clientHeight - ROW_HEIGHT * 2;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    else if (top > this.root.scrollTop + room) this.root.scrollTop = top - room;
    this.draw();
  }

  private pick(event: MouseEvent): void {
    const node = event.target instanceof Element ? event.target.closest('tr') : null;
    const row = node === null ? undefined : this.rows[Number(node.id.slice('row-'.length))];
    if (row !== undefined) this.choose(row);
  }

  private choose(row: Row): void {
    this.chosen = row;
    this.actions.choose(row);
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.table || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.chosen === null ? -1 : this.rows.indexOf(this.chosen);
    const page = Math.max(1, Math.floor(this.root.clientHeight / ROW_HEIGHT) - 2);
    const places: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.rows.length - 1 };
    const place = places[event.key];
    const row = place === undefined ? undefined : this.rows[Math.min(this.rows.length - 1, Math.max(0, place))];
    if (row !== undefined) this.choose(row);
    else if (event.key === 'Enter') this.actions.open();
    else if (event.key === 'Escape') this.actions.leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Room for rows that are not on the page. */
function spacer(node: HTMLElement, rows: number): void {
  if (rows === 0) {
    fill(node);
    return;
  }
  const cell = element('td', '');
  cell.style.height = `${rows * ROW_HEIGHT}px`;
  fill(node, element('tr', '', cell));
}
