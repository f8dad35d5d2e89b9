/**
 * Stacks of the program, taken by the `Error` of a realm of our own. The program's own is neither asked nor touched, whatever the
 * program does to it, and stays as fast as it was: to change how its stacks look, if only for a moment, makes V8 treat it as an
 * object that is always changed.
 */
import { runInNewContext } from 'node:vm';

export type CallSite = NodeJS.CallSite;
/** A stack that was taken and not yet read, which is the larger part of the work. */
export type TakenStack = { stack?: unknown };
type Entry = (...args: never[]) => unknown;
type Take = (below: Entry, depth: number) => TakenStack;

/** Enough for what there is of the user's: SDKs put some 10 to 30 frames of their own between the user's line and the request. */
const STACK_DEPTH = 60;

/** In its own realm: with a function of its own, Node does not apply source maps, so that positions are of the running code. */
const REALM = `Error.prepareStackTrace = (error, sites) => sites;
(below, depth) => {
  Error.stackTraceLimit = depth;
  const holder = {};
  Error.captureStackTrace(holder, below);
  return holder;
}`;

let take: Take | undefined;

/** The stack above the call of `below`, innermost first. */
export function captureSites(below: Entry, depth = STACK_DEPTH): CallSite[] {
  return readStack(takeStack(below, depth));
}

export function takeStack(below: Entry, depth = STACK_DEPTH): TakenStack {
  try {
    // Once there is something to be asked: it takes a millisecond, which a program that calls no model is spared.
    take ??= runInNewContext(REALM, {}, { filename: __filename }) as Take;
    return take(below, depth);
  } catch {
    // Without frames.
    return {};
  }
}

/** V8 puts the sites together once the stack is asked for. */
export function readStack(taken: TakenStack): CallSite[] {
  try {
    // An array of another realm.
    return Array.isArray(taken.stack) ? (taken.stack as CallSite[]) : [];
  } catch {
    return [];
  }
}
