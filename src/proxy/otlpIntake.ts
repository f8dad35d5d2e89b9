/**
 * Takes exports of programs' own tracing (OTLP/HTTP). Here they are only gathered and answered: what is in them is read in
 * the recorder's thread, which says whether it could.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Milliseconds } from '../profile/units.ts';
import type { RecorderLink } from '../recorder/link.ts';
import { MAX_EXPORT_BYTES, type OtlpOutcome } from '../recorder/messages.ts';
import type { ClientConnection, RequestHead } from './clientConnection.ts';
import { headerValue } from './responseReader.ts';
import type { OtlpRoute } from './route.ts';

/** A recorder that takes longer has other troubles; exporters ask again after a 503. */
const PATIENCE_MS: Milliseconds = 10_000;
/** google.rpc.Code */
const CODES = { 400: 3, 413: 8, 415: 3, 503: 14 } as const;
const REASONS = { 200: 'OK', 400: 'Bad Request', 413: 'Content Too Large', 415: 'Unsupported Media Type', 503: 'Service Unavailable' } as const;

const { Varint: VARINT, LengthDelimited: LENGTH_DELIMITED } = WireType;

type Refusal = keyof typeof CODES;

export class OtlpIntake {
  readonly #recorder: RecorderLink;
  readonly #waiting = new Map<number, (outcome: OtlpOutcome) => void>();
  #requests = 0;

  constructor(recorder: RecorderLink) {
    this.#recorder = recorder;
  }

  take(request: RequestHead, client: ClientConnection, { signal }: OtlpRoute): void {
    const contentType = headerValue(request.headers, 'content-type');
    const answer = new Answer(client, contentType);
    if (typeof request.body === 'number' && request.body > MAX_EXPORT_BYTES) {
      answer.refuse(413, tooLarge());
      return;
    }
    const parts: Buffer[] = [];
    let bytes = 0;
    client.accept({
      onBody: (part) => {
        if (answer.given) return;
        parts.push(part);
        bytes += part.length;
        if (bytes > MAX_EXPORT_BYTES) answer.refuse(413, tooLarge());
      },
      onBodyEnd: () => {
        if (answer.given) return;
        const number = ++this.#requests;
        const timer = setTimeout(() => {
          this.#waiting.delete(number);
          answer.refuse(503, 'The recorder does not answer.');
        }, PATIENCE_MS);
        timer.unref();
        this.#waiting.set(number, (outcome) => {
          clearTimeout(timer);
          if (outcome.taken) answer.accept(outcome.rejected, outcome.message);
          else answer.refuse(outcome.status, outcome.message);
        });
        this.#recorder.otlp({ request: number, signal, contentType, contentEncoding: headerValue(request.headers, 'content-encoding') }, parts.length === 1 ? parts[0]! : Buffer.concat(parts));
      },
      onGone: () => answer.drop(),
    });
  }

  /** The recorder has read an export. */
  taken(request: number, outcome: OtlpOutcome): void {
    this.#waiting.get(request)?.(outcome);
    this.#waiting.delete(request);
  }
}

function tooLarge(): string {
  return `An export may be of ${MAX_EXPORT_BYTES / 1024 / 1024} MiB at most; export smaller batches.`;
}

/** The one answer that an export gets, in the words that it came in: JSON or protobuf. */
class Answer {
  readonly #client: ClientConnection;
  readonly #json: boolean;
  #given = false;

  constructor(client: ClientConnection, contentType: string | null) {
    this.#client = client;
    this.#json = contentType?.toLowerCase().startsWith('application/json') ?? false;
  }

  get given(): boolean {
    return this.#given;
  }

  accept(rejected: number, message: string): void {
    const partial = rejected > 0;
    if (this.#json) this.#send(200, Buffer.from(JSON.stringify(partial ? { partialSuccess: { rejectedSpans: String(rejected), errorMessage: message } } : {})));
    // ExportTraceServiceResponse: partial_success = 1 { rejected_spans = 1, error_message = 2 }.
    else this.#send(200, partial ? new BinaryWriter().tag(1, LENGTH_DELIMITED).fork().tag(1, VARINT).int64(rejected).tag(2, LENGTH_DELIMITED).string(message).join().finish() : new Uint8Array());
  }

  /** A google.rpc.Status: code = 1, message = 2. */
  refuse(status: Refusal, message: string): void {
    const code = CODES[status];
    this.#send(status, this.#json ? Buffer.from(JSON.stringify({ code, message })) : new BinaryWriter().tag(1, VARINT).int32(code).tag(2, LENGTH_DELIMITED).string(message).finish());
  }

  /** Nobody is there to answer any more. */
  drop(): void {
    this.#given = true;
  }

  #send(status: keyof typeof REASONS, body: Uint8Array): void {
    if (this.#given) return;
    this.#given = true;
    const keepAlive = status !== 413 && this.#client.keepsAlive;
    const headers = ['Content-Type', this.#json ? 'application/json' : 'application/x-protobuf', 'Content-Length', String(body.length)];
    if (status === 503) headers.push('Retry-After', '5');
    this.#client.start(status, REASONS[status], headers, Buffer.from(body), keepAlive);
    this.#client.finish(keepAlive);
  }
}
