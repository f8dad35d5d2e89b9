/** The profiler process as `run` and `serve` use it: started, its environment handed out, stopped, its recording summarized. */
import { relative } from 'node:path';
import { analyze } from '../analysis/analyze.ts';
import { collectorListens } from '../instrument/collector.ts';
import { launchEnvironment } from '../instrument/launch.ts';
import { startProfiler } from '../profiler/client.ts';
import { promptTable } from '../analysis/prompts.ts';
import type { Accounting } from '../profile/accounting.ts';
import type { ProfilerOptions } from '../protocol/profiler.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { keepDocument } from '../recorder/keptDocuments.ts';
import { readRecordingFile, readRecordingForPage, type ShownRecording } from '../recorder/recordingFile.ts';
import type { ExportedRun } from './exportCommand.ts';
import { installation } from './installation.ts';
import { keptOf } from './keptDocument.ts';
import { summaryText } from './summary.ts';
import { terminalStyle } from './terminalStyle.ts';

export interface Profiling {
  /** Absolute path of the recording, and the same as people would type it. */
  out: string;
  shownOut: string;
  /** Where the program's own traces are taken in (OTLP over HTTP), as in `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  tracesUrl: string;
  /** What to set in a program's environment, on top of `base`. */
  environment: (base: NodeJS.ProcessEnv, hooks: boolean) => Record<string, string>;
  stop: (end: { exitCode: number | null; signal: string | null }) => Promise<void>;
  /** Prints the summary on stderr, or the report's JSON on stdout. `page`: prompts are wanted for one as well. */
  summarize: (options: { json: boolean; page: boolean; paths: (run: ExportedRun) => [string, string][] }) => Promise<void>;
}

/** @throws ProfilerError when the profiler cannot serve */
export async function startProfiling(options: ProfilerOptions, accounting: Accounting): Promise<Profiling> {
  const { profiler: profilerPath, instrumentDir } = installation();
  const said = new Map<string, string>();
  const profiler = await startProfiler(options, {
    profilerPath,
    onMessage: (message) => {
      if (message.type === 'warning') said.set(message.code, message.message);
    },
  });
  const { ready } = profiler;
  const forShell = options.command.length === 0;
  const tracing = forShell || !(await collectorListens());
  return {
    out: ready.out,
    shownOut: relative(process.cwd(), ready.out).startsWith('..') ? ready.out : relative(process.cwd(), ready.out),
    tracesUrl: `${ready.routeUrl}/otlp`,
    environment: (base, hooks) =>
      launchEnvironment({
        base,
        hooks,
        forShell,
        tracing,
        announce: forShell ? options.name : null,
        instrumentDir,
        sessionFile: ready.sessionFile,
        routeUrl: ready.routeUrl,
        backend: options.backend.kind === 'url' ? 'fixed' : options.backend.kind,
      }),
    stop: (end) => profiler.stop(end),
    async summarize({ json, page, paths }) {
      let shown: ShownRecording | null = null;
      let document: TimelineDocument;
      const kept = await keptOf(ready.out, accounting);
      try {
        if (page) shown = await readRecordingForPage(ready.out);
        document = analyze(shown?.profile ?? (await readRecordingFile(ready.out, 'report')), { accounting });
      } catch (error) {
        // The program ran; only its recording is lost (a full disk, say). That is told, and changes no exit code.
        const warnings = [...said.values()].map((message) => `agent-cost: ${message}\n`).join('');
        process.stderr.write(`${warnings}agent-cost: no summary: ${error instanceof Error ? error.message : String(error)}\n`);
        return;
      }
      const { report } = document;
      const recordedWarnings = [...report.warnings];
      const recorded = new Set(report.warnings.map((warning) => warning.code));
      for (const [code, message] of said) if (!recorded.has(code)) report.warnings.push({ code, message });
      if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      else process.stderr.write(`\n${summaryText(report, { style: terminalStyle(process.stderr), paths: paths({ document, prompts: promptTable(shown?.profile.calls ?? [], shown?.leftOut) }) })}`);
      // Of the texts that only a page wants nothing is said elsewhere.
      if (kept !== null && !recordedWarnings.some(({ code }) => code === 'promptsNotWhole')) await keepDocument(kept, { ...document, report: { ...report, warnings: recordedWarnings } });
    },
  };
}
