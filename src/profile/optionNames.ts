/** Messages are written once, in the command line's words; the editor has settings for the same things. */
import * as l10n from '@vscode/l10n';

/** From the longest: `--backend sim` before `--backend`. What has no setting goes without its option. */
const WORDS: readonly (readonly [option: RegExp, words: string])[] = [
  [/`?--backend sim\b`?/g, l10n.t('setting `agentCost.backend` to `sim`')],
  [/`?--capture hashes\b`?/g, l10n.t('`agentCost.capture` set to `hashes`')],
  [/`?--gpu-index\b`?/g, l10n.t('the setting {0}', '`agentCost.gpuIndex`')],
  [/`?--gpu-count\b`?/g, l10n.t('the setting {0}', '`agentCost.gpuCount`')],
  [/`?--host-energy\b`?/g, l10n.t('the setting {0}', '`agentCost.accounting.hostEnergy`')],
  [/`?--ca-file\b`?/g, l10n.t('the setting {0}', '`agentCost.caFile`')],
  [/`?--tokenizer\b`?/g, l10n.t('the setting {0}', '`agentCost.simulator.tokenizer`')],
  [/`?--(pue|grid)\b`?/g, l10n.t('the setting {0}', '`agentCost.accounting.$1`')],
  [/`?--(backend|model|gpu|telemetry|redact)\b(?!-)`?/g, l10n.t('the setting {0}', '`agentCost.$1`')],
  [/ with `?--out\b`?/g, ''],
];

/** The message as the editor says it: settings in the place of the command line's options. Options of other programs stay. */
export function inSettings(message: string): string {
  return WORDS.reduce((text, [option, words]) => text.replace(option, words), message);
}

/** What a message names to be added to a server's command (`--flag`) or to its configuration (`key: value`), as one text to paste; null when nothing. */
export function toAddToServer(message: string): string | null {
  const parts = [...inSettings(message).matchAll(/`([^`]+)`/g)].flatMap(([, part]) => (part !== undefined && isServerOption(part) ? [part] : []));
  return parts.length === 0 ? null : [...new Set(parts)].join(parts.every((part) => part.startsWith('--')) ? ' ' : '\n');
}

/** Whether what stands in backticks is for a server's command or configuration. */
export function isServerOption(part: string): boolean {
  return part.startsWith('--') || /^\w+: \w+$/.test(part);
}

/** The first of our settings that a message names, or null. */
export function settingNamedIn(message: string): string | null {
  return /`(agentCost\.\w+(?:\.\w+)*)`/.exec(message)?.[1] ?? null;
}
