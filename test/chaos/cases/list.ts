/** All cases, in the order in which they are played. */
import type { ChaosCase } from '../case.ts';
import { deaths } from './deaths.ts';

export const cases: ChaosCase[] = [...deaths];
