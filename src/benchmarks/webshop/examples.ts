/** Worked examples for the agents' prompts, on the bundled shop. */
import type { Example } from '../../agents/agent.ts';
import examples from './examples.json' with { type: 'json' };

export const EXAMPLES: readonly Example[] = examples;
