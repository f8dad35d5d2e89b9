/** Pieces of the details: titled sections, label–value lists, bars that show a split. */
import * as l10n from '@vscode/l10n';
import { gpuStateWord } from '../../../src/profile/words.ts';
import { element } from '../../common/dom.ts';
import { formatDuration, formatPercent } from '../../../src/profile/formatValue.ts';
import { inSettings, isServerOption } from '../../../src/profile/optionNames.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { GpuState } from '../../../src/profile/recordingFormat.ts';
import type { Totals } from '../../../src/profile/report.ts';

/** A longer value is no figure, and may go on in a second line: `0.0726 Wh (0.0508 – 0.0944 Wh)` is one. */
const MOST_FIGURE_CHARS = 32;
/** A longer one, such as where a price is from, has lines of its own. */
const MOST_WORDS_CHARS = 64;

export type Pair = readonly [label: string, value: string, title?: string];

export function section(title: string, ...children: (Node | string | null | false)[]): HTMLElement {
  return element('section', '', element('h2', '', title), ...children);
}

/** A section's title with how its numbers are known. */
export function titled(title: string, known: string | null): string {
  return known === null ? title : `${title} · ${known}`;
}

export function pairs(list: readonly Pair[]): HTMLElement {
  const node = element('dl', 'pairs');
  for (const [label, value, title] of list) {
    const definition = element('dd', value.length > MOST_WORDS_CHARS ? 'sentence' : value.length > MOST_FIGURE_CHARS ? 'words' : '', value);
    if (title !== undefined) definition.title = title;
    node.append(element('dt', '', label), definition);
  }
  return node;
}

export interface NoteActions {
  copy(text: string): void;
  /** Null where there are no settings. */
  openSetting: ((id: string) => void) | null;
}

/** A message with its `code` set apart: an option of a server can be copied, a setting of ours opened. */
export function note(message: string, actions: NoteActions): HTMLElement {
  const node = element('p', '');
  visibleText(actions.openSetting === null ? message : inSettings(message), 600)
    .split('`')
    .forEach((part, index) => {
      if (index % 2 === 0) {
        node.append(part);
        return;
      }
      const { openSetting } = actions;
      if (openSetting !== null && part.startsWith('agentCost.')) node.append(linkButton(part, l10n.t('Open this setting'), () => openSetting(part)));
      else {
        node.append(element('code', '', part));
        if (isServerOption(part)) node.append(' ', linkButton(l10n.t('Copy'), l10n.t`Copy ${part}`, () => actions.copy(part)));
      }
    });
  return node;
}

export function linkButton(text: string, title: string, onClick: () => void): HTMLElement {
  const button = element('button', 'link', text);
  button.type = 'button';
  button.title = title;
  button.addEventListener('click', onClick);
  return button;
}

export interface Share {
  name: string;
  /** Class of its colour. */
  kind: string;
  value: number | null;
}

/** What the agent's time went into. */
export function agentShares({ llm, tool, overlap, other }: Totals['agentMs']): (Share & { value: number })[] {
  return [
    { name: l10n.t('model calls'), kind: 'decode', value: llm },
    { name: l10n.t('tools'), kind: 'tool', value: tool },
    { name: l10n.t('both at once'), kind: 'mixed', value: overlap },
    { name: l10n.t('other'), kind: 'other', value: other },
  ];
}

/** What the GPU's time went into. */
export function gpuShares<Value extends number | null>(gpuMs: Record<GpuState, Value>): (Share & { value: Value })[] {
  return (['prefill', 'decode', 'mixed', 'foreign', 'idle'] as const).map((state) => ({ name: gpuStateWord(state), kind: state, value: gpuMs[state] }));
}

/** A bar of shares and a list with each one's time and percentage. Unknown ones are listed as such. */
export function split(shares: readonly Share[], total: number, about = ''): HTMLElement {
  const bar = element('div', 'split');
  bar.setAttribute('aria-hidden', 'true');
  const list = element('dl', 'pairs');
  for (const share of shares) {
    if (share.value !== null && share.value > 0) {
      const piece = element('i', share.kind);
      piece.style.flex = `${share.value} 0 0`;
      bar.append(piece);
    }
    const percent = share.value === null || total <= 0 ? '' : `  ${formatPercent(share.value / total)}`;
    const mark = share.value === null ? '' : about;
    list.append(element('dt', '', element('span', `swatch ${share.kind}`), share.name), element('dd', '', `${mark}${formatDuration(share.value)}${percent}`));
  }
  const rest = total - shares.reduce((sum, share) => sum + (share.value ?? 0), 0);
  if (rest > total * 0.001) {
    const piece = element('i', '');
    piece.style.flex = `${rest} 0 0`;
    bar.append(piece);
  }
  return element('div', '', bar, list);
}
