/** The extension's log: one channel, shown by the command Show Log. */
import { window, type LogOutputChannel } from 'vscode';

export function createLog(): LogOutputChannel {
  return window.createOutputChannel('Agent Cost Profiler', { log: true });
}

/** An error's text for people; its stack goes to the log alone. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
