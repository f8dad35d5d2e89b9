/** Which of a machine's GPUs a server's energy is read from. */

export interface GpuChoice {
  indexes: number[];
  /** What the user should know of it, or null. */
  note: string | null;
}

/** The choice cannot be made; the message says why and how to make it. */
export class GpuChoiceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GpuChoiceError';
  }
}

/**
 * @param present indexes of all GPUs of the machine
 * @param busy indexes of those that programs compute on; null when that cannot be told
 * @param chosen what the user named, or null
 * @param count GPUs that serve the model
 * @throws GpuChoiceError
 */
export function chooseGpus(present: readonly number[], busy: readonly number[] | null, chosen: readonly number[] | null, count: number): GpuChoice {
  const list = (indexes: readonly number[]) => indexes.join(', ');
  if (present.length === 0) throw new GpuChoiceError('There is no GPU.');
  if (chosen !== null) {
    const missing = chosen.filter((index) => !present.includes(index));
    if (missing.length > 0) throw new GpuChoiceError(`There is no GPU ${list(missing)}; --gpu-index may name ${list(present)}.`);
    return { indexes: [...chosen], note: null };
  }
  if (present.length === count) return { indexes: [...present], note: null };
  const plural = (n: number) => `${n} GPU${n === 1 ? '' : 's'}`;
  if (busy !== null && busy.length === count)
    return { indexes: [...busy], note: `Of ${plural(present.length)}, ${count === 1 ? 'GPU' : 'GPUs'} ${list(busy)} ${count === 1 ? 'is' : 'are'} taken for the server's, because programs compute on ${count === 1 ? 'it' : 'them'} alone. Name others with --gpu-index.` };
  const inUse = busy === null ? '' : ` Programs compute on ${busy.length === 0 ? 'none' : list(busy)}.`;
  throw new GpuChoiceError(`Which of ${plural(present.length)} the server uses cannot be told (--gpu-count is ${count}).${inUse} Name them with --gpu-index.`);
}
