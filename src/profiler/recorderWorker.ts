/** The recorder's thread as the serving thread sees it. */
import { Worker } from 'node:worker_threads';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { heldBytes } from '../recorder/batch.ts';
import { RecorderLink } from '../recorder/link.ts';
import type { FromRecorder, OtlpOutcome, RecorderOptions } from '../recorder/messages.ts';
import { monotonicMs } from './clock.ts';

const CLOSE_PATIENCE_MS: Milliseconds = 10_000;

export interface RecorderListener {
  onGrew(bytes: Bytes): void;
  onWarning(code: string, message: string): void;
  onProcess(pid: number): void;
  onOtlpTaken(request: number, outcome: OtlpOutcome): void;
}

export class RecorderWorker {
  readonly link: RecorderLink;
  readonly #listener: RecorderListener;
  #worker: Worker | null = null;
  #bytes: Bytes = 0;
  #onClosed: (() => void) | null = null;

  constructor(listener: RecorderListener) {
    this.#listener = listener;
    // Without a thread (not yet, or no more) there is nowhere to record to; calls are served all the same.
    this.link = new RecorderLink((batch) => {
      if (this.#worker === null) this.link.taken(heldBytes(batch));
      else this.#worker.postMessage(batch, [batch.bytes.buffer as ArrayBuffer, batch.reads.buffer as ArrayBuffer]);
    });
  }

  /** Starts the thread. @returns null when the recording is open, else why it could not be made */
  start(script: string, options: RecorderOptions): Promise<{ code: string; message: string } | null> {
    return new Promise((resolve) => {
      const worker = new Worker(script, { workerData: options });
      this.#worker = worker;
      worker.on('message', (message: FromRecorder) => {
        switch (message.type) {
          case 'opened':
            resolve(null);
            return;
          case 'openFailed':
            resolve({ code: message.code, message: message.message });
            return;
          case 'grew':
            this.#bytes = message.bytes;
            this.#listener.onGrew(message.bytes);
            return;
          case 'warning':
            this.#listener.onWarning(message.code, message.message);
            return;
          case 'process':
            this.#listener.onProcess(message.pid);
            return;
          case 'taken':
            this.link.taken(message.bytes);
            return;
          case 'otlpTaken':
            this.#listener.onOtlpTaken(message.request, message.outcome);
            return;
          case 'closed':
            this.#bytes = message.bytes;
            this.#onClosed?.();
        }
      });
      worker.on('error', (error) => {
        this.#worker = null;
        resolve({ code: 'RECORDER', message: error.message });
        this.#listener.onWarning('recorderFailed', `The recording ends here: the recorder failed (${error.message}). The program runs on.`);
        this.#onClosed?.();
      });
    });
  }

  /** Ends the recording. @returns its length */
  async stop(exitCode: number | null, signal: string | null): Promise<Bytes> {
    if (this.#worker === null) return this.#bytes;
    const closed = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_PATIENCE_MS);
      this.#onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.link.tellOfDropped();
    this.link.send({ type: 'stop', at: monotonicMs(), exitCode, signal });
    this.link.flush();
    await closed;
    return this.#bytes;
  }
}
