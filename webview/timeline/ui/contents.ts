/** What spans said and were told: asked of the editor when someone looks at one, or found in the page that carries it along. */
import { spanContent } from '../../../src/analysis/spanContent.ts';
import type { Host } from '../../common/host.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { PromptTable, SpanContent } from '../../../src/protocol/content.ts';

/** Of a running span, more may be known each time. */
type Known = { endMs: number | null; content: SpanContent | null };

const MOST_KEPT = 20;

export class Contents {
  private readonly host: Host;
  private readonly embedded: () => PromptTable | null;
  private readonly arrived: (span: string) => void;
  private readonly known = new Map<string, Known>();
  private readonly asked = new Map<string, number | null>();
  private table: PromptTable | null | undefined;

  /**
   * @param embedded the table that an exported page carries; read once, when it is first needed
   * @param arrived called when more is known of a span
   */
  constructor(host: Host, embedded: () => PromptTable | null, arrived: (span: string) => void) {
    this.host = host;
    this.embedded = embedded;
    this.arrived = arrived;
  }

  /** What is known of a span now; `undefined` where that is still being asked. Only calls of models and tools have said something. */
  of(span: ReportSpan): SpanContent | null | undefined {
    if (span.llm === null && span.tool === null) return null;
    const known = this.known.get(span.id);
    if (known?.endMs === span.endMs && known !== undefined) return known.content;
    if (!this.host.hosted) return this.keep(span.id, span.endMs, this.find(span));
    if (!this.asked.has(span.id) || this.asked.get(span.id) !== span.endMs) {
      this.asked.set(span.id, span.endMs);
      this.host.post({ type: 'content', span: span.id });
    }
    return known?.content;
  }

  /** The editor has answered. */
  receive(span: string, content: SpanContent | null): void {
    const endMs = this.asked.get(span);
    if (endMs === undefined) return;
    this.keep(span, endMs, content);
    this.arrived(span);
  }

  /** Another run is shown. */
  forget(): void {
    this.known.clear();
    this.asked.clear();
  }

  private find(span: ReportSpan): SpanContent | null {
    this.table ??= this.embedded();
    return this.table === null ? null : spanContent(this.table, { id: span.id, toolCallId: span.tool?.callId ?? null, startMs: span.startMs });
  }

  private keep(span: string, endMs: number | null, content: SpanContent | null): SpanContent | null {
    this.known.delete(span);
    this.known.set(span, { endMs, content });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_KEPT) break;
      this.known.delete(oldest);
      this.asked.delete(oldest);
    }
    return content;
  }
}
