/** The computer-algebra library in a thread of its own, which is ended when a question takes too long. */
import { Worker } from 'node:worker_threads';
import type { Milliseconds } from '../benchmark.ts';
import type { AlgebraReply, AlgebraRequest } from './algebraWorker.ts';
import type { Interpretation } from './query.ts';

/** Enough to load the library on a busy machine; questions of this kind take some milliseconds. */
const LONGEST_MS: Milliseconds = 15_000;

type Question = { kind: 'equivalent'; answer: string; expected: string } | { kind: 'query'; text: string };

let thread: Worker | null = null;
/** One question at a time: what comes behind one that never ends must not be lost with it. */
let queue: Promise<unknown> = Promise.resolve();
let lastId = 0;

/** Is the answer the same mathematics? One that takes too long to tell is not. */
export async function areEquivalentInTime(answer: string, expected: string, longestMs = LONGEST_MS): Promise<boolean> {
  return (await ask({ kind: 'equivalent', answer, expected }, longestMs)) === true;
}

/** What a query gives; null when it is not understood or takes too long. */
export async function interpretInTime(text: string): Promise<Interpretation | null> {
  return (await ask({ kind: 'query', text }, LONGEST_MS)) as Interpretation | null;
}

function ask(question: Question, longestMs: Milliseconds): Promise<unknown> {
  const answered = queue.then(() => askNow(question, longestMs));
  queue = answered.catch(() => undefined);
  return answered;
}

function askNow(question: Question, longestMs: Milliseconds): Promise<unknown> {
  const worker = (thread ??= startThread());
  const id = ++lastId;
  return new Promise((resolve) => {
    const finish = (result: unknown) => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.unref();
      resolve(result);
    };
    const onMessage = (reply: AlgebraReply) => {
      // What the library refuses is no answer.
      if (reply.id === id) finish('result' in reply ? reply.result : null);
    };
    const onError = () => {
      thread = null;
      finish(null);
    };
    const timer = setTimeout(() => {
      thread = null;
      void worker.terminate();
      finish(null);
    }, longestMs);
    worker.ref();
    worker.on('message', onMessage);
    // Out of memory, for one.
    worker.on('error', onError);
    worker.postMessage({ id, ...question } satisfies AlgebraRequest);
  });
}

function startThread(): Worker {
  return new Worker(new URL('./algebraWorker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: 512 } });
}
