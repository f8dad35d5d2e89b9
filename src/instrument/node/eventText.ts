/** Events and call tags as JSON, put together from parts that stay the same from one call to the next. */
import type { Site } from './contract.ts';

const known = new WeakMap<Site, string>();

/** An object's JSON with one more member, `frames`. */
export function withFrames(members: object, frames: readonly Site[]): string {
  let list = '';
  for (const frame of frames) list += list === '' ? textOf(frame) : `,${textOf(frame)}`;
  return `${JSON.stringify(members).slice(0, -1)},"frames":[${list}]}`;
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
