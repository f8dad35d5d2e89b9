/** What a run cost: by the list prices of hosted APIs for the calls that went to them, by GPU hours for the others. */
import type { Accounting } from '../profile/accounting.ts';
import type { Profile } from '../profile/model.ts';
import type { Report } from '../profile/report.ts';
import type { Milliseconds, UsDollars } from '../profile/units.ts';
import { apiPriceOf, type CallPrice } from './apiPrices.ts';
import type { Draft } from './drafts.ts';
import { sumKnown } from './statistics.ts';

export const MS_PER_HOUR = 3_600_000;

export interface Money {
  costUsd: UsDollars | null;
  /** Price of one GPU-millisecond of all GPUs; null where it is not known, and where all calls went to hosted APIs. */
  usdPerMs: UsDollars | null;
  prices: Report['accounting']['prices'];
  /** All calls went to hosted APIs whose prices are known. */
  allHosted: boolean;
  /** A call's cost. */
  costOf(call: Draft): UsDollars | null;
}

/** @param gpuMsOf a call's GPU time, overlapping calls sharing it */
export function useOfMoney(profile: Profile, calls: readonly Draft[], gpuMsOf: (call: Draft) => Milliseconds, wallMs: Milliseconds, apiPrices: Accounting['apiPrices']): Money {
  const priced = new Map<Draft, CallPrice>();
  for (const draft of calls) {
    const price = draft.call === null || draft.span.llm === null ? null : apiPriceOf(draft.call, draft.span.llm, profile, apiPrices);
    if (price !== null) priced.set(draft, price);
  }
  const { priceProfile, gpuCount } = profile.header;
  const allHosted = calls.length > 0 && priced.size === calls.length;
  const gpuPrice = allHosted ? null : priceProfile;
  const usdPerMs = gpuPrice === null ? null : (gpuPrice.usdPerGpuHour.value * gpuCount) / MS_PER_HOUR;
  const providers = new Set([...priced.values()].map(({ provider }) => provider));
  return {
    // The GPUs are paid for whether they work or not.
    costUsd: sumKnown([usdPerMs === null ? null : usdPerMs * wallMs, ...[...priced.values()].map(({ usd }) => usd)]),
    usdPerMs,
    allHosted,
    prices: [
      ...(gpuPrice === null ? [] : [{ name: gpuPrice.name, source: gpuPrice.usdPerGpuHour.source }]),
      ...[...providers].map(({ name, read, source }) => ({ name, source: `list prices read ${read}: ${source}` })),
    ],
    costOf: (call) => {
      const hosted = priced.get(call);
      if (hosted !== undefined) return hosted.usd;
      return usdPerMs === null ? null : usdPerMs * gpuMsOf(call);
    },
  };
}
