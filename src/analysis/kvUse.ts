/** How much of its KV cache a server had in use, by its own readings. */
import type { Profile } from '../profile/model.ts';
import type { Milliseconds, Tokens } from '../profile/units.ts';

/** A reading says nothing of what is further from it. */
const REACH: Milliseconds = 1500;

export interface KvUse {
  capacityTokens: Tokens;
  /** The mean of the readings within a stretch, or the reading nearest to it; null where none is near. */
  readonly tokensIn: (start: Milliseconds, end: Milliseconds) => Tokens | null;
}

/** Null where the server tells neither its use nor how much there is. */
export function kvUse({ backend, samples }: Profile): KvUse | null {
  const capacityTokens = backend.server?.kvTokens ?? null;
  const readings = samples.flatMap(({ t, kvUse }) => (kvUse === null ? [] : [{ t, tokens: kvUse * (capacityTokens ?? 0) }]));
  if (capacityTokens === null || readings.length === 0) return null;
  const tokensIn = (start: Milliseconds, end: Milliseconds): Tokens | null => {
    let low = 0;
    let high = readings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((readings[middle]?.t ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    let sum = 0;
    let count = 0;
    for (let index = low; index < readings.length && (readings[index]?.t ?? Infinity) <= end; index++) {
      sum += readings[index]?.tokens ?? 0;
      count++;
    }
    if (count > 0) return Math.round(sum / count);
    const near = [readings[low - 1], readings[low]].flatMap((reading) => (reading === undefined ? [] : [{ tokens: reading.tokens, distance: reading.t < start ? start - reading.t : reading.t - end }]));
    const nearest = near.sort((a, b) => a.distance - b.distance)[0];
    return nearest === undefined || nearest.distance > REACH ? null : Math.round(nearest.tokens);
  };
  return { capacityTokens, tokensIn };
}
