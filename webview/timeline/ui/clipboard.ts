/** To the clipboard, also from a page that was opened from a file. */
import { element } from '../../common/dom.ts';

export function copyHere(text: string): void {
  void navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
}

/** Pages opened from a file may not be allowed the clipboard's own interface. */
function copyBySelection(text: string): void {
  const area = element('textarea', 'visually-hidden');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
