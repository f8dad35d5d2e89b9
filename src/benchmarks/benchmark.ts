/** What every benchmark offers to whoever runs agents on it. */
import type { Task } from '../agents/agent.ts';
import type { ItemSource } from './itemFile.ts';

export type Milliseconds = number;

/** How good an answer is. */
export interface Score {
  /** From 0 to 1, by the benchmark's main metric; null where there is nothing to score. */
  value: number | null;
  /** What else was measured or led to it, each from 0 to 1, by its name in the benchmark's own evaluation. */
  parts: Record<string, number>;
}

/** One task with its score. */
export interface BenchmarkItem {
  task: Task;
  /** How long the dataset's own answer is, estimated in tokens, for loads with answers of that length; only of chat. */
  answerTokens?: number;
  /**
   * Scores what an agent answered; null is no answer.
   * @throws Error only when the world that scoring needs cannot be used
   */
  score(answer: string | null, signal: AbortSignal): Promise<Score>;
}

export interface OpenedBenchmark {
  items: readonly BenchmarkItem[];
  /** Where the items come from. */
  source: ItemSource;
  /** What holds for results with these items and this machine, to be told beside them. */
  notes: readonly string[];
}

/** Servers that stand in for the world outside, so that everything runs without a network. */
export interface StandIns {
  /** Leads the tools to them: to be set for the program that runs the agent. */
  environment: Record<string, string>;
  /** What each stands in for, and how long it takes for an answer. */
  notes: readonly string[];
  close(): Promise<void>;
}

export interface Benchmark {
  /** As on the command line. */
  name: string;
  title: string;
  /** What `Score.value` is. */
  metric: string;
  /** Names of the agents that it suits, as in Table II of "The Cost of Dynamic Reasoning"; `chat` for single turns. */
  agents: readonly string[];
  /**
   * The bundled items, or those of a file of the real dataset. Its tools reach the world by the environment's
   * variables, which each benchmark's README names.
   * @throws Error that names the file, and what is wrong with it
   */
  open(options: { file: string | null }): Promise<OpenedBenchmark>;
  /** Starts what stands in for the world outside, in this process; null where the tools need no such thing. */
  startStandIns: (() => Promise<StandIns>) | null;
}
