/** Whether the active editor holds what could be profiled: what somebody without runs is offered first goes by it. */
import { window, type Disposable } from 'vscode';
import { profiledLanguages } from '../contributions.ts';
import { setContext } from './editor.ts';

export function followOpenAgent(): Disposable {
  const tell = (): void => setContext('agentCost.agentIsOpen', profiledLanguages.some((language) => language === window.activeTextEditor?.document.languageId));
  tell();
  return window.onDidChangeActiveTextEditor(tell);
}
