/** All keys and gestures in one dialog, opened by `?`. The browser's own modal dialog keeps the focus inside and gives it back. */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { linkButton } from './detailParts.ts';

type Entry = readonly [keys: string, does: string];

const groups: readonly (readonly [title: string, entries: readonly Entry[]])[] = [
  [
    l10n.t('Move and zoom'),
    [
      [l10n.t('W S, + −, wheel, pinch'), l10n.t('zoom in and out')],
      [l10n.t('A D, drag, Shift+wheel'), l10n.t('pan')],
      [l10n.t('Home End'), l10n.t('to the run’s beginning and end')],
      [l10n.t('F, double click'), l10n.t('show the whole run')],
      ['Z', l10n.t('zoom to the region or the selected spans')],
      [l10n.t('U, Ctrl+Z'), l10n.t('undo zoom and pan')],
      [l10n.t('Shift+U, Ctrl+Y'), l10n.t('redo')],
    ],
  ],
  [
    l10n.t('Spans'),
    [
      ['← →', l10n.t('to the span before and after')],
      ['↑ ↓', l10n.t('to the parent, to the first child')],
      [l10n.t('Enter, double click'), l10n.t('open the line')],
      [l10n.t('Click on idle GPU'), l10n.t('why it was idle')],
      [l10n.t('Escape'), l10n.t('leave search, region, selection')],
    ],
  ],
  [
    l10n.t('Region'),
    [
      [l10n.t('Drag the axis, Shift+drag'), l10n.t('select a stretch of time')],
      [l10n.t('Alt'), l10n.t('without snapping to edges')],
      [l10n.t('M, then M'), l10n.t('from one moment or span to another')],
      [l10n.t('Shift+← →'), l10n.t('move its end from edge to edge')],
    ],
  ],
  [
    l10n.t('Views'),
    [
      ['1 2 3 4', l10n.t('timeline, flame, table, charts')],
    ],
  ],
  [
    l10n.t('Lanes (Tab to their names)'),
    [
      [l10n.t('Click, Enter'), l10n.t('fold')],
      [l10n.t('Drag, Alt+↑ ↓'), l10n.t('move')],
      [l10n.t('Lower edge, + −'), l10n.t('resize')],
      [l10n.t('P, Delete'), l10n.t('pin to the top, hide')],
      [l10n.t('Right click, menu key'), l10n.t('all of it')],
    ],
  ],
  [
    l10n.t('Search'),
    [
      ['/', l10n.t('search')],
      [l10n.t('N, Enter'), l10n.t('next found')],
      [l10n.t('Shift+N, Shift+Enter'), l10n.t('previous found')],
      ['>2s  tokens>1k  cached<50%', l10n.t('also time, ttft, queue, prefill, decode, idle, in, out')],
      ['tool:  model:  line:agent.py:88', l10n.t('also kind:, status:, role:')],
      ['error  running  "two words"', ''],
    ],
  ],
];

export class Help {
  readonly root = attributes(element('dialog', 'help'), { 'aria-label': l10n.t('Keys and gestures') });

  open(): void {
    if (this.root.open) return;
    fill(
      this.root,
      element('span', 'close', linkButton(l10n.t('Close'), l10n.t('Close (Escape)'), () => this.root.close())),
      element('h2', '', l10n.t('Keys and gestures')),
      element('div', 'columns', ...groups.map(([title, entries]) => element('div', 'group', element('h3', '', title), list(entries)))),
    );
    this.root.showModal();
  }
}

function list(entries: readonly Entry[]): HTMLElement {
  const node = element('dl', '');
  for (const [keys, does] of entries) node.append(element('dt', '', element('kbd', '', keys)), element('dd', '', does));
  return node;
}
