/**
 * Tools of agents that speak in text, as ReAct's and many hand-written ones do: the model writes `Action: search[Ada]`, the
 * program answers in its next prompt with `Observation: …`.
 *
 * Only both together are a tool call: an answer that names an action, and a later prompt in which this very action is followed by
 * an observation. The texts must have been recorded in full.
 */
import type { Draft } from './drafts.ts';

export interface TextAction {
  issuer: Draft;
  /** As the model wrote it. */
  name: string;
  arguments: string;
  /** The call whose prompt has the observation. */
  answeredBy: Draft;
  /** Length of the observation. */
  resultBytes: number;
}

/** Names by which an agent says that it is done. */
const ENDINGS = /^(finish|final[ _]?answer|answer|final|none|done|stop|end|respond)$/i;
/** All counts below are bounded, and no two open-ended ones meet: the texts are anybody's, and must not make a search long. */
const NUMBER = String.raw`[ \t]{0,9}\d{0,4}[ \t]{0,9}:`;
/** What a tool may be called: a word, with dots, dashes and underscores. */
const NAME = String.raw`[\p{L}_][\p{L}\p{N}_.-]{0,63}`;
/** At the beginning of a line, perhaps in bold or numbered as in ReAct's own prompts (`Action 2:`). */
const ACTION = new RegExp(String.raw`^[ \t>*#]*Action${NUMBER}(.*)$`, 'mu');
const CALL = new RegExp(String.raw`^\x60*(${NAME})[ \t]*(?:\[(.*)\]|\((.*)\))\x60*[.]?$`, 'su');
const BARE = new RegExp(String.raw`^\x60*(${NAME}(?: ${NAME}){0,3})\x60*$`, 'u');
const INPUT = new RegExp(String.raw`^[ \t>*#]*Action[ \t]{0,9}Input${NUMBER}(.*)$`, 'mu');
const OBSERVATION = new RegExp(String.raw`^[ \t>*#]*(?:Observation|Result|Tool (?:result|output))${NUMBER}[*]{0,2}`, 'imu');
/** Where the observation ends in a prompt that goes on. */
const NEXT = new RegExp(String.raw`^[ \t>*#]*(?:Thought|Action|Question|Final Answer|Answer)${NUMBER}`, 'mu');
/** Messages at a prompt's end in which an action and its observation may stand. */
const LAST_MESSAGES = 2;
/** Ends of an object that are tried, and its longest text. */
const MOST_BRACES = 50;
const LONGEST_OBJECT = 20_000;
/** Prompts after an answer that are looked through for its observation. */
const MOST_LATER_CALLS = 200;

interface Written {
  name: string;
  arguments: string;
  /** The line that names it, to be found again in the prompt. */
  line: string;
}

/** `calls` in order of start. Each call's answer has at most one action: what follows it in the same answer is made up by the model. */
export function findTextActions(calls: readonly Draft[]): TextAction[] {
  const found: TextAction[] = [];
  calls.forEach((issuer, index) => {
    const written = actionIn(issuer);
    if (written === null) return;
    for (const later of calls.slice(index + 1, index + 1 + MOST_LATER_CALLS)) {
      if (later.start < issuer.end || later.span.pid !== issuer.span.pid) continue;
      const resultBytes = observationOf(written, later);
      if (resultBytes === null) continue;
      found.push({ issuer, name: written.name, arguments: written.arguments, answeredBy: later, resultBytes });
      break;
    }
  });
  return found;
}

function actionIn({ call }: Draft): Written | null {
  const text = call?.end?.text ?? null;
  if (text === null || call === null || (call.end?.toolCalls.length ?? 0) > 0) return null;
  return parseAction(text);
}

/** The first action that an answer names; null when it names none, or says that the agent is done. */
export function parseAction(text: string): Written | null {
  const match = ACTION.exec(text);
  const rest = bare(match?.[1] ?? '');
  if (match === null || rest === '') return null;
  const line = match[0].trim();
  if (rest.startsWith('{')) return fromJson(text.slice(match.index + match[0].indexOf('{')), line);
  const call = CALL.exec(rest);
  const written = call === null ? bareAction(rest, text.slice(match.index + match[0].length)) : { name: call[1] ?? '', arguments: call[2] ?? call[3] ?? '' };
  return written === null || ENDINGS.test(written.name) ? null : { ...written, line };
}

/** LangChain's way: the input on a line of its own. */
function bareAction(rest: string, after: string): { name: string; arguments: string } | null {
  const name = BARE.exec(rest)?.[1];
  const input = INPUT.exec(after);
  return name === undefined || input === null ? null : { name, arguments: bare(input[1] ?? '') };
}

/** Without blanks around, and the marks of bold type. */
function bare(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && ' \t\r*'.includes(text.charAt(from))) from++;
  while (to > from && ' \t\r*'.includes(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

/** `{"action": "search", "action_input": …}` */
function fromJson(text: string, line: string): Written | null {
  let tries = 0;
  for (let end = text.indexOf('}'); end !== -1 && end < LONGEST_OBJECT && tries < MOST_BRACES; end = text.indexOf('}', end + 1), tries++) {
    let value: unknown;
    try {
      value = JSON.parse(text.slice(0, end + 1));
    } catch {
      continue; // A brace inside of it.
    }
    const { action, action_input: input } = value as { action?: unknown; action_input?: unknown };
    if (typeof action !== 'string' || ENDINGS.test(action)) return null;
    return { name: action, arguments: input === undefined ? '' : typeof input === 'string' ? input : JSON.stringify(input), line };
  }
  return null;
}

/** Length of the observation that follows an action in a call's prompt, or null where there is none. */
function observationOf({ line }: Written, { call }: Draft): number | null {
  const text = call?.start.request.messages.slice(-LAST_MESSAGES).map((message) => message.text ?? '').join('\n') ?? '';
  // The last place: few-shot examples may hold the same action.
  const at = text.lastIndexOf(line);
  if (at === -1) return null;
  const after = text.slice(at + line.length);
  const observation = OBSERVATION.exec(after);
  if (observation === null) return null;
  // Another action in between has an observation of its own.
  const between = after.slice(0, observation.index);
  if (ACTION.test(between)) return null;
  const result = after.slice(observation.index + observation[0].length);
  const next = NEXT.exec(result);
  return new TextEncoder().encode((next === null ? result : result.slice(0, next.index)).trim()).length;
}
