/** What a program spends its own time on, in words for people. */
import * as l10n from '@vscode/l10n';
import type { Activity } from './recordingFormat.ts';
import type { OtherPart, Report } from './report.ts';
import type { Milliseconds } from './units.ts';

const WORDS: Record<Activity, string> = {
  cpu: l10n.t('computing'),
  sleep: l10n.t('sleeping'),
  backoff: l10n.t('backing off before a retry'),
  lock: l10n.t('waiting for another thread or task'),
  socket: l10n.t('waiting for the network'),
  file: l10n.t('reading and writing files'),
  process: l10n.t('waiting for another program'),
  input: l10n.t('waiting for input'),
};
const SHORT: Record<OtherPart, string> = {
  cpu: l10n.t('computing'),
  sleep: l10n.t('sleep'),
  backoff: l10n.t('back-off'),
  lock: l10n.t('lock'),
  socket: l10n.t('network'),
  file: l10n.t('files'),
  process: l10n.t('other program'),
  input: l10n.t('input'),
  before: l10n.t('before the first call'),
  after: l10n.t('after the last call'),
  unknown: l10n.t('not seen'),
};

/** `waiting for the network`. */
export function activityText(activity: Activity): string {
  return WORDS[activity];
}

/** `network`: for tables. */
export function activityWord(activity: OtherPart): string {
  return SHORT[activity];
}

/** Shares of the run below this are not worth a word. */
const LEAST_SHARE = 0.005;

/** What the agent's time outside of calls and tools went into, most first; nothing where all of it is unknown. */
export function otherParts({ otherMs, agentMs, wallMs }: Report['totals']): { word: string; ms: Milliseconds }[] {
  if (otherMs.unknown === agentMs.other) return [];
  return (Object.entries(otherMs) as [OtherPart, Milliseconds][])
    .filter(([, ms]) => ms > 0 && ms >= wallMs * LEAST_SHARE)
    .sort(([, a], [, b]) => b - a)
    .map(([part, ms]) => ({ word: activityWord(part), ms }));
}
