/** Which tool's trace a text is, and its spans in OTLP's model. Pure. */
import { asObject, parseObject } from '../../proxy/json.ts';
import { OtlpError, type OtlpSpan } from '../otlp/otlpModel.ts';
import { readTracesJson } from '../otlp/readJson.ts';
import { chromeSpans } from './chromeTrace.ts';
import { ImportError, otlpSpan, type ForeignSpan } from './foreignSpan.ts';
import { langfuseSpans } from './langfuse.ts';
import { langsmithSpans } from './langsmith.ts';

export const TRACE_FORMATS = ['OTLP', 'Chrome trace', 'Langfuse', 'LangSmith'] as const;

export interface ReadTrace {
  format: (typeof TRACE_FORMATS)[number];
  spans: OtlpSpan[];
  /** Keys of spans whose end is not in the file: they end where the last one does. */
  unended: ReadonlySet<string>;
  /** The file does not say when its times began. */
  undated: boolean;
}

/** A span's name in `unended`. */
export function spanKey({ traceId, spanId }: Pick<OtlpSpan, 'traceId' | 'spanId'>): string {
  return `${traceId}:${spanId}`;
}

/**
 * @param text the file: one JSON value, or one on each line
 * @param fallbackNs ns since 1970 that stand for the begin of times without a date
 * @throws ImportError for what is no trace of a known tool
 */
export function readTrace(text: string, fallbackNs: bigint): ReadTrace {
  const values = jsonValues(text);
  try {
    if (values.every((value) => ['resourceSpans', 'resource_spans'].some((name) => asObject(value)?.[name] !== undefined))) {
      return { format: 'OTLP', spans: values.flatMap((value) => readTracesJson(JSON.stringify(value))), unended: new Set(), undated: false };
    }
  } catch (error) {
    if (error instanceof OtlpError) throw new ImportError(`it is OTLP, but ${error.message}`);
    throw error;
  }
  const whole: unknown = values.length === 1 ? values[0] : values;
  const langsmith = langsmithSpans(whole);
  if (langsmith !== null) return foreign('LangSmith', langsmith, false);
  const langfuse = langfuseSpans(whole);
  if (langfuse !== null) return foreign('Langfuse', langfuse, false);
  const chrome = chromeSpans(whole, fallbackNs);
  if (chrome !== null) return foreign('Chrome trace', chrome, asObject((asObject(whole) ?? {})['otherData'])?.['startedAt'] === undefined);
  throw new ImportError(`it is JSON, but no trace that is known here (${TRACE_FORMATS.join(', ')})`);
}

function foreign(format: ReadTrace['format'], spans: readonly ForeignSpan[], undated: boolean): ReadTrace {
  let lastNs = 0n;
  for (const { startNs, endNs } of spans) lastNs = [lastNs, startNs, endNs ?? 0n].reduce((a, b) => (a > b ? a : b));
  const read = spans.map((span) => ({ open: span.endNs === null, span: otlpSpan(span, lastNs) }));
  return { format, spans: read.map(({ span }) => span), unended: new Set(read.flatMap(({ open, span }) => (open ? [spanKey(span)] : []))), undated };
}

function jsonValues(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const objects = lines.map(parseObject);
    if (lines.length > 1 && objects.every((object) => object !== null)) return objects;
    // Chrome lets a list go without its end: a program may have been stopped.
    const list = /^\s*\[/.test(text) ? text.trimEnd().replace(/,$/, '') : null;
    try {
      if (list !== null) return [JSON.parse(`${list}]`)];
    } catch {
      // What was wrong with the text itself is said.
    }
    throw new ImportError(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
