/** The ssh that a vLLM on another host runs under: the word to go on, the heartbeat, the word to end. */
import type { ChildProcess } from 'node:child_process';
import type { Milliseconds } from '../profile/units.ts';
import { ALIVE_EVERY_MS, CONNECTED_LINE, WORDS } from './remoteVllm.ts';

const PROBE_TIMEOUT_MS: Milliseconds = 3000;

export class RemoteProcess {
  readonly #child: ChildProcess;
  readonly #heartbeat: NodeJS.Timeout;
  #isConnected: () => void = () => undefined;
  readonly #connected = new Promise<'connected'>((resolve) => (this.#isConnected = () => resolve('connected')));

  constructor(child: ChildProcess) {
    this.#child = child;
    // What it can no longer be told, it knows by the end of the link.
    child.stdin?.on('error', () => undefined);
    this.#heartbeat = setInterval(() => this.#say(WORDS.alive), ALIVE_EVERY_MS);
    this.#heartbeat.unref();
    child.once('exit', () => clearInterval(this.#heartbeat));
  }

  /** @returns whether a line of the output is ours, and not of the server's log */
  takes(line: string): boolean {
    if (line !== CONNECTED_LINE) return false;
    this.#isConnected();
    return true;
  }

  /**
   * Has the server started once the link stands, unless something answers at its port there: that is somebody's.
   * @param url where the port there is reached
   * @param ended resolves when ssh has ended
   */
  async begin(url: string, ended: Promise<unknown>): Promise<'begun' | 'taken' | 'ended'> {
    if ((await Promise.race([this.#connected, ended])) !== 'connected') return 'ended';
    if (await isTaken(url)) return 'taken';
    this.#say(WORDS.go);
    return 'begun';
  }

  end(): void {
    this.#finish(WORDS.stop);
  }

  endNow(): void {
    this.#finish(WORDS.kill);
  }

  #finish(word: string): void {
    clearInterval(this.#heartbeat);
    if (this.#child.stdin?.writableEnded === false) this.#child.stdin.end(`${word}\n`);
  }

  #say(word: string): void {
    if (this.#child.stdin?.writableEnded === false) this.#child.stdin.write(`${word}\n`);
  }
}

/** Where nothing listens, ssh closes the connection at once; whoever keeps it open, or answers, is there. */
async function isTaken(url: string): Promise<boolean> {
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS), redirect: 'manual' })).body?.cancel();
    return true;
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError';
  }
}
