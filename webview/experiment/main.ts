/** Entry of the experiment webview. */
// Before all that makes texts.
import '../common/language.ts';
import { connectHost } from '../common/host.ts';
import { registerToolkit } from '../common/toolkit.ts';
import type { FromExperiment, ToExperiment } from '../../src/protocol/experiment.ts';
import { App } from './app.ts';
import { adoptStyles } from './styles.ts';

const messageTypes: ReadonlySet<unknown> = new Set<ToExperiment['type']>(['show', 'empty']);
/** Whether a window message comes from our host, which has checked what is in it. */
const isToExperiment = (data: unknown): data is ToExperiment => typeof data === 'object' && data !== null && 'type' in data && messageTypes.has(data.type);

const host = connectHost<FromExperiment>();
adoptStyles();
registerToolkit();
const app = new App(host);

window.addEventListener('error', (event) => {
  // The browser's way of saying that a size settled one frame later; nothing failed.
  if (!event.message.startsWith('ResizeObserver loop')) app.fail(event.message);
});
window.addEventListener('unhandledrejection', (event) => app.fail(event.reason instanceof Error ? event.reason.message : String(event.reason)));
window.addEventListener('message', (event: MessageEvent<unknown>) => {
  if (!isToExperiment(event.data)) return;
  try {
    app.receive(event.data);
  } catch (error) {
    app.fail(error instanceof Error ? error.message : String(error));
  }
});
host.post({ type: 'ready' });
