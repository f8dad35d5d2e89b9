/** Spans of other tools' traces, in OTLP's model and the names of its GenAI conventions, so that one reader takes them all. */
import { createHash } from 'node:crypto';
import type { Attributes, AttributeValue, OtlpSpan } from '../otlp/otlpModel.ts';

/** A file that cannot be imported; the message says what it is not, or what is wrong with it. */
export class ImportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ImportError';
  }
}

export interface ForeignSpan {
  trace: string;
  id: string;
  parent: string | null;
  name: string;
  startNs: bigint;
  /** Null where its end is not in the file. */
  endNs: bigint | null;
  /** Null where it did not fail. */
  error: string | null;
  attributes: Readonly<Record<string, AttributeValue | undefined>>;
  /** Who made it: a library, a tool. */
  scope: string;
  resource?: Attributes;
}

/** @param openEndNs where those end whose end is not known */
export function otlpSpan(span: ForeignSpan, openEndNs: bigint): OtlpSpan {
  return {
    traceId: hex(span.trace, 32),
    spanId: hex(span.id, 16),
    parentSpanId: span.parent === null ? null : hex(span.parent, 16),
    name: span.name,
    kind: 1,
    startNs: span.startNs,
    endNs: span.endNs ?? (openEndNs > span.startNs ? openEndNs : span.startNs),
    attributes: Object.fromEntries(Object.entries(span.attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined && entry[1] !== null)),
    events: [],
    statusCode: span.error === null ? 0 : 2,
    statusMessage: span.error ?? '',
    scope: { name: span.scope, version: '' },
    resource: span.resource ?? {},
  };
}

/** Ids of other tools are anything: a hash of theirs is as good. */
function hex(id: string, digits: number): string {
  return createHash('sha256').update(id).digest('hex').slice(0, digits);
}

/** Nanoseconds since 1970 of an ISO 8601 time, with all of its digits; without a zone it is UTC. Null for what is none. */
export function isoNs(value: unknown): bigint | null {
  if (typeof value !== 'string') return null;
  const [, whole, fraction = '', zone = 'Z'] = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/i.exec(value.trim()) ?? [];
  if (whole === undefined) return null;
  const seconds = Date.parse(`${whole.replace(' ', 'T')}${zone.toUpperCase()}`);
  return Number.isFinite(seconds) ? BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0')) : null;
}
