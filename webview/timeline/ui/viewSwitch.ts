/** The views side by side, one of them shown: only that one is told of changes, the others catch up when their turn comes. */
import { panelOf, Tabs } from './tabs.ts';
import { viewNames, type ViewName } from './viewNames.ts';
import type { View } from './view.ts';

export class ViewSwitch {
  readonly tabs = new Tabs((name) => this.show(name));
  shown: ViewName;
  private readonly views: Readonly<Record<ViewName, View>>;
  private readonly changed: () => void;
  /** Where the selection is still to be brought into sight. */
  private toReveal = new Set<ViewName>();

  /** `changed` is called when another view is shown, before it is brought up to date. */
  constructor(views: Readonly<Record<ViewName, View>>, shown: ViewName, changed: () => void) {
    this.views = views;
    this.shown = shown;
    this.changed = changed;
    this.mark();
  }

  get view(): View {
    return this.views[this.shown];
  }

  /** The rooms of the views, for the page. */
  get rooms(): HTMLElement[] {
    return viewNames.map((name) => panelOf(this.views[name].root, name));
  }

  show(name: ViewName): void {
    if (name === this.shown) return;
    this.shown = name;
    this.mark();
    this.changed();
    this.view.resized();
    this.view.refresh(true);
    if (this.toReveal.delete(name)) this.view.choiceChanged(true);
  }

  private mark(): void {
    this.tabs.show(this.shown);
    for (const name of viewNames) this.views[name].root.classList.toggle('hidden', name !== this.shown);
  }

  /** The selection or what was found has changed. */
  choiceChanged(reveal: boolean): void {
    if (reveal) this.toReveal = new Set(viewNames.filter((name) => name !== this.shown));
    this.view.choiceChanged(reveal);
  }

  /** Another document: what was to be shown of the last one is not. */
  forget(): void {
    this.toReveal.clear();
  }

  /** How the reader has set each. */
  settings(): Partial<Record<ViewName, unknown>> {
    return Object.fromEntries(viewNames.map((name) => [name, this.views[name].settings?.()]));
  }
}
