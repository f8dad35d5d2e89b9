/** The behaviours that ship. */
import hotpotqaFile from '../../../profiles/behaviour/hotpotqa.json' with { type: 'json' };
import humanevalFile from '../../../profiles/behaviour/humaneval.json' with { type: 'json' };
import mathFile from '../../../profiles/behaviour/math.json' with { type: 'json' };
import sharegptFile from '../../../profiles/behaviour/sharegpt.json' with { type: 'json' };
import webshopFile from '../../../profiles/behaviour/webshop.json' with { type: 'json' };
import { behaviourSchema, chatBehaviourSchema, type Behaviour } from './schema.ts';

export const HOTPOTQA = behaviourSchema.parse(hotpotqaFile);
export const WEBSHOP = behaviourSchema.parse(webshopFile);
export const MATH = behaviourSchema.parse(mathFile);
export const HUMANEVAL = behaviourSchema.parse(humanevalFile);
export const SHAREGPT = chatBehaviourSchema.parse(sharegptFile);

/** In the paper's order. */
export const BENCHMARKS: readonly Behaviour[] = [HOTPOTQA, WEBSHOP, MATH, HUMANEVAL];
