/** What an export says, whether it came as protobuf or as JSON: the parts of OTLP's model that are looked at. */

export type AttributeValue = string | number | boolean | null | readonly AttributeValue[] | { readonly [key: string]: AttributeValue };
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface OtlpEvent {
  name: string;
  attributes: Attributes;
}

export interface OtlpSpan {
  /** Hex, lower case. */
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  name: string;
  /** OTLP's `SpanKind`: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  /** Nanoseconds since 1970. */
  startNs: bigint;
  endNs: bigint;
  attributes: Attributes;
  events: OtlpEvent[];
  /** OTLP's `StatusCode`: 0 unset, 1 ok, 2 error. */
  statusCode: number;
  statusMessage: string;
  scope: { name: string; version: string };
  resource: Attributes;
}

/** An export that cannot be read; the message says what is wrong with it. */
export class OtlpError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OtlpError';
  }
}

/** A span's ids as they have to be; all zeros is "none". */
export function isId(hex: string, bytes: 8 | 16): boolean {
  return hex.length === bytes * 2 && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex);
}
