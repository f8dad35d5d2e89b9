/** The recording's own warnings, and what the analysis could not know: what, why, and the one thing to do. */
import { formatCount } from '../profile/formatValue.ts';
import type { Profile } from '../profile/model.ts';
import type { Report } from '../profile/report.ts';
import type { Draft } from './drafts.ts';
import type { EnergyUse } from './energy.ts';

type Warning = Report['warnings'][number];

/** Each once, however often it was recorded. */
export function findWarnings(profile: Profile, calls: readonly Draft[], energy: EnergyUse): Warning[] {
  const all: Warning[] = [...profile.warnings, ...tokenWarnings(profile, calls), ...energyWarnings(profile, calls, energy)];
  const seen = new Map<string, Warning>();
  for (const { code, message } of all) {
    const key = `${code}\n${message}`;
    if (!seen.has(key)) seen.set(key, { code, message });
  }
  return [...seen.values()];
}

function tokenWarnings(profile: Profile, calls: readonly Draft[]): Warning[] {
  const answered = calls.filter((draft) => draft.span.status === 'ok' && draft.span.llm?.endpoint !== 'opaque');
  const uncounted = answered.filter((draft) => draft.span.llm?.promptTokens === null);
  const warnings: Warning[] = [];
  if (uncounted.length > 0) {
    const message = `Tokens unknown for ${uncounted.length} of ${formatCount(answered.length, 'call')}: the server did not report them. Sums leave these calls out.`;
    warnings.push({ code: 'tokensUnknown', message });
  }
  const counted = answered.filter((draft) => draft.span.llm?.promptTokens !== null);
  if (counted.length > 0 && profile.backend.kind === 'vllm' && counted.every((draft) => draft.span.llm?.cachedTokens === null)) {
    const message = 'Cached tokens unknown: the server does not report them. Start vLLM with `--enable-prompt-tokens-details`.';
    warnings.push({ code: 'cachedTokensUnknown', message });
  }
  return warnings;
}

function energyWarnings(profile: Profile, calls: readonly Draft[], energy: EnergyUse): Warning[] {
  if (calls.length === 0 || energy.totals.total !== null) return [];
  const { gpuProfile } = profile.header;
  const message =
    gpuProfile === null
      ? 'Energy unknown: which GPU serves the model is not known. Name its profile with `--gpu`.'
      : `Energy unknown: nobody has published the power of ${gpuProfile.name} in all states. Add what you measured to a copy of its profile and pass that with \`--gpu\`.`;
  return [{ code: 'energyUnknown', message }];
}
