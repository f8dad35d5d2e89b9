/** All keys and gestures in one dialog, opened by `?`. The browser's own modal dialog keeps the focus inside and gives it back. */
import { attributes, element, fill } from '../../common/dom.ts';
import { linkButton } from './detailParts.ts';

type Entry = readonly [keys: string, does: string];

const groups: readonly (readonly [title: string, entries: readonly Entry[]])[] = [
  [
    'Move and zoom',
    [
      ['W S, + −, wheel, pinch', 'zoom in and out'],
      ['A D, drag, Shift+wheel', 'pan'],
      ['Home End', 'to the run’s beginning and end'],
      ['F, double click', 'show the whole run'],
      ['Z', 'zoom to the region or the selected spans'],
      ['U, Ctrl+Z', 'undo zoom and pan'],
      ['Shift+U, Ctrl+Y', 'redo'],
    ],
  ],
  [
    'Spans',
    [
      ['← →', 'to the span before and after'],
      ['↑ ↓', 'to the parent, to the first child'],
      ['Enter, double click', 'open the line'],
      ['Click on idle GPU', 'why it was idle'],
      ['Escape', 'leave search, region, selection'],
    ],
  ],
  [
    'Region',
    [
      ['Drag the axis, Shift+drag', 'select a stretch of time'],
      ['Alt', 'without snapping to edges'],
      ['M, then M', 'from one moment or span to another'],
      ['Shift+← →', 'move its end from edge to edge'],
    ],
  ],
  [
    'Views',
    [
      ['1 2 3 4', 'timeline, flame, table, charts'],
    ],
  ],
  [
    'Lanes (Tab to their names)',
    [
      ['Click, Enter', 'fold'],
      ['Drag, Alt+↑ ↓', 'move'],
      ['Lower edge, + −', 'resize'],
      ['P, Delete', 'pin to the top, hide'],
      ['Right click, menu key', 'all of it'],
    ],
  ],
  [
    'Search',
    [
      ['/', 'search'],
      ['N, Enter', 'next found'],
      ['Shift+N, Shift+Enter', 'previous found'],
      ['>2s  tokens>1k  cached<50%', 'also time, ttft, queue, prefill, decode, idle, in, out'],
      ['tool:  model:  line:agent.py:88', 'also kind:, status:, role:'],
      ['error  running  "two words"', ''],
    ],
  ],
];

export class Help {
  readonly root = attributes(element('dialog', 'help'), { 'aria-label': 'Keys and gestures' });

  open(): void {
    if (this.root.open) return;
    fill(
      this.root,
      element('span', 'close', linkButton('Close', 'Close (Escape)', () => this.root.close())),
      element('h2', '', 'Keys and gestures'),
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
