/** The recording's own warnings, and what the analysis could not know: what, why, and the one thing to do. */
import * as l10n from '@vscode/l10n';
import { localNumber } from '../profile/language.ts';
import { formatCount } from '../profile/formatCount.ts';
import { formatDuration, formatPercent, formatTokens } from '../profile/formatValue.ts';
import type { Profile } from '../profile/model.ts';
import type { Report, ServerUse } from '../profile/report.ts';
import type { Draft } from './drafts.ts';
import type { EnergyUse } from './energy.ts';

type Warning = Report['warnings'][number];

/** Each once, however often it was recorded. */
export function findWarnings(profile: Profile, calls: readonly Draft[], energy: EnergyUse, server: ServerUse | null): Warning[] {
  const all: Warning[] = [...profile.warnings, ...tokenWarnings(profile, calls), ...energyWarnings(profile, calls, energy), ...sharedWarnings(server)];
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
    const message = l10n.t`Tokens unknown for ${localNumber(uncounted.length)} of ${formatCount(answered.length, 'call')}: the server did not report them. Sums leave these calls out.`;
    warnings.push({ code: 'tokensUnknown', message });
  }
  // Only these APIs' answers can have them.
  const telling = answered.filter(({ span }) => ['chat', 'completions', 'responses'].includes(span.llm?.endpoint ?? ''));
  const inferred = telling.filter(({ span }) => span.llm?.phaseSource === 'stream' || (span.llm?.phaseSource ?? null) === null);
  // Of a server that was not looked into, nobody knows what it could tell.
  if (profile.backend.kind === 'vllm' && profile.backend.server && inferred.length > 0) {
    const message = l10n.t`Queue unknown, prefill and decode inferred from the stream or unknown, for ${localNumber(inferred.length)} of ${formatCount(telling.length, 'call')}: the server does not tell them. Start vLLM (of mid-2026 or later) with \`--enable-per-request-metrics\`.`;
    warnings.push({ code: 'phasesInferred', message });
  }
  const counted = answered.filter((draft) => draft.span.llm?.promptTokens !== null);
  if (counted.length > 0 && profile.backend.kind === 'vllm' && counted.every((draft) => draft.span.llm?.cachedTokens === null)) {
    const message = l10n.t('Cached tokens unknown: the server does not report them. Start vLLM with `--enable-prompt-tokens-details`.');
    warnings.push({ code: 'cachedTokensUnknown', message });
  }
  return warnings;
}

function energyWarnings(profile: Profile, calls: readonly Draft[], energy: EnergyUse): Warning[] {
  if (calls.length === 0 || energy.totals.total !== null) return [];
  const { gpuProfile } = profile.header;
  const hosted = energy.allHosted || profile.backend.kind === 'openai' || profile.backend.kind === 'anthropic' || profile.backend.kind === 'hosted';
  const message = hosted
    ? l10n.t('Energy unknown: a hosted API tells nothing of its GPUs, which work for others at the same time.')
    : gpuProfile === null
      ? l10n.t('Energy unknown: which GPU serves the model is not known. Name its profile with `--gpu`.')
      : l10n.t`Energy unknown: nobody has published the power of ${gpuProfile.name} in all states. Add what you measured to a copy of its profile and pass that with \`--gpu\`.`;
  return [{ code: 'energyUnknown', message }];
}

/** A count of requests alone may be one of ours that was counted twice (`n: 2`); with tokens that are not ours, or seen running, it was others. */
function sharedWarnings(server: ServerUse | null): Warning[] {
  if (server === null) return [];
  const { requests, promptTokens, completionTokens, mostRunning, beside = null } = server.foreign;
  const running = mostRunning ?? 0;
  const counted = (requests ?? 0) > 0 && (promptTokens ?? 0) > 0;
  if (running === 0 && !counted) return [];
  const seen = [
    ...((requests ?? 0) > 0 ? [l10n.t`${formatCount(requests ?? 0, 'request')} of theirs ended`] : []),
    ...((promptTokens ?? 0) > 0 ? [l10n.t`${formatTokens(promptTokens)}→${formatTokens(completionTokens)} tokens`] : []),
    ...(running > 0 ? [l10n.t`up to ${running} ran at once`] : []),
  ];
  const sentences = [
    l10n.t`Others used the server during the run (${seen.join(', ')}): calls may have waited for them and shared the GPU with them.`,
    ...(beside === null || beside.ms === 0 ? [] : [l10n.t`Of what the GPU did beside calls of this run, ~${formatPercent(beside.share)} for ${formatDuration(beside.ms)} is taken for theirs, and is not in these calls’ energy.`]),
    l10n.t('Measure again on a server of your own for numbers that are yours alone.'),
  ];
  return [{ code: 'serverShared', message: sentences.join(' ') }];
}
