/** What an experiment found, beside its charts: a table, what the paper says in words, notes. */
import * as l10n from '@vscode/l10n';
import { attributes, element } from '../common/dom.ts';
import { digits, percentOff, withMargin } from '../../src/experiments/report/format.ts';
import { basisTitle, type Result } from '../../src/experiments/report/grouped.ts';
import { errorOf, type Row } from '../../src/experiments/rows.ts';
import { visibleText } from '../../src/profile/visibleText.ts';

/** A cell's text is the file's: shown as it is, without what cannot be seen. */
const shown = (text: string): string => visibleText(text, 400);

const COLUMNS: { title: string; isNumber: boolean; of: (row: Row) => string; hint?: (row: Row) => string }[] = [
  { title: l10n.t({ message: 'of', comment: 'Head of a column: what a figure is of, such as an agent' }), isNumber: false, of: ({ series }) => shown(series) },
  { title: l10n.t('figure'), isNumber: false, of: ({ what }) => shown(what) },
  { title: l10n.t('ours'), isNumber: true, of: ({ ours }) => withMargin(ours) },
  { title: l10n.t('published'), isNumber: true, of: ({ published }) => digits(published) },
  { title: l10n.t('unit'), isNumber: false, of: ({ unit }) => shown(unit) },
  { title: l10n.t('error'), isNumber: true, of: (row) => percentOff(errorOf(row)) },
  { title: l10n.t('ours is'), isNumber: false, of: ({ basis }) => basis, hint: ({ basis }) => basisTitle(basis) },
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
    ...list(l10n.t('What the paper says in words'), directions.map(({ says, holds }) => element('li', '', `${shown(says)}: `, element('span', holds ? '' : 'fails', holds ? l10n.t('yes') : l10n.t('no'))))),
    ...list(l10n.t('Notes'), notes.map((note) => element('li', '', visibleText(note, 2000)))),
  ];
}
