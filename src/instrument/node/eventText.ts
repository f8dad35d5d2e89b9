/** Events and call tags as JSON, put together from parts that stay the same from one call to the next. */
import type { HookEvent, Site } from './contract.ts';

type EndEvent = Extract<HookEvent, { type: 'spanEnd' }>;

const known = new WeakMap<Site, string>();

/** An object's JSON with one more member, `frames`. */
export function withFrames(members: object, frames: readonly Site[]): string {
  let list = '';
  for (const frame of frames) list += list === '' ? textOf(frame) : `,${textOf(frame)}`;
  return `${JSON.stringify(members).slice(0, -1)},"frames":[${list}]}`;
}

/** The end of a span. Nearly all are without an error and a size, and hold nothing then that has to be looked at letter by letter. */
export function endText({ t, id, status, error, resultBytes }: Omit<EndEvent, 'type'>): string {
  if (error === null && resultBytes === null) return `{"type":"spanEnd","t":${t},"id":"${id}","status":"${status}","error":null,"resultBytes":null}`;
  return JSON.stringify({ type: 'spanEnd', t, id, status, error, resultBytes } satisfies EndEvent);
}

/** Sites are kept by those who map them, and the same ones are written again and again. */
function textOf(site: Site): string {
  let text = known.get(site);
  if (text === undefined) known.set(site, (text = JSON.stringify(site)));
  return text;
}

/** JSON as a header can hold it, which is none but ASCII. */
export function asHeader(json: string): string {
  return json.replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
