/** A small choice of one of several, with its name before it: the browser's own list, so that it works by keyboard and for screen readers. */
import { element } from '../../common/dom.ts';

export class SelectField<Value extends string> {
  readonly root: HTMLElement;
  private readonly field = element('select', '');

  constructor(label: string, options: readonly (readonly [value: Value, text: string])[], picked: (value: Value) => void) {
    for (const [value, text] of options) {
      const option = element('option', '', text);
      option.value = value;
      this.field.append(option);
    }
    this.root = element('label', 'select', `${label} `, this.field);
    this.field.addEventListener('change', () => picked(this.value));
    // Its arrows and letters choose; the views have these keys, too.
    this.field.addEventListener('keydown', (event) => event.stopPropagation());
  }

  get value(): Value {
    return this.field.value as Value;
  }

  set value(value: Value) {
    this.field.value = value;
  }
}
