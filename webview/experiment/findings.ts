/** What an experiment found, beside its charts: a table, what the paper says in words, notes. */
import { attributes, element } from '../common/dom.ts';
import { digits, percentOff, withMargin } from '../../src/experiments/report/format.ts';
import { basisTitle, type Result } from '../../src/experiments/report/grouped.ts';
import { errorOf, type Row } from '../../src/experiments/rows.ts';
import { visibleText } from '../../src/profile/visibleText.ts';

/** A cell's text is the file's: shown as it is, without what cannot be seen. */
const shown = (text: string): string => visibleText(text, 400);

const COLUMNS: { title: string; isNumber: boolean; of: (row: Row) => string; hint?: (row: Row) => string }[] = [
  { title: 'of', isNumber: false, of: ({ series }) => shown(series) },
  { title: 'figure', isNumber: false, of: ({ what }) => shown(what) },
  { title: 'ours', isNumber: true, of: ({ ours }) => withMargin(ours) },
  { title: 'published', isNumber: true, of: ({ published }) => digits(published) },
  { title: 'unit', isNumber: false, of: ({ unit }) => shown(unit) },
  { title: 'error', isNumber: true, of: (row) => percentOff(errorOf(row)) },
  { title: 'ours is', isNumber: false, of: ({ basis }) => basis, hint: ({ basis }) => basisTitle(basis) },
];

export function rowsTable(rows: readonly Row[], caption: string): HTMLElement {
  const head = element('tr', '', ...COLUMNS.map(({ title, isNumber }) => attributes(element('th', isNumber ? 'number' : '', title), { scope: 'col' })));
  const body = rows.map((row) => element('tr', '', ...COLUMNS.map(({ isNumber, of, hint }) => attributes(element('td', isNumber ? 'number' : '', of(row)), { title: hint?.(row) ?? null }))));
  const table = element('table', '', element('caption', 'visually-hidden', caption), element('thead', '', head), element('tbody', '', ...body));
  // Reached by keys, so that what does not fit can be scrolled to.
  return attributes(element('div', 'table', table), { tabindex: '0', role: 'region', 'aria-label': caption });
}

export function words({ findings: { directions, notes } }: Result): HTMLElement[] {
  const list = (title: string, items: HTMLElement[]) => (items.length === 0 ? [] : [element('h3', '', title), element('ul', '', ...items)]);
  return [
    ...list('What the paper says in words', directions.map(({ says, holds }) => element('li', '', `${shown(says)}: `, element('span', holds ? '' : 'fails', holds ? 'yes' : 'no')))),
    ...list('Notes', notes.map((note) => element('li', '', visibleText(note, 2000)))),
  ];
}
