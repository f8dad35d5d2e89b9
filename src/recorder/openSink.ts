/** Opens what a recorder writes to. */
import { existsSync } from 'node:fs';
import { withChecksum } from '../profile/lineChecksum.ts';
import type { HeaderLine } from '../profile/recordingFormat.ts';
import type { Storage } from '../protocol/storage.ts';
import { crc32 } from './crc32.ts';
import { createRecordingFile } from './createRecordingFile.ts';
import { partPath } from './recordingNames.ts';
import { RecordingSink, type LastRoom } from './recordingSink.ts';
import { Reserve, RESERVE_BYTES, sweepReserves } from './reserve.ts';

/** A header's length does not depend on a part's number by more than this one's digits. */
const MOST_PARTS = 10_000_000;

/** @throws NodeJS.ErrnoException (`EEXIST`, `EACCES`, `EROFS`, `ENOSPC`, …) */
export async function openSink(out: string, header: HeaderLine, { compress, partBytes }: Storage): Promise<RecordingSink> {
  const second = partPath(out, 2);
  // What is left of another recording would stop this one when its turn comes.
  if (partBytes !== null && existsSync(second)) throw Object.assign(new Error(`EEXIST: file already exists, open '${second}'`), { code: 'EEXIST' });
  const headerOf = (part: number) => `${withChecksum(JSON.stringify({ ...header, part }), crc32)}\n`;
  const parts = partBytes === null ? null : { bytes: partBytes, open: (part: number) => createRecordingFile(partPath(out, part)), header: headerOf };
  const file = await createRecordingFile(out);
  return new RecordingSink(file, { compress, parts, lastRoom: roomBeside(out, headerOf) });
}

/** Room for the end of a recording; null where there is none to be had. Never rejects. */
export async function roomBeside(out: string, headerOf: (part: number) => string): Promise<LastRoom | null> {
  await sweepReserves(out);
  const reserve = await Reserve.take(out);
  if (reserve === null) return null;
  const longestHeader = Buffer.byteLength(headerOf(MOST_PARTS));
  return {
    bytes: Math.max(0, RESERVE_BYTES - longestHeader),
    write: async (part, lines, replaces) => {
      const path = partPath(out, part);
      if (!replaces && existsSync(path)) throw Object.assign(new Error(`EEXIST: file already exists, rename to '${path}'`), { code: 'EEXIST' });
      // The recording's own header is its first line.
      const contents = part === 1 ? lines : Buffer.concat([Buffer.from(headerOf(part)), lines]);
      await reserve.become(path, contents);
      return contents.length;
    },
    release: () => reserve.release(),
  };
}
