/** The most queries a second that a server takes before its clients wait too long. */

/** Rates are told apart to this share of theirs. */
const PRECISION = 0.01;

/**
 * The highest rate at which the mean latency is at most `most`, by bisection; latency is taken to grow with the rate.
 * @param highest a rate that is certainly too high
 */
export function peakRate(meanSeconds: (perSecond: number) => number, most: number, highest: number): number {
  let low = 0;
  let high = highest;
  while (high - low > PRECISION * high) {
    const rate = (low + high) / 2;
    if (meanSeconds(rate) <= most) low = rate;
    else high = rate;
  }
  return (low + high) / 2;
}

/**
 * The whole number at which a rising function comes nearest to a value.
 * @param highest where the function is above the value for certain
 */
export function fitWholeNumber(valueAt: (parameter: number) => number, wanted: number, highest: number): number {
  let low = 1;
  let high = highest;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (valueAt(middle) <= wanted) low = middle;
    else high = middle;
  }
  return wanted - valueAt(low) <= valueAt(high) - wanted ? low : high;
}
