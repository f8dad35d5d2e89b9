/**
 * Calls that were tried again after a failure that may pass, and the time that went by in between: back-off, whoever waited, the
 * SDK or the program itself.
 */
import * as l10n from '@vscode/l10n';
import type { Milliseconds } from '../profile/units.ts';
import { inferredDraft, type Draft } from './drafts.ts';
import type { Drafts } from './draftTree.ts';
import { unionTime } from './tables.ts';

/** A call that failed, and the call that sent the same again. */
export interface Retry {
  failed: Draft;
  again: Draft;
}

/** Failures that a second try may not meet: time-outs, conflicts, rate limits, and the server's own. */
const MAY_PASS = new Set([408, 409, 425, 429]);
/** Less between two tries is no waiting. */
const SHORTEST_BACKOFF: Milliseconds = 2;

function mayPass({ span }: Draft): boolean {
  const status = span.llm?.httpStatus ?? null;
  return span.status === 'error' && (status === null || MAY_PASS.has(status) || status >= 500);
}

/** `calls` in order of start. The next call of the same thread that sends the same, or that its SDK counts as a further try. */
export function findRetries(calls: readonly Draft[]): Retry[] {
  const retries: Retry[] = [];
  const failed = new Map<string, Draft>();
  for (const again of calls) {
    for (const key of failed.size === 0 ? [] : keysOf(again)) {
      const before = failed.get(key);
      if (before === undefined || again.start < before.end) continue;
      retries.push({ failed: before, again });
      for (const each of keysOf(before)) if (failed.get(each) === before) failed.delete(each);
      break;
    }
    if (mayPass(again)) for (const key of keysOf(again, 1)) failed.set(key, again);
  }
  return retries;
}

/** What two tries have in common: their thread with their prompt, or with the SDK's count of tries at one place. `ahead`: of the try after this one. */
function keysOf({ span, call }: Draft, ahead = 0): string[] {
  if (call === null) return [];
  const { request, model, path, attempt } = call.start;
  const thread = `${span.pid}\n${span.thread}\n${path}`;
  const keys: string[] = [];
  if (request.messages.length > 0 && request.messages.every(({ hash }) => hash !== null)) keys.push(JSON.stringify([thread, model, request.tools, request.messages.map(({ hash }) => hash)]));
  // Counted by the SDK, for one call after the other.
  if (attempt + ahead > 1) keys.push(JSON.stringify([thread, attempt + ahead, span.site?.file, span.site?.line]));
  return keys;
}

/**
 * Names the waits. `stretches`: what was sampled; what of it lies between two tries, in sleep, becomes back-off.
 * Returns inferred spans for waits of which nothing was seen.
 */
export function findBackoffs(retries: readonly Retry[], stretches: readonly Draft[], drafts: Drafts): Draft[] {
  const inferred: Draft[] = [];
  for (const { failed, again } of retries) {
    const length = again.start - failed.end;
    if (length < SHORTEST_BACKOFF) continue;
    const inside = stretches.filter(({ span, start, end }) => span.pid === again.span.pid && span.thread === again.span.thread && Math.min(end, again.start) - Math.max(start, failed.end) > (end - start) / 2);
    for (const stretch of inside) {
      if (stretch.span.activity === 'sleep' || stretch.span.activity === 'lock') stretch.span.activity = 'backoff';
    }
    if (unionTime(inside) >= length / 2) continue;
    const unattributed = again.span.site === null ? l10n.t('Inferred from two tries of one call.') : null;
    const draft = inferredDraft(drafts, { id: `backoff:${again.span.id}`, parent: again.span.parent, kind: 'other', name: 'back-off', unattributed, tool: null }, failed.end, again.start);
    Object.assign(draft.span, { pid: again.span.pid, thread: again.span.thread, site: again.span.site, frames: again.span.frames, activity: 'backoff' });
    inferred.push(draft);
  }
  return inferred;
}
