/** A small menu beside what it belongs to: arrows, Home and End go through it, Escape and a click elsewhere close it. */
import { attributes, element } from '../../common/dom.ts';

export interface MenuItem {
  label: string;
  /** A choice that is on or off; absent for a plain action. */
  checked?: boolean;
  disabled?: boolean;
  act: () => void;
}

let openMenu: (() => void) | null = null;

/** Opens a menu below a point of the window. The focus goes back to where it was. */
export function showMenu(name: string, items: readonly MenuItem[], x: number, y: number): void {
  openMenu?.();
  const before = document.activeElement;
  const root = attributes(element('div', 'menu'), { role: 'menu', 'aria-label': name });
  const nodes = items.map((item) => {
    const node = element('button', '', element('span', 'check', item.checked === true ? '✓' : ''), item.label);
    attributes(node, { type: 'button', role: item.checked === undefined ? 'menuitem' : 'menuitemcheckbox', tabindex: '-1', 'aria-checked': item.checked === undefined ? null : String(item.checked), 'aria-disabled': item.disabled === true ? 'true' : null });
    node.addEventListener('click', () => {
      if (item.disabled === true) return;
      close(true);
      item.act();
    });
    return node;
  });
  const close = (refocus: boolean): void => {
    openMenu = null;
    document.removeEventListener('pointerdown', outside, true);
    root.remove();
    if (refocus && before instanceof HTMLElement) before.focus({ preventScroll: true });
  };
  const outside = (event: Event): void => {
    if (!(event.target instanceof Node && root.contains(event.target))) close(false);
  };
  root.addEventListener('keydown', (event) => {
    const at = nodes.indexOf(document.activeElement as HTMLButtonElement);
    const last = nodes.length - 1;
    const steps: Record<string, number> = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last };
    const next = steps[event.key];
    if (next !== undefined) nodes[next]?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  openMenu = () => close(false);
  root.append(...nodes);
  document.body.append(root);
  root.style.left = `${Math.max(2, Math.min(x, innerWidth - root.offsetWidth - 4))}px`;
  root.style.top = `${Math.max(2, Math.min(y, innerHeight - root.offsetHeight - 4))}px`;
  document.addEventListener('pointerdown', outside, true);
  nodes[0]?.focus();
}
