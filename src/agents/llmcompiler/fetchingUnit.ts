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

  constructor(session: Session, environment: Environment) {
    this.#session = session;
    this.#environment = environment;
  }

  get count(): number {
    return this.#started.size;
  }

  /** Takes a call over; it runs when it can. */
  dispatch(call: PlannedCall): void {
    const execution = this.#execute(call);
    // Whoever waits for all gets the error; until then nobody may be listening.
    execution.catch(() => undefined);
    this.#started.set(call.id, execution);
  }

  /** All calls so far, when they are done. @throws what a tool threw */
  all(): Promise<Executed[]> {
    return Promise.all(this.#started.values());
  }

  async #execute(call: PlannedCall): Promise<Executed> {
    const needed = dependencies(call).filter((id) => id !== call.id && this.#started.has(id));
    const results = new Map<number, string>();
    for (const id of needed) results.set(id, (await this.#started.get(id)!).observation.text);
    const actual: PlannedCall = { ...call, arguments: substitute(call.arguments, results) };
    const observation = await this.#session.act(this.#environment, actual);
    return { call: actual, observation };
  }
}
