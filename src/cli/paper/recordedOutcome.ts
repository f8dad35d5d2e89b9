/** What a recorded run of an agent's tasks was, as the paper's experiments look at runs. Pure. */
import { serverIn } from '../../analysis/serverUse.ts';
import { spansInside, taskCost, type Stretch } from '../../analysis/taskCosts.ts';
import type { TaskResult } from '../../agents/results.ts';
import type { FinishedCall, RequestOutcome } from '../../experiments/outcome.ts';
import type { LoadOutcome } from '../../experiments/runLoad.ts';
import type { ReportSpan } from '../../profile/report.ts';
import type { TimelineDocument } from '../../protocol/webview.ts';

const JOULES_PER_WATT_HOUR = 3600;

/**
 * What is not known is NaN, which no estimate is made of.
 * @param results those to measure, that could be worked on: at least one
 */
export function recordedOutcome(document: TimelineDocument, results: readonly TaskResult[]): LoadOutcome {
  const runStart = Date.parse(document.report.run.startedAt);
  const inside = spansInside(document);
  const stretchOf = ({ scheduledAt, startedAt, endedAt }: TaskResult): Stretch => ({ startMs: (scheduledAt ?? startedAt) - runStart, endMs: endedAt - runStart });
  const requests = results.map((result): RequestOutcome => {
    const stretch = stretchOf(result);
    const own = result.trace === null ? null : (inside(`trace:${result.trace.traceId}:${result.trace.spanId}`) ?? new Set<string>());
    const spans = document.report.spans.filter((span) => (own === null ? isWithin(span, stretch) : own.has(span.id)));
    return {
      arrival: stretch.startMs,
      end: stretch.endMs,
      calls: spans.flatMap(finishedCall).sort((a, b) => a.times.arrival - b.times.arrival),
      tools: spans.flatMap((span) => (span.kind === 'tool' ? [{ from: span.startMs, to: span.endMs ?? span.startMs }] : [])),
      solved: result.score === null ? null : result.score >= 1,
    };
  });
  const all: Stretch = { startMs: Math.min(...requests.map(({ arrival }) => arrival)), endMs: Math.max(...requests.map(({ end }) => end)) };
  const { gpuMs } = serverIn(document, all);
  const { total } = taskCost(document, all).energyWh;
  return {
    requests,
    server: {
      wallMs: all.endMs - all.startMs,
      // What others had it do cannot be told apart from both phases at once.
      gpuMs: gpuMs === null ? { prefill: NaN, decode: NaN, mixed: NaN, idle: NaN } : { prefill: gpuMs.prefill, decode: gpuMs.decode, mixed: gpuMs.mixed + gpuMs.foreign, idle: gpuMs.idle },
      engineActive: null,
      joules: total === null ? null : total * JOULES_PER_WATT_HOUR,
      kvTokens: kvTokens(document, all),
      preemptions: 0,
    },
  };
}

function isWithin({ startMs, endMs }: ReportSpan, stretch: Stretch): boolean {
  const middle = (startMs + (endMs ?? startMs)) / 2;
  return middle >= stretch.startMs && middle < stretch.endMs;
}

function finishedCall({ id, kind, llm, startMs, endMs }: ReportSpan): FinishedCall[] {
  if (kind !== 'llm' || llm === null || endMs === null) return [];
  const firstScheduled = startMs + (llm.queueMs ?? 0);
  const firstToken = llm.prefillMs === null ? NaN : firstScheduled + llm.prefillMs;
  return [{ id, role: 'act', sent: startMs, times: { arrival: startMs, firstScheduled, firstToken, lastToken: endMs }, promptTokens: llm.promptTokens ?? NaN, cachedTokens: llm.cachedTokens ?? NaN, outputTokens: llm.completionTokens ?? NaN, preemptions: 0 }];
}

/** Over the time, while the server worked, and at most; NaN where it does not tell. */
function kvTokens({ gpu }: TimelineDocument, { startMs, endMs }: Stretch): LoadOutcome['server']['kvTokens'] {
  let tokenMs = 0;
  let busyMs = 0;
  let most = NaN;
  for (const { state, kvTokens: tokens, startMs: from, endMs: to } of gpu) {
    const ms = Math.min(to, endMs) - Math.max(from, startMs);
    if (ms <= 0 || state === 'idle' || tokens === null) continue;
    tokenMs += tokens * ms;
    busyMs += ms;
    most = Number.isNaN(most) ? tokens : Math.max(most, tokens);
  }
  return { mean: Number.isNaN(most) ? NaN : tokenMs / (endMs - startMs), whileBusy: tokenMs / busyMs, most };
}
