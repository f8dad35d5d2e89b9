/** Writes what is too long for one string. */
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';

/** About so many characters are written at once. */
const BATCH_CHARS = 1 << 20;

function* batches(pieces: Iterable<string>): Generator<string> {
  let waiting: string[] = [];
  let chars = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    chars += piece.length;
    if (chars < BATCH_CHARS) continue;
    yield waiting.join('');
    waiting = [];
    chars = 0;
  }
  yield waiting.join('');
}

/** Writes to stdout, as fast as it is read, and no further than it is: `| head` has had enough. */
export async function printPieces(pieces: Iterable<string>): Promise<void> {
  for (const batch of batches(pieces)) {
    if (!process.stdout.writable) return;
    if (process.stdout.write(batch)) continue;
    try {
      await once(process.stdout, 'drain');
    } catch (error) {
      if (isClosedByReader(error)) return;
      throw error;
    }
  }
}

/** Whether who reads what is printed has gone. */
export function isClosedByReader(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}

/**
 * Writes a file that its owner alone can read.
 * @throws NodeJS.ErrnoException
 */
export function writePieces(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, 'w', 0o600);
  try {
    for (const batch of batches(pieces)) {
      const bytes = Buffer.from(batch);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    }
  } finally {
    closeSync(file);
  }
}
