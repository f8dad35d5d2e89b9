/**
 * The run's GPU track in parts: of each server, where the program called several, and of each GPU, where several were read.
 *
 * What a server did is inferred from the phases of its own calls: it was idle while only others worked. Its load, KV use and
 * power are not known, as readings are of one server and do not say which. A GPU's power is its own readings' mean in each
 * stretch of the whole track; several GPUs that serve one model work together, so that its states are those of the whole.
 */
import * as l10n from '@vscode/l10n';
import type { Profile } from '../profile/model.ts';
import type { SampleLine } from '../profile/recordingFormat.ts';
import type { GpuPart, GpuSegment } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Wait } from './agentTime.ts';
import type { Clock, Draft } from './drafts.ts';
import { pushSegment, WaitCursor } from './gpuSegments.ts';
import { buildGpuTrack, type GpuTrack } from './gpuTrack.ts';
import { measuredPower } from './power.ts';

/** Of servers beyond this many, the later ones stand together: nobody reads more lanes. */
const MOST_SERVERS = 16;
const UNNAMED = l10n.t('server not named');
const GPUS = { key: 'gpus', name: 'GPUs' };

export interface PartsInput {
  profile: Profile;
  calls: readonly Draft[];
  clock: Clock;
  waits: readonly Wait[];
  /** The whole track, as views show it. */
  whole: readonly GpuSegment[];
}

/** Empty where one server and one reading for all GPUs is all there is. */
export function gpuParts(input: PartsInput): GpuPart[] {
  const servers = callsByServer(input.calls);
  return [...(servers.size < 2 ? [] : serverParts(servers, input)), ...deviceParts(input, servers.size < 2)];
}

/** In order of each server's first call. */
function callsByServer(calls: readonly Draft[]): Map<string, Draft[]> {
  const servers = new Map<string, Draft[]>();
  for (const draft of calls) {
    const name = draft.call?.start.server ?? UNNAMED;
    const known = servers.get(name);
    if (known === undefined) servers.set(name, [draft]);
    else known.push(draft);
  }
  if (servers.size <= MOST_SERVERS) return servers;
  const all = [...servers];
  const rest = all.slice(MOST_SERVERS - 1);
  return new Map([...all.slice(0, MOST_SERVERS - 1), [l10n.t`${rest.length} more servers`, rest.flatMap(([, each]) => each)]]);
}

function serverParts(servers: ReadonlyMap<string, readonly Draft[]>, { profile, clock, waits }: PartsInput): GpuPart[] {
  // Of which server these are is not told.
  const unread: Profile = { ...profile, gpu: [], samples: [] };
  return [...servers].map(([name, calls]) => {
    const track = buildGpuTrack(unread, calls, clock, null);
    const group = { key: `server ${name}`, name };
    return { key: name, kind: 'server' as const, name, group, evidence: track.evidence, grade: null, ownStates: true, gpu: shown(track, waits) };
  });
}

function shown(track: GpuTrack, waits: readonly Wait[]): GpuSegment[] {
  const segments: GpuSegment[] = [];
  const cursor = new WaitCursor(waits);
  for (const segment of track.segments) {
    if (segment.state !== 'idle') pushSegment(segments, segment, segment.shares(), null, null);
    else for (const { wait, piece } of cursor.within(segment)) pushSegment(segments, piece, [], null, wait.waitingFor()[0]?.span.id ?? null);
  }
  return segments;
}

function deviceParts({ profile, clock, whole }: PartsInput, oneServer: boolean): GpuPart[] {
  const readings = readingsByGpu(profile.samples);
  if (readings.size < 2) return [];
  return [...readings]
    .sort(([a], [b]) => a - b)
    .flatMap(([gpu, samples]) => {
      const power = measuredPower(samples, clock.wallMs);
      if (power === null) return [];
      const segments = whole.map(({ others, moreSpans, ...segment }) => ({
        ...segment,
        watts: power.wattsIn({ start: segment.startMs, end: segment.endMs }),
        // Which server used this GPU is not known, and so neither whose calls these watts were for.
        spans: oneServer ? segment.spans : [],
        ...(moreSpans === undefined || !oneServer ? {} : { moreSpans }),
        ...(others === undefined || !oneServer ? {} : { others }),
      }));
      return [{ key: `gpu ${gpu}`, kind: 'gpu' as const, name: `GPU ${gpu}`, group: GPUS, evidence: 'measured' as const, grade: power.grade, resolutionMs: power.resolutionMs, ownStates: oneServer, gpu: segments }];
    });
}

type DeviceReading = Pick<SampleLine, 't' | 'source' | 'watts' | 'joules' | 'overMs'> & { t: Milliseconds };

function readingsByGpu(samples: readonly SampleLine[]): Map<number, DeviceReading[]> {
  const found = new Map<number, DeviceReading[]>();
  for (const { t, source, overMs, gpus } of samples) {
    for (const { gpu, watts, joules } of gpus ?? []) {
      const list = found.get(gpu) ?? [];
      if (list.length === 0) found.set(gpu, list);
      list.push({ t, source, watts, joules, ...(overMs === undefined ? {} : { overMs }) });
    }
  }
  return found;
}
