import type { Bytes } from './units.ts';

/** A longer recording is read in a thread, and kept for a next time as it was analysed: it would hold the editor up for more than some 50 ms. */
export const LONG_RECORDING_BYTES: Bytes = 500_000;
