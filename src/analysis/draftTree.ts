/** What is around what: drafts by their ids, places and parents. */
import type { Draft } from './drafts.ts';

/** All drafts of one analysis. */
export class Drafts {
  readonly #byId = new Map<string, Draft>();

  get size(): number {
    return this.#byId.size;
  }

  /** Takes a draft in. Its span is given another id where that is another's: ids in recordings are anybody's. */
  add(draft: Draft): Draft {
    const { span } = draft;
    const wanted = span.id;
    for (let n = 2; this.#byId.has(span.id); n++) span.id = `${wanted}~${n}`;
    draft.index = this.#byId.size;
    this.#byId.set(span.id, draft);
    return draft;
  }

  withId(id: string): Draft | undefined {
    return this.#byId.get(id);
  }

  /** The draft of its span's parent; null where that is none. */
  outerOf(draft: Draft): Draft | null {
    const { parent } = draft.span;
    if (parent === null) return null;
    if (draft.outer?.span.id !== parent) draft.outer = this.#byId.get(parent) ?? null;
    return draft.outer;
  }

  /** Which drafts are among these, by index. */
  membersOf(some: readonly Draft[]): Uint8Array {
    const members = new Uint8Array(this.#byId.size);
    for (const { index } of some) members[index] = 1;
    return members;
  }
}

/** Puts a draft's span under another's. */
export function setParent(draft: Draft, parent: Draft | null): void {
  draft.span.parent = parent === null ? null : parent.span.id;
  draft.outer = parent;
}

/** What was inside of spans that are taken out belongs to what was around them. */
export function takeOut(gone: readonly Draft[], all: readonly Draft[], drafts: Drafts): void {
  if (gone.length === 0) return;
  const isGone = drafts.membersOf(gone);
  /** As it was before any of them was put elsewhere. */
  const around = new Array<Draft | null>(drafts.size).fill(null);
  for (const draft of gone) around[draft.index] = drafts.outerOf(draft);
  for (const draft of all) {
    let outer = drafts.outerOf(draft);
    if (outer === null || isGone[outer.index] !== 1) continue;
    while (outer !== null && isGone[outer.index] === 1) outer = around[outer.index] ?? null;
    setParent(draft, outer);
  }
}

/** A value for each of some drafts. */
export class PerDraft<Value> {
  readonly #places: Int32Array;
  readonly #values: Value[] = [];

  /** @param drafts all that there are by now: none that is made later can have a value */
  constructor(drafts: Drafts) {
    this.#places = new Int32Array(drafts.size).fill(-1);
  }

  get({ index }: Draft): Value | undefined {
    return this.#values[this.#places[index] ?? -1];
  }

  set({ index }: Draft, value: Value): void {
    const place = this.#places[index] ?? -1;
    if (place >= 0) this.#values[place] = value;
    else this.#places[index] = this.#values.push(value) - 1;
  }

  has({ index }: Draft): boolean {
    return (this.#places[index] ?? -1) >= 0;
  }

  /** In the order in which each draft had its first. */
  get values(): readonly Value[] {
    return this.#values;
  }
}

/**
 * Sets the parents that the hooks saw. A parent that is not there, or that would close a circle, is none.
 */
export function linkHookParents(calls: readonly Draft[], hooks: readonly Draft[], drafts: Drafts): void {
  /** Hook spans that go by another id than their own: by theirs. */
  const renamed = new Map<string, Draft>();
  for (const draft of hooks) if (draft.hook !== null && draft.hook.start.id !== draft.span.id) renamed.set(draft.hook.start.id, draft);
  const hookWithId = (id: string | null): Draft | null => {
    if (id === null) return null;
    const draft = renamed.get(id) ?? drafts.withId(id);
    return draft?.hook?.start.id === id ? draft : null;
  };
  for (const draft of hooks) {
    draft.recorded = hookWithId(draft.hook?.start.parent ?? null);
    if (draft.recorded !== null) setParent(draft, draft.recorded);
  }
  for (const draft of calls) {
    draft.recorded = hookWithId(draft.call?.start.parent ?? null);
    if (draft.recorded !== null) setParent(draft, draft.recorded);
  }
  /** In which walk upwards each was come by, from 1 on: the present one's are a circle. */
  const walks = new Int32Array(drafts.size);
  hooks.forEach((draft, place) => {
    const walk = place + 1;
    let at: Draft | null = draft;
    while (at !== null && walks[at.index] === 0) {
      walks[at.index] = walk;
      const parent = drafts.outerOf(at);
      if (parent !== null && walks[parent.index] === walk) setParent(at, null);
      at = drafts.outerOf(at);
    }
  });
}

/** Finds what of some drafts is around one, innermost first. Most runs have nothing of what some ask this for: nothing is gathered before the first asks. */
export function ancestors(some: readonly Draft[], drafts: Drafts): (draft: Draft) => Draft[] {
  let known: Uint8Array | null = null;
  return (draft) => {
    const found: Draft[] = [];
    if (draft.span.parent === null) return found;
    const members = (known ??= drafts.membersOf(some));
    for (let at = drafts.outerOf(draft); at !== null && members[at.index] === 1; at = drafts.outerOf(at)) found.push(at);
    return found;
  };
}

/** Ids of what was recorded as running around a call or a hook's span, innermost first: also of what is no parent in the report. */
export type RecordedAround = (draft: Draft) => ReadonlySet<string>;

export const recordedAround: RecordedAround = (draft) => {
  const ids = new Set<string>();
  for (let at: Draft | null = draft; at !== null; at = at.recorded) {
    const parent: string | null = (at.call ?? at.hook)?.start.parent ?? null;
    if (parent === null || ids.has(parent)) break;
    ids.add(parent);
  }
  return ids;
};

/** The nearest tool above a draft. */
export type Above = (draft: Draft) => Draft | undefined;

/**
 * The nearest tool above each of some drafts, among these. `reach`: what an agent does that runs inside of a tool is inside of that
 * tool, or, up to the `agent`, that agent's own.
 */
export function toolAncestors(some: readonly Draft[], drafts: Drafts, reach: 'all' | 'agent' = 'all'): Above {
  const members = drafts.membersOf(some);
  const outerOf = (draft: Draft): Draft | null => {
    const outer = drafts.outerOf(draft);
    return outer !== null && members[outer.index] === 1 && !(reach === 'agent' && outer.span.kind === 'agent') ? outer : null;
  };
  // In most runs no tool has anything inside of it.
  if (!some.some((draft) => outerOf(draft)?.span.kind === 'tool')) return () => undefined;
  const nearest = new Array<Draft | null | undefined>(drafts.size).fill(undefined);
  const path: Draft[] = [];
  for (const draft of some) {
    let at = draft;
    let found = nearest[at.index];
    while (found === undefined) {
      path.push(at);
      const outer = outerOf(at);
      if (outer === null) found = null;
      else if (outer.span.kind === 'tool') found = outer;
      else {
        at = outer;
        found = nearest[at.index];
      }
    }
    for (const each of path) nearest[each.index] = found;
    path.length = 0;
  }
  return ({ index }) => nearest[index] ?? undefined;
}

/** The tool that a tool is a part of, at the top; itself where it is part of none. */
export function outermostTool(tool: Draft, above: Above): Draft {
  let outermost = tool;
  for (let outer = above(tool); outer !== undefined; outer = above(outer)) outermost = outer;
  return outermost;
}
