/** Keeps a command running that prints power, here or on another host, and reads what it prints. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Milliseconds } from '../profile/units.ts';
import { posixWord } from '../protocol/ssh.ts';
import { monotonicMs } from '../profiler/clock.ts';
import { refusedField } from './nvidiaSmi.ts';
import { powerRows } from './powerRows.ts';
import { INSTEAD, type PowerCommandSpec, type PowerListener, type PowerReader } from './powerSource.ts';

/** How often the board renews its reading (measured: H100 and H200, driver 580). */
export const POWER_EVERY_MS: Milliseconds = 100;
const ECHOES = 5;
const MAX_STARTS_WITHOUT_READING = 3;
const RESTART_AFTER_MS: Milliseconds = 1000;
/** Of what it says instead of rows, as much as explains the trouble. */
const MAX_COMPLAINT = 300;

/** Wraps arguments for `sh -c` on the other side: echoes lines first, then becomes the program. */
export function echoingScript(argv: readonly string[]): string {
  const quoted = argv.map(posixWord).join(' ');
  return `i=0; while [ $i -lt ${ECHOES} ]; do read -r l || exit 1; echo "$l"; i=$((i+1)); done; exec ${quoted}`;
}

export class PowerCommand implements PowerReader {
  readonly #spec: PowerCommandSpec;
  readonly #listener: PowerListener;
  #command = 0;
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  #startsWithoutReading = 0;
  #told = false;
  #hasRead = false;

  constructor(spec: PowerCommandSpec, listener: PowerListener) {
    this.#spec = spec;
    this.#listener = listener;
    this.#start();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#child?.kill();
  }

  #start(): void {
    this.#timer = null;
    const command = this.#spec.commands[this.#command];
    const [program, ...args] = command?.argv ?? [];
    if (command === undefined || program === undefined) return;
    this.#startsWithoutReading++;
    const child = spawn(program, args, { stdio: [this.#spec.echoes ? 'pipe' : 'ignore', 'pipe', 'pipe'], windowsHide: true });
    this.#child = child;
    let complaint = '';
    const complain = (text: string) => {
      if (complaint.length < MAX_COMPLAINT) complaint = `${complaint}${text}\n`.slice(0, MAX_COMPLAINT);
    };
    const rows = powerRows(this.#spec.format, command.field, this.#spec.gpus, (at, watts, overMs, gpus, utilization) => {
      if (this.#closed) return;
      this.#startsWithoutReading = 0;
      this.#hasRead = true;
      this.#listener.onReading({ at, watts, joules: null, overMs, ...(gpus === undefined ? {} : { gpus }), ...(utilization ? { utilization } : {}) });
    });
    const echoes = this.#spec.echoes ? new Echoes((line) => child.stdin?.write(line)) : null;
    let echoing = echoes !== null;
    onLines(child.stdout, (line) => {
      if (echoing && echoes !== null) {
        if (!echoes.take(line)) return;
        rows.setDelay(echoes.leastRoundTrip / 2);
        echoing = false;
      } else if (!rows.take(line, monotonicMs())) complain(line);
    });
    onLines(child.stderr, complain);
    // A broken pipe shows as the child's end.
    child.stdin?.on('error', () => undefined);
    echoes?.begin();
    child.on('error', (error) => complain(error.message));
    child.on('close', () => {
      if (this.#child !== child || this.#closed) return;
      this.#child = null;
      this.#ended(complaint.trim(), command.field);
    });
  }

  #ended(complaint: string, field: string): void {
    if (refusedField(complaint) === field && this.#command + 1 < this.#spec.commands.length) {
      this.#command++;
      this.#startsWithoutReading = 0;
      this.#start();
      return;
    }
    if (this.#startsWithoutReading < MAX_STARTS_WITHOUT_READING) {
      this.#timer = setTimeout(() => this.#start(), RESTART_AFTER_MS);
      return;
    }
    if (this.#told) return;
    this.#told = true;
    this.#listener.onTrouble('powerUnread', `The GPU's power ${this.#hasRead ? 'can no longer' : 'cannot'} be read from ${this.#spec.source}: ${complaint === '' ? 'it ends without a reading' : complaint.replaceAll('\n', ' ')}. ${INSTEAD}`);
  }
}

/** Times the way to a remote program by lines that it sends back, one after the other. */
class Echoes {
  leastRoundTrip: Milliseconds = Infinity;
  readonly #write: (line: string) => void;
  #number = 0;
  #sentAt: Milliseconds = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  begin(): void {
    this.#sentAt = monotonicMs();
    this.#write(`agent-cost-${this.#number}\n`);
  }

  /** @returns whether this was the last one. Other lines (a greeting of the host's) are passed over. */
  take(line: string): boolean {
    if (line.trim() !== `agent-cost-${this.#number}`) return false;
    // The first one's time is that of the connection, too.
    if (this.#number > 0) this.leastRoundTrip = Math.min(this.leastRoundTrip, monotonicMs() - this.#sentAt);
    if (++this.#number === ECHOES) return true;
    this.begin();
    return false;
  }
}

/** Whole lines of a stream as they arrive; what is left without an end when it closes is no line. */
function onLines(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) take(line.replace(/\r$/, ''));
  });
}
