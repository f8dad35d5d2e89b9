/** Which call continues which: by the digests of their messages, never by guess. */
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
  children: Map<string, TrieNode>;
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
  const root: TrieNode = { children: new Map(), first: null, latest: null };
  const continuationOf = new Map<Draft, Draft>();
  const headOf = new Map<Draft, Draft>();
  const repeats = new Map<Draft, Draft>();
  for (const call of calls) {
    headOf.set(call, call);
    if (!hasHashes(call)) continue;
    let node = root;
    let before: Draft | null = null;
    for (const message of call.call?.start.request.messages ?? []) {
      before = node.latest ?? before;
      let child = node.children.get(message.hash ?? '');
      if (child === undefined) {
        child = { children: new Map(), first: null, latest: null };
        node.children.set(message.hash ?? '', child);
      }
      node = child;
    }
    if (node.first !== null) repeats.set(call, node.first);
    node.first ??= call;
    node.latest = call;
    if (before !== null) {
      continuationOf.set(call, before);
      headOf.set(call, headOf.get(before) ?? before);
    } else if (repeats.has(call)) {
      headOf.set(call, repeats.get(call) ?? call);
    }
  }
  return { continuationOf, headOf, repeats };
}
