/** What the fuzzer calls: the target that the environment names. */
import { targets } from './targets.ts';

export const TARGET_ENV = 'AGENT_COST_FUZZ_TARGET';

const target = targets[process.env[TARGET_ENV] ?? ''];

export function fuzz(data: Buffer): void {
  if (target === undefined) throw new Error(`${TARGET_ENV} names no target`);
  target(data);
}
