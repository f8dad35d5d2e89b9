/** The page that hosts a webview's script in the editor. Pure, so that tests load the same page under the same policy. */
import { embeddableJson, EMPTY_STYLE_HASH, escapeHtml } from './exportHtml.ts';
import { ENGLISH, type Language } from './language.ts';

export interface WebviewHtmlOptions {
  /** The bundle in `dist/webview/`, as `webview.asWebviewUri` gives it. */
  scriptUri: string;
  /** `webview.cspSource`. */
  cspSource: string;
  /** Fresh and unguessable for every page. */
  nonce: string;
  placement: 'sidebar' | 'tab';
  title?: string;
  /** What the page speaks; by default English. */
  language?: Language;
}

/**
 * The page and its policy. The bundle brings its styles as constructed stylesheets, so the policy needs no
 * `unsafe-inline`; the one style hash is of the empty style that the widget toolkit makes.
 */
export function webviewHtml({ scriptUri, cspSource, nonce, placement, title = 'Timeline', language = ENGLISH }: WebviewHtmlOptions): string {
  const source = escapeHtml(cspSource);
  const once = `'nonce-${escapeHtml(nonce)}'`;
  const policy = `default-src 'none'; script-src ${once}; style-src ${source} ${once} ${EMPTY_STYLE_HASH}; img-src ${source} data:; font-src ${source}`;
  return `<!DOCTYPE html>
<html lang="${escapeHtml(language.textsLocale)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
</head>
<body data-placement="${placement}">
${language === ENGLISH ? '' : `<script type="application/json" id="language">${embeddableJson(language)}</script>\n`}<script nonce="${escapeHtml(nonce)}" src="${escapeHtml(scriptUri)}"></script>
</body>
</html>
`;
}
