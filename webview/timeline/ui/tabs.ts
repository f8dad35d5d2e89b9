/** The row of tabs that says which view is shown. */
import * as l10n from '@vscode/l10n';
import { attributes, element } from '../../common/dom.ts';
import { viewNames, viewTitles, type ViewName } from './viewNames.ts';

export class Tabs {
  readonly root = attributes(element('div', 'tabs'), { role: 'tablist', 'aria-label': l10n.t('Views of the run') });
  private readonly buttons = new Map<ViewName, HTMLButtonElement>();
  private readonly pick: (name: ViewName) => void;

  constructor(pick: (name: ViewName) => void) {
    this.pick = pick;
    viewNames.forEach((name, index) => {
      const button = attributes(element('button', 'tab', viewTitles[name]), { role: 'tab', type: 'button', id: `tab-${name}`, 'aria-controls': `view-${name}` });
      button.title = `${viewTitles[name]} (${index + 1})`;
      button.addEventListener('click', () => pick(name));
      this.buttons.set(name, button);
      this.root.append(button);
    });
    this.root.addEventListener('keydown', (event) => this.key(event));
  }

  show(shown: ViewName): void {
    for (const [name, button] of this.buttons) attributes(button, { 'aria-selected': String(name === shown), tabindex: name === shown ? '0' : '-1' });
  }

  private key(event: KeyboardEvent): void {
    const at = viewNames.findIndex((name) => this.buttons.get(name) === event.target);
    const last = viewNames.length - 1;
    const places: Record<string, number> = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last };
    const name = viewNames[places[event.key] ?? -1];
    if (at < 0 || name === undefined) return;
    event.preventDefault();
    // The views have these keys, too.
    event.stopPropagation();
    this.pick(name);
    this.buttons.get(name)?.focus();
  }
}

/** Makes the room of a view the panel of its tab. */
export function panelOf<T extends HTMLElement>(node: T, name: ViewName): T {
  return attributes(node, { id: `view-${name}`, role: 'tabpanel', 'aria-labelledby': `tab-${name}` });
}
