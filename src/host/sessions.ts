/** A profiler process that is up, the recording that it writes, and the environment that leads programs to it. */
import * as l10n from '@vscode/l10n';
import { env, type LogOutputChannel } from 'vscode';
import { collectorListens } from '../instrument/collector.ts';
import { launchEnvironment } from '../instrument/launch.ts';
import { toAddToServer } from '../profile/optionNames.ts';
import { startProfiler, type Profiler } from '../profiler/client.ts';
import type { FromProfiler, ProfilerOptions } from '../protocol/profiler.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { chosenAccounting } from './accounting.ts';
import type { Installation } from './installation.ts';
import { LiveRecording } from './liveRecording.ts';
import { messageOf } from './log.ts';
import type { Notifier, Remedy } from './notify.ts';
import { proxyEnvironment } from './proxySettings.ts';
import type { LiveRunFeed, Run, RunStore } from './runs.ts';

/** What a session needs of the extension. */
export interface SessionServices {
  installation: Installation;
  runs: RunStore;
  notifier: Notifier;
  log: LogOutputChannel;
}

/** Code of the profiler's warning that no file could be made. */
const NOT_RECORDED = 'recordingNotWritable';

export interface ProgramEnd {
  exitCode: number | null;
  signal: string | null;
}

export class Session {
  readonly run: Run;
  /** What to set in a program's environment, on top of what it inherits from the editor. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same for a program that would have another environment. */
  readonly environmentOn: (base: NodeJS.ProcessEnv) => Record<string, string>;
  /** Resolves when the profiler has ended without being asked to; the user has been told. */
  readonly lost: Promise<void>;
  private readonly profiler: Profiler;
  private readonly recording: LiveRecording;
  private readonly feed: LiveRunFeed;
  private readonly services: SessionServices;
  /** Codes of the profiler's warnings until now. */
  private readonly warned: ReadonlySet<string>;
  private stopped: Promise<void> | null = null;
  private disposed = false;
  private held = false;

  private constructor(profiler: Profiler, environmentOn: Session['environmentOn'], recording: LiveRecording, feed: LiveRunFeed, services: SessionServices, warned: ReadonlySet<string>) {
    this.profiler = profiler;
    this.environment = environmentOn(process.env);
    this.environmentOn = environmentOn;
    this.recording = recording;
    this.feed = feed;
    this.run = feed.run;
    this.services = services;
    this.warned = warned;
    this.lost = new Promise((resolve) => {
      void profiler.onClosed.then(({ exitCode }) => {
        if (this.stopped !== null || this.disposed) return;
        services.notifier.error(l10n.t`The profiler of ${this.run.name} ended by itself (exit code ${exitCode ?? '–'}). The program goes on; what was recorded until now is kept. The log says more.`);
        resolve();
      });
    });
  }

  /**
   * Starts a profiler and makes its recording the current run.
   * @throws ProfilerError when it cannot serve
   */
  static async start(options: ProfilerOptions, services: SessionServices): Promise<Session> {
    const { installation, runs, notifier, log } = services;
    /** A growth that was reported before the recording is followed is not lost: the next one, or the end, includes it. */
    let recording: LiveRecording | null = null;
    const warned = new Set<string>();
    const onMessage = (message: FromProfiler): void => {
      if (message.type === 'grew') recording?.grew(message.bytes);
      else if (message.type === 'warning' && !warned.has(message.code)) {
        warned.add(message.code);
        notifier.warning(message.message, ...copyRemedy(message.message));
      }
    };
    const profiler = await startProfiler(options, { profilerPath: installation.profiler, env: proxyEnvironment(), onMessage, log: (line) => log.info(`profiler: ${line}`) });
    const { ready } = profiler;
    log.info(`recording ${ready.out}, profiler process ${profiler.pid}`);
    const forShell = options.command.length === 0;
    // Terminals outlive the session; a program that it starts does not.
    const tracing = !forShell && !(await collectorListens());
    const environmentOn = (base: NodeJS.ProcessEnv): Record<string, string> =>
      launchEnvironment({
        base,
        sessionFile: ready.sessionFile,
        routeUrl: ready.routeUrl,
        backend: options.backend.kind === 'url' ? 'fixed' : options.backend.kind,
        hooks: true,
        forShell,
        tracing,
        announce: null,
        instrumentDir: installation.instrumentDir,
      });
    const feed = await runs.begin(ready.out, options.name);
    const events = {
      onDocument: (document: TimelineDocument) => feed.update(document),
      onPreview: (spans: ReportSpan[]) => feed.preview(spans),
      onError: (error: unknown) => notifier.warning(l10n.t`The running recording cannot be shown: ${messageOf(error)} The program goes on.`),
    };
    recording = new LiveRecording(installation.analysis, ready.out, events, chosenAccounting, installation.keptDocuments);
    return new Session(profiler, environmentOn, recording, feed, services, warned);
  }

  /** A debugger holds a program of the session, or lets it go on. */
  setHeld(held: boolean): void {
    if (held === this.held) return;
    this.held = held;
    this.profiler.setHeld(held);
  }

  /** Ends the recording and shows it as a whole. Never fails: what cannot be read is told. */
  stop(end: ProgramEnd): Promise<void> {
    this.stopped ??= this.stopOnce(end);
    return this.stopped;
  }

  /** Lets go as the editor closes: the profiler notices by itself and closes the recording in its own time. */
  dispose(): void {
    this.disposed = true;
    this.recording.dispose();
  }

  private async stopOnce(end: ProgramEnd): Promise<void> {
    const { notifier, log } = this.services;
    try {
      await this.profiler.stop(end);
    } catch (error) {
      log.error('the profiler did not stop in order', error);
    }
    if (this.warned.has(NOT_RECORDED)) {
      // The warning has said it all: there is no file to read.
      this.recording.dispose();
      this.feed.end(null);
      return;
    }
    try {
      this.feed.end(await this.recording.finish());
    } catch (error) {
      this.feed.end(null);
      notifier.error(l10n.t`No numbers for ${this.run.name}: ${messageOf(error)}`);
    }
  }
}

/** Copies what a message says to add to a server's command. */
function copyRemedy(message: string): Remedy[] {
  const option = toAddToServer(message);
  return option === null ? [] : [{ label: l10n.t('Copy'), run: () => env.clipboard.writeText(option) }];
}
