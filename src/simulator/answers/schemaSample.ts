/** Writes a JSON value that fits a JSON schema: arguments for a tool, or structured output. */
import { sampleOfPattern } from './patternSample.ts';

/** Deeper nesting than this is cut off with the shortest value that still fits. */
const DEEPEST = 12;

const FORMATS: Record<string, string> = {
  date: '2025-01-15',
  'date-time': '2025-01-15T12:00:00Z',
  time: '12:00:00Z',
  duration: 'PT1H',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  'uri-reference': '/example',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** What a string probably means by its property's name. None of these does harm when a tool acts on it. */
const BY_NAME: [RegExp, string][] = [
  [/city|location|place|destination|origin/i, 'Paris'],
  [/country/i, 'France'],
  [/url|uri|link|href/i, 'https://example.com/'],
  [/email/i, 'someone@example.com'],
  [/date|day/i, '2025-01-15'],
  [/time/i, '12:00'],
  [/expression|formula|equation|calculation/i, '2 + 2'],
  [/sql/i, 'SELECT 1'],
  [/code|script|program/i, 'print(2 + 2)'],
  [/command|cmd|shell/i, 'echo simulated'],
  [/path|file|dir/i, 'example.txt'],
  [/lang/i, 'en'],
  [/unit/i, 'celsius'],
  [/currency/i, 'EUR'],
];
/** Strings with these names get the words that the user asked with. */
const ASKING = /query|question|search|topic|prompt|text|input|keyword|message|task|title|entity|subject/i;

type Schema = Record<string, unknown>;

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

/**
 * A value that fits a schema: its required properties, or all of them when none is required; the first of an
 * enumeration; defaults where given.
 * @param topic words for strings that look like a query, for instance the user's question
 */
export function sampleOfSchema(schema: unknown, topic: string): unknown {
  return new SchemaSampler(schema, topic).value(schema, '', 0);
}

class SchemaSampler {
  readonly #root: unknown;
  readonly #topic: string;

  constructor(root: unknown, topic: string) {
    this.#root = root;
    this.#topic = topic.trim().replace(/\s+/g, ' ').slice(0, 80) || 'example';
  }

  value(schema: unknown, name: string, depth: number): unknown {
    const resolved = this.#resolve(schema, depth);
    if (!isSchema(resolved)) return 'example';
    if ('const' in resolved) return resolved.const;
    if (Array.isArray(resolved.enum) && resolved.enum.length > 0) return resolved.enum[0];
    if ('default' in resolved && resolved.default !== null) return resolved.default;
    if (Array.isArray(resolved.examples) && resolved.examples.length > 0) return resolved.examples[0];
    const type = this.#type(resolved);
    if (depth > DEEPEST) return type === 'object' ? {} : type === 'array' ? [] : null;
    if (type === 'object') return this.#object(resolved, depth);
    if (type === 'array') return this.#array(resolved, name, depth);
    if (type === 'integer' || type === 'number') return this.#number(resolved, type === 'integer');
    if (type === 'boolean') return true;
    if (type === 'null') return null;
    return this.#string(resolved, name);
  }

  /** Follows local references, merges `allOf`, and takes the first branch of a choice that is not just null. */
  #resolve(schema: unknown, depth: number): unknown {
    let current = schema;
    for (let hops = 0; hops < 20 && isSchema(current); hops++) {
      if (typeof current.$ref === 'string') {
        const { $ref, ...beside } = current;
        const target = this.#find($ref);
        current = isSchema(target) ? { ...target, ...beside } : beside;
        continue;
      }
      if (Array.isArray(current.allOf)) {
        const { allOf, ...beside } = current;
        current = [beside, ...allOf.map((part: unknown) => this.#resolve(part, depth))].filter(isSchema).reduce(mergeSchemas, {});
        continue;
      }
      const choice: unknown = current.anyOf ?? current.oneOf;
      if (!Array.isArray(choice) || choice.length === 0) return current;
      const beside = Object.fromEntries(Object.entries(current).filter(([key]) => key !== 'anyOf' && key !== 'oneOf'));
      const branches = choice.filter(isSchema);
      // Deep inside a recursive schema the way out is the branch that ends it.
      const branch = (depth > DEEPEST / 2 ? branches.find((one) => one.type === 'null') : undefined) ?? branches.find((one) => one.type !== 'null') ?? branches[0];
      current = mergeSchemas(beside, branch ?? {});
    }
    return current;
  }

  #find(reference: string): unknown {
    if (!reference.startsWith('#')) return undefined;
    let current: unknown = this.#root;
    for (const step of reference.slice(1).split('/').slice(1)) {
      const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
      if (isSchema(current)) current = current[key];
      else if (Array.isArray(current)) current = current[Number(key)];
      else return undefined;
    }
    return current;
  }

  #type(schema: Schema): string {
    const { type } = schema;
    if (typeof type === 'string') return type;
    if (Array.isArray(type)) {
      const names = type.filter((one): one is string => typeof one === 'string');
      return names.find((one) => one !== 'null') ?? 'null';
    }
    if (isSchema(schema.properties) || 'additionalProperties' in schema) return 'object';
    if ('items' in schema || 'prefixItems' in schema) return 'array';
    if ('minimum' in schema || 'maximum' in schema || 'multipleOf' in schema) return 'number';
    return 'string';
  }

  #object(schema: Schema, depth: number): Schema {
    const properties = isSchema(schema.properties) ? schema.properties : {};
    const required = Array.isArray(schema.required) ? schema.required.filter((key): key is string => typeof key === 'string') : [];
    const keys = required.length > 0 ? required : Object.keys(properties);
    const entries = keys.map((key): [string, unknown] => [key, this.value(properties[key] ?? schema.additionalProperties ?? {}, key, depth + 1)]);
    return Object.fromEntries(entries);
  }

  #array(schema: Schema, name: string, depth: number): unknown[] {
    const fixed: unknown[] = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
    const most = numberOr(schema.maxItems, Infinity);
    const wanted = Math.max(numberOr(schema.minItems, Math.min(1, most)), fixed.length);
    const items = schema.items;
    const values = Array.from({ length: Math.min(wanted, most, 1000) }, (_, index) => this.value(fixed[index] ?? (isSchema(items) ? items : {}), name, depth + 1));
    if (schema.uniqueItems !== true) return values;
    const choices: unknown[] = isSchema(items) && Array.isArray(items.enum) ? items.enum : [];
    return values.map((value, index) => choices[index] ?? (typeof value === 'number' ? value + index : typeof value === 'string' && index > 0 ? `${value} ${index + 1}` : value));
  }

  #number(schema: Schema, whole: boolean): number {
    const step = numberOr(schema.multipleOf, whole ? 1 : null);
    const tiny = step ?? 1e-3;
    const low = Math.max(numberOr(schema.minimum, -Infinity), numberOr(schema.exclusiveMinimum, -Infinity) + tiny);
    const high = Math.min(numberOr(schema.maximum, Infinity), numberOr(schema.exclusiveMaximum, Infinity) - tiny);
    const near = Math.min(high, Math.max(low, step ?? 1));
    if (step === null) return near;
    const up = Math.ceil(near / step) * step;
    return up <= high ? up : Math.floor(high / step) * step;
  }

  #string(schema: Schema, name: string): string {
    if (typeof schema.pattern === 'string') {
      const sample = sampleOfPattern(schema.pattern);
      if (sample !== null) return sample;
    }
    if (typeof schema.format === 'string' && schema.format in FORMATS) return FORMATS[schema.format]!;
    const text = ASKING.test(name) ? this.#topic : (BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? 'example');
    const least = Math.min(100_000, numberOr(schema.minLength, 0));
    const most = numberOr(schema.maxLength, Infinity);
    return text.padEnd(least, ' example').slice(0, Math.max(least, most));
  }
}

function mergeSchemas(one: Schema, other: Schema): Schema {
  const merged: Schema = { ...one, ...other };
  if (isSchema(one.properties) && isSchema(other.properties)) merged.properties = { ...one.properties, ...other.properties };
  if (Array.isArray(one.required) && Array.isArray(other.required)) merged.required = [...new Set([one.required, other.required].flat() as unknown[])];
  return merged;
}
