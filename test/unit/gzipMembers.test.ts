/** Compressed recordings: what is written, and what is left of it when it is damaged. */
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GzipMembers } from '../../src/recorder/gzipMembers.ts';
import { RecordedText } from '../../src/recorder/recordedText.ts';
import { seeded } from '../fixtures/seeded.ts';

async function compressed(batches: readonly string[]): Promise<Buffer[]> {
  const members = new GzipMembers();
  const parts: Buffer[] = [];
  for (const batch of batches) parts.push(await members.add(batch));
  return [...parts, await members.finish()];
}

/** Text, and `‖` where something was lost. */
async function read(bytes: Buffer, pieceBytes: number): Promise<string> {
  let text = '';
  const reader = new RecordedText({ onText: (part) => (text += part), onLost: () => (text += '‖') });
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
      expect(text.endsWith(`‖${texts[2]!}`)).toBe(true);
      expect(text.split('‖')).toHaveLength(2);
    }
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
