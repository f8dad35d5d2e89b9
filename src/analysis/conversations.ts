/**
 * Which call continues which: by the digests of their messages, never by guess. Agents that speak in text write on in one message
 * instead: there the last message begins with the earlier one, and has the answer to that in what follows.
 */
import type { Draft } from './drafts.ts';
import { PerDraft, type Drafts } from './draftTree.ts';

type ByCall = Pick<PerDraft<Draft>, 'get' | 'has'>;

export interface Conversations {
  /** The call whose whole prompt this one's begins with: the longest such, and the latest of these. */
  continuationOf: ByCall;
  /** The first call of each call's conversation (itself for a first one). */
  headOf: ByCall;
  /** Calls with the very same messages as an earlier call → that earlier one. */
  repeats: ByCall;
}

interface TrieNode {
  /** Null where no longer prompt begins as this one: of most. */
  children: Map<string, TrieNode> | null;
  /** The first and the latest call whose messages end here. */
  first: Draft | null;
  latest: Draft | null;
  /** Calls that have one message more than this, by what that is. */
  growing: GrowingTexts | null;
}

function newNode(): TrieNode {
  return { children: null, first: null, latest: null, growing: null };
}

/** Calls whose messages are known by hash: the only ones that can be told to belong together. */
export function hasHashes(draft: Draft): boolean {
  const messages = draft.call?.start.request.messages ?? [];
  return messages.length > 0 && messages.every((message) => message.hash !== null);
}

/** `calls` in order of start. */
export function findConversations(calls: readonly Draft[], drafts: Drafts): Conversations {
  const root = newNode();
  const continuationOf = new PerDraft<Draft>(drafts);
  const headOf = new PerDraft<Draft>(drafts);
  const repeats = new PerDraft<Draft>(drafts);
  for (const call of calls) {
    headOf.set(call, call);
    if (!hasHashes(call)) continue;
    let node = root;
    let allButLast = root;
    let before: Draft | null = null;
    for (const message of call.call?.start.request.messages ?? []) {
      before = node.latest ?? before;
      const children = (node.children ??= new Map<string, TrieNode>());
      let child = children.get(message.hash ?? '');
      if (child === undefined) children.set(message.hash ?? '', (child = newNode()));
      allButLast = node;
      node = child;
    }
    if (node.first !== null) repeats.set(call, node.first);
    node.first ??= call;
    node.latest = call;
    if (lastText(call) !== null) {
      const growing = (allButLast.growing ??= new GrowingTexts());
      before ??= growing.before(call);
      growing.add(call);
    }
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

/** A call's last message, and how its answer begins. */
interface GrowingText {
  call: Draft;
  text: string;
  answer: string;
}

/** Prompts alike but for their last message, which grows by what the model answered and what the program made of it. */
class GrowingTexts {
  readonly #byKind = new Map<string, GrowingText[]>();

  add(call: Draft): void {
    const list = this.#like(call);
    list.push({ call, text: lastText(call) ?? '', answer: call.call?.end?.text?.trim().slice(0, RECOGNISED_CHARS) ?? '' });
    if (list.length > MOST_COMPARED) list.shift();
  }

  /** The call with the longest prompt that this one's begins with, and whose answer it has after it. */
  before(call: Draft): Draft | null {
    const text = lastText(call) ?? '';
    let best: GrowingText | null = null;
    for (const earlier of this.#like(call)) {
      if (earlier.text === '' || earlier.answer === '' || text.length <= earlier.text.length || earlier.text.length < (best?.text.length ?? 0)) continue;
      if (text.startsWith(earlier.text) && text.includes(earlier.answer, earlier.text.length)) best = earlier;
    }
    return best?.call ?? null;
  }

  /** Those of the same model whose last message is by the same role. */
  #like({ call }: Draft): GrowingText[] {
    const key = JSON.stringify([call?.start.model, call?.start.request.messages.at(-1)?.role]);
    let list = this.#byKind.get(key);
    if (list === undefined) this.#byKind.set(key, (list = []));
    return list;
  }
}

function lastText({ call }: Draft): string | null {
  return call?.start.request.messages.at(-1)?.text ?? null;
}
