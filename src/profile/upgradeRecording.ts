/** Lines of older format versions, made into today's. Pure. */
import * as l10n from '@vscode/l10n';
import { RecordingError } from './recordingFormat.ts';

/** Turns a line of format version `key` into one of `key + 1`; null drops the line. */
export type Upgrades = Readonly<Record<number, (line: unknown) => unknown>>;

/** The steps from each version to the next. */
export const UPGRADES: Upgrades = { 1: fromVersion1 };

/** Version 2 says more of spans and of where calls come from; of version 1 that is not known. */
function fromVersion1(line: unknown): unknown {
  if (typeof line !== 'object' || line === null || !('type' in line)) return line;
  if (line.type === 'header') return { ...line, version: 2 };
  if (line.type === 'span') return { framework: null, argumentBytes: null, activity: null, ...line };
  if (line.type === 'call') return { trace: null, ...line };
  return line;
}

/** Takes a line of format version `from` to version `to`, one step at a time. */
export function upgradeLine(line: unknown, from: number, to: number, upgrades: Upgrades): unknown {
  let upgraded = line;
  for (let version = from; version < to; version++) {
    const step = upgrades[version];
    if (step === undefined) throw new RecordingError('notARecording', l10n.t`No recording has format version ${version}. Record the run again.`);
    upgraded = step(upgraded);
  }
  return upgraded;
}
