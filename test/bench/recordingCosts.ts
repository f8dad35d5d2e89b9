/**
 * What checksums and compression take, of growing contexts and of the small lines between them: the writer's and the reader's
 * processor time with and without, in turns, and the file's length. `npm run bench:recordings` has it ahead of long recordings.
 */
import { withChecksum } from '../../src/profile/lineChecksum.ts';
import { formatBytes, formatPercent } from '../../src/profile/formatValue.ts';
import { RecordingReader } from '../../src/profile/readRecording.ts';
import type { RecordingLine } from '../../src/profile/recordingFormat.ts';
import { crc32 } from '../../src/recorder/crc32.ts';
import { GzipMembers } from '../../src/recorder/gzipMembers.ts';
import { RecordedText } from '../../src/recorder/recordedText.ts';
import { longRecording } from '../fixtures/longRecording.ts';

const ROUNDS = 7;
const LINES = 1600;
/** Calls are written when they end: four lines a batch. */
const LINES_PER_BATCH = 4;

/** Median of the processor's time in ms, all threads of the process. */
async function costOf(acts: Record<string, () => void | Promise<void>>): Promise<Record<string, number>> {
  const taken: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, act] of Object.entries(acts)) {
      const before = process.cpuUsage();
      await act();
      const { user, system } = process.cpuUsage(before);
      (taken[name] ??= []).push((user + system) / 1000);
    }
  }
  return Object.fromEntries(Object.entries(taken).map(([name, all]) => [name, all.sort((a, b) => a - b)[ROUNDS >> 1]!]));
}

function read(text: string): void {
  const reader = new RecordingReader({ texts: 'report', crc32 });
  for (let at = 0; at < text.length; at += 1 << 20) reader.push(text.slice(at, at + (1 << 20)));
  reader.finish();
  if (reader.damaged > 0) throw new Error('the recording that is measured is damaged');
}

async function compressed(batches: readonly string[]): Promise<Buffer> {
  const gzip = new GzipMembers();
  const parts: Buffer[] = [];
  for (const batch of batches) parts.push(await gzip.add(batch));
  return Buffer.concat([...parts, await gzip.finish()]);
}

async function readCompressed(bytes: Buffer): Promise<void> {
  const reader = new RecordingReader({ texts: 'report', crc32 });
  const text = new RecordedText({ onText: (piece) => reader.push(piece), onLost: () => reader.lose('') });
  for (let at = 0; at < bytes.length; at += 1 << 20) await text.write(bytes.subarray(at, at + (1 << 20)));
  await text.end();
  reader.finish();
}

export async function costsOfStorage(): Promise<string> {
  const lines: RecordingLine[] = [];
  for (const line of longRecording(() => lines.length >= LINES)) lines.push(line);
  const plain = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const sealed = lines.map((line) => `${withChecksum(JSON.stringify(line), crc32)}\n`);
  const text = sealed.join('');
  const batches = Array.from({ length: Math.ceil(lines.length / LINES_PER_BATCH) }, (_, n) => sealed.slice(n * LINES_PER_BATCH, (n + 1) * LINES_PER_BATCH).join(''));
  const zipped = await compressed(batches);
  const write = await costOf({
    without: () => void Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
    checksums: () => void Buffer.from(lines.map((line) => `${withChecksum(JSON.stringify(line), crc32)}\n`).join('')),
    compressed: async () => void (await compressed(batches)),
  });
  const reading = await costOf({ without: () => read(plain), checksums: () => read(text), compressed: () => readCompressed(zipped) });
  const ratio = (value: number, of: number): string => `${(value / of).toFixed(2)} ×`;
  return [
    `of ${formatBytes(plain.length)}, ${LINES} lines, processor time against none of both:`,
    `checksums    writing ${ratio(write['checksums']!, write['without']!)}   reading ${ratio(reading['checksums']!, reading['without']!)}   length + ${formatPercent(text.length / plain.length - 1)}`,
    `compression  writing ${ratio(write['checksums']! + write['compressed']!, write['without']!)}   reading ${ratio(reading['compressed']!, reading['without']!)}   length ${formatPercent(zipped.length / text.length)}   ${(text.length / 1e3 / write['compressed']!).toFixed(0)} MB/s`,
    '',
  ].join('\n');
}
