/** Entry of the timeline's page: a webview of the editor, or an exported page that carries its document with it. */
// Before all that makes texts.
import '../common/language.ts';
import * as l10n from '@vscode/l10n';
import { connectHost, isToWebview } from '../common/host.ts';
import { palettesCss } from '../common/palettes.ts';
import { followSystemTheme } from '../common/theme.ts';
import { registerToolkit } from '../common/toolkit.ts';
import { adoptStyles } from './ui/styles.ts';
import { App } from './ui/app.ts';
import type { PromptTable } from '../../src/protocol/content.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

const host = connectHost();
if (!host.hosted) followSystemTheme();
adoptStyles(host.hosted ? '' : palettesCss());
registerToolkit();
const app = new App(host, document.body.dataset['placement'] === 'sidebar', () => {
  const prompts = document.getElementById('prompts')?.textContent;
  return prompts ? (JSON.parse(prompts) as PromptTable) : null;
});

window.addEventListener('error', (event) => {
  // The browser's way of saying that a size settled one frame later; nothing failed.
  if (!event.message.startsWith('ResizeObserver loop')) app.fail(event.message);
});
window.addEventListener('unhandledrejection', (event) => app.fail(event.reason instanceof Error ? event.reason.message : String(event.reason)));

const embedded = document.getElementById('document');
if (embedded !== null) {
  try {
    void app.showDocument(JSON.parse(embedded.textContent ?? '') as TimelineDocument);
  } catch {
    app.fail(l10n.t('This page is damaged: the recording inside it can’t be read. Export it again.'));
  }
} else {
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (!isToWebview(event.data)) return;
    try {
      app.receive(event.data);
    } catch (error) {
      app.fail(error instanceof Error ? error.message : String(error));
    }
  });
  host.post({ type: 'ready' });
}
