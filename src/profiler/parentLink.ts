/** The line to the parent: its messages in from stdin, ours out to stdout, never waiting for it to read. */
import { toProfilerSchema, type FromProfiler, type ToProfiler } from '../protocol/profiler.ts';

const MAX_LINE_CHARS = 16 * 1024 * 1024;

export interface ParentListener {
  /** The first line: the options, as parsed JSON. */
  onOptions(json: unknown): void;
  onMessage(message: ToProfiler): void;
  /** The parent is gone, or has closed our stdin. */
  onGone(): void;
}

export class ParentLink {
  #latestGrowth: FromProfiler | null = null;
  #dropped = 0;

  constructor(listener: ParentListener) {
    let rest = '';
    let first = true;
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (text: string) => {
      rest += text;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        let json: unknown;
        try {
          json = JSON.parse(line);
        } catch {
          json = undefined;
        }
        if (first) {
          first = false;
          listener.onOptions(json);
          continue;
        }
        const message = toProfilerSchema.safeParse(json);
        if (message.success) listener.onMessage(message.data);
        else this.log('a message from the parent was not understood');
      }
      if (rest.length > MAX_LINE_CHARS) rest = '';
    });
    const gone = () => listener.onGone();
    process.stdin.on('end', gone).on('error', gone);
    // A parent that has died reads nothing any more; that it is gone is learned from stdin.
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
    process.stdout.on('drain', () => {
      const growth = this.#latestGrowth;
      this.#latestGrowth = null;
      if (growth !== null) this.say(growth);
    });
  }

  /** Sends a message; while the parent does not read, only the latest growth is kept, and the rest is in the recording. */
  say(message: FromProfiler): void {
    if (process.stdout.writableNeedDrain && message.type !== 'fatal' && message.type !== 'closed') {
      if (message.type === 'grew') this.#latestGrowth = message;
      else this.#dropped++;
      return;
    }
    process.stdout.write(`${JSON.stringify(message)}\n`);
  }

  log(text: string): void {
    if (!process.stderr.writableNeedDrain) process.stderr.write(`${text}\n`);
  }

  /** Sends a last message and resolves when it is out, or the parent has had its time to read. */
  async sayLast(message: FromProfiler, patienceMs: number): Promise<void> {
    if (this.#dropped > 0) this.log(`${this.#dropped} messages were dropped while the parent did not read`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      process.stdout.write(`${JSON.stringify(message)}\n`, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
