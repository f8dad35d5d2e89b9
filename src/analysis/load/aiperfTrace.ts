/**
 * A load as a trace for NVIDIA's AIPerf (`--custom-dataset-type mooncake_trace`): JSON Lines. A session's first call has its
 * `timestamp`, each later one is sent a `delay` after the answer before it, all in milliseconds, with its whole prompt as `messages`
 * (https://docs.nvidia.com/aiperf/benchmark-modes/trace-replay-with-mooncake-traces, "Using Pre-formatted Messages"; commit 0109a64 of
 * ai-dynamo/aiperf, docs/benchmark-modes/trace-replay.md).
 */
import type { LoadCall, LoadSession, RecordedLoad } from './recordedLoad.ts';

/** The trace, line by line. */
export function* toAiperfTrace(load: RecordedLoad): Generator<string> {
  // Sessions stay together, in the order in which they begin: AIPerf tells a fixed schedule by the first entry's timestamp.
  for (const [number, session] of load.sessions.entries()) {
    // Of a synthesized prompt AIPerf makes a longer one with each turn: these come one by one, at their times.
    const entries = load.hasTexts ? entriesOf(session, number, load) : session.calls.map(lengthsOnly);
    for (const entry of entries) yield `${JSON.stringify(entry)}\n`;
  }
}

/** A session of AIPerf's is one call after another: calls at once are sessions of their own, each with those that waited for it. */
function* entriesOf({ calls }: LoadSession, number: number, { messageOf }: RecordedLoad): Generator<object> {
  const chains: number[][] = [];
  calls.forEach(({ after }, index) => {
    const chain = after === null ? undefined : chains.find((each) => each.at(-1) === after);
    if (chain === undefined) chains.push([index]);
    else chain.push(index);
  });
  for (const [part, chain] of chains.entries()) {
    for (const [turn, index] of chain.entries()) {
      const { prompt, completionTokens, atMs, gapMs } = calls[index]!;
      const when = turn === 0 ? { timestamp: Math.round(atMs) } : { delay: Math.round(gapMs) };
      yield { session_id: part === 0 ? `request-${number + 1}` : `request-${number + 1}-${part + 1}`, ...when, messages: prompt.map(messageOf), output_length: completionTokens };
    }
  }
}

function lengthsOnly({ atMs, promptTokens, prompt, completionTokens }: LoadCall): object {
  // Where the server did not count: four characters a token, as English has about.
  const tokens = promptTokens ?? Math.max(1, Math.round(prompt.reduce((sum, { chars }) => sum + chars, 0) / 4));
  return { timestamp: Math.round(atMs), input_length: tokens, output_length: completionTokens };
}
