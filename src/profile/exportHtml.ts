/**
 * The recording as one page: the timeline's own bundle with the document in it. Opens from `file:`, fetches nothing.
 */
import { sha256Base64 } from './sha256.ts';
import { visibleText } from './visibleText.ts';
import type { PromptTable } from '../protocol/content.ts';
import type { TimelineDocument } from '../protocol/webview.ts';

/** Hash of an empty style: the widget toolkit makes one before it fills it in. */
export const EMPTY_STYLE_HASH = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');
}

/** JSON that can stand in a script element: nothing in it can end the element or open a comment. */
export function embeddableJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c').replace(/>/g, '\\u003e').replace(/&/g, '\\u0026').replace(/\u2028/g, '\\u2028').replace(/\u2029/g, '\\u2029');
}

/** A script as it must be written into a page: it can't end its element, and its text is what the browser will hash. */
function embeddableScript(script: string): string {
  return script.replace(/\r\n?/g, '\n').replace(/\0/g, '\\0').replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
}

/** Of many bytes: a call takes only so many arguments. */
function base64(bytes: Uint8Array): string {
  const chunk = 8192;
  let text = '';
  for (let from = 0; from < bytes.length; from += chunk) text += String.fromCharCode(...bytes.subarray(from, from + chunk));
  return btoa(text);
}

/** Unpacks the program and runs it: as an element of its own, which the page's policy allows by its hash. */
const UNPACK = `(async () => {
  const packed = Uint8Array.from(atob(document.getElementById('program').textContent), (letter) => letter.charCodeAt(0));
  const script = document.createElement('script');
  script.textContent = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
  document.body.append(script);
})().catch(() => document.body.append('This page can’t be shown here: it needs a browser of 2023 or later, or it is damaged.'));`;

/** The program of a page. Packed, it takes less than half of the room. */
export interface PageScript {
  /** The text of `dist/webview/timeline.js`. */
  text: string;
  /** Compresses with gzip; null: it stands in the page as it is. */
  gzip: ((text: string) => Uint8Array) | null;
}

/**
 * One self-contained page that shows `document` with its script. Everything recorded is data in it, never markup; its
 * policy lets only this very script run and nothing be fetched.
 * @param prompts what the calls said, whole; null leaves it at each prompt's end
 */
export function renderHtml(document: TimelineDocument, script: PageScript, title: string, prompts: PromptTable | null): string {
  const packed = script.gzip === null ? null : base64(script.gzip(script.text));
  const code = packed === null ? embeddableScript(script.text) : UNPACK;
  const allowed = (packed === null ? [code] : [code, script.text]).map((text) => `'sha256-${sha256Base64(text)}'`).join(' ');
  const policy = `default-src 'none'; script-src ${allowed}; style-src ${EMPTY_STYLE_HASH}; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Agent Cost Profiler">
<title>${escapeHtml(visibleText(title, 200))}</title>
</head>
<body data-placement="page">
<noscript>This page draws a recording of Agent Cost Profiler and needs JavaScript for it. It fetches nothing.</noscript>
<script type="application/json" id="document">${embeddableJson(document)}</script>
${prompts === null ? '' : `<script type="application/json" id="prompts">${embeddableJson(prompts)}</script>\n`}${packed === null ? '' : `<script type="text/plain" id="program">${packed}</script>\n`}<script>${code}</script>
</body>
</html>
`;
}
