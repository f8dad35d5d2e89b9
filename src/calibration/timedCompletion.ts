/** One streamed completion of a prompt given as token numbers, with the time of each piece. */
import { monotonicMs } from '../profiler/clock.ts';
import { asArray, asCount, asObject, parseObject } from '../proxy/json.ts';
import { SseParser } from '../proxy/sse.ts';
import type { Milliseconds, Tokens } from '../profile/units.ts';

export interface CompletionTarget {
  /** Base URL, ending in `/v1`. */
  url: string;
  /** Value of the header, or null. */
  authorization: string | null;
  model: string;
}

export interface TimedCompletion {
  /** Times are milliseconds of `monotonicMs()`. */
  sentAt: Milliseconds;
  /** When each piece with text came. */
  pieces: Milliseconds[];
  promptTokens: Tokens;
  completionTokens: Tokens;
  /** Of the prompt, what was found in the prefix cache; null where the server does not say. */
  cachedTokens: Tokens | null;
}

/** The server does not answer as is needed; the message says what it said and what would help. */
export class CalibrationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CalibrationError';
  }
}

/**
 * Asks for exactly `answerTokens` tokens.
 * @throws CalibrationError
 * @throws DOMException named AbortError when `signal` says so
 */
export async function timedCompletion(target: CompletionTarget, prompt: readonly number[], answerTokens: Tokens, signal: AbortSignal): Promise<TimedCompletion> {
  const where = `${target.url}/completions`;
  const body = { model: target.model, prompt, max_tokens: answerTokens, min_tokens: answerTokens, ignore_eos: true, temperature: 0, stream: true, stream_options: { include_usage: true } };
  const headers = { 'content-type': 'application/json', ...(target.authorization === null ? {} : { authorization: target.authorization }) };
  const text = JSON.stringify(body);
  const sentAt = monotonicMs();
  let response: Response;
  try {
    response = await fetch(where, { method: 'POST', headers, body: text, signal });
  } catch (error) {
    if (isStop(signal)) throw error;
    throw new CalibrationError(`${where} cannot be reached any more (${reasonOf(error)}).`);
  }
  if (!response.ok || response.body === null) {
    const said = (await response.text()).replaceAll(/\s+/g, ' ').slice(0, 300);
    throw new CalibrationError(`${where} answers ${response.status} to a prompt of ${prompt.length} token numbers: ${said}`);
  }
  const pieces: Milliseconds[] = [];
  let lastAt: Milliseconds | null = null;
  let usage: ReturnType<typeof asObject> = null;
  const parser = new SseParser();
  const take = (at: Milliseconds) => (data: string): void => {
    if (data === '[DONE]') return;
    const chunk = parseObject(data);
    if (chunk?.['error'] !== undefined) throw new CalibrationError(`${where} breaks off: ${data.slice(0, 300)}`);
    usage = asObject(chunk?.['usage']) ?? usage;
    // A token that is half a character has no text yet; the last piece may have none because it only says that it is the last.
    const choices = asArray(chunk?.['choices']);
    if (choices.length > 0) lastAt = at;
    const isPiece = choices.some((choice) => {
      const { text: said, finish_reason: reason } = asObject(choice) ?? {};
      return typeof said === 'string' && (said !== '' || (reason ?? null) === null);
    });
    if (isPiece) pieces.push(at);
  };
  try {
    for await (const bytes of response.body) parser.push(Buffer.from(bytes as Uint8Array), take(monotonicMs()));
    parser.end(take(monotonicMs()));
  } catch (error) {
    if (isStop(signal) || error instanceof CalibrationError) throw error;
    throw new CalibrationError(`${where} breaks off in the middle of an answer (${reasonOf(error)}).`);
  }
  const promptTokens = asCount(asObject(usage)?.['prompt_tokens']);
  const completionTokens = asCount(asObject(usage)?.['completion_tokens']);
  if (promptTokens === null || completionTokens === null) throw new CalibrationError(`${where} says nothing of tokens at the end of a stream (stream_options.include_usage). Without it nothing can be calibrated.`);
  // The only token of an answer may be one without a text: it came with what says that it is the last.
  if (pieces.length === 0 && lastAt !== null && completionTokens > 0) pieces.push(lastAt);
  if (pieces.length === 0) throw new CalibrationError(`${where} streams no text.`);
  return { sentAt, pieces, promptTokens, completionTokens, cachedTokens: asCount(asObject(asObject(usage)?.['prompt_tokens_details'])?.['cached_tokens']) };
}

/** What `fetch` says is "fetch failed" or "terminated", whatever the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const said = cause instanceof Error ? cause : error;
  return said instanceof Error ? said.message : String(said);
}

/** Somebody wants it to stop, which is another thing than that the time is over. */
function isStop({ aborted, reason }: AbortSignal): boolean {
  return aborted && (reason as Error).name !== 'TimeoutError';
}
