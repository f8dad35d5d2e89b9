/** A client of Wolfram|Alpha's LLM API (https://products.wolframalpha.com/llm-api/documentation), which answers in plain text. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Milliseconds } from '../benchmark.ts';

export const WOLFRAM_URL = 'https://www.wolframalpha.com/api/v1/llm-api';
const ATTEMPTS = 3;
const ANSWER_WITHIN_MS: Milliseconds = 30_000;
const BACKOFF_MS: Milliseconds = 1000;
/** Asked for: an observation of some lines. */
const MAXIMUM_CHARACTERS = '1500';

export interface WolframOptions {
  url: string;
  appId: string | null;
  backoffMs?: Milliseconds;
}

/**
 * What Wolfram|Alpha says to a query, also that it does not understand it.
 * @throws Error that says what to do, when it cannot be asked
 */
export async function askWolfram(query: string, { url, appId, backoffMs = BACKOFF_MS }: WolframOptions, signal: AbortSignal): Promise<string> {
  const address = new URL(url);
  address.search = new URLSearchParams({ input: query, maxchars: MAXIMUM_CHARACTERS }).toString();
  let problem = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await delay(backoffMs * 2 ** (attempt - 2), undefined, { signal });
    try {
      const response = await fetch(address, {
        // Not in the address, which is what logs keep.
        headers: appId === null ? {} : { authorization: `Bearer ${appId}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      const text = (await response.text()).trim();
      if (response.ok) return text;
      // Its own way to say that it does not understand, with what it would understand instead.
      if (response.status === 501 || response.status === 400) return `Wolfram|Alpha did not understand "${query}".${text === '' ? '' : ` ${text}`}`;
      problem = `it answered ${response.status}${text === '' ? '' : `: ${text.slice(0, 200)}`}`;
      if (response.status !== 429 && response.status < 500) break;
    } catch (error) {
      signal.throwIfAborted();
      problem = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    }
  }
  throw new Error(`Wolfram|Alpha at ${address.origin} cannot be used: ${problem}. Check WOLFRAM_APP_ID (an AppID for the LLM API) and the network.`);
}
