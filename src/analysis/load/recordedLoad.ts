/**
 * What a run asked of its model, as a load that can be sent again: the requests with their calls, when each came, and what it waited
 * for. Pure.
 */
import type { Call, Profile } from '../../profile/model.ts';
import type { MessageDigest } from '../../profile/recordingFormat.ts';
import type { Milliseconds, Tokens } from '../../profile/units.ts';
import type { TimelineDocument } from '../../protocol/webview.ts';
import { groupBy } from '../grouping.ts';

export interface LoadMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface LoadCall {
  /** The call of this session that had to end before it; null where it waited for none. */
  after: number | null;
  /** From that call's end, else from the session's begin: tools, thought, the program's own work. */
  gapMs: Milliseconds;
  /** From the run's start. */
  atMs: Milliseconds;
  /** As they were recorded: the same object for the same message. */
  prompt: readonly MessageDigest[];
  promptTokens: Tokens | null;
  completionTokens: Tokens;
}

/** One request given to the agent; calls in order of start. */
export interface LoadSession {
  name: string;
  /** From the first session's begin. */
  atMs: Milliseconds;
  calls: LoadCall[];
}

export interface RecordedLoad {
  /** In order of their begin. */
  sessions: LoadSession[];
  model: string | null;
  url: string | null;
  /** Prompts are what was sent; else the recording kept none, and they are as long as they were. */
  hasTexts: boolean;
  /** A prompt's message as it is to be sent. All of them at once may be more than can be held. */
  messageOf: (message: MessageDigest) => LoadMessage;
  /** Calls that are not in it: they failed, wrote nothing, or had no messages. */
  left: number;
}

/** Where texts are that were too many to be read into a profile. */
export interface FurtherTexts {
  has(message: MessageDigest): boolean;
  /** A message's text, from there or its own; null where the recording has none. */
  textOf(message: MessageDigest): string | null;
}

const NO_FURTHER: FurtherTexts = { has: () => false, textOf: ({ text }) => text };

export function recordedLoad(profile: Profile, { report }: TimelineDocument, further: FurtherTexts = NO_FURTHER): RecordedLoad {
  const parents = new Map(report.spans.map(({ id, parent }) => [id, parent]));
  const names = new Map(report.spans.map(({ id, name }) => [id, name]));
  const rootOf = (id: string): string => {
    let at = id;
    for (let up = parents.get(at) ?? null; up !== null; up = parents.get(at) ?? null) at = up;
    return at;
  };
  const llmCalls = new Set(report.spans.filter(({ kind }) => kind === 'llm').map(({ id }) => id));
  const asked = profile.calls.filter(({ start }) => llmCalls.has(start.id));
  const sent = asked.filter(isSent).sort((a, b) => a.start.t - b.start.t);
  const first = sent[0]?.start.t ?? 0;
  const sessions = [...groupBy(sent, ({ start }) => rootOf(start.id))].map(([root, calls]): LoadSession => {
    const begin = calls[0]!.start.t;
    return { name: names.get(root) ?? root, atMs: begin - first, calls: calls.map((call, index) => loadCall(call, calls.slice(0, index), begin, first)) };
  });
  return {
    sessions,
    model: profile.backend.model,
    url: profile.backend.url,
    hasTexts: sent.every(({ start }) => start.request.messages.every((message) => message.text !== null || further.has(message))),
    messageOf: (message) => ({ role: sentRole(message.role), content: further.textOf(message) ?? filler(message.chars, message.hash) }),
    left: asked.length - sent.length,
  };
}

type Sent = Call & { end: NonNullable<Call['end']> };

function isSent(call: Call): call is Sent {
  return call.end?.status === 'ok' && (call.end.usage?.completionTokens ?? 0) > 0 && call.start.request.messages.length > 0;
}

/** @param before calls of the session that began earlier */
function loadCall({ start, end }: Sent, before: readonly Sent[], begin: Milliseconds, first: Milliseconds): LoadCall {
  let after: number | null = null;
  before.forEach((other, index) => {
    if (other.end.t <= start.t && (after === null || other.end.t > before[after]!.end.t)) after = index;
  });
  return {
    after,
    gapMs: start.t - (after === null ? begin : before[after]!.end.t),
    atMs: start.t - first,
    prompt: start.request.messages,
    promptTokens: end.usage?.promptTokens ?? null,
    completionTokens: end.usage?.completionTokens ?? 0,
  };
}

/** What a tool has found is sent as the user's words: a tool's message needs the id of a call, which is not kept. */
function sentRole(role: string): LoadMessage['role'] {
  if (role === 'assistant' || role === 'model') return 'assistant';
  return role === 'system' || role === 'developer' ? 'system' : 'user';
}

const WORDS = ['one', 'more', 'line', 'that', 'says', 'what', 'was', 'there', 'and', 'how', 'long', 'it', 'took', 'to', 'read', 'all'];

/** As long as a message was, and the same for the same message, so that what prompts shared they share again. */
function filler(chars: number, hash: string | null): string {
  let state = Number.parseInt(hash?.slice(0, 8) ?? '1', 16) >>> 0;
  let text = '';
  while (text.length < chars) {
    // Numerical Recipes' linear congruential generator: which words is all the same.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += `${WORDS[state >>> 28]!} `;
  }
  return text.slice(0, chars);
}
