/** How a recording is stored, from words to what the profiler process takes. */
import type { Command } from 'commander';
import { byteSize, SMALLEST_PART_BYTES, type Storage } from '../protocol/storage.ts';
import type { Bytes } from '../profile/units.ts';
import { UsageError } from './usageError.ts';

export interface StorageFlags {
  compress?: true;
  partSize?: string;
  maxSize?: string;
}

export function addStorageOptions(command: Command): Command {
  return command
    .option('--compress', 'compress the recording (gzip) as it is written')
    .option('--part-size <size>', 'have the recording go on in a next file, NAME.2.agentcost, when one is so long, such as 500MB or 2GB; all are read as one (default: one file)')
    .option('--max-size <size>', 'keep no more prompts and answers when the recording is so long; figures go on (default: no limit)');
}

/** @throws UsageError */
export function storageOptions(flags: StorageFlags): Storage {
  return { compress: flags.compress === true, partBytes: size('--part-size', flags.partSize, SMALLEST_PART_BYTES), mostBytes: size('--max-size', flags.maxSize, 0) };
}

function size(option: string, text: string | undefined, least: Bytes): Bytes | null {
  if (text === undefined) return null;
  const bytes = byteSize(text);
  if (bytes === null || bytes < least) throw new UsageError(`${option} takes a size${least > 0 ? ' from 1MB on' : ''}, such as 500MB or 2GB, not "${text}".`);
  return bytes;
}
