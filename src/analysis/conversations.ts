/**
 * Which call continues which: by the digests of their messages, never by guess. Agents that speak in text write on in one message
 * instead: there the last message begins with the earlier one, and has the answer to that in what follows.
 */
import type { Draft } from './drafts.ts';

export interface Conversations {
  /** The call whose whole prompt this one's begins with: the longest such, and the latest of these. */
  continuationOf: ReadonlyMap<Draft, Draft>;
  /** The first call of each call's conversation (itself for a first one). */
  headOf: ReadonlyMap<Draft, Draft>;
  /** Calls with the very same messages as an earlier call → that earlier one. */
  repeats: ReadonlyMap<Draft, Draft>;
}

interface TrieNode {
  /** Null where no longer prompt begins as this one: of most. */
  children: Map<string, TrieNode> | null;
  /** The first and the latest call whose messages end here. */
  first: Draft | null;
  latest: Draft | null;
}

/** Calls whose messages are known by hash: the only ones that can be told to belong together. */
export function hasHashes(draft: Draft): boolean {
  const messages = draft.call?.start.request.messages ?? [];
  return messages.length > 0 && messages.every((message) => message.hash !== null);
}

/** `calls` in order of start. */
export function findConversations(calls: readonly Draft[]): Conversations {
  const root: TrieNode = { children: null, first: null, latest: null };
  const continuationOf = new Map<Draft, Draft>();
  const headOf = new Map<Draft, Draft>();
  const repeats = new Map<Draft, Draft>();
  const texts = new GrowingTexts();
  for (const call of calls) {
    headOf.set(call, call);
    if (!hasHashes(call)) continue;
    let node = root;
    let before: Draft | null = null;
    for (const message of call.call?.start.request.messages ?? []) {
      before = node.latest ?? before;
      const children = (node.children ??= new Map<string, TrieNode>());
      let child = children.get(message.hash ?? '');
      if (child === undefined) {
        child = { children: null, first: null, latest: null };
        children.set(message.hash ?? '', child);
      }
      node = child;
    }
    if (node.first !== null) repeats.set(call, node.first);
    node.first ??= call;
    node.latest = call;
    before ??= texts.before(call);
    texts.add(call);
    if (before !== null) {
      continuationOf.set(call, before);
      headOf.set(call, headOf.get(before) ?? before);
    } else if (repeats.has(call)) {
      headOf.set(call, repeats.get(call) ?? call);
    }
  }
  return { continuationOf, headOf, repeats };
}

/** Of one kind of prompt, so many of the latest are compared with the next. */
const MOST_COMPARED = 64;
/** So much of an answer must be found again. */
const RECOGNISED_CHARS = 40;

/** Prompts whose last message grows by what the model answered and what the program made of it. */
class GrowingTexts {
  readonly #byBeginning = new Map<string, Draft[]>();

  add(call: Draft): void {
    const key = keyOf(call);
    if (key === null) return;
    const list = this.#byBeginning.get(key) ?? [];
    list.push(call);
    if (list.length > MOST_COMPARED) list.shift();
    this.#byBeginning.set(key, list);
  }

  /** The call with the longest prompt that this one's begins with, and whose answer it has after it. */
  before(call: Draft): Draft | null {
    const key = keyOf(call);
    const text = lastText(call);
    if (key === null || text === null) return null;
    let best: Draft | null = null;
    for (const earlier of this.#byBeginning.get(key) ?? []) {
      const begins = lastText(earlier) ?? '';
      const answer = earlier.call?.end?.text?.trim().slice(0, RECOGNISED_CHARS) ?? '';
      if (begins === '' || answer === '' || text.length <= begins.length || begins.length < (lastText(best)?.length ?? 0)) continue;
      if (text.startsWith(begins) && text.includes(answer, begins.length)) best = earlier;
    }
    return best;
  }
}

function lastText(call: Draft | null): string | null {
  return call?.call?.start.request.messages.at(-1)?.text ?? null;
}

/** All of a prompt but its last message's text. */
function keyOf({ call }: Draft): string | null {
  const request = call?.start.request;
  const last = request?.messages.at(-1);
  if (request === undefined || last === undefined || last.text === null) return null;
  return JSON.stringify([call?.start.model, last.role, request.messages.slice(0, -1).map(({ hash }) => hash)]);
}
