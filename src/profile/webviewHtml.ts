/** The page that hosts a webview's script in the editor. Pure, so that tests load the same page under the same policy. */
import { EMPTY_STYLE_HASH, escapeHtml } from './exportHtml.ts';

export interface WebviewHtmlOptions {
  /** The bundle in `dist/webview/`, as `webview.asWebviewUri` gives it. */
  scriptUri: string;
  /** `webview.cspSource`. */
  cspSource: string;
  /** Fresh and unguessable for every page. */
  nonce: string;
  placement: 'sidebar' | 'tab';
  title?: string;
}

/**
 * The page and its policy. The bundle brings its styles as constructed stylesheets, so the policy needs no
 * `unsafe-inline`; the one style hash is of the empty style that the widget toolkit makes.
 */
export function webviewHtml({ scriptUri, cspSource, nonce, placement, title = 'Timeline' }: WebviewHtmlOptions): string {
  const source = escapeHtml(cspSource);
  const once = `'nonce-${escapeHtml(nonce)}'`;
  const policy = `default-src 'none'; script-src ${once}; style-src ${source} ${once} ${EMPTY_STYLE_HASH}; img-src ${source} data:; font-src ${source}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
</head>
<body data-placement="${placement}">
<script nonce="${escapeHtml(nonce)}" src="${escapeHtml(scriptUri)}"></script>
</body>
</html>
`;
}
