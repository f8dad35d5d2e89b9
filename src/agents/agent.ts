/**
 * What an agent, a benchmark and whoever runs them agree on. Agents get everything from here and know no benchmark;
 * benchmarks make tasks of this form and know no agent.
 */
import type OpenAI from 'openai';

/** JSON Schema of a tool's arguments. The order of `properties` is the order of arguments in text, as in `search[words]`. */
export interface ToolParameters {
  type: 'object';
  properties: Record<string, { type: 'string' | 'number' | 'integer' | 'boolean'; description: string }>;
  required: string[];
}

/** What a tool has found or changed. */
export interface Observation {
  /** What the model is told. What the model got wrong is said here, too, in words that help it do better. */
  text: string;
  /** Set when this action ends the task, as buying does in a shop: what was answered by it, and its reward from 0 to 1. */
  outcome?: { answer: string; reward: number };
}

export type ToolArguments = Record<string, unknown>;

export interface Tool {
  name: string;
  /** One sentence, for the model. */
  description: string;
  parameters: ToolParameters;
  /**
   * Acts. The arguments are the model's and may be anything: wrong ones give an observation that says what is expected.
   * @throws Error only when the world outside fails (no network, no interpreter), which ends the run
   */
  run(args: ToolArguments, signal: AbortSignal): Promise<Observation>;
}

/** The tools of one attempt at a task, with the state that they share (the page of a shop, the open article). */
export interface Environment {
  tools: readonly Tool[];
  /** The same in its state of now, for another branch of a tree search; itself where there is no state. */
  fork(): Environment;
}

export interface ToolCall {
  tool: string;
  arguments: ToolArguments;
}

/** One thought, what was done next, and what that gave. The last step of an answered task has no actions. */
export interface Step {
  thought: string;
  actions: readonly { call: ToolCall; observation: string }[];
}

/** A solved task as few-shot example. Each agent writes it in its own format. */
export interface Example {
  question: string;
  /** How to come to the answer by thinking alone, for chain of thought. */
  reasoning: string;
  /** How to come to it with the tools. */
  steps: readonly Step[];
  /** The thought that comes before the answer. */
  conclusion: string;
  /** The calls as a plan, for LLMCompiler: an argument may hold `$1`, what the first call gave. Empty where planning does not suit. */
  plan: readonly ToolCall[];
  answer: string;
}

export interface Task {
  id: string;
  /** What the user asks. */
  question: string;
  /** For the instructions of agents with tools: what tasks these are, and what helps. */
  instructions: string;
  /** For the instructions of every agent, also of one without tools: in which form the answer is wanted. */
  answerForm: string;
  /** A new environment in its first state. */
  openEnvironment(): Environment;
  /** Most useful first. */
  examples: readonly Example[];
  /**
   * The environment's feedback on an answer, from 0 to 1, for agents that learn from their attempts (Reflexion, LATS);
   * null where there is none, so that the model has to judge. How a benchmark scores is its own affair.
   */
  reward: ((answer: string, signal: AbortSignal) => Promise<number>) | null;
}

/** How far an agent may go. Each takes what concerns it. */
export interface Budget {
  /** Calls of the model in one attempt: ReAct's steps, and the depth of LATS's tree. */
  iterations: number;
  /** Attempts after the first, each with a reflection on the last one (Reflexion, LATS); new plans after the first (LLMCompiler). */
  reflections: number;
  /** Children of a node (LATS). */
  children: number;
  /** Rounds of selecting, expanding and simulating (LATS). */
  rollouts: number;
  /** Examples in the prompt. */
  fewShot: number;
}

export interface Model {
  client: OpenAI;
  name: string;
  /** How the model calls tools: in its text, as the agents' papers have it, or by the API's own tool calls. */
  toolCalling: 'text' | 'native';
}

export interface AgentSetup {
  model: Model;
  budget: Budget;
  /** Gets each thought, action and observation as it comes. */
  log: (line: string) => void;
  /** Ends the run: calls in flight are given up, and `solve` rejects with the signal's reason. */
  signal: AbortSignal;
}

export interface AgentResult {
  /** Null when there is none. */
  answer: string | null;
  /** `budget`: its calls were spent first. `context`: the conversation outgrew what the model can read. */
  end: 'answered' | 'budget' | 'context';
  /** The steps that led to the answer, or the last attempt's. */
  trajectory: readonly Step[];
  counts: { modelCalls: number; toolCalls: number };
}

export interface Agent {
  name: string;
  /** What its paper takes, or the characterisation of agents does. */
  defaults: Budget;
  /** @throws Error when the model's server or a tool's world cannot be used, or the run was aborted */
  solve(task: Task, setup: AgentSetup): Promise<AgentResult>;
}
