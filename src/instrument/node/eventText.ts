/** Events and call tags as JSON of ASCII letters alone, put together from parts that stay the same from one call to the next. */
import type { CallTag, HookEvent, Site } from './contract.ts';

type SpanEvent = Extract<HookEvent, { type: 'span' }>;
type EndEvent = Extract<HookEvent, { type: 'spanEnd' }>;

const known = new WeakMap<Site, string>();
/** Names and reasons, most of which are written again and again. */
const texts = new Map<string, string>();
const MOST_TEXTS = 1000;
const LONGEST_TEXT = 200;

/** The beginning of a span. What is undefined is left out. */
export function spanText(span: Omit<SpanEvent, 'type'>): string {
  const { t, id, kind, name, parent, thread, unattributed, source, framework, argumentBytes, detail, callId, activity, evidence, after, frames } = span;
  let text = `{"type":"span","t":${t},"id":"${id}","kind":"${kind}","name":${quoted(name)},"parent":${ownId(parent)},"thread":"${thread}","unattributed":${quoted(unattributed)},"source":"${source}"`;
  if (framework !== undefined) text += `,"framework":${quoted(framework)}`;
  if (argumentBytes !== undefined) text += `,"argumentBytes":${argumentBytes}`;
  text += `,"detail":${quoted(detail)},"callId":${quoted(callId)}`;
  if (activity !== undefined) text += `,"activity":${quoted(activity)}`;
  if (evidence !== undefined) text += `,"evidence":${quoted(evidence)}`;
  if (after !== undefined) text += `,"after":"${after}"`;
  return `${text},"frames":${sitesText(frames)}}`;
}

/** The end of a span. Nearly all are without an error and a size, and hold nothing then that has to be looked at letter by letter. */
export function endText({ t, id, status, error, resultBytes }: Omit<EndEvent, 'type'>): string {
  return `{"type":"spanEnd","t":${t},"id":"${id}","status":"${status}","error":${quoted(error)},"resultBytes":${resultBytes}}`;
}

/** A call tag, as a header can hold it. */
export function tagText({ v, id, pid, thread, unattributed, parent, dropped, frames }: CallTag): string {
  const lost = dropped === undefined ? '' : `,"dropped":${dropped}`;
  return `{"v":${v},"id":"${id}","pid":${pid},"thread":"${thread}","unattributed":${quoted(unattributed)},"parent":${ownId(parent)}${lost},"frames":${sitesText(frames)}}`;
}

/** Sites are kept by those who map them, and the same ones are written again and again. */
function sitesText(sites: readonly Site[]): string {
  let list = '';
  for (const site of sites) {
    let text = known.get(site);
    if (text === undefined) known.set(site, (text = asAscii(JSON.stringify(site))));
    list += list === '' ? text : `,${text}`;
  }
  return `[${list}]`;
}

/** Ids are made here, of digits and dashes and an s. */
function ownId(id: string | null): string {
  return id === null ? 'null' : `"${id}"`;
}

function quoted(text: string | null): string {
  if (text === null) return 'null';
  const before = texts.get(text);
  if (before !== undefined) return before;
  const json = asAscii(JSON.stringify(text));
  if (text.length <= LONGEST_TEXT && texts.size < MOST_TEXTS) texts.set(text, json);
  return json;
}

function asAscii(json: string): string {
  return json.replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
