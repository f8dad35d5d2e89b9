/** The only place that knows the widget toolkit: registers what is used and makes it, so that it can be swapped. */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeTextField } from '@vscode/webview-ui-toolkit';

export type ButtonElement = HTMLElement & { disabled: boolean };
export type TextFieldElement = HTMLElement & { value: string };

let registered = false;

/** Registers the widgets; once per page, before the first is made. */
export function registerToolkit(): void {
  if (registered) return;
  registered = true;
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeTextField());
  // The toolkit takes on the theme's colours when the page has loaded; a script that was packed comes after that.
  if (document.readyState === 'complete') dispatchEvent(new Event('load'));
}

/** A button; `quiet` ones have no background until they are pointed at. */
export function makeButton(label: string, look: 'primary' | 'secondary' | 'quiet', pressed: () => void): ButtonElement {
  const button = document.createElement('vscode-button') as ButtonElement;
  // The toolkit would name a button without a background "Icon Button", whatever it says.
  button.setAttribute('aria-label', label);
  button.setAttribute('appearance', look === 'quiet' ? 'icon' : look);
  button.textContent = label;
  button.addEventListener('click', pressed);
  return button;
}

export function makeTextField(label: string, placeholder: string): TextFieldElement {
  const field = document.createElement('vscode-text-field') as TextFieldElement;
  field.setAttribute('placeholder', placeholder);
  field.setAttribute('aria-label', label);
  return field;
}
