/** How busy the GPUs' own instrument says they were, in words. */
import * as l10n from '@vscode/l10n';
import { formatPercent } from './formatValue.ts';
import type { GpuUsed } from './report.ts';
import { visibleText } from './visibleText.ts';
import { evidenceWord } from './words.ts';

/** What of it is known, as shares of the time, and what it was read from: `a kernel ran 83 %`, `read from nvidia-smi (measured)`. */
export function gpuUsedTexts({ busy, engine, tensor, source, evidence }: GpuUsed): string[] {
  const texts = [
    busy === null ? null : l10n.t`a kernel ran ${formatPercent(busy)}`,
    engine === null ? null : l10n.t`engine active ${formatPercent(engine)}`,
    tensor === null ? null : l10n.t`tensor cores active ${formatPercent(tensor)}`,
    l10n.t`read from ${visibleText(source, 100)} (${evidenceWord(evidence)})`,
  ];
  return texts.filter((text) => text !== null);
}
