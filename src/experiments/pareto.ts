/** Which of some choices no other choice beats. */

export interface Choice {
  cost: number;
  value: number;
}

/**
 * The Pareto front, from the cheapest on: choices for which no other costs at most as much and is worth at least as much, one of the two
 * strictly. Of equals the first is kept.
 */
export function paretoFront<T extends Choice>(choices: readonly T[]): T[] {
  const front: T[] = [];
  for (const choice of choices.toSorted((a, b) => a.cost - b.cost || b.value - a.value)) {
    if (front.length === 0 || choice.value > front.at(-1)!.value) front.push(choice);
  }
  return front;
}
