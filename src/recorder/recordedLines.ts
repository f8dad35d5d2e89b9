/** A recording's lines, whatever is in them, in bounded memory. */
import { createReadStream } from 'node:fs';
import { RecordedText } from './recordedText.ts';
import { partsInOrder } from './recordingParts.ts';

/** A longer line is taken for damage, as readers do. */
const LONGEST_LINE_CHARS = 128 * 1024 * 1024;

/** Between lines: the recording goes on in its next file; that file is not there; a stretch could not be decompressed, and what number the next line has, where that is known. */
export const NEXT_PART = Symbol('next part');
export const MISSING = Symbol('missing');
export const LOST = Symbol('lost');
export type Recorded = string | typeof NEXT_PART | typeof MISSING | typeof LOST | { line: number };

/**
 * The lines of all parts of a recording; the last one without its line end, too.
 * @throws NodeJS.ErrnoException
 */
export async function* recordedLines(recording: string): AsyncGenerator<Recorded> {
  for (const [index, part] of (await partsInOrder(recording)).entries()) {
    if (index > 0) yield NEXT_PART;
    if (part === null) yield MISSING;
    else yield* linesOf(part);
  }
}

async function* linesOf(file: string): AsyncGenerator<Recorded> {
  let found: Recorded[] = [];
  /** The beginning of a line, in the pieces in which it came, up to the longest that is read. */
  let pieces: string[] = [];
  let chars = 0;
  const begin = (): void => {
    pieces = [];
    chars = 0;
  };
  const text = new RecordedText({
    onText: (piece) => {
      for (const [index, part] of piece.split('\n').entries()) {
        if (index > 0) {
          found.push(pieces.join(''));
          begin();
        }
        chars += part.length;
        if (part !== '' && chars <= LONGEST_LINE_CHARS) pieces.push(part);
      }
    },
    onLost: () => {
      found.push(LOST);
      begin();
    },
    onResumed: (line) => found.push({ line }),
  });
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) {
    await text.write(bytes as Buffer);
    yield* found;
    found = [];
  }
  await text.end();
  yield* found;
  const last = pieces.join('');
  if (last !== '') yield last;
}
