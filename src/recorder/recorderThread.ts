/** The recorder's thread: the serving thread's messages in, the recording out. */
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../profiler/clock.ts';
import type { Bytes } from '../profile/units.ts';
import { pageReader } from '../telemetry/metricsPage.ts';
import { MetricsPoller } from '../telemetry/metricsPoller.ts';
import { readPower } from '../telemetry/readPower.ts';
import { heldBytes } from './batch.ts';
import { microseconds } from './callRecord.ts';
import { HookEvents } from './hookEvents.ts';
import type { FromRecorder, RecorderBatch, RecorderOptions, ToRecorder } from './messages.ts';
import { Recorder } from './recorder.ts';
import { redactHeader, redactLine } from './redaction/redactLine.ts';
import { Redactor, toldOf } from './redaction/redactor.ts';
import { parseRedactionRules } from './redaction/rules.ts';
import { openSink } from './openSink.ts';
import type { RecordingSink } from './recordingSink.ts';
import { GREW_EVERY_MS, RecordingWriter } from './recordingWriter.ts';
import { SourceFiles } from './sourceFiles.ts';
import { Throttle } from './throttle.ts';

/** A word about each small batch would wake the serving thread for nothing. */
const TAKEN_EVERY_BYTES: Bytes = 1024 * 1024;

/** Runs for the thread's life; it ends with the message `closed`. */
export async function runRecorderThread(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('the recorder runs in a thread of the profiler');
  const options = workerData as RecorderOptions;
  const tell = (message: FromRecorder) => port.postMessage(message);
  const rules = parseRedactionRules(options.redact);
  let sink: RecordingSink | null = null;
  try {
    sink = await openSink(options.out, redactHeader(options.header, new Redactor(rules)), options.storage);
    tell({ type: 'opened' });
  } catch (error) {
    const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
    tell({ type: 'openFailed', code, message });
    // The calls are served all the same: the serving thread decides what this means.
  }
  let bytes = 0;
  const grew = new Throttle(GREW_EVERY_MS, () => tell({ type: 'grew', bytes }));
  let recorder: Recorder | null = null;
  const writer =
    sink === null
      ? null
      : new RecordingWriter(
          sink,
          {
            onGrew: (now) => {
              bytes = now;
              grew.call();
            },
            // Into the recording, too, where it will be read if the disk lets it.
            onLoss: (code, message) => recorder?.warn(code, message, monotonicMs()),
          },
          options.storage.mostBytes ?? Infinity,
        );
  const sources =
    writer === null
      ? null
      : new SourceFiles({ recording: options.out, capture: options.capture, append: (line) => writer.append(line), now: () => microseconds(monotonicMs() - options.startedAt) });
  const redactor = new Redactor(rules);
  recorder = new Recorder(options, {
    append: (line) => writer?.append(redactLine(line, redactor)),
    onWarning: (code, message) => tell({ type: 'warning', code, message }),
    onProcess: (pid) => tell({ type: 'process', pid }),
    onFrames: (frames, pid) => sources?.see(frames, pid),
    onCell: (file, text) => sources?.seeCell(file, text),
    onOtlpTaken: (request, outcome) => tell({ type: 'otlpTaken', request, outcome }),
  });
  const joined = recorder;
  const events = new HookEvents(options.eventsDir, {
    onEvent: (event, file) => joined.hookEvent(event, file),
    onMalformed: () => joined.malformedEvent(monotonicMs()),
  });
  const poller = options.metrics === null ? null : new MetricsPoller(pageReader(options.metrics), (load, asked, answered) => joined.load(load, asked, answered));
  poller?.begin();
  const { power } = options;
  const powerReader =
    power === null
      ? null
      : readPower(power, {
          onReading: (reading) => joined.power(power.source, reading),
          onTrouble: (code, message) => joined.warn(code, message, monotonicMs()),
        });

  const stop = async (message: Extract<ToRecorder, { type: 'stop' }>) => {
    await poller?.finish();
    powerReader?.close();
    events.readNow();
    events.close();
    await sources?.settled();
    await joined.settled();
    for (const words of toldOf(redactor)) joined.warn('redacted', words, message.at);
    joined.end(message.exitCode, message.signal, message.at);
    const total = (await writer?.close()) ?? 0;
    grew.cancel();
    tell({ type: 'closed', bytes: total });
    port.close();
  };
  let untold = 0;
  port.on('message', (batch: RecorderBatch) => {
    const { messages, reads, bytes: data } = batch;
    const received = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (const message of messages) {
      if (message.type === 'stop') {
        void stop(message);
        return;
      }
      if (message.type === 'begun') poller?.callBegan();
      if (message.type === 'ended') poller?.callEnded();
      joined.take(message, received, reads);
    }
    untold += heldBytes(batch);
    if (untold < TAKEN_EVERY_BYTES) return;
    tell({ type: 'taken', bytes: untold });
    untold = 0;
  });
}
