import type { Bytes } from '../profile/units.ts';

/** A longer recording is read in a thread: it would hold the editor up for more than some 50 ms. */
export const LONG_RECORDING_BYTES: Bytes = 500_000;
