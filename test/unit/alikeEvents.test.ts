import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlikeEvents } from '../../src/recorder/alikeEvents.ts';
import { CallRecord } from '../../src/recorder/callRecord.ts';

const template = { before: '{"delta":{"content":"', after: '"}}' };

/** What is found in a stretch of bytes, one event after the other, and where that ends. */
function found(alike: AlikeEvents, bytes: Buffer): { texts: string[]; end: number } {
  const texts: string[] = [];
  let end = 0;
  for (let next = alike.next(bytes, 0, bytes.length); next >= 0; next = alike.next(bytes, end, bytes.length)) {
    texts.push(alike.text);
    end = next;
  }
  return { texts, end };
}

const event = (text: string): string => `data: ${template.before}${text}${template.after}\n\n`;
const first = Buffer.from(event('one'));
const alike = AlikeEvents.like(template, first, 0, first.length)!;

describe('events that are alike but for their text', () => {
  it('are found one after the other in a read', () => {
    expect(found(alike, Buffer.from(event(' two') + event(' drei: größer')))).toEqual({ texts: [' two', ' drei: größer'], end: Buffer.byteLength(event(' two') + event(' drei: größer')) });
  });

  it.each([
    ['an escaped letter', event(String.raw`a\n`)],
    ['an escaped quote', event(String.raw`say \"no\"`)],
    ['no text', event('')],
    ['an end that is still to come', event('cut').slice(0, -1)],
    ['another field', event('x').replace('}}', '},"finish_reason":"stop"}')],
    ['a line’s end inside', event('a\nb')],
    ['nothing', ''],
  ])('are not found where there is %s', (_, text) => {
    expect(found(alike, Buffer.from(text))).toEqual({ texts: [], end: 0 });
  });

  it('may end their lines with carriage returns, and have no space before their data', () => {
    const bytes = Buffer.from(event('x').replaceAll('\n', '\r\n').replace('data: ', 'data:'));
    expect(found(AlikeEvents.like(template, bytes, 0, bytes.length)!, bytes).texts).toEqual(['x']);
  });

  it.each([event('x').replaceAll('\n', '\r'), `event: message\n${event('x')}`, event('x').replace('"delta"', '\ndata: "delta"')])('are not learned from %j', (text) => {
    const bytes = Buffer.from(text);
    expect(AlikeEvents.like(template, bytes, 0, bytes.length)).toBeNull();
  });
});

describe('a call’s record', () => {
  const chunk = (content: string): string => JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constantFrom(' word', '"', '\\', '\n', '\uFEFF', '', '}}\n\ndata: x'));
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

  it('has the same words, however its events are written and cut into reads', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text, lineEnd, name: fc.constantFrom('data: ', 'data:'), comment: fc.boolean() }), { minLength: 1, maxLength: 30 }), fc.array(fc.nat()), fc.boolean(), (events, cuts, isChunked) => {
        const payload = Buffer.from(events.map(({ text, lineEnd, name, comment }) => `${comment ? `: ping${lineEnd}${lineEnd}` : ''}${name}${chunk(text)}${lineEnd}${lineEnd}`).join(''));
        const bytes = isChunked ? Buffer.concat([Buffer.from(`${payload.length.toString(16)}\r\n`), payload, Buffer.from('\r\n0\r\n\r\n')]) : payload;
        const record = new CallRecord('c1', 'chat', 'http://server/v1');
        record.head({ type: 'head', call: 1, at: 0, status: 200, contentType: 'text/event-stream', contentEncoding: null, chunked: isChunked, serverTimes: null });
        const places = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
        let from = 0;
        for (const [at, to] of places.entries()) {
          record.read(bytes.subarray(from, to), at + 1);
          from = to;
        }
        const line = record.end({ type: 'ended', call: 1, at: 100, status: 'ok', httpStatus: 200, error: null, bytes: bytes.length }, 'full', (at) => at);
        expect(line.text).toBe(events.map(({ text }) => Buffer.from(text).toString()).join(''));
        expect(line.chunkGaps).toHaveLength(events.filter(({ text }) => text !== '').length);
      }),
      { numRuns: 300 },
    );
  });
});
