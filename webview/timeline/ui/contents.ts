/** What is known of single spans beyond the document: asked of the editor when someone looks at one, or found in the page that carries it along. */
import { spanContent } from '../../../src/analysis/spanContent.ts';
import type { Host } from '../../common/host.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { PromptTable, SpanContent } from '../../../src/protocol/content.ts';

/** One kind of it. */
interface Kind<Value> {
  /** Asks the editor. */
  ask(span: string): void;
  /** Finds it in the page; null where it has nothing. */
  find(table: PromptTable, span: ReportSpan): Value | null;
  /** The span that was used longest ago is forgotten beyond so many. */
  mostKept: number;
}

class Asked<Value> {
  private readonly kind: Kind<Value>;
  private readonly table: () => PromptTable | null;
  private readonly hosted: boolean;
  private readonly arrived: (span: string) => void;
  /** Of a running span, more may be known each time. */
  private readonly known = new Map<string, { endMs: number | null; value: Value | null }>();
  private readonly asked = new Map<string, number | null>();

  constructor(kind: Kind<Value>, hosted: boolean, table: () => PromptTable | null, arrived: (span: string) => void) {
    this.kind = kind;
    this.hosted = hosted;
    this.table = table;
    this.arrived = arrived;
  }

  /** What is known of a span now; `undefined` where that is still being asked. */
  of(span: ReportSpan): Value | null | undefined {
    const known = this.known.get(span.id);
    if (known?.endMs === span.endMs && known !== undefined) return known.value;
    if (!this.hosted) {
      const table = this.table();
      return this.keep(span.id, span.endMs, table === null ? null : this.kind.find(table, span));
    }
    if (!this.asked.has(span.id) || this.asked.get(span.id) !== span.endMs) {
      this.asked.set(span.id, span.endMs);
      this.kind.ask(span.id);
    }
    return known?.value;
  }

  /** The editor has answered. */
  receive(span: string, value: Value | null): void {
    const endMs = this.asked.get(span);
    if (endMs === undefined) return;
    this.keep(span, endMs, value);
    this.arrived(span);
  }

  /** Another run is shown. */
  forget(): void {
    this.known.clear();
    this.asked.clear();
  }

  private keep(span: string, endMs: number | null, value: Value | null): Value | null {
    this.known.delete(span);
    this.known.set(span, { endMs, value });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= this.kind.mostKept) break;
      this.known.delete(oldest);
      this.asked.delete(oldest);
    }
    return value;
  }
}

export class Contents {
  private readonly texts: Asked<SpanContent>;
  private readonly chunks: Asked<readonly number[]>;
  private readonly embedded: () => PromptTable | null;
  private table: PromptTable | null | undefined;

  /**
   * @param embedded the table that an exported page carries; read once, when it is first needed
   * @param arrived called when more is known of what a span said (`texts`) or of when it came (`chunks`)
   */
  constructor(host: Host, embedded: () => PromptTable | null, arrived: { texts: (span: string) => void; chunks: () => void }) {
    this.embedded = embedded;
    const table = (): PromptTable | null => (this.table ??= this.embedded());
    const texts: Kind<SpanContent> = {
      ask: (span) => host.post({ type: 'content', span }),
      find: (prompts, span) => spanContent(prompts, { id: span.id, toolCallId: span.tool?.callId ?? null, startMs: span.startMs }),
      mostKept: 20,
    };
    const chunks: Kind<readonly number[]> = {
      ask: (span) => host.post({ type: 'chunks', span }),
      find: (prompts, span) => prompts.calls.find(({ id }) => id === span.id)?.chunkGaps ?? null,
      mostKept: 200,
    };
    this.texts = new Asked(texts, host.hosted, table, arrived.texts);
    this.chunks = new Asked(chunks, host.hosted, table, arrived.chunks);
  }

  /** What a span said and was told; `undefined` where that is still being asked. Only calls of models and tools have said something. */
  of(span: ReportSpan): SpanContent | null | undefined {
    return span.llm === null && span.tool === null ? null : this.texts.of(span);
  }

  /** When the output of a call that has ended came, as gaps in milliseconds; null where that is not known, or not yet. */
  chunkGapsOf(span: ReportSpan): readonly number[] | null {
    return span.llm === null || span.endMs === null ? null : (this.chunks.of(span) ?? null);
  }

  receive(span: string, content: SpanContent | null): void {
    this.texts.receive(span, content);
  }

  receiveChunks(span: string, gaps: readonly number[] | null): void {
    this.chunks.receive(span, gaps);
  }

  /** Another run is shown. */
  forget(): void {
    this.texts.forget();
    this.chunks.forget();
  }
}
