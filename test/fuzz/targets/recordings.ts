/** Files that people open. */
import { analyze } from '../../../src/analysis/analyze.ts';
import { RecordingReader } from '../../../src/profile/readRecording.ts';
import { RecordingError } from '../../../src/profile/recordingFormat.ts';
import type { Profile } from '../../../src/profile/model.ts';
import { reportSchema } from '../../../src/profile/report.ts';
import { Input, reads, same } from '../pieces.ts';

const HEADER = JSON.stringify({
  type: 'header', format: 'agent-cost/recording', version: 2, id: 'r', name: 'n', startedAt: '2026-01-01T00:00:00.000Z', command: [], cwd: '/', capture: 'full',
  backend: { kind: 'vllm', url: null, version: null, model: null, gpu: null, simulated: false }, gpuProfile: null, modelProfile: null, priceProfile: null, gpuCount: 1, producer: { name: 'p', version: '0' },
});

function read(pieces: string[]): Profile | string {
  const reader = new RecordingReader();
  try {
    for (const piece of pieces) reader.push(piece);
    reader.finish();
    return reader.profile;
  } catch (error) {
    if (RecordingError.is(error)) return error.message;
    throw error;
  }
}

/** Any file is a recording with a report, or is refused in words; the same in whatever pieces it is read. */
function recording(bytes: Buffer): void {
  const input = new Input(bytes);
  const text = input.choose(['', `${HEADER}\n`]) + input.rest.toString('utf8');
  const profile = read([text]);
  same(profile, read(reads(Buffer.from(text, 'utf16le'), bytes.length * 2).reduce<{ rest: Buffer; texts: string[] }>(inWholeUnits, { rest: Buffer.alloc(0), texts: [] }).texts), 'recordings in one piece and in many');
  if (typeof profile !== 'string') reportSchema.parse(JSON.parse(JSON.stringify(analyze(profile, {}).report)));
}

/** Pieces of UTF-16 as text, cut between its units only. */
function inWholeUnits({ rest, texts }: { rest: Buffer; texts: string[] }, piece: Buffer): { rest: Buffer; texts: string[] } {
  const all = Buffer.concat([rest, piece]);
  const end = all.length - (all.length % 2);
  return { rest: all.subarray(end), texts: [...texts, all.toString('utf16le', 0, end)] };
}

export const recordings = { recording };
