/**
 * Traces of Chrome's format, of whatever program, and those that we export for Perfetto: complete events (`X`) and pairs of
 * begin and end (`B`, `E`), nested by thread. Of other programs' events nothing says what is a model's call: they are spans.
 */
import { asArray, asCount, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { isoNs, type ForeignSpan } from './foreignSpan.ts';

/** A thousand years. */
const MOST_US = 3.2e16;
const OWN_KINDS = new Set(['agent', 'step', 'llm', 'tool', 'other']);

/**
 * The slices in it; null for what is no such trace. Times of the format have no date.
 * @param fallbackNs stands for the time of 0 where the file does not say when that was
 */
export function chromeSpans(json: unknown, fallbackNs: bigint): ForeignSpan[] | null {
  const object = asObject(json);
  const events = asArray(object === null ? json : object['traceEvents']).map(asObject).filter((event) => event !== null);
  if (events.length === 0 || !events.every((event) => asString(event['ph']) !== null)) return null;
  const other = asObject(object?.['otherData']) ?? {};
  const zeroNs = isoNs(other['startedAt']) ?? fallbackNs;
  const names = threadNames(events);
  const open = new Map<string, ForeignSpan[]>();
  const spans: ForeignSpan[] = [];
  const timed = events.flatMap((event) => {
    const us = microseconds(event['ts']);
    return us === null ? [] : [{ event, us, durationUs: Math.max(0, microseconds(event['dur']) ?? 0) }];
  });
  // The one that is around comes first.
  timed.sort((a, b) => a.us - b.us || b.durationUs - a.durationUs);
  for (const [index, { event, us, durationUs }] of timed.entries()) {
    const lane = `${String(event['pid'])}/${String(event['tid'])}`;
    const stack = open.get(lane) ?? [];
    open.set(lane, stack);
    const atNs = zeroNs + BigInt(Math.round(us * 1000));
    const phase = event['ph'];
    if (phase === 'E') {
      const begun = stack.findLast((span) => span.endNs === null);
      if (begun !== undefined) begun.endNs = atNs;
      continue;
    }
    const category = asString(event['cat']) ?? '';
    // Of what we export, phases are in their calls, and the GPU's work is not the program's.
    if ((phase !== 'X' && phase !== 'B') || category === 'phase' || (category === 'gpu' && other['run'] !== undefined)) continue;
    while (stack.length > 0 && (stack.at(-1)?.endNs ?? atNs + 1n) <= atNs) stack.pop();
    const args = asObject(event['args']) ?? {};
    const own = other['run'] !== undefined && OWN_KINDS.has(category);
    const span: ForeignSpan = {
      trace: asString(other['run']) ?? 'chrome trace',
      id: own ? (asString(args['id']) ?? String(index)) : String(index),
      parent: own ? asString(args['parent']) : (stack.at(-1)?.id ?? null),
      name: asString(event['name']) ?? 'unnamed',
      startNs: atNs,
      endNs: phase === 'B' ? null : atNs + BigInt(Math.round(durationUs * 1000)),
      error: args['status'] === 'error' ? (asString(args['error']) ?? 'It failed.') : null,
      attributes: { 'thread.name': names.get(lane), ...(own ? ownAttributes(args, category) : {}) },
      scope: own ? 'agent-cost' : category || 'Chrome trace',
      resource: { 'agent_cost.backend.simulated': other['simulated'] === true, ...(own ? {} : pidOf(event)) },
    };
    spans.push(span);
    stack.push(span);
  }
  return spans;
}

/** Null for what is no time that a clock shows. */
function microseconds(value: unknown): number | null {
  return typeof value === 'number' && Math.abs(value) <= MOST_US ? value : null;
}

function pidOf(event: JsonObject): Record<string, number> {
  const pid = asCount(event['pid']);
  return pid === null ? {} : { 'process.pid': pid };
}

function threadNames(events: readonly JsonObject[]): Map<string, string> {
  return new Map(events.flatMap((event) => (event['ph'] === 'M' && event['name'] === 'thread_name' ? [[`${String(event['pid'])}/${String(event['tid'])}`, asString((asObject(event['args']) ?? {})['name']) ?? ''] as const] : [])));
}

/** As `exportPerfetto.ts` writes them. */
function ownAttributes(args: JsonObject, kind: string): Record<string, string | number | undefined> {
  const [, file, line] = /^(.*):(\d+)$/.exec(asString(args['site']) ?? '') ?? [];
  const count = (name: string): number | undefined => asCount(args[name]) ?? undefined;
  return {
    'agent_cost.span.kind': kind,
    'agent_cost.span.status': asString(args['status']) ?? undefined,
    'code.file.path': file,
    'code.line.number': line === undefined ? undefined : Number(line),
    'gen_ai.response.model': kind === 'llm' ? (asString(args['model']) ?? undefined) : undefined,
    'gen_ai.usage.input_tokens': count('promptTokens'),
    'gen_ai.usage.cache_read.input_tokens': count('cachedTokens'),
    'gen_ai.usage.output_tokens': count('completionTokens'),
    'gen_ai.response.time_to_first_chunk': typeof args['ttftMs'] === 'number' ? args['ttftMs'] / 1000 : undefined,
    'gen_ai.tool.call.id': asString(args['callId']) ?? undefined,
  };
}
