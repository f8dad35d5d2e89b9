/** How much is run: more takes longer and is more certain. */
export interface Scale {
  /** Requests of a run. */
  requests: number;
  /** Runs of each kind, of different seeds. */
  repeats: number;
}
export const ENOUGH: Scale = { requests: 150, repeats: 5 };
