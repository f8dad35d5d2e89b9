/** Which tasks are worked on, and in what order. Pure: the same seed gives the same order. */
import type { Random } from '../benchmarks/random.ts';
import { inShard, type Shard } from './arrivals.ts';

export interface PlannedTask {
  /** Place of its item among the benchmark's, from 0. */
  item: number;
  /**
   * Which of the run's tasks it is, from 1, whatever the order in which they are worked on: the item's own place, or, where
   * items come again and again, the request's. Tasks that warm up are counted apart.
   */
  number: number;
  /** It is run and not measured. */
  warmUp: boolean;
}

export interface TaskChoice {
  items: number;
  /** Of the items, from the first on; where they come again and again, of requests. */
  count: number;
  /** Begin with the first item again after the last. */
  again: boolean;
  warmUp: number;
  shard: Shard;
  /** Numbers of tasks that an earlier run has done. */
  done: ReadonlySet<number>;
  /** Null keeps the dataset's order. */
  order: Random | null;
}

/** Tasks that warm up come first. They are of items that are not measured, where there are enough of those. */
export function planTasks({ items, count, again, warmUp, shard, done, order }: TaskChoice): PlannedTask[] {
  if (items === 0) return [];
  const chosen = again ? count : Math.min(count, items);
  const all = Array.from({ length: chosen }, (_, index): PlannedTask => ({ item: index % items, number: index + 1, warmUp: false }));
  // Requests that come again and again are of any item: which one is drawn, and not the order of the requests.
  const drawn = order === null ? all : again ? all.map((task) => ({ ...task, item: order.below(items) })) : order.sample(all, all.length);
  const measured = drawn.filter(({ number }) => inShard(number - 1, shard) && !done.has(number));
  const warming = measured.length === 0 ? 0 : warmUp;
  return [...Array.from({ length: warming }, (_, index): PlannedTask => ({ item: (chosen + index) % items, number: index + 1, warmUp: true })), ...measured];
}
