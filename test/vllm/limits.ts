/** How the real server is started, and thus what its simulated twin is told. */
import type { Tokens } from '../../src/profile/units.ts';

/** A name by which its profile is found. */
export const SERVED_MODEL = 'smollm2-135m';
export const MAX_SEQUENCES = 32;
export const MAX_BATCHED_TOKENS: Tokens = 2048;
/** Keeps calibration's prompts short: some processors take seconds to read a thousand tokens. */
export const MAX_MODEL_TOKENS: Tokens = 1024;
/** Of its KV cache. The least that vLLM takes on a processor. */
export const BLOCK_TOKENS: Tokens = 32;
