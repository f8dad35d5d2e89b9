/** A long run that was recorded and analysed here is kept as the editor keeps those that it opens, so that it opens at once there, and here. */
import { existsSync } from 'node:fs';
import { ColumnDocument } from '../analysis/columnDocument.ts';
import type { Accounting } from '../profile/accounting.ts';
import { ENGLISH } from '../profile/language.ts';
import { LONG_RECORDING_BYTES } from '../profile/recordingSize.ts';
import { KeptRecording, makerOf } from '../recorder/keptDocuments.ts';
import { keptDocumentsFolder } from '../recorder/keptDocumentsFolder.ts';
import { foundRecording } from '../recorder/recordingParts.ts';
import { installation } from './installation.ts';

/**
 * Where a recording's document is to be kept, asked for before it is read; null where it need not be: it is short, or no editor has
 * looked for recordings here; and where it cannot be.
 */
export async function keptOf(recording: string, accounting: Accounting): Promise<KeptRecording | null> {
  const folder = keptDocumentsFolder();
  if (!existsSync(folder)) return null;
  try {
    if ((await foundRecording(recording)).size <= LONG_RECORDING_BYTES) return null;
    return await KeptRecording.of(recording, { folder, maker: await makerOf(installation().analysis) }, [accounting, ENGLISH]);
  } catch {
    // Who reads the recording says what is wrong with it; an installation without the editor's parts keeps nothing.
    return null;
  }
}

/** A recording's document as it was kept at the end of its run, the same as analysed anew; null where none is. */
export async function keptDocument(recording: string, accounting: Accounting): Promise<ColumnDocument | null> {
  const known = await (await keptOf(recording, accounting))?.read();
  return known ? new ColumnDocument([...known.messages], known.rows) : null;
}
