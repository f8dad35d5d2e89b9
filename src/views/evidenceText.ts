/** How a number is known, in words and as an icon. */
import * as l10n from '@vscode/l10n';
import type { Evidence } from '../profile/recordingFormat.ts';
import type { Grade } from '../profile/report.ts';

/** Codicons; each says by its shape what its tooltip says in words. */
export const evidenceIcons: Readonly<Record<Evidence, string>> = {
  measured: 'watch',
  sampled: 'pulse',
  inferred: 'link',
  estimated: 'question',
  simulated: 'beaker',
};

export const evidenceSentences: Readonly<Record<Evidence, string>> = {
  measured: l10n.t('Measured.'),
  sampled: l10n.t('Sampled from the stack every 5 to 20 ms.'),
  inferred: l10n.t('Inferred from what was seen on the wire.'),
  estimated: l10n.t('Estimated.'),
  simulated: l10n.t('Simulated by the embedded server.'),
};

const grades: Readonly<Record<Grade, string>> = {
  counter: l10n.t("measured by the GPU's own counter"),
  integrated: l10n.t('from power readings'),
  model: l10n.t("estimated from the GPU profile's power"),
  simulated: l10n.t('simulated'),
};

export function gradeText(grade: Grade | null): string {
  return grade === null ? '' : grades[grade];
}
