/** The frameworks that are tested, and what must be found in a run of each. */
import { nodeFrameworks } from './nodeFrameworks.ts';
import { pythonFrameworks } from './pythonFrameworks.ts';
import type { ModelOptions } from './scriptedModel.ts';

export interface Framework {
  id: string;
  title: string;
  language: 'python' | 'node';
  /** What to install, the framework itself first; `tested` is the release that the core set is tested with, `major` holds it back from the newest. */
  packages: { name: string; tested: string; major?: number }[];
  /** Below `programs/`. */
  program: string;
  /** Files beside the program, below `programs/` as well, that call the model or define tools. */
  others?: string[];
  /** Part of `npm test`. */
  core?: boolean;
  model?: ModelOptions;
  /** Names of the agents that must have a span. */
  agents?: string[];
  /** Names that steps must have. */
  steps?: string[];
  /** Steps that fail where a tool in them does. */
  failingSteps?: string[];
  /** How many requests the program makes, where its agents hand over to each other. */
  requests?: number;
  /** Tools with the agent that they run inside of, not counting agents further out. */
  inside?: Record<string, string>;
  /** Tools of the framework's own, which note no times, with how often each must be found. */
  provided?: Record<string, number>;
  /** Environment that the program wants. */
  env?: Record<string, string>;
}

export const frameworks: Framework[] = [...pythonFrameworks, ...nodeFrameworks];
