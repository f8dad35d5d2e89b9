/** Beside another run, in an editor of two: which it is, and what changed from the earlier one to this. */
import * as l10n from '@vscode/l10n';
import { element, fill } from '../../common/dom.ts';
import { linkButton } from './detailParts.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { Beside } from '../../../src/protocol/webview.ts';

export class BesideBar {
  readonly root = element('div', 'beside hidden');
  private readonly compare: () => void;

  constructor(compare: () => void) {
    this.compare = compare;
  }

  /** Null: it stands alone again. */
  show(other: Beside | null): void {
    this.root.classList.toggle('hidden', other === null);
    if (other === null) return;
    const name = visibleText(other.name, 80);
    const changes = other.changes.flatMap(({ label, text }) => [element('span', 'change', element('span', 'dim', `${label} `), text)]);
    fill(this.root, element('span', '', other.isBefore ? l10n.t`after ${name}` : l10n.t`before ${name}`), ...changes, linkButton(l10n.t('Line by line'), l10n.t('Show what changed in both, line by line'), this.compare));
  }
}
