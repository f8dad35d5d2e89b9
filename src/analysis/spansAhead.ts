/**
 * Model calls and tools as their own lines tell of them, ahead of the analysis of the run: nothing of what that finds (requests,
 * phases by the server's counters, energy) is there. Pure.
 */
import { emptyProfile } from '../profile/foldRecording.ts';
import type { Call, HookSpan, Profile } from '../profile/model.ts';
import type { ReportSpan } from '../profile/report.ts';
import { callDrafts, hookDrafts } from './drafts.ts';
import { Drafts } from './draftTree.ts';
import { onRunClock, runClock } from './runClock.ts';

/**
 * The spans of these calls and hook spans, on the run's clock as far as it is known; none while it is not known when the run began.
 * @param known what has been read of the recording so far: of it the header, the processes, what was first and the pauses count
 */
export function spansAhead(known: Profile, calls: Call[], hookSpans: HookSpan[]): ReportSpan[] {
  const { header, backend, processes } = known;
  if (header.beginsWithProgram === true && processes.length === 0) return [];
  const recorded: Profile = { ...emptyProfile(header), backend, calls, hookSpans: hookSpans.filter(({ start }) => start.kind === 'tool') };
  const profile = onRunClock(recorded, runClock(known));
  const clock = { live: true, wallMs: Infinity };
  const drafts = new Drafts();
  const spans = callDrafts(profile, clock, drafts).map(({ span }) => span).filter(({ kind }) => kind === 'llm');
  for (const { span } of hookDrafts(profile, clock, drafts)) spans.push(span);
  return spans;
}

/** Gathers what ends while a long recording is read, for a picture of it that grows. */
export class EndedSpans {
  #calls: Call[] = [];
  #hookSpans: HookSpan[] = [];
  #latestStart = -Infinity;

  readonly add = (ended: Call | HookSpan): void => {
    if ('firstTokenAt' in ended) this.#calls.push(ended);
    else this.#hookSpans.push(ended);
  };

  /**
   * What has ended since this was last asked, in order of start. A timeline takes spans in that order only: one that began before
   * others that were handed out is left to the analysis.
   */
  take(known: Profile): ReportSpan[] {
    const spans = spansAhead(known, this.#calls, this.#hookSpans).sort((a, b) => a.startMs - b.startMs);
    this.#calls = [];
    this.#hookSpans = [];
    const late = this.#latestStart;
    this.#latestStart = spans.at(-1)?.startMs ?? late;
    return spans.filter(({ startMs }) => startMs >= late);
  }
}
