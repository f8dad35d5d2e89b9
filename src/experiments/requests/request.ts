/** What an agent does for one task: a graph of model calls and tools, decided beforehand. */
import type { Milliseconds } from '../../profile/units.ts';

/** What a call of the model is for. */
export type Role = 'answer' | 'act' | 'reflect' | 'evaluate' | 'plan' | 'join' | 'write tests';

/** What a part waits for: another part's end, or so many tokens of a call's answer. */
export interface After {
  part: number;
  tokens?: number;
}

export interface CallPart {
  kind: 'call';
  role: Role;
  after: readonly After[];
  /** Behind what it waits for: calls of one moment do not leave at the very same time. */
  delayMs: Milliseconds;
  /** Made when the call is due, so that a long request holds the prompts of the calls that are under way alone. */
  prompt: () => number[];
  output: readonly number[];
}

export interface ToolPart {
  kind: 'tool';
  after: readonly After[];
  ms: Milliseconds;
}

export type Part = CallPart | ToolPart;

export interface AgentRequest {
  /** Each waits for earlier ones only. */
  parts: readonly Part[];
  /** Whether the answer is right: the behaviour's word, as no model was asked. Null where nothing is asked that could be. */
  solved: boolean | null;
}

/** Between calls that an agent sends at once. */
export const STAGGER_MS: Milliseconds = 1;

/** Builds a request's graph part by part. */
export class RequestBuilder {
  readonly parts: Part[] = [];

  /** @returns the part's number */
  call(role: Role, after: readonly After[], prompt: () => number[], output: readonly number[], delayMs: Milliseconds = 0): number {
    return this.parts.push({ kind: 'call', role, after, delayMs, prompt, output }) - 1;
  }

  /** @returns the part's number */
  tool(after: readonly After[], ms: Milliseconds): number {
    return this.parts.push({ kind: 'tool', after, ms }) - 1;
  }
}

/** Waits for the ends of these parts. */
export const ends = (parts: readonly number[]): After[] => parts.map((part) => ({ part }));
