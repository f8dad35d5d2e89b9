/** How a number is known, in words and as an icon. */
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
  measured: 'Measured.',
  sampled: 'Sampled from the stack every 5 to 20 ms.',
  inferred: 'Inferred from what was seen on the wire.',
  estimated: 'Estimated.',
  simulated: 'Simulated by the embedded server.',
};

const grades: Readonly<Record<Grade, string>> = {
  counter: "measured by the GPU's own counter",
  integrated: 'from power readings',
  model: "estimated from the GPU profile's power",
  simulated: 'simulated',
};

export function gradeText(grade: Grade | null): string {
  return grade === null ? '' : grades[grade];
}
