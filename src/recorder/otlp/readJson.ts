/**
 * Reads trace exports in OTLP's JSON: ids in hex, enums as numbers (or, from some exporters, by name), 64-bit numbers as
 * text or numbers, unknown fields ignored. Some exporters still write snake_case.
 */
import { asArray, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { OtlpError, type AttributeValue, type OtlpSpan } from './otlpModel.ts';

const MAX_DEPTH = 32;
const KINDS = ['SPAN_KIND_UNSPECIFIED', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT', 'SPAN_KIND_PRODUCER', 'SPAN_KIND_CONSUMER'];
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/** @throws OtlpError when it is no JSON object */
export function readTracesJson(text: string): OtlpSpan[] {
  const request = objectIn(text);
  const spans: OtlpSpan[] = [];
  for (const resourceSpans of objects(field(request, 'resourceSpans'))) {
    const resource = attributes(field(asObject(field(resourceSpans, 'resource')) ?? {}, 'attributes'), 0);
    const scopes = [...objects(field(resourceSpans, 'scopeSpans')), ...objects(field(resourceSpans, 'instrumentationLibrarySpans'))];
    for (const scopeSpans of scopes) {
      const named = asObject(field(scopeSpans, 'scope')) ?? asObject(field(scopeSpans, 'instrumentationLibrary')) ?? {};
      const scope = { name: asString(named['name']) ?? '', version: asString(named['version']) ?? '' };
      for (const span of objects(field(scopeSpans, 'spans'))) spans.push(spanIn(span, scope, resource));
    }
  }
  return spans;
}

/** Whether a text is a JSON object: for exports that are not looked into. @throws OtlpError */
export function checkJson(text: string): void {
  objectIn(text);
}

function objectIn(text: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new OtlpError(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const object = asObject(json);
  if (object === null) throw new OtlpError('not a JSON object');
  return object;
}

function spanIn(span: JsonObject, scope: OtlpSpan['scope'], resource: OtlpSpan['resource']): OtlpSpan {
  const status = asObject(field(span, 'status')) ?? {};
  return {
    traceId: id(field(span, 'traceId')),
    spanId: id(field(span, 'spanId')),
    parentSpanId: id(field(span, 'parentSpanId')) || null,
    name: asString(span['name']) ?? '',
    kind: enumValue(span['kind'], KINDS),
    startNs: int64(field(span, 'startTimeUnixNano')),
    endNs: int64(field(span, 'endTimeUnixNano')),
    attributes: attributes(span['attributes'], 0),
    events: objects(span['events']).map((event) => ({ name: asString(event['name']) ?? '', attributes: attributes(event['attributes'], 0) })),
    statusCode: enumValue(status['code'], STATUS_CODES),
    statusMessage: asString(status['message']) ?? '',
    scope,
    resource,
  };
}

/** A field by its name in JSON, else as protobuf's files write it. */
function field(object: JsonObject, name: string): unknown {
  return object[name] ?? object[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

function objects(value: unknown): JsonObject[] {
  return asArray(value)
    .map(asObject)
    .filter((entry) => entry !== null);
}

function id(value: unknown): string {
  return asString(value)?.toLowerCase() ?? '';
}

function enumValue(value: unknown, names: readonly string[]): number {
  if (typeof value === 'number') return value;
  return Math.max(0, names.indexOf(asString(value) ?? ''));
}

function int64(value: unknown): bigint {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? BigInt(Math.round(value)) : 0n;
  const text = asString(value) ?? '';
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

function attributes(value: unknown, depth: number): Record<string, AttributeValue> {
  const found: Record<string, AttributeValue> = {};
  for (const entry of objects(value)) {
    const key = asString(entry['key']) ?? '';
    if (key !== '' && key !== '__proto__') found[key] = anyValue(asObject(entry['value']) ?? {}, depth + 1);
  }
  return found;
}

function anyValue(value: JsonObject, depth: number): AttributeValue {
  if (depth > MAX_DEPTH) throw new OtlpError('attributes are nested too deeply');
  const text = asString(field(value, 'stringValue'));
  if (text !== null) return text;
  const boolean = field(value, 'boolValue');
  if (typeof boolean === 'boolean') return boolean;
  const integer = field(value, 'intValue');
  if (typeof integer === 'number' || typeof integer === 'string') return Number(integer);
  const double = field(value, 'doubleValue');
  if (typeof double === 'number') return double;
  const array = asObject(field(value, 'arrayValue'));
  if (array !== null) return objects(array['values']).map((entry) => anyValue(entry, depth + 1));
  const list = asObject(field(value, 'kvlistValue'));
  return list === null ? null : attributes(list['values'], depth);
}
