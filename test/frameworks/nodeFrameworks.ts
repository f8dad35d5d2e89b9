/** Frameworks of Node. */
import type { Framework } from './frameworks.ts';

export const nodeFrameworks: Framework[] = [];
