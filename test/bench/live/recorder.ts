/** The recorder's part: writes 2,000 lines a second as its thread does, each with the time at which it was to be recorded. */
import { parentPort, workerData } from 'node:worker_threads';
import { PLAIN_STORAGE } from '../../../src/protocol/storage.ts';
import { openSink } from '../../../src/recorder/openSink.ts';
import { GREW_EVERY_MS, RecordingWriter } from '../../../src/recorder/recordingWriter.ts';
import { Throttle } from '../../../src/recorder/throttle.ts';
import { bigRecording, LINES_PER_STEP } from '../../fixtures/bigRecording.ts';
import type { HeaderLine, RecordingLine } from '../../../src/profile/recordingFormat.ts';

const TICK_MS = 2;
const { file, seconds, perSecond } = workerData as { file: string; seconds: number; perSecond: number };
const startedAt = new Date().toISOString();
const now = (): number => performance.timeOrigin + performance.now() - Date.parse(startedAt);

let bytes = 0;
const grew = new Throttle(GREW_EVERY_MS, () => parentPort?.postMessage({ bytes }));
const [header, ...lines] = [...bigRecording(Math.ceil((seconds * perSecond) / LINES_PER_STEP), { startedAt })] as [HeaderLine, ...Exclude<RecordingLine, HeaderLine>[]];
const writer = new RecordingWriter(await openSink(file, header, PLAIN_STORAGE), {
  onGrew: (length) => {
    bytes = length;
    grew.call();
  },
  onLoss: (_code, message) => console.error(message),
});
writer.append(header);
const begun = now();
let next = 0;
const ticks = setInterval(() => {
  const due = Math.min(lines.length, Math.floor(((now() - begun) / 1000) * perSecond));
  for (; next < due; next++) {
    const line = lines[next]!;
    const t = begun + (next * 1000) / perSecond;
    writer.append(line.type === 'callEnd' ? { ...line, t, firstTokenAt: null, chunkGaps: [] } : { ...line, t });
  }
  if (next < lines.length) return;
  clearInterval(ticks);
  void writer.close().then((length) => parentPort?.postMessage({ bytes: length, done: true }));
}, TICK_MS);
