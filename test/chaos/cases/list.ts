/** All cases, in the order in which they are played. */
import type { ChaosCase } from '../case.ts';
import { deaths } from './deaths.ts';
import { disks } from './disks.ts';
import { limits } from './limits.ts';
import { loads } from './loads.ts';
import { network } from './network.ts';
import { pauses } from './pauses.ts';

export const cases: ChaosCase[] = [...deaths, ...disks, ...pauses, ...network, ...limits, ...loads];
