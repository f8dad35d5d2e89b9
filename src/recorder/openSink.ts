/** Opens what a recorder writes to. */
import { existsSync } from 'node:fs';
import { withChecksum } from '../profile/lineChecksum.ts';
import type { HeaderLine } from '../profile/recordingFormat.ts';
import type { Storage } from '../protocol/storage.ts';
import { crc32 } from './crc32.ts';
import { createRecordingFile } from './createRecordingFile.ts';
import { partPath } from './recordingNames.ts';
import { RecordingSink } from './recordingSink.ts';

/** @throws NodeJS.ErrnoException (`EEXIST`, `EACCES`, `EROFS`, `ENOSPC`, …) */
export async function openSink(out: string, header: HeaderLine, { compress, partBytes }: Storage): Promise<RecordingSink> {
  const second = partPath(out, 2);
  // What is left of another recording would stop this one when its turn comes.
  if (partBytes !== null && existsSync(second)) throw Object.assign(new Error(`EEXIST: file already exists, open '${second}'`), { code: 'EEXIST' });
  const parts =
    partBytes === null
      ? null
      : {
          bytes: partBytes,
          open: (part: number) => createRecordingFile(partPath(out, part)),
          header: (part: number) => `${withChecksum(JSON.stringify({ ...header, part }), crc32)}\n`,
        };
  return new RecordingSink(await createRecordingFile(out), { compress, parts });
}
