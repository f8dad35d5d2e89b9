/**
 * Model calls and tools of a run as they are recorded, before it is analysed again: what their own lines say of them. Nothing of
 * what an analysis finds (requests, phases, energy) is there. Pure.
 */
import { spansAhead } from '../analysis/spansAhead.ts';
import { LineDecoder } from '../profile/decodeLine.ts';
import { emptyProfile } from '../profile/foldRecording.ts';
import { insertInOrder } from '../profile/recordedOrder.ts';
import { headerLineSchema, recordingLineSchema } from '../profile/recordingFormat.ts';
import type { Call, HookSpan, Profile } from '../profile/model.ts';
import type { ReportSpan } from '../profile/report.ts';

export class LivePreview {
  private pending = '';
  /** The header, the processes and the pauses; null until the header is there. */
  private known: Profile | null = null;
  private readonly decoder = new LineDecoder();
  private readonly calls = new Map<string, Call>();
  private readonly tools = new Map<string, HookSpan>();
  private readonly changed = new Set<string>();

  /** Text of the recording, in pieces of any size. */
  push(text: string): void {
    const lines = (this.pending + text).split('\n');
    this.pending = lines.pop() ?? '';
    for (const line of lines) this.read(line);
  }

  /** A stretch of it could not be read. */
  lose(): void {
    this.pending = '';
  }

  private read(text: string): void {
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch {
      // The analysis counts what is damaged.
      return;
    }
    if (this.known === null) {
      const header = headerLineSchema.safeParse(raw).data;
      if (header !== undefined) this.known = emptyProfile(header);
      return;
    }
    const line = this.decoder.decode(raw) ?? recordingLineSchema.safeParse(raw).data;
    switch (line?.type) {
      case 'call':
        this.calls.set(line.id, { start: line, firstTokenAt: null, end: null });
        break;
      case 'span':
        if (line.kind !== 'tool') return;
        this.tools.set(line.id, { start: line, end: null });
        break;
      case 'callEnd': {
        const call = this.calls.get(line.id);
        if (call === undefined) return;
        call.end = line;
        call.firstTokenAt = line.firstTokenAt;
        break;
      }
      case 'spanEnd': {
        const tool = this.tools.get(line.id);
        if (tool === undefined) return;
        tool.end = line;
        break;
      }
      case 'process':
        this.known.processes.push(line);
        return;
      case 'pause':
        insertInOrder(this.known.pauses, line, ({ t }) => t);
        return;
      default:
        return;
    }
    this.changed.add(line.id);
  }

  /** What has begun or ended since this was last asked. Those that have ended are forgotten. */
  take(): ReportSpan[] {
    if (this.known === null || this.changed.size === 0) return [];
    const some = <Each extends Call | HookSpan>(of: Map<string, Each>): Each[] => [...this.changed].flatMap((id) => of.get(id) ?? []);
    const [calls, tools] = [some(this.calls), some(this.tools)];
    this.changed.clear();
    for (const { start, end } of calls) if (end !== null) this.calls.delete(start.id);
    for (const { start, end } of tools) if (end !== null) this.tools.delete(start.id);
    return spansAhead(this.known, calls, tools);
  }
}
