/**
 * HTTP requests that the program answers, each of them a task given to it. Those that come to no call of a model are left out, and
 * those that another of the recorded programs sent are inside of what sent them.
 */
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { setParent, takeOut, type Drafts } from './draftTree.ts';

/** The processes' clocks are placed beside each other with about this error. */
const CLOCK_SKEW: Milliseconds = 5;

export function isServedRequest({ hook }: Draft): boolean {
  return hook?.start.kind === 'agent' && hook.start.source === 'http';
}

/** Returns the hooks' spans without requests in which no model was called; sets parents. */
export function settleServedRequests(hooks: readonly Draft[], wire: readonly Draft[], drafts: Drafts): readonly Draft[] {
  const served = hooks.filter(isServedRequest);
  if (served.length === 0) return hooks;
  const asking = new Set<Draft>();
  for (const call of wire) {
    if (call.span.kind !== 'llm') continue;
    for (let at = drafts.outerOf(call); at !== null && !asking.has(at); at = drafts.outerOf(at)) asking.add(at);
  }
  const idle = new Set(served.filter((draft) => !asking.has(draft)));
  takeOut([...idle], [...hooks, ...wire], drafts);
  const left = hooks.filter((draft) => !idle.has(draft));
  linkToSenders(left, drafts);
  return left;
}

/** Requests of one kind that were under way at once are taken in their order. */
function linkToSenders(hooks: readonly Draft[], drafts: Drafts): void {
  const inOrder = [...hooks].sort((a, b) => a.start - b.start || b.end - a.end);
  const senders = inOrder.filter(({ hook }) => hook?.start.source === 'http' && hook.start.kind !== 'agent');
  for (const request of inOrder) {
    if (!isServedRequest(request)) continue;
    const place = senders.findIndex((sender) => isFor(sender, request) && contains(sender, request) && !isInside(sender, request, drafts));
    const [sender] = place === -1 ? [] : senders.splice(place, 1);
    if (sender !== undefined) setParent(request, sender);
  }
}

/** `POST 127.0.0.1:8000/ask` is for `POST /ask`. */
function isFor({ hook }: Draft, { span }: Draft): boolean {
  const [method, address] = hook?.start.detail?.split(' ') ?? [];
  return address !== undefined && `${method} ${address.slice(address.indexOf('/'))}` === span.name;
}

/** Who sent it waited for it. */
function contains(outer: Draft, inner: Draft): boolean {
  return inner.start >= outer.start - CLOCK_SKEW && inner.end <= outer.end + CLOCK_SKEW;
}

function isInside(inner: Draft, outer: Draft, drafts: Drafts): boolean {
  for (let at: Draft | null = inner; at !== null; at = drafts.outerOf(at)) if (at === outer) return true;
  return false;
}
