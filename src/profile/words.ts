/** The report's own words for people: how a number is known, how a span ended, what the GPU did. */
import * as l10n from '@vscode/l10n';
import type { Evidence } from './recordingFormat.ts';
import type { GpuSegment, Grade, ReportSpan } from './report.ts';

const EVIDENCE: Readonly<Record<Evidence, string>> = {
  measured: l10n.t('measured'),
  sampled: l10n.t('sampled'),
  inferred: l10n.t('inferred'),
  estimated: l10n.t('estimated'),
  simulated: l10n.t('simulated'),
};

export function evidenceWord(evidence: Evidence): string {
  return EVIDENCE[evidence];
}

const GRADES: Readonly<Record<Grade, string>> = {
  counter: l10n.t({ message: 'counter', comment: 'How energy is known: by the counter of the GPU itself' }),
  integrated: l10n.t({ message: 'integrated', comment: 'How energy is known: readings of power, summed over time' }),
  model: l10n.t({ message: 'model', comment: 'How energy is known: estimated from the power that a profile of the GPU has' }),
  simulated: EVIDENCE.simulated,
};

export function gradeWord(grade: Grade): string {
  return GRADES[grade];
}

const STATUSES: Readonly<Record<ReportSpan['status'], string>> = { ok: l10n.t('ok'), error: l10n.t('failed'), cancelled: l10n.t('cancelled'), incomplete: l10n.t('cut off') };

export function statusWord(status: ReportSpan['status']): string {
  return STATUSES[status];
}

const GPU_STATES: Readonly<Record<GpuSegment['state'], string>> = { prefill: l10n.t('prefill'), decode: l10n.t('decode'), mixed: l10n.t('mixed'), foreign: l10n.t('foreign'), idle: l10n.t('idle') };

export function gpuStateWord(state: GpuSegment['state']): string {
  return GPU_STATES[state];
}
