/** Compressed recordings: what is written, and what is left of it when it is damaged. */
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordingReader } from '../../src/profile/readRecording.ts';
import { GzipMembers } from '../../src/recorder/gzipMembers.ts';
import { RecordedText } from '../../src/recorder/recordedText.ts';
import { seeded } from '../fixtures/seeded.ts';
import { header, recordingText } from './recordingLines.ts';

async function compressed(batches: readonly string[]): Promise<Buffer[]> {
  const members = new GzipMembers();
  const parts: Buffer[] = [];
  for (const batch of batches) parts.push(await members.add(batch));
  return [...parts, await members.finish()];
}

/** Text, and `‖` where something was lost, with the number of the next line where that is known. */
async function read(bytes: Buffer, pieceBytes: number): Promise<string> {
  let text = '';
  const reader = new RecordedText({ onText: (part) => (text += part), onLost: () => (text += '‖'), onResumed: (line) => (text += `${line}‖`) });
  for (let at = 0; at < bytes.length; at += pieceBytes) await reader.write(bytes.subarray(at, at + pieceBytes));
  await reader.end();
  return text;
}

/** Lines that do not compress to nothing. */
function lines(count: number, seed: number): string {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, n) => `${n} ${random()} ${random()} ü\n`).join('');
}

describe('a compressed recording', () => {
  it('is what gunzip makes of it, whole or up to any batch, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 40 }), async (batches, pieceBytes) => {
        const parts = await compressed(batches);
        const text = Buffer.from(batches.join('')).toString();
        expect(gunzipSync(Buffer.concat(parts)).toString()).toBe(text);
        expect(await read(Buffer.concat(parts), pieceBytes)).toBe(text);
        for (let count = 1; count <= batches.length; count++) expect(await read(Buffer.concat(parts.slice(0, count)), pieceBytes)).toBe(Buffer.from(batches.slice(0, count).join('')).toString());
      }),
      { numRuns: 40 },
    );
  });

  it('can be read as it grows, batch by batch', async () => {
    const members = new GzipMembers();
    let text = '';
    const reader = new RecordedText({ onText: (part) => (text += part), onLost: () => (text += '‖') });
    for (let batch = 0; batch < 5; batch++) {
      await reader.write(await members.add(lines(10, batch)));
      expect(text).toBe(Array.from({ length: batch + 1 }, (_, each) => lines(10, each)).join(''));
    }
  });

  it('that is damaged loses the member with the damage, and no other', async () => {
    // More than 4 MiB each, so that each is a member of its own.
    const texts = [1, 2, 3].map((seed) => lines(100_000, seed));
    const parts = await compressed(texts);
    const flipped = Buffer.concat(parts);
    const inSecond = parts[0]!.length + 1000;
    flipped.fill(0xff, inSecond, inSecond + 64);
    for (const broken of [flipped, Buffer.concat([parts[0]!, parts[1]!.subarray(0, 500_000), ...parts.slice(2)])]) {
      const text = await read(broken, 70_001);
      expect(text.startsWith(texts[0]!)).toBe(true);
      expect(text.endsWith(`‖200001‖${texts[2]!}`)).toBe(true);
      expect(text.split('‖')).toHaveLength(3);
    }
  });

  it('that is damaged has the right number for each line behind it, in each of its files', async () => {
    const members = new GzipMembers();
    const batch = (first: number) => Array.from({ length: 60_000 }, (_, n) => `${JSON.stringify({ type: 'warning', t: first + n, code: 'x', message: `${first + n} ${'y'.repeat(60)}` })}\n`).join('');
    const begin = recordingText(header());
    const file = [await members.add(begin + batch(1)), await members.add(batch(2)), await members.add(`${batch(3)}{"type":"warn\n`), await members.finish()];
    expect(file.slice(0, 3).map((bytes) => bytes.length > 100_000)).toEqual([true, true, true]);
    file[1] = file[1]!.subarray(0, 20_000);
    const reader = new RecordingReader();
    const text = new RecordedText({ onText: (part) => reader.push(part), onLost: () => reader.lose('lost'), onResumed: (line) => reader.resumeAt(line) });
    for (const bytes of file) for (let at = 0; at < bytes.length; at += 50_021) await text.write(bytes.subarray(at, at + 50_021));
    await text.end();
    reader.finish();
    // The header, three batches of 60,000 lines, and the torn one.
    expect(reader.profile.warnings.at(-1)?.message).toContain('line 180002');
    members.beginFile();
    const next = [await members.add(begin), await members.finish()];
    const damaged = Buffer.concat([await members.add('a\n'.repeat(3)), await members.finish()]);
    damaged.fill(0xff, 20);
    expect(await read(Buffer.concat([...next, damaged, await members.add('b\n'), await members.finish()]), 9)).toContain('‖5‖b\n');
  });

  it('written at first, without numbers, is read on behind damage as well', async () => {
    const unnumbered = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 10), Buffer.from([4, 0, 0x41, 0x43, 0, 0]), bytes.subarray(20)]);
    const members = new GzipMembers();
    const three: Buffer[] = [];
    for (const text of ['a\n', 'b\n', 'c\n']) three.push(unnumbered(Buffer.concat([await members.add(text), await members.finish()])));
    expect(gunzipSync(Buffer.concat(three)).toString()).toBe('a\nb\nc\n');
    expect(await read(Buffer.concat(three), 5)).toBe('a\nb\nc\n');
    three[1]!.fill(0xff, 16);
    expect(await read(Buffer.concat(three), 5)).toBe('a\n‖c\n');
  });

  it('may be somebody else’s gzip of a recording', async () => {
    const text = lines(5000, 4);
    expect(await read(gzipSync(text), 1000)).toBe(text);
    expect(await read(Buffer.concat([gzipSync(text), gzipSync(text)]), 1000)).toBe(text + text);
    expect(await read(Buffer.from(text), 7)).toBe(text);
  });

  it('hands on what its reader throws', async () => {
    const reader = new RecordedText({
      onText: () => {
        throw new Error('enough');
      },
      onLost: () => undefined,
    });
    await expect(reader.write(gzipSync('a\n'))).rejects.toThrow('enough');
  });
});
