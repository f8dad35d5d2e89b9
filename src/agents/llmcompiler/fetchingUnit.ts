/**
 * LLMCompiler's task fetching unit (Kim et al. 2024, §3.2): starts each call as soon as the calls that it takes
 * something from are done, while the plan may still be written.
 */
import type { Environment, Observation } from '../agent.ts';
import type { Session } from '../model/session.ts';
import { dependencies, substitute, type PlannedCall } from './plan.ts';

export interface Executed {
  call: PlannedCall;
  observation: Observation;
}

export class FetchingUnit {
  readonly #session: Session;
  readonly #environment: Environment;
  /** Of all plans of the task, in the order of their numbers. */
  readonly #started = new Map<number, Promise<Executed>>();
  /** An environment with state is changed by each call: there they go one after the other, in the plan's order. */
  readonly #inOrder: boolean;

  constructor(session: Session, environment: Environment) {
    this.#session = session;
    this.#environment = environment;
    this.#inOrder = environment.fork() !== environment;
  }

  get count(): number {
    return this.#started.size;
  }

  /** Takes a call over, which runs when it can. Nobody needs to wait for it: `all` tells what came of it, and throws what it threw. */
  async dispatch(call: PlannedCall): Promise<void> {
    const before = this.#inOrder ? [...this.#started.values()].at(-1) : undefined;
    const execution = this.#execute(call, before);
    this.#started.set(call.id, execution);
    await execution.catch(() => undefined);
  }

  /** All calls so far, when they are done. @throws what a tool threw */
  all(): Promise<Executed[]> {
    return Promise.all(this.#started.values());
  }

  async #execute(call: PlannedCall, before?: Promise<Executed>): Promise<Executed> {
    await before;
    const needed = dependencies(call).filter((id) => id !== call.id && this.#started.has(id));
    const results = new Map<number, string>();
    for (const id of needed) results.set(id, (await this.#started.get(id)!).observation.text);
    const actual: PlannedCall = { ...call, arguments: substitute(call.arguments, results) };
    const observation = await this.#session.act(this.#environment, actual);
    return { call: actual, observation };
  }
}
