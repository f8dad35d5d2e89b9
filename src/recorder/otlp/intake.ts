/** From an export's bytes to lines of the recording, or to what the exporter is told is wrong with them. */
import { gunzipSync, inflateSync } from 'node:zlib';
import { isAbsolute, resolve } from 'node:path';
import type { TraceSpanLine } from '../../profile/recordingFormat.ts';
import type { Bytes, Milliseconds } from '../../profile/units.ts';
import { MAX_EXPORT_BYTES, type OtlpOutcome, type OtlpSignal } from '../messages.ts';
import { meaningOf, sinceEpochMs } from './meaning.ts';
import { OtlpError, type OtlpSpan } from './otlpModel.ts';
import { checkJson, readTracesJson } from './readJson.ts';
import { checkProtobuf, readTracesProtobuf } from './readProtobuf.ts';

/** Of an export once it is unpacked; as it comes it is held to the same. */
const MAX_UNPACKED_BYTES: Bytes = MAX_EXPORT_BYTES;

const UNPACK: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Buffer>> = { gzip: gunzipSync, deflate: inflateSync };

export interface OtlpExport {
  /** Null: sent to the bare address, as LangSmith's exporter does; it is traces. */
  signal: OtlpSignal | null;
  contentType: string | null;
  contentEncoding: string | null;
  body: Buffer;
}

export interface OtlpClock {
  /** Wall clock at t = 0, ms since 1970. */
  startedAtEpoch: Milliseconds;
  /** Where the program runs: relative paths in spans are taken from there. */
  cwd: string;
}

/** Whether a body of this type is JSON; null for types that OTLP does not have. */
export function isJsonExport(contentType: string | null): boolean | null {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return true;
  return type === 'application/x-protobuf' || type === 'application/protobuf' ? false : null;
}

/** Reads an export. Logs and metrics are checked and left: what they could tell is measured at the proxy. */
export function readExport({ signal, contentType, contentEncoding, body }: OtlpExport, clock: OtlpClock): { lines: TraceSpanLine[]; outcome: OtlpOutcome } {
  const refuse = (status: 400 | 413 | 415, message: string) => ({ lines: [], outcome: { taken: false, status, message } as const });
  const json = isJsonExport(contentType);
  if (json === null) return refuse(415, 'Content-Type must be application/x-protobuf or application/json.');
  const coding = contentEncoding?.trim().toLowerCase() ?? 'identity';
  const unpack = coding === 'identity' ? null : UNPACK[coding];
  if (unpack === undefined) return refuse(415, 'Content-Encoding must be gzip, deflate or none.');
  let bytes = body;
  try {
    if (unpack !== null) bytes = unpack(body, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return tooLarge ? refuse(413, `Unpacked, the export is larger than ${MAX_UNPACKED_BYTES / 1024 / 1024} MiB.`) : refuse(400, `The export is not valid ${coding}.`);
  }
  try {
    if (signal === 'logs' || signal === 'metrics') {
      if (json) checkJson(bytes.toString('utf8'));
      else checkProtobuf(bytes);
      return { lines: [], outcome: { taken: true, rejected: 0, message: '' } };
    }
    const spans = json ? readTracesJson(bytes.toString('utf8')) : readTracesProtobuf(bytes);
    const lines = spans.flatMap((span) => lineOf(span, clock) ?? []);
    const rejected = spans.length - lines.length;
    return { lines, outcome: { taken: true, rejected, message: rejected === 0 ? '' : 'Spans without valid ids or times were left out.' } };
  } catch (error) {
    if (error instanceof OtlpError) return refuse(400, `The export is ${error.message}.`);
    throw error;
  }
}

function lineOf(span: OtlpSpan, { startedAtEpoch, cwd }: OtlpClock): TraceSpanLine | null {
  const meaning = meaningOf(span, (path) => ownFile(path, cwd));
  if (meaning === null) return null;
  const at = (ns: bigint) => Math.round(sinceEpochMs(ns, startedAtEpoch) * 1000) / 1000;
  return { type: 'traceSpan', t: at(span.startNs), end: at(span.endNs), ...meaning };
}

/** Files of packages are nobody's own lines. */
function ownFile(path: string, cwd: string): string | null {
  if (/[\\/](?:node_modules|site-packages|dist-packages)[\\/]|^(?:node:|<)/.test(path)) return null;
  return isAbsolute(path) ? path : resolve(cwd, path);
}
