/** What goes first where there is too little room for lines of a recording: texts and chunk times; calls and their totals last. Pure. */
import { formatCount } from '../profile/formatCount.ts';
import type { CallEndLine, CallLine, RecordingLine } from '../profile/recordingFormat.ts';
import type { Bytes } from '../profile/units.ts';

/** A line that is to be written, as JSON. */
export interface Waiting {
  type: RecordingLine['type'];
  text: string;
}

/** What goes first when texts and chunk times have gone. */
export const DROPPED_FIRST: readonly RecordingLine['type'][] = ['firstToken', 'sample', 'gpu'];
/** What goes next; then calls. */
const DROPPED_NEXT: readonly RecordingLine['type'][] = ['traceSpan', 'source', 'span', 'spanEnd'];
/** A line's checksum and its end. */
const AROUND_LINE: Bytes = 20;

/** Counts what had to go, and puts it in words. */
export class LostLines {
  private thinned = 0;
  private dropped = 0;
  private calls = 0;
  private promptTokens = 0;
  private completionTokens = 0;

  get count(): number {
    return this.thinned + this.dropped;
  }

  thin(count: number): void {
    this.thinned += count;
  }

  drop(lines: readonly Waiting[]): void {
    this.dropped += lines.length;
    for (const { type, text } of lines) {
      if (type !== 'callEnd') continue;
      const { usage } = JSON.parse(text) as CallEndLine;
      this.calls++;
      this.promptTokens += usage?.promptTokens ?? 0;
      this.completionTokens += usage?.completionTokens ?? 0;
    }
  }

  /** `12 lines (among them the ends of 3 calls with 5000 prompt and 200 completion tokens) and the texts and chunk times of 2 lines`. */
  words(): string {
    const parts = [];
    const totals = this.calls === 0 ? '' : ` (among them the ends of ${formatCount(this.calls, 'call')} with ${this.promptTokens} prompt and ${this.completionTokens} completion tokens)`;
    if (this.dropped > 0) parts.push(`${formatCount(this.dropped, 'line')}${totals}`);
    if (this.thinned > 0) parts.push(`the texts and chunk times of ${formatCount(this.thinned, 'line')}`);
    return parts.length === 0 ? 'the last line' : parts.join(' and ');
  }
}

/** Takes a call's texts and chunk times out of its line; any other stays as it is. */
export function thinned(waiting: Waiting): Waiting {
  if (waiting.type !== 'call' && waiting.type !== 'callEnd') return waiting;
  const line = withoutText(JSON.parse(waiting.text) as CallLine | CallEndLine);
  if (line.type === 'callEnd') line.chunkGaps = [];
  return { type: waiting.type, text: JSON.stringify(line) };
}

/** A call's line without its texts. */
export function withoutText(line: CallLine | CallEndLine): CallLine | CallEndLine {
  if (line.type === 'call') return { ...line, request: { ...line.request, messages: line.request.messages.map((message) => ({ ...message, text: null })) } };
  return { ...line, text: null, toolCalls: line.toolCalls.map((call) => ({ ...call, arguments: null })) };
}

/** Length of a line in the file, uncompressed. */
export function writtenBytes({ text }: Waiting): Bytes {
  return Buffer.byteLength(text) + AROUND_LINE;
}

/**
 * Those of the lines that fit into so much room, in their order: the longest calls lose their texts first, then lines go, calls
 * with their ends last and the latest of them first.
 * @param lost is told what had to go
 */
export function fitting(lines: readonly Waiting[], room: Bytes, lost: LostLines): Waiting[] {
  const sizes = lines.map(writtenBytes);
  let size = sizes.reduce((sum, bytes) => sum + bytes, 0);
  let fitted = [...lines];
  for (const { index, bytes } of sizes.map((each, place) => ({ index: place, bytes: each })).sort((a, b) => b.bytes - a.bytes)) {
    if (size <= room) return fitted;
    const thin = thinned(fitted[index]!);
    const saved = bytes - writtenBytes(thin);
    if (saved <= 0) continue;
    fitted[index] = thin;
    size -= saved;
    lost.thin(1);
  }
  for (const types of [DROPPED_FIRST, DROPPED_NEXT]) {
    if (size <= room) return fitted;
    const dropped = fitted.filter(({ type }) => types.includes(type));
    lost.drop(dropped);
    fitted = fitted.filter(({ type }) => !types.includes(type));
    size -= dropped.reduce((sum, each) => sum + writtenBytes(each), 0);
  }
  return size <= room ? fitted : callsFitting(fitted, room, lost);
}

/** The first calls that fit with their ends, beside all that is no call; ends of calls that are in the file already come before any. */
function callsFitting(lines: readonly Waiting[], room: Bytes, lost: LostLines): Waiting[] {
  const idOf = (each: Waiting) => (JSON.parse(each.text) as { id: string }).id;
  const isCall = ({ type }: Waiting) => type === 'call' || type === 'callEnd';
  const beginnings = new Set(lines.filter(({ type }) => type === 'call').map(idOf));
  const groups = new Map<string, Waiting[]>();
  for (const line of lines.filter(isCall)) {
    const id = idOf(line);
    groups.set(id, [...(groups.get(id) ?? []), line]);
  }
  let left = room - lines.filter((line) => !isCall(line)).reduce((sum, line) => sum + writtenBytes(line), 0);
  const kept = new Set<Waiting>(lines.filter((line) => !isCall(line)));
  const inOrder = [...groups].sort(([a], [b]) => Number(beginnings.has(a)) - Number(beginnings.has(b)));
  for (const [, group] of inOrder) {
    const bytes = group.reduce((sum, line) => sum + writtenBytes(line), 0);
    if (bytes > left) continue;
    left -= bytes;
    for (const line of group) kept.add(line);
  }
  lost.drop(lines.filter((line) => !kept.has(line)));
  return lines.filter((line) => kept.has(line));
}
