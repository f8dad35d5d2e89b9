/** What a calibration found, as a GPU profile of that host's. */
import type { Calibration, GpuProfile, ModelProfile } from '../profile/hardwareProfiles.ts';
import { parametersPerToken, weightBytesRead } from '../profile/modelWork.ts';
import type { Climbed } from './climb.ts';

export interface Calibrated {
  /** The GPU's profile as it ships, where it is known which one it is. */
  base: GpuProfile | null;
  /** As its driver calls it; null where that is not known. */
  gpuName: string | null;
  /** Null for a model that has no profile: then the times hold for it alone. */
  model: ModelProfile | null;
  power: Pick<Climbed, 'idle' | 'prefill' | 'decode'>;
  calibration: Calibration;
}

/** Neither the GPU nor the model is known, so that there is nothing to reckon the hardware's values with. */
export class UnknownHardwareError extends Error {
  constructor(model: string) {
    super(`Neither the GPU nor the model "${model}" has a profile. Name the GPU with --gpu, or give the model's profile with --model-profile FILE.`);
    this.name = 'UnknownHardwareError';
  }
}

/**
 * The profile. What was not read stays missing; where the hardware is not known, its speed is what the fit reached.
 * @throws UnknownHardwareError
 */
export function calibratedProfile({ base, gpuName, model, power, calibration }: Calibrated): GpuProfile {
  const { host, at, step, gpuCount } = calibration;
  const source = `calibrated on ${host}, ${at.slice(0, 10)}: ${calibration.server}, ${calibration.model}`;
  if (base === null && model === null) throw new UnknownHardwareError(calibration.model);
  const tflops = model === null || step.tokenMs === 0 ? null : (2 * parametersPerToken(model)) / (step.tokenMs * 1e9 * gpuCount);
  const gbps = model === null || step.weightsMs === 0 ? null : weightBytesRead(model, 1) / (step.weightsMs * 1e6 * gpuCount);
  const perGpu = (watts: number): number => Math.round((watts / gpuCount) * 10) / 10;
  const sourced = (value: number, how = source) => ({ value, source: how });
  const name = base?.name ?? gpuName ?? 'processor';
  const [alone] = power.decode;
  return {
    kind: 'gpu',
    id: `${slug(host)}-${base?.id ?? slug(name)}`,
    name: `${name} of ${host}, calibrated`,
    aliases: [],
    ...(base?.memoryGB === undefined ? {} : { memoryGB: base.memoryGB }),
    memoryBandwidthGBps: base?.memoryBandwidthGBps ?? sourced(significant(gbps ?? 1), `${source}; what reading the weights reached, the peak is not known`),
    bf16Tflops: base?.bf16Tflops ?? sourced(significant(tflops ?? 1), `${source}; what reading prompts reached, the peak is not known`),
    ...(base?.tdpWatts === undefined ? {} : { tdpWatts: base.tdpWatts }),
    ...(power.idle === null ? {} : { idleWatts: sourced(perGpu(power.idle)) }),
    ...(power.prefill === null ? {} : { prefillWatts: sourced(perGpu(power.prefill)) }),
    ...(alone === undefined ? {} : { decodeWatts: sourced(perGpu(alone[1])) }),
    ...(power.decode.length < 2 ? {} : { decodeWattsByBatch: { value: power.decode.map(([sequences, watts]): [number, number] => [sequences, perGpu(watts)]), source } }),
    ...(tflops === null ? {} : { prefillMfu: sourced(base === null ? 1 : significant(tflops / base.bf16Tflops.value)) }),
    ...(gbps === null ? {} : { decodeBandwidthEfficiency: sourced(base === null ? 1 : significant(gbps / base.memoryBandwidthGBps.value)) }),
    calibration: { ...calibration, step: Object.fromEntries(Object.entries(step).map(([key, value]) => [key, significant(value)])) as typeof step },
  };
}

/** More digits than these are the fit's noise. */
function significant(value: number): number {
  return Number(value.toPrecision(5));
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-').replaceAll(/^-+|-+$/g, '');
}
