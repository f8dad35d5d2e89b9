/** Ranks numbers without an object or a comparison by code for each: what `Array.sort` takes most of its time for. */

/**
 * The places of numbers in ascending order of these; equal ones stay in their order, as in `Array.sort`. Runs that are in order
 * already cost one pass. None may be NaN.
 */
export function ascendingOrder(numbers: Float64Array): Uint32Array {
  const { length } = numbers;
  let from = Uint32Array.from(numbers, (_, place) => place);
  let into = new Uint32Array(length);
  for (let width = 1; width < length; width *= 2) {
    for (let begin = 0; begin < length; begin += 2 * width) merge(numbers, from, into, begin, Math.min(begin + width, length), Math.min(begin + 2 * width, length));
    [from, into] = [into, from];
  }
  return from;
}

/** Merges two neighbours, each in order. */
function merge(numbers: Float64Array, from: Uint32Array, into: Uint32Array, begin: number, middle: number, end: number): void {
  const at = (place: number): number => numbers[from[place] as number] as number;
  if (middle >= end || at(middle - 1) <= at(middle)) {
    for (let place = begin; place < end; place++) into[place] = from[place] as number;
    return;
  }
  let left = begin;
  let right = middle;
  for (let place = begin; place < end; place++) {
    const isLeft = left < middle && (right >= end || at(left) <= at(right));
    into[place] = from[isLeft ? left++ : right++] as number;
  }
}
