/** The user's choice of what is read of the server and its GPU, as typed on the command line or in a setting. */
import { z } from 'zod';
import { isSshHost } from './ssh.ts';

export const telemetryChoiceSchema = z.discriminatedUnion('kind', [
  /** The server's own metrics; and the GPU's power when the server runs on this machine. */
  z.object({ kind: z.literal('auto') }),
  z.object({ kind: z.literal('off') }),
  /** `nvidia-smi` of this machine, or of a host that the user's ssh knows. */
  z.object({ kind: z.literal('nvidia-smi'), host: z.string().nullable() }),
  /** Other makers' tools: AMD's, a Jetson's, macOS's own, which is this machine's alone. */
  z.object({ kind: z.literal('tool'), tool: z.enum(['amd-smi', 'tegrastats', 'powermetrics']), host: z.string().nullable() }),
  /** Zeus's daemon, over TCP; `url` without a path. */
  z.object({ kind: z.literal('zeus'), url: z.string() }),
  /** A page in Prometheus' format: a GPU exporter's, the server's own metrics, or both. `dcgm`: it must be the former. */
  z.object({ kind: z.literal('page'), url: z.string(), dcgm: z.boolean() }),
]);
export type TelemetryChoice = z.infer<typeof telemetryChoiceSchema>;

export const TELEMETRY_HELP = 'auto, off, nvidia-smi, ssh:HOST, dcgm:URL, zeus:URL, amd-smi or amd-smi:HOST, tegrastats or tegrastats:HOST, powermetrics, or the URL of a metrics page';

/** Raised for a choice that cannot be understood; the message says what, and what is understood. */
export class TelemetryOptionError extends Error {
  constructor(text: string, why: string) {
    super(`telemetry "${text}": ${why}. Use ${TELEMETRY_HELP}.`);
    this.name = 'TelemetryOptionError';
  }
}

/**
 * GPU indexes such as `0,1`, as `nvidia-smi` counts them; null when the text is no such list.
 */
export function parseGpuIndexes(text: string): number[] | null {
  const parts = text.split(',').map((part) => part.trim());
  return parts.every((part) => /^\d{1,3}$/.test(part)) ? [...new Set(parts.map(Number))] : null;
}

/** @throws TelemetryOptionError */
export function parseTelemetryOption(text: string): TelemetryChoice {
  const choice = text.trim();
  if (choice === 'auto' || choice === 'off') return { kind: choice };
  if (choice === 'nvidia-smi') return { kind: 'nvidia-smi', host: null };
  if (choice.startsWith('ssh:')) return { kind: 'nvidia-smi', host: parseHost(text, 'ssh', choice.slice('ssh:'.length)) };
  const [, tool, host] = /^(amd-smi|tegrastats|powermetrics)(?::(.*))?$/.exec(choice) ?? [];
  if (tool === 'powermetrics' && host !== undefined) throw new TelemetryOptionError(text, 'powermetrics is read of this machine only');
  if (tool !== undefined) return { kind: 'tool', tool: tool as 'amd-smi' | 'tegrastats' | 'powermetrics', host: host === undefined ? null : parseHost(text, tool, host) };
  if (choice.startsWith('zeus:')) return { kind: 'zeus', url: parseUrl(text, choice.slice('zeus:'.length), 'not followed by a URL, such as zeus:http://gpu-box:4938').origin };
  const dcgm = choice.startsWith('dcgm:');
  const address = dcgm ? choice.slice('dcgm:'.length) : choice;
  const url = parseUrl(text, address, dcgm ? 'not followed by a URL, such as dcgm:http://gpu-box:9400/metrics' : 'not one that is known');
  if (url.pathname === '/') url.pathname = '/metrics';
  return { kind: 'page', url: url.href, dcgm };
}

/** @throws TelemetryOptionError */
function parseHost(text: string, prefix: string, host: string): string {
  if (!isSshHost(host)) throw new TelemetryOptionError(text, `not the name of a host, such as ${prefix}:gpu-box or ${prefix}:me@gpu-box`);
  return host;
}

/** @throws TelemetryOptionError */
function parseUrl(text: string, address: string, otherwise: string): URL {
  if (!/^https?:\/\//i.test(address)) throw new TelemetryOptionError(text, otherwise);
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new TelemetryOptionError(text, 'not a valid URL');
  }
  if (url.username || url.password) throw new TelemetryOptionError(text.replace(/\/\/[^@]*@/, '//…@'), 'credentials do not belong in the URL');
  return url;
}
