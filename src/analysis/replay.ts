/**
 * What holds after each of many steps, such as the set of calls in flight, without keeping it for each: where a thousand calls are in
 * flight at every moment of a long run, that would be more than memory has room for.
 */
export class Replay<State, Step> {
  readonly #steps: ArrayLike<Step>;
  readonly #begin: () => State;
  readonly #apply: (state: State, step: Step) => void;
  #state: State;
  #done = 0;

  /** @param begin makes the state before the first step */
  constructor(steps: ArrayLike<Step>, begin: () => State, apply: (state: State, step: Step) => void) {
    this.#steps = steps;
    this.#begin = begin;
    this.#apply = apply;
    this.#state = begin();
  }

  /** After the first `count` steps, until it is asked again. Quick where it is asked in order: an earlier one goes through all steps anew. */
  after(count: number): State {
    if (count < this.#done) {
      this.#state = this.#begin();
      this.#done = 0;
    }
    for (; this.#done < count; this.#done++) this.#apply(this.#state, this.#steps[this.#done] as Step);
    return this.#state;
  }
}
