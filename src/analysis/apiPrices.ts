/** What a call to a hosted API cost, by its list prices. */
import type { Call, Profile } from '../profile/model.ts';
import type { ApiPriceProfile, ModelRates, TokenRates } from '../profile/priceProfiles.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { UsDollars } from '../profile/units.ts';

const TOKENS_PER_RATE = 1e6;

export interface CallPrice {
  /** Null where the server did not count the tokens. */
  usd: UsDollars | null;
  provider: ApiPriceProfile;
}

/**
 * The price of a call that went to one of a provider's own hosts for a model that it lists; null for others, which are priced by
 * GPU time where that is known.
 */
export function apiPriceOf(call: Call, llm: NonNullable<ReportSpan['llm']>, profile: Profile, providers: readonly ApiPriceProfile[]): CallPrice | null {
  const host = call.start.server ?? hostOf(profile.backend.url);
  const provider = profile.backend.simulated || host === null ? undefined : providers.find(({ hosts }) => hosts.includes(host));
  const rates = provider === undefined ? null : ratesFor(provider, [call.end?.model ?? null, call.start.model]);
  if (provider === undefined || rates === null) return null;
  const at = new Date(Date.parse(profile.header.startedAt) + call.start.t);
  return { provider, usd: priceOf(ratesAt(rates, llm.promptTokens, at), llm) };
}

function hostOf(url: string | null): string | null {
  return url === null ? null : new URL(url).host;
}

/** By the model that answered, else the one that was asked for; under its own name, else without the date. */
function ratesFor({ usdPerMillionTokens }: ApiPriceProfile, names: readonly (string | null)[]): ModelRates | null {
  for (const name of names) {
    if (name === null) continue;
    const exact = usdPerMillionTokens[name];
    if (exact !== undefined) return exact;
    const wanted = undated(name);
    for (const [known, rates] of Object.entries(usdPerMillionTokens)) if (undated(known) === wanted) return rates;
  }
  return null;
}

/** `gpt-4o` for `gpt-4o-2024-08-06`, `claude-sonnet-4-5` for `claude-sonnet-4-5-20250929`, `gemini-2.5-pro` for `models/gemini-2.5-pro`. */
function undated(name: string): string {
  return name.replace(/^models\//, '').replace(/-(latest|\d{4}-\d{2}-\d{2}|\d{8})$/, '');
}

function ratesAt(rates: ModelRates, promptTokens: number | null, at: Date): TokenRates {
  if (rates.above !== undefined && promptTokens !== null && promptTokens > rates.above.promptTokens) return rates.above;
  const time = at.toISOString().slice(11, 16);
  return rates.hours?.find(({ fromUtc, untilUtc }) => time >= fromUtc && time < untilUtc) ?? rates;
}

/** Cached tokens that the server does not tell of count as others: then the price is an upper bound. */
function priceOf({ input, cachedInput = input, output }: TokenRates, { promptTokens, cachedTokens, completionTokens }: NonNullable<ReportSpan['llm']>): UsDollars | null {
  if (promptTokens === null || completionTokens === null) return null;
  const cached = Math.min(cachedTokens ?? 0, promptTokens);
  return ((promptTokens - cached) * input + cached * cachedInput + completionTokens * output) / TOKENS_PER_RATE;
}
