/** A span's texts: a prompt message by message with what of it an earlier prompt had, the answer, a tool's arguments and result. */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { linkButton, section } from './detailParts.ts';
import { asCurl } from '../../../src/analysis/asCurl.ts';
import { formatCount } from '../../../src/profile/formatCount.ts';
import { formatPercent, formatTokens } from '../../../src/profile/formatValue.ts';
import { visibleBlock, visibleText } from '../../../src/profile/visibleText.ts';
import type { Backend } from '../../../src/profile/recordingFormat.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { CallContent, MessageContent, SpanContent, ToolContent } from '../../../src/protocol/content.ts';

export interface ContentActions {
  copy(text: string): void;
  select(span: string): void;
  /** A span's name for people; null for one that is not there. */
  nameOf(span: string): string | null;
}

/** So much of a text is shown at first; the rest is a click away. */
const MOST_TEXT = 20_000;
/** Of what an earlier prompt had already, only its end is worth the room. */
const SHARED_SHOWN = 400;
/** Of a long prompt, so many messages are listed before and behind the first that is new. */
const MESSAGES_AROUND = 40;

/** Everything said, as sections. `content` is null where none of it is known, undefined while it is asked for. */
export function contentSections(span: ReportSpan, content: SpanContent | null | undefined, backend: Backend, actions: ContentActions): HTMLElement[] {
  if (content === undefined) return shortSections(span);
  const copies = element('div', 'actions', linkButton(l10n.t('Copy as JSON'), l10n.t('Copy all that is known of this call as JSON'), () => actions.copy(JSON.stringify({ span, content }, null, 2))));
  if (content === null) return [...shortSections(span), section(l10n.t('All of it'), copies)];
  if (content.kind === 'tool') return [...toolSections(content, actions), section(l10n.t('All of it'), copies)];
  const command = asCurl(content, backend);
  if (command !== null) copies.append(linkButton(l10n.t('Copy as curl'), l10n.t('Copy a command that sends this call again; the key stays a variable'), () => actions.copy(command)));
  return [promptSection(span, content, copies, actions), ...answerSections(content, actions)];
}

/** What the document itself holds: the prompt's end and the answer. */
function shortSections({ llm }: ReportSpan): HTMLElement[] {
  if (llm === null) return [];
  const asked = (llm.toolCalls ?? []).map(({ name, arguments: given }) => `${name}(${given ?? '…'})`).join('\n');
  return [
    ...(llm.promptText === null ? [] : [section(l10n.t('Prompt’s end'), textBlock(llm.promptText))]),
    // Nothing but calls of tools is no empty answer.
    ...(llm.answerText === null || (llm.answerText === '' && asked !== '') ? [] : [section(l10n.t('Answer'), textBlock(llm.answerText))]),
    ...(asked === '' ? [] : [section(l10n.t('Asked for'), textBlock(asked))]),
  ];
}

function promptSection(span: ReportSpan, content: CallContent, copies: HTMLElement, actions: ContentActions): HTMLElement {
  const { messages } = content;
  const node = section(`${l10n.t('Prompt')} · ${formatCount(messages.length, 'message')}`);
  const cache = cacheText(span, content, actions);
  if (cache !== null) node.append(cache);
  const fresh = messages.findIndex(({ sharedChars, chars }) => sharedChars < chars);
  const last = messages.length - 1;
  const from = Math.max(0, Math.min(fresh < 0 ? last : fresh, last - MESSAGES_AROUND) - MESSAGES_AROUND);
  const shown = (start: number, end: number): HTMLElement[] => messages.slice(start, end).map((message, index) => messageBlock(message, content, start + index === fresh, start + index === fresh || start + index === last));
  const list = element('div', 'messages', ...shown(from, messages.length));
  if (from > 0) {
    const more = linkButton(l10n.t`… ${formatCount(from, 'message')} before`, l10n.t('Show them, too'), () => {
      more.remove();
      list.prepend(...shown(0, from));
    });
    list.prepend(more);
  }
  if (content.tools.length > 0) node.append(element('p', 'dim', visibleText(l10n.t`tools offered: ${content.tools.join(', ')} (${formatCount(content.toolsChars, 'character')})`, 600)));
  node.append(list, copies);
  return node;
}

/** How much the server had cached, and how much an earlier prompt would have allowed. */
function cacheText({ llm }: ReportSpan, { shared, totalChars, toolsChars }: CallContent, actions: ContentActions): HTMLElement | null {
  const node = element('p', '');
  if (llm !== null && llm.cachedTokens !== null && llm.promptTokens !== null && llm.promptTokens > 0)
    node.append(`${l10n.t`The server had ${formatTokens(llm.cachedTokens)} of ${formatTokens(llm.promptTokens)} tokens cached (${formatPercent(llm.cachedTokens / llm.promptTokens)}).`} `);
  if (shared !== null) {
    const name = shared.with === null ? null : actions.nameOf(shared.with);
    if (shared.with === null || name === null) node.append(l10n.t('No earlier prompt begins like this one.'));
    else {
      const { with: other } = shared;
      // The same tools' descriptions are a part that both have.
      const alike = shared.chars + (shared.otherTools ? 0 : toolsChars);
      node.append(l10n.t('{0} of its text is as in', `~${formatPercent(totalChars === 0 ? 0 : alike / totalChars)}`), ' ', linkButton(l10n.t('an earlier call'), name, () => actions.select(other)), '.');
      if (shared.otherTools) node.append(' ', l10n.t('That one was offered other tools: where the template puts these first, the cache is of no use.'));
    }
  }
  return node.childNodes.length === 0 ? null : node;
}

function messageBlock(message: MessageContent, { shared }: CallContent, isFirstNew: boolean, open: boolean): HTMLElement {
  const { role, chars, text, leftOut, sharedChars, answersTool } = message;
  const isOld = sharedChars >= chars && chars > 0;
  const state = shared === null ? null : isOld ? l10n.t('as before') : isFirstNew && shared.chars > 0 ? l10n.t('new from here') : l10n.t('new');
  const summary = element('summary', '', element('b', '', visibleText(role, 40)), answersTool?.name ? ` ${l10n.t('of {0}', visibleText(answersTool.name, 60))}` : null, ` · ${formatCount(chars, 'character')}`, state === null ? null : element('span', `state-${isOld ? 'old' : 'new'}`, state));
  const node = element('details', 'message', summary);
  // Filled when it is opened: a prompt may have a thousand messages, each of a megabyte.
  const show = (): void => {
    if (!node.open || node.childElementCount > 1) return;
    node.append(text === null ? element('p', 'dim', leftOut === true ? l10n.t('Its text is in the recording, and left out here: there are more texts than can be shown.') : l10n.t('Its text was not kept in this recording.')) : messageText(text, shared === null ? null : sharedChars));
  };
  node.addEventListener('toggle', show);
  node.open = open;
  show();
  return node;
}

/** A message's text; `sharedChars` null where that is not known. */
function messageText(text: string, sharedChars: number | null): HTMLElement {
  const at = sharedChars ?? 0;
  if (at === 0 || at >= text.length) return textBlock(text);
  const pre = block();
  const before = text.slice(0, at);
  const old = element('span', 'old', visibleBlock(before.slice(-SHARED_SHOWN), SHARED_SHOWN));
  if (before.length > SHARED_SHOWN) {
    const all = linkButton(`${l10n.t`… ${formatCount(before.length - SHARED_SHOWN, 'character')} as before`}\n`, l10n.t('Show them, too'), () => {
      all.remove();
      old.textContent = visibleBlock(before, before.length);
    });
    pre.append(all);
  }
  const sign = attributes(element('mark', 'diverges', '▸'), { title: l10n.t('From here on no earlier prompt says the same: nothing behind it can come from the prefix cache.'), role: 'img', 'aria-label': l10n.t('first new token') });
  pre.append(old, sign, ...shownText(text.slice(at)));
  return pre;
}

function answerSections(content: CallContent, actions: ContentActions): HTMLElement[] {
  const { answer, toolCalls } = content;
  const sections = answer === null || (answer === '' && toolCalls.length > 0) ? [] : [section(l10n.t('Answer'), textBlock(answer))];
  if (toolCalls.length === 0) return sections;
  const asked = toolCalls.map(({ name, arguments: given, result, handedTo }) => {
    const node = element('details', 'message', element('summary', '', element('b', '', visibleText(name, 80)), visibleText(`(${given ?? '…'})`, 160)));
    node.addEventListener('toggle', () => {
      if (node.childElementCount > 1) return;
      if (given !== null) node.append(element('p', 'dim', l10n.t('arguments')), textBlock(given));
      if (result !== null) node.append(element('p', 'dim', l10n.t('result')), textBlock(result));
      else node.append(element('p', 'dim', handedTo === null ? l10n.t('No later call was handed its result.') : l10n.t('Its result is not kept here.')));
      if (handedTo !== null) node.append(element('p', 'dim', toCall(l10n.t('handed to'), handedTo, actions)));
    });
    return node;
  });
  return [...sections, section(l10n.t('Asked for'), ...asked)];
}

function toolSections(content: ToolContent, actions: ContentActions): HTMLElement[] {
  const given = section(l10n.t('Arguments'), content.arguments === null ? element('p', 'dim', l10n.t('Not kept in this recording.')) : textBlock(content.arguments), element('p', 'dim', toCall(l10n.t('asked for by'), content.askedBy, actions)));
  const result = content.result === null ? element('p', 'dim', content.handedTo === null ? l10n.t('No later call was handed it.') : l10n.t('Not kept in this recording.')) : textBlock(content.result);
  return [given, section(l10n.t('Result'), result, content.handedTo === null ? null : element('p', 'dim', toCall(l10n.t('handed to'), content.handedTo, actions)))];
}

function toCall(words: string, call: string, actions: ContentActions): HTMLElement {
  const name = actions.nameOf(call);
  return name === null ? element('span', '', `${words} ${l10n.t('a call that is not shown')}`) : element('span', '', `${words} `, linkButton(name, l10n.t('Select it'), () => actions.select(call)));
}

function block(): HTMLElement {
  return attributes(element('pre', ''), { tabindex: '0' });
}

function textBlock(text: string): HTMLElement {
  const pre = block();
  fill(pre, ...shownText(text));
  return pre;
}

/** A text up to a length, and behind it a button for ten times as much. */
function shownText(text: string, limit = MOST_TEXT): (Node | string)[] {
  if (text.length <= limit) return [visibleBlock(text, limit)];
  // Both halves of a character, or none.
  const cut = (text.charCodeAt(limit - 1) & 0xfc00) === 0xd800 ? limit - 1 : limit;
  const more = linkButton(l10n.t`… ${formatCount(text.length - cut, 'character')} more`, l10n.t('Show more'), () => more.replaceWith(...shownText(text.slice(cut), limit * 10)));
  return [visibleBlock(text.slice(0, cut), limit), more];
}
