/**
 * A run of an MCP tool is seen twice: by the client that asks for it, and in the server's process, which knows nothing of its
 * client's spans. Here the second becomes part of the first.
 */
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { ancestors, setParent, type Drafts } from './draftTree.ts';
import { isServedRequest } from './servedRequests.ts';

/** The processes' clocks are placed beside each other with about this error. */
const CLOCK_SKEW: Milliseconds = 5;
const SERVER = /^(mcp|fastmcp|@modelcontextprotocol\/[\w-]+)( |$)/;

/** Gives each tool that an MCP server ran its client's span as its parent. Calls of one tool at once are taken in their order. */
export function linkServedTools(hooks: readonly Draft[], drafts: Drafts): void {
  const tools = hooks.filter(({ hook }) => hook?.start.kind === 'tool' && (hook.start.source === 'framework' || hook.start.source === 'toolRunner'));
  const inOrder = [...tools].sort((a, b) => a.start - b.start || b.end - a.end);
  const above = ancestors(hooks, drafts);
  const taken = new Set<Draft>();
  for (const served of inOrder) {
    const outer = drafts.outerOf(served);
    if ((outer !== null && !isServedRequest(outer)) || !SERVER.test(served.span.framework ?? '')) continue;
    const asked = inOrder.find((other) => other.span.pid !== served.span.pid && !taken.has(other) && isNamed(other.span.name, served.span.name) && contains(other, served) && !above(other).includes(served));
    if (asked === undefined) continue;
    taken.add(asked);
    setParent(served, asked);
  }
}

/** The client may put the server's name in front of the tool's. */
function isNamed(asked: string, served: string): boolean {
  return asked === served || (asked.endsWith(served) && !/[\p{L}\p{N}]/u.test(asked.charAt(asked.length - served.length - 1)));
}

/** What the client waited for took it at least as long, however the clocks lie. */
function contains(outer: Draft, inner: Draft): boolean {
  if (outer.end - outer.start < inner.end - inner.start) return false;
  return inner.start >= outer.start - CLOCK_SKEW && inner.end <= outer.end + CLOCK_SKEW;
}
