/**
 * Reads the lines that a recording has most of, spans and their ends, by a pattern of what the recorder writes: three times as
 * fast as by parsing JSON and checking what that gives, for frames come again and again and are parsed once. What does not fit the
 * pattern may be right all the same, and is for `decodeLine.ts` to judge. Pure.
 */
import { ACTIVITIES, EVIDENCE, KINDS, SOURCES, STATUSES } from './decodeLine.ts';
import type { HeldStacks } from './heldStacks.ts';
import type { Site, SpanEndLine, SpanLine } from './recordingFormat.ts';

/** A program has some thousands of ways to come to a call at most, and of names. */
const MOST_TEXTS = 16_384;
const LONGEST_TEXT = 16_384;
/** V8 copies shorter parts of a text; a longer one keeps alive all that it was cut out of. */
const COPIED_CHARS = 13;

const NUMBER = String.raw`(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)`;
/** Without escapes, whose texts are for a parser. */
const TEXT = String.raw`"([^"\\\x00-\x1f]*)"`;
const TEXT_OR_NULL = `(?:null|${TEXT})`;
/** Of so many digits every whole number is told from the next. */
const COUNT = String.raw`(0|[1-9]\d{0,14})`;
const COUNT_OR_NULL = `(?:null|${COUNT})`;
const END = String.raw`(?:,"crc":"[0-9a-f]{8}")?\}\r?$`;

const SPAN = new RegExp(
  String.raw`^\{"type":"span","t":${NUMBER},"id":${TEXT},"kind":${TEXT},"name":${TEXT},"parent":${TEXT_OR_NULL},"pid":${COUNT},"thread":${TEXT},"frames":(\[.*?\]),"unattributed":${TEXT_OR_NULL},` +
    String.raw`"evidence":${TEXT},"source":${TEXT},"framework":${TEXT_OR_NULL},"argumentBytes":${COUNT_OR_NULL},"activity":${TEXT_OR_NULL},"detail":${TEXT_OR_NULL},"callId":${TEXT_OR_NULL}(?:,"after":${TEXT})?${END}`,
);
const SPAN_END = new RegExp(String.raw`^\{"type":"spanEnd","t":${NUMBER},"id":${TEXT},"status":${TEXT},"error":${TEXT_OR_NULL},"resultBytes":${COUNT_OR_NULL}${END}`);

export class UsualLines {
  readonly #stacks: HeldStacks;
  readonly #frames = new Map<string, Site[]>();
  readonly #names = new Map<string, string>();

  readonly #heldId: (id: string) => string | undefined;

  /** @param heldId the id of a span that was read, as it is held */
  constructor(stacks: HeldStacks, heldId: (id: string) => string | undefined = () => undefined) {
    this.#stacks = stacks;
    this.#heldId = heldId;
  }

  /** The line as its schema would give it, whatever its checksum; null for others, and where it is written in another way. */
  read(text: string): SpanLine | SpanEndLine | null {
    if (text.startsWith('{"type":"spanEnd",')) return this.#spanEndOf(SPAN_END.exec(text));
    return text.startsWith('{"type":"span",') ? this.#spanOf(SPAN.exec(text)) : null;
  }

  #spanOf(found: RegExpExecArray | null): SpanLine | null {
    if (found === null) return null;
    const [, t, id = '', kind = '', name = '', parent, pid, thread = '', framesText = '', unattributed, evidence = '', source = '', framework, argumentBytes, activity = null, detail, callId, after] = found;
    if (id === '' || !Number.isFinite(Number(t)) || !KINDS.has(kind) || !EVIDENCE.has(evidence) || !SOURCES.has(source) || !ACTIVITIES.has(activity)) return null;
    const frames = this.#framesOf(framesText);
    if (frames === null) return null;
    const line: SpanLine = {
      type: 'span', t: Number(t), id: own(id), kind: this.#name(kind) as SpanLine['kind'], name: this.#name(name), parent: parent === undefined ? null : (this.#heldId(parent) ?? own(parent)), pid: Number(pid), thread: this.#name(thread), frames,
      unattributed: unattributed === undefined ? null : this.#name(unattributed), evidence: this.#name(evidence) as SpanLine['evidence'], source: this.#name(source) as SpanLine['source'],
      framework: framework === undefined ? null : this.#name(framework), argumentBytes: countOrNull(argumentBytes), activity: activity === null ? null : (this.#name(activity) as SpanLine['activity']), detail: ownOrNull(detail), callId: ownOrNull(callId),
    };
    if (after !== undefined) line.after = own(after);
    return line;
  }

  #spanEndOf(found: RegExpExecArray | null): SpanEndLine | null {
    if (found === null) return null;
    const [, t, id = '', status = '', error, resultBytes] = found;
    if (id === '' || !Number.isFinite(Number(t)) || !STATUSES.has(status)) return null;
    return { type: 'spanEnd', t: Number(t), id: this.#heldId(id) ?? own(id), status: this.#name(status) as SpanEndLine['status'], error: ownOrNull(error), resultBytes: countOrNull(resultBytes) };
  }

  #framesOf(text: string): Site[] | null {
    const known = this.#frames.get(text);
    if (known !== undefined) return known;
    const frames = this.#stacks.hold(parsed(text));
    if (frames !== null && this.#frames.size < MOST_TEXTS && text.length <= LONGEST_TEXT) this.#frames.set(own(text), frames);
    return frames;
  }

  /** The same text as it was held before. */
  #name(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = own(text);
    if (this.#names.size < MOST_TEXTS) this.#names.set(name, name);
    return name;
  }
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The pattern ended the frames where they do not end.
    return undefined;
  }
}

function countOrNull(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

/** The same text, without what it was cut out of: V8 makes a new one of two that are joined, before it cuts that. */
function own(text: string): string {
  return text.length < COPIED_CHARS ? text : (' ' + text).slice(1);
}

function ownOrNull(text: string | undefined): string | null {
  return text === undefined ? null : own(text);
}
