/** The profiler process: starts everything, serves until it is told to stop or nobody is left to serve, closes in order. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { version } from '../../package.json';
import { profilerOptionsSchema, type ProfilerOptions, type ToProfiler } from '../protocol/profiler.ts';
import { PLAIN_STORAGE } from '../protocol/storage.ts';
import { RECORDING_FORMAT, RECORDING_VERSION, type HeaderLine } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { startProxy, type Proxy } from '../proxy/server.ts';
import { Upstreams } from '../proxy/upstreams.ts';
import { readyBackend, type ReadyBackend } from './backends.ts';
import { monotonicMs } from './clock.ts';
import { ParentLink } from './parentLink.ts';
import { isAlive } from './processes.ts';
import { ProfilerError } from './profilerError.ts';
import { RecorderWorker } from './recorderWorker.ts';
import { createSessionFolder, removeSessionFolder, sweepSessionFolders, writeSessionFile } from './sessionFolder.ts';
import { parseRedactionRules, RedactionRuleError } from '../recorder/redaction/rules.ts';
import { maskSecrets } from './maskSecrets.ts';

const LOOK_FOR_PROGRAMS_EVERY_MS: Milliseconds = 250;
const LAST_MESSAGE_PATIENCE_MS: Milliseconds = 1000;
const FATAL_EXIT_CODE = 2;

/** Error codes of a place that cannot be written: the program is to run all the same. */
const UNWRITABLE: Record<string, string> = {
  EACCES: 'it may not be written',
  EPERM: 'it may not be written',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** Runs the process. @param script the bundle that is running, which is also the recorder thread's */
export function runProfiler(script: string): void {
  const profiler = new ProfilerProcess(script);
  process.on('SIGTERM', () => void profiler.close(null, null));
  process.on('SIGINT', () => void profiler.close(null, null));
  // One exchange's trouble must not take the others with it.
  process.on('uncaughtException', (error) => profiler.trouble(error));
  process.on('unhandledRejection', (error) => profiler.trouble(error));
}

class ProfilerProcess {
  readonly #script: string;
  readonly #parent: ParentLink;
  readonly #recorder: RecorderWorker;
  readonly #programs = new Set<number>();
  #backend: ReadyBackend | null = null;
  #proxy: Proxy | null = null;
  #folder: string | null = null;
  #closing = false;
  #started = false;
  #parentGone = false;
  /** Since when a debugger holds the program. */
  #heldSince: Milliseconds | null = null;

  constructor(script: string) {
    this.#script = script;
    this.#recorder = new RecorderWorker({
      onGrew: (bytes) => this.#parent.say({ type: 'grew', bytes }),
      onWarning: (code, message) => this.#parent.say({ type: 'warning', code, message }),
      onProcess: (pid) => this.#programs.add(pid),
      onOtlpTaken: (request, outcome) => this.#proxy?.otlpTaken(request, outcome),
    });
    this.#parent = new ParentLink({
      onOptions: (json) => void this.#start(json),
      onMessage: (message) => this.#onMessage(message),
      onGone: () => this.#onParentGone(),
    });
  }

  trouble(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parent.log(text);
    if (this.#started) this.#warn('internalError', `The profiler had a problem of its own: ${error instanceof Error ? error.message : text}. Please report it; calls go on.`);
    else void this.#fatal(new ProfilerError('internalError', text));
  }

  /** Ends the recording and the process. */
  async close(exitCode: number | null, signal: string | null): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#setHeld(false);
    await this.#proxy?.close();
    for (const { code, message } of this.#backend?.lastWords() ?? []) this.#warn(code, message);
    await this.#backend?.close();
    const bytes = await this.#recorder.stop(exitCode, signal);
    if (this.#folder !== null) removeSessionFolder(this.#folder);
    await this.#parent.sayLast({ type: 'closed', bytes }, this.#parentGone ? 0 : LAST_MESSAGE_PATIENCE_MS);
    process.exit(0);
  }

  #onMessage(message: ToProfiler): void {
    if (message.type === 'held') this.#setHeld(message.held);
    else void this.close(message.exitCode, message.signal);
  }

  #setHeld(held: boolean): void {
    const now = monotonicMs();
    if (!held && this.#heldSince !== null) this.#recorder.link.send({ type: 'pause', from: this.#heldSince, to: now });
    this.#heldSince = held ? (this.#heldSince ?? now) : null;
  }

  async #start(json: unknown): Promise<void> {
    try {
      await this.#startWith(parseOptions(json));
      this.#started = true;
    } catch (error) {
      await this.#fatal(error);
    }
  }

  async #startWith(options: ProfilerOptions): Promise<void> {
    checkRedaction(options.redact);
    sweepSessionFolders(isAlive);
    const backend = await readyBackend(options, (segment) => this.#recorder.link.send({ type: 'gpu', segment }));
    this.#backend = backend;
    const proxy = await this.#listen(options, backend);
    this.#proxy = proxy;
    this.#folder = createSessionFolder();
    const startedAt = monotonicMs();
    const startedAtEpoch = Date.now();
    const openFailure = await this.#recorder.start(this.#script, {
      out: options.out,
      header: header(options, backend, startedAtEpoch),
      backend: backend.backend,
      capture: options.capture,
      redact: options.redact,
      storage: options.storage ?? PLAIN_STORAGE,
      startedAt,
      startedAtEpoch,
      eventsDir: this.#folder,
      metrics: backend.telemetry.metrics,
      power: backend.telemetry.power,
    });
    if (openFailure !== null) this.#openFailed(options.out, openFailure);
    const sessionFile = writeSessionFile(this.#folder, {
      version: 1,
      id: randomUUID(),
      routeUrl: proxy.routeUrl,
      eventsDir: this.#folder,
      backend: options.backend.kind === 'url' ? 'fixed' : options.backend.kind,
      fallbackUrl: backend.fallbackUrl,
      profilerPid: process.pid,
    });
    this.#parent.say({ type: 'ready', routeUrl: proxy.routeUrl, sessionFile, out: options.out, backend: backend.backend });
    for (const { code, message } of backend.warnings) this.#warn(code, message);
  }

  async #listen(options: ProfilerOptions, backend: ReadyBackend): Promise<Proxy> {
    try {
      return await startProxy({
        listen: options.listen,
        port: options.port,
        upstreams: new Upstreams(backend.upstream, backend.direct, process.env),
        recorder: this.#recorder.link,
        model: options.model,
        unreachableRemedy: backend.unreachableRemedy,
        trust: backend.trust,
      });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') throw new ProfilerError('portTaken', `Port ${options.port} is taken by another program. Choose another with --port, or leave it out to get a free one.`);
      if (code === 'EACCES') throw new ProfilerError('portTaken', `Port ${options.port} may not be opened by you. Choose one above 1023 with --port, or leave it out to get a free one.`);
      if (code === 'EADDRNOTAVAIL') throw new ProfilerError('cannotListen', `${options.listen} is no address of this machine. Use one of its own with --listen, or 0.0.0.0 for all of them.`);
      throw new ProfilerError('cannotListen', `The proxy cannot listen on ${options.listen}: ${message}.`);
    }
  }

  #openFailed(out: string, { code, message }: { code: string; message: string }): void {
    if (code === 'EEXIST') throw new ProfilerError('outExists', `${out} exists already, and recordings are not overwritten. Choose another path with --out.`);
    const why = UNWRITABLE[code];
    if (why === undefined) throw new ProfilerError('outNotWritable', `The recording ${out} cannot be made: ${message}. Choose another path with --out.`);
    this.#warn('recordingNotWritable', `Nothing is recorded: ${out} cannot be made, because ${why}. The program runs on. Make its folder writable, or choose another place with --out.`);
  }

  #warn(code: string, message: string): void {
    this.#recorder.link.send({ type: 'warning', at: monotonicMs(), code, message });
  }

  async #fatal(error: unknown): Promise<void> {
    const known = error instanceof ProfilerError ? error : new ProfilerError('internalError', error instanceof Error ? error.message : String(error));
    if (!(error instanceof ProfilerError) && error instanceof Error) this.#parent.log(error.stack ?? error.message);
    this.#closing = true;
    await this.#proxy?.close();
    await this.#backend?.close();
    if (this.#folder !== null) removeSessionFolder(this.#folder);
    await this.#parent.sayLast({ type: 'fatal', code: known.code, message: known.message }, LAST_MESSAGE_PATIENCE_MS);
    process.exit(FATAL_EXIT_CODE);
  }

  /** Serves on for the programs that are still there, then closes. */
  #onParentGone(): void {
    if (this.#parentGone) return;
    this.#parentGone = true;
    const look = () => {
      if (this.#closing || (this.#proxy?.inFlight() ?? 0) > 0) return;
      for (const pid of this.#programs) if (!isAlive(pid)) this.#programs.delete(pid);
      if (this.#programs.size > 0) return;
      clearInterval(timer);
      void this.close(null, null);
    };
    const timer = setInterval(look, LOOK_FOR_PROGRAMS_EVERY_MS);
  }
}

/** @throws ProfilerError */
function parseOptions(json: unknown): ProfilerOptions {
  const options = profilerOptionsSchema.safeParse(json);
  if (options.success) return options.data;
  throw new ProfilerError('badOptions', `The profiler was started with options that it does not understand: ${z.prettifyError(options.error)}`);
}

/** @throws ProfilerError */
function checkRedaction(rules: readonly string[]): void {
  try {
    parseRedactionRules(rules);
  } catch (error) {
    if (error instanceof RedactionRuleError) throw new ProfilerError('badRedactionRule', `${error.message} Correct it with --redact.`);
    throw error;
  }
}

function header(options: ProfilerOptions, backend: ReadyBackend, startedAtEpoch: Milliseconds): HeaderLine {
  return {
    type: 'header',
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    id: randomUUID(),
    name: options.name,
    startedAt: new Date(startedAtEpoch).toISOString(),
    command: maskSecrets(options.command),
    cwd: options.cwd,
    capture: options.capture,
    redaction: parseRedactionRules(options.redact).map(({ name }) => name),
    backend: backend.backend,
    gpuProfile: backend.gpuProfile,
    modelProfile: backend.modelProfile,
    priceProfile: backend.priceProfile,
    gpuCount: options.gpuCount,
    beginsWithProgram: options.beginsWithProgram,
    producer: { name: 'agent-cost-profiler', version },
  };
}
