/** A recording folded into what analysis works on. Built by `readRecording.ts`; plain data, no behaviour. */
import type {
  Backend,
  CallEndLine,
  CallLine,
  CommitLine,
  GpuLine,
  HeaderLine,
  PauseLine,
  PhaseSource,
  ProcessLine,
  SampleLine,
  SourceLine,
  SpanEndLine,
  SpanLine,
  TraceSpanLine,
  WarningLine,
} from './recordingFormat.ts';
import type { Milliseconds } from './units.ts';

/** One HTTP request to an LLM server. Without an `end` it was cut off, or is still running. */
export interface Call {
  start: CallLine;
  firstTokenAt: Milliseconds | null;
  end: CallEndLine | null;
  /** The server's account of it, where its answer has none: added by analysis. */
  elsewhere?: { times: ServerTimes; source: PhaseSource };
}

export interface ServerTimes {
  queueMs: Milliseconds | null;
  prefillMs: Milliseconds | null;
  decodeMs: Milliseconds | null;
  /** Both together, of a server that does not tell them apart. */
  inferenceMs?: Milliseconds | undefined;
}

/** Something a hook saw inside the program, or that its own tracing told of: then the process may not be known. */
export interface HookSpan {
  start: Omit<SpanLine, 'pid'> & { pid: number | null };
  end: SpanEndLine | null;
}

export interface Profile {
  header: HeaderLine;
  /** The header's backend, or what was learned of it later. */
  backend: Backend;
  processes: ProcessLine[];
  /** In order of start. */
  calls: Call[];
  hookSpans: HookSpan[];
  /** As they were exported, each when it had ended. */
  traceSpans: TraceSpanLine[];
  /** In order of time, non-overlapping. */
  gpu: GpuLine[];
  samples: SampleLine[];
  /** In order of start. */
  pauses: PauseLine[];
  /** In the order in which they were read. */
  sources: SourceLine[];
  commit: CommitLine | null;
  warnings: WarningLine[];
  /** The end line, or null for a recording that was cut off or is still being written. */
  end: { t: Milliseconds; exitCode: number | null; signal: string | null } | null;
  /** Latest time that any line mentions: the run's length when there is no end line. */
  lastT: Milliseconds;
}
