/** Calls through a target: one after the other, or so many at once for a while. */
import { monotonicMs } from '../../../src/profiler/clock.ts';
import type { Target } from './targets.ts';
import type { Wire } from './wire.ts';

export interface RequestKind {
  model: string;
  stream: boolean;
  promptBytes: number;
}

const SENTENCE = 'Which magazine was started first, Arthur’s Magazine or First for Women? ';

/** A prompt of so many bytes of UTF-8, in messages of a conversation's size. */
function messages(bytes: number): { role: string; content: string }[] {
  const each = Math.min(bytes, 8192);
  return Array.from({ length: Math.max(1, Math.round(bytes / each)) }, (_, n) => {
    const text = `${n} ${SENTENCE.repeat(Math.ceil(each / SENTENCE.length))}`;
    return { role: n % 2 === 0 ? 'user' : 'assistant', content: Buffer.from(text).subarray(0, each).toString().replaceAll('\uFFFD', '') };
  });
}

/** The request's bytes: head, and body apart where it is long. */
export function requestBytes(target: Target, { model, stream, promptBytes }: RequestKind): Buffer[] {
  const body = Buffer.from(JSON.stringify({ model, ...(stream ? { stream: true } : {}), messages: messages(promptBytes) }));
  const head = `POST ${target.path}/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n${target.headers.map((line) => `${line}\r\n`).join('')}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return body.length < 65_536 ? [Buffer.concat([Buffer.from(head), body])] : [Buffer.from(head), body];
}

export interface SliceResult {
  /** ms of each call that was answered. */
  times: number[];
  ms: number;
  failed: number;
}

/** Keeps `atOnce` calls going for `forMs`, then lets those under way end, for `patienceMs` at most. */
export async function slice(wires: readonly Wire[], request: readonly Buffer[], atOnce: number, forMs: number, patienceMs: number): Promise<SliceResult> {
  const began = monotonicMs();
  const result: SliceResult = { times: [], ms: 0, failed: 0 };
  let endedAt = began;
  let givenUp = false;
  const run = async (wire: Wire) => {
    do {
      try {
        result.times.push((await wire.call(request)).ms);
        endedAt = monotonicMs();
      } catch {
        if (!givenUp) result.failed++;
        // A peer that refuses at once would be asked without end.
        if (result.failed > atOnce) return;
      }
    } while (monotonicMs() - began < forMs);
  };
  const timer = setTimeout(() => {
    givenUp = true;
    for (const wire of wires) wire.close();
  }, forMs + patienceMs);
  await Promise.all(wires.slice(0, atOnce).map(run));
  clearTimeout(timer);
  result.ms = givenUp ? forMs + patienceMs : endedAt - began;
  return result;
}
