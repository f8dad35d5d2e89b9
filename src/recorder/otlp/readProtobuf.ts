/**
 * Reads trace exports in protobuf (`opentelemetry-proto` 1.x: `collector/trace/v1`, `trace/v1`, `common/v1`,
 * `resource/v1`). Field numbers are those files'; unknown fields are passed over, as protobuf asks.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { OtlpError, type AttributeValue, type OtlpEvent, type OtlpSpan } from './otlpModel.ts';

/** Nested values deeper than this are nobody's attributes. */
const MAX_DEPTH = 32;

/** One message's fields: `read` gets each field's number and must consume it, or say that it did not. */
function message(bytes: Uint8Array, read: (field: number, type: WireType, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (!read(field, type, reader)) reader.skip(type, field);
  }
}

/**
 * @returns spans in the order in which they stand there
 * @throws OtlpError when it is no such message
 */
export function readTracesProtobuf(bytes: Uint8Array): OtlpSpan[] {
  const spans: OtlpSpan[] = [];
  try {
    message(bytes, (field, type, reader) => field === 1 && type === WireType.LengthDelimited && resourceSpans(reader.bytes(), spans));
  } catch (error) {
    throw new OtlpError(`not a protobuf ExportTraceServiceRequest: ${error instanceof Error ? error.message : String(error)}`);
  }
  return spans;
}

/** Whether bytes are well-formed protobuf at the outermost level: for exports that are not looked into. @throws OtlpError */
export function checkProtobuf(bytes: Uint8Array): void {
  try {
    message(bytes, () => false);
  } catch (error) {
    throw new OtlpError(`not protobuf: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function resourceSpans(bytes: Uint8Array, spans: OtlpSpan[]): true {
  let resource: Record<string, AttributeValue> = {};
  const scopes: Uint8Array[] = [];
  message(bytes, (field, type, reader) => {
    if (type !== WireType.LengthDelimited) return false;
    if (field === 1) resource = attributesIn(reader.bytes(), 1);
    // 1000: `instrumentation_library_spans` of versions before 0.15, laid out alike.
    else if (field === 2 || field === 1000) scopes.push(reader.bytes());
    else return false;
    return true;
  });
  for (const scope of scopes) scopeSpans(scope, resource, spans);
  return true;
}

function scopeSpans(bytes: Uint8Array, resource: OtlpSpan['resource'], spans: OtlpSpan[]): void {
  const scope = { name: '', version: '' };
  const found: Uint8Array[] = [];
  message(bytes, (field, type, reader) => {
    if (type !== WireType.LengthDelimited) return false;
    if (field === 1) {
      message(reader.bytes(), (part, partType, inner) => {
        if (partType !== WireType.LengthDelimited || (part !== 1 && part !== 2)) return false;
        scope[part === 1 ? 'name' : 'version'] = inner.string();
        return true;
      });
    } else if (field === 2) found.push(reader.bytes());
    else return false;
    return true;
  });
  for (const span of found) spans.push(spanIn(span, scope, resource));
}

function spanIn(bytes: Uint8Array, scope: OtlpSpan['scope'], resource: OtlpSpan['resource']): OtlpSpan {
  const attributes: Record<string, AttributeValue> = {};
  const span: OtlpSpan = { traceId: '', spanId: '', parentSpanId: null, name: '', kind: 0, startNs: 0n, endNs: 0n, attributes, events: [], statusCode: 0, statusMessage: '', scope, resource };
  message(bytes, (field, type, reader) => {
    if (type === WireType.LengthDelimited)
      switch (field) {
        case 1:
          span.traceId = hex(reader.bytes());
          return true;
        case 2:
          span.spanId = hex(reader.bytes());
          return true;
        case 4:
          span.parentSpanId = hex(reader.bytes()) || null;
          return true;
        case 5:
          span.name = reader.string();
          return true;
        case 9:
          addAttribute(attributes, reader.bytes(), 0);
          return true;
        case 11:
          span.events.push(eventIn(reader.bytes()));
          return true;
        case 15:
          statusIn(reader.bytes(), span);
          return true;
        default:
          return false;
      }
    if (field === 6 && type === WireType.Varint) span.kind = reader.int32();
    else if (field === 7 && type === WireType.Bit64) span.startNs = BigInt(reader.fixed64());
    else if (field === 8 && type === WireType.Bit64) span.endNs = BigInt(reader.fixed64());
    else return false;
    return true;
  });
  return span;
}

function eventIn(bytes: Uint8Array): OtlpEvent {
  const attributes: Record<string, AttributeValue> = {};
  const event: OtlpEvent = { name: '', attributes };
  message(bytes, (field, type, reader) => {
    if (type !== WireType.LengthDelimited) return false;
    if (field === 2) event.name = reader.string();
    else if (field === 3) addAttribute(attributes, reader.bytes(), 0);
    else return false;
    return true;
  });
  return event;
}

function statusIn(bytes: Uint8Array, span: OtlpSpan): void {
  message(bytes, (field, type, reader) => {
    if (field === 2 && type === WireType.LengthDelimited) span.statusMessage = reader.string();
    else if (field === 3 && type === WireType.Varint) span.statusCode = reader.int32();
    else return false;
    return true;
  });
}

/** The attributes that stand in a message's field of this number. */
function attributesIn(bytes: Uint8Array, number: number): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  message(bytes, (field, type, reader) => {
    if (field !== number || type !== WireType.LengthDelimited) return false;
    addAttribute(attributes, reader.bytes(), 0);
    return true;
  });
  return attributes;
}

/** A `KeyValue`. */
function addAttribute(attributes: Record<string, AttributeValue>, bytes: Uint8Array, depth: number): void {
  let key = '';
  let value: AttributeValue = null;
  message(bytes, (field, type, reader) => {
    if (type !== WireType.LengthDelimited) return false;
    if (field === 1) key = reader.string();
    else if (field === 2) value = valueIn(reader.bytes(), depth + 1);
    else return false;
    return true;
  });
  if (key !== '' && key !== '__proto__') attributes[key] = value;
}

/** An `AnyValue`. */
function valueIn(bytes: Uint8Array, depth: number): AttributeValue {
  if (depth > MAX_DEPTH) throw new OtlpError('attributes are nested too deeply');
  let value: AttributeValue = null;
  message(bytes, (field, type, reader) => {
    if (field === 1 && type === WireType.LengthDelimited) value = reader.string();
    else if (field === 2 && type === WireType.Varint) value = reader.bool();
    else if (field === 3 && type === WireType.Varint) value = Number(reader.int64());
    else if (field === 4 && type === WireType.Bit64) value = reader.double();
    else if (field === 5 && type === WireType.LengthDelimited) value = arrayIn(reader.bytes(), depth);
    else if (field === 6 && type === WireType.LengthDelimited) value = mapIn(reader.bytes(), depth);
    else return false;
    return true;
  });
  return value;
}

function arrayIn(bytes: Uint8Array, depth: number): AttributeValue[] {
  const values: AttributeValue[] = [];
  message(bytes, (field, type, reader) => {
    if (field !== 1 || type !== WireType.LengthDelimited) return false;
    values.push(valueIn(reader.bytes(), depth + 1));
    return true;
  });
  return values;
}

function mapIn(bytes: Uint8Array, depth: number): Record<string, AttributeValue> {
  const map: Record<string, AttributeValue> = {};
  message(bytes, (field, type, reader) => {
    if (field !== 1 || type !== WireType.LengthDelimited) return false;
    addAttribute(map, reader.bytes(), depth);
    return true;
  });
  return map;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
