/** The one way to tell the user something in a message, so that each is also in the log and the tests can see them. */
import { window, type LogOutputChannel } from 'vscode';
import { inSettings } from '../profile/optionNames.ts';

export type Severity = 'information' | 'warning' | 'error';

/** A button on a message, and what it does. */
export interface Remedy {
  label: string;
  run(): unknown;
}

export interface Notification {
  severity: Severity;
  message: string;
  remedies: readonly string[];
}

/** Older messages are in the log. */
const KEPT = 50;

const show = { information: window.showInformationMessage, warning: window.showWarningMessage, error: window.showErrorMessage } as const;

export class Notifier {
  private readonly shown: Notification[] = [];
  private readonly log: LogOutputChannel;

  constructor(log: LogOutputChannel) {
    this.log = log;
  }

  /** The last messages, the newest last. */
  get recent(): readonly Notification[] {
    return this.shown;
  }

  information(message: string, ...remedies: Remedy[]): void {
    this.log.info(message);
    this.show('information', message, remedies);
  }

  warning(message: string, ...remedies: Remedy[]): void {
    this.log.warn(message);
    this.show('warning', message, remedies);
  }

  error(message: string, ...remedies: Remedy[]): void {
    this.log.error(message);
    this.show('error', message, remedies);
  }

  /** Does not wait for the user: a message may stay open for hours. */
  private show(severity: Severity, text: string, remedies: readonly Remedy[]): void {
    const message = inSettings(text);
    this.shown.push({ severity, message, remedies: remedies.map((remedy) => remedy.label) });
    if (this.shown.length > KEPT) this.shown.shift();
    show[severity](message, ...remedies.map((remedy) => remedy.label)).then(
      (label) => remedies.find((remedy) => remedy.label === label)?.run(),
      (error: unknown) => this.log.error('a message could not be shown', error),
    );
  }
}
