/** The other side of the webview: the editor's extension host, or nobody in an exported page. */
import type { FromWebview, ToWebview } from '../../src/protocol/webview.ts';

export interface Host<Message = FromWebview> {
  /** False in an exported page: no sources to open, nothing to export, nobody to tell. */
  readonly hosted: boolean;
  post(message: Message): void;
  /** What was kept by `keep` before the page was hidden or reloaded. */
  kept(): unknown;
  keep(state: unknown): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  /** Given by VS Code to the scripts of a webview, once. */
  var acquireVsCodeApi: (() => VsCodeApi) | undefined;
}

export function connectHost<Message = FromWebview>(): Host<Message> {
  if (typeof globalThis.acquireVsCodeApi !== 'function') {
    let state: unknown = null;
    return { hosted: false, post: () => undefined, kept: () => state, keep: (next) => (state = next) };
  }
  const api = globalThis.acquireVsCodeApi();
  return { hosted: true, post: (message) => api.postMessage(message), kept: () => api.getState(), keep: (state) => api.setState(state) };
}

/** A record, so that a forgotten one does not compile. */
const known: Readonly<Record<ToWebview['type'], true>> = { begin: true, slice: true, end: true, update: true, preview: true, select: true, content: true, chunks: true, beside: true, range: true, empty: true };
const messageTypes: ReadonlySet<unknown> = new Set(Object.keys(known));

/**
 * Whether a window message comes from our host. Only the envelope is looked at: the host made the content with the same
 * types a moment ago, and checking a 100,000-span document against its schema would cost more than drawing it. What is
 * recorded inside stays untrusted and only ever becomes text.
 */
export function isToWebview(data: unknown): data is ToWebview {
  return typeof data === 'object' && data !== null && 'type' in data && messageTypes.has(data.type);
}
