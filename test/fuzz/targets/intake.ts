/** What the recorder is told: by hooks, by the calls themselves, by exports of traces, by servers' metrics. Whatever it is, lines of the format come of it. */
import { recordingLineSchema, type RecordingLine } from '../../../src/profile/recordingFormat.ts';
import { callTagSchema, hookEventSchema, readCallTag } from '../../../src/protocol/hook.ts';
import { RecorderLink } from '../../../src/recorder/link.ts';
import { readExport } from '../../../src/recorder/otlp/intake.ts';
import { Recorder } from '../../../src/recorder/recorder.ts';
import { parseServerLoad } from '../../../src/telemetry/serverMetrics.ts';
import { recorderOptions } from '../../sockets/proxyFixture.ts';
import { Input, reads } from '../pieces.ts';

const isLine = (line: RecordingLine) => recordingLineSchema.parse(JSON.parse(JSON.stringify(line)));

function newRecorder(): Recorder {
  return new Recorder(recorderOptions('full'), { append: isLine, onWarning: () => undefined, onProcess: () => undefined, onFrames: () => undefined, onCell: () => undefined, onOtlpTaken: () => undefined });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lines of an event file: those that are events are recorded. */
function hookEvents(bytes: Buffer): void {
  const recorder = newRecorder();
  for (const text of bytes.toString('utf8').split('\n')) {
    const event = hookEventSchema.safeParse(parseJson(text));
    if (event.success) recorder.hookEvent(event.data, { path: '/events-1-0.ndjson', pid: 1 });
    else recorder.malformedEvent(1);
  }
  recorder.end(0, null, 2);
}

function callTag(bytes: Buffer): void {
  const tag = readCallTag(bytes.toString('latin1'));
  if (tag !== null) callTagSchema.parse(tag);
  call(bytes.toString('latin1'), 'chat', Buffer.from('{"messages":[]}'), Buffer.from('{}'), 'application/json');
}

function call(tag: string | null, endpoint: 'chat' | 'completions' | 'responses' | 'messages' | 'embeddings' | 'ollama' | 'llamacpp' | 'models' | 'opaque', body: Buffer, answer: Buffer, contentType: string): void {
  const recorder = newRecorder();
  const link = new RecorderLink(({ messages, bytes, reads: columns }) => {
    for (const message of messages) if (message.type !== 'stop') recorder.take(message, Buffer.from(bytes.buffer), columns);
    link.taken(bytes.length);
  });
  link.begun({ type: 'begun', call: 1, at: 1, endpoint, method: 'POST', path: '/v1/x', tag, program: null, attempt: 1, traceparent: null, upstream: 'http://m/v1', stream: true, bytes: body.length }, body);
  link.send({ type: 'head', call: 1, at: 2, status: 200, contentType, contentEncoding: null, chunked: false, serverTimes: null });
  for (const [n, read] of reads(answer, answer.length).entries()) link.read(1, 3 + n, read);
  link.ended({ type: 'ended', call: 1, at: 1e6, status: 'ok', httpStatus: 200, error: null, bytes: answer.length });
  link.flush();
  if (recorder.callsInFlight !== 0) throw new Error('the call’s end was not recorded');
}

/** A request and its answer, in any API's words: both are strangers'. A zero byte stands between them. */
function calls(bytes: Buffer): void {
  const input = new Input(bytes);
  const endpoint = input.choose(['chat', 'completions', 'responses', 'messages', 'embeddings', 'ollama', 'llamacpp', 'models', 'opaque'] as const);
  const contentType = input.choose(['text/event-stream', 'application/json', 'application/x-ndjson', 'text/plain']);
  const { rest } = input;
  const border = rest.indexOf(0);
  call(null, endpoint, border < 0 ? rest : rest.subarray(0, border), border < 0 ? rest : rest.subarray(border + 1), contentType);
}

function otlp(bytes: Buffer): void {
  const input = new Input(bytes);
  const signal = input.choose([null, 'traces', 'logs', 'metrics'] as const);
  const contentType = input.choose(['application/x-protobuf', 'application/json']);
  const contentEncoding = input.choose([null, 'gzip', 'deflate']);
  const { lines } = readExport({ signal, contentType, contentEncoding, body: input.rest }, { startedAtEpoch: 0, cwd: '/' });
  for (const line of lines) isLine(line);
}

/** A page of metrics gives a load of numbers that can be, or none. */
function metrics(bytes: Buffer): void {
  const load = parseServerLoad(bytes.toString('utf8'));
  if (load === null) return;
  newRecorder().load(load, 1, 2);
}

export const intake = { hookEvents, callTag, calls, otlp, metrics };
