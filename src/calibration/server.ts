/** What is to be known of a server before it is calibrated. */
import { serverName } from '../profile/serverText.ts';
import { checkBackend } from '../profiler/backendCheck.ts';
import { readyTelemetry, type ReadyTelemetry } from '../profiler/telemetry.ts';
import type { TelemetryChoice } from '../protocol/telemetryOption.ts';
import type { Milliseconds, Tokens } from '../profile/units.ts';
import { parseServerLoad } from '../telemetry/serverMetrics.ts';
import { CalibrationError, type CompletionTarget } from './timedCompletion.ts';

export interface CalibratedServer {
  target: CompletionTarget;
  /** `vLLM 0.32.0`. */
  name: string;
  maxModelTokens: Tokens;
  /** Null where it does not say. */
  kvTokens: Tokens | null;
  telemetry: ReadyTelemetry;
  /** What speaks against a calibration now. */
  doubts: string[];
  /** The same, afterwards. */
  stillBusy(): Promise<string[]>;
}

export interface ServerChoice {
  url: string;
  model: string | null;
  telemetry: TelemetryChoice;
  gpuIndexes: number[] | null;
  gpuCount: number;
}

const TIMEOUT_MS: Milliseconds = 5000;
/** Where a server does not say how long its context is: what all models of today have. */
const ASSUMED_CONTEXT: Tokens = 4096;

/**
 * @throws ProfilerError as `checkBackend` and `readyTelemetry`
 * @throws CalibrationError
 */
export async function lookAtServer({ url: text, model: wanted, telemetry: choice, gpuIndexes, gpuCount }: ServerChoice): Promise<CalibratedServer> {
  const url = baseUrl(text);
  const key = process.env['AGENT_COST_BACKEND_KEY'];
  const authorization = key === undefined || key === '' ? null : `Bearer ${key}`;
  const checked = await checkBackend(url, { model: wanted, authorization, byProxy: false });
  const model = checked.model ?? wanted;
  if (model === null) throw new CalibrationError(`The server has several models (${checked.models.join(', ')}). Name one with --model.`);
  const { metricsUrl } = checked;
  const page = async () => (metricsUrl === null ? null : textOf(metricsUrl, authorization));
  const metrics = await page();
  const telemetry = await readyTelemetry({ choice, metrics: metricsUrl === null ? null : { url: metricsUrl, authorization, caFile: null, byProxy: false }, serverUrl: url, gpuIndexes, gpuCount });
  const doubts = [...busy(metrics, 'before'), ...(telemetry.warning === null ? [] : [telemetry.warning.message])];
  return {
    target: { url, authorization, model },
    name: serverName(checked),
    maxModelTokens: checked.server?.contextTokens ?? ASSUMED_CONTEXT,
    kvTokens: checked.server?.kvTokens ?? null,
    telemetry,
    doubts,
    stillBusy: async () => busy(await page(), 'after'),
  };
}

function baseUrl(text: string): string {
  try {
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error('not http');
    if (url.pathname === '/') url.pathname = '/v1';
    return url.href.replace(/\/+$/, '');
  } catch {
    throw new CalibrationError(`"${text}" is no http(s) URL. Give the base URL of the server's OpenAI-compatible API, such as http://localhost:8000/v1.`);
  }
}

/** Null where there is no such page. */
async function textOf(url: string, authorization: string | null): Promise<string | null> {
  try {
    const response = await fetch(url, { headers: authorization === null ? {} : { authorization }, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

function busy(metrics: string | null, when: 'before' | 'after'): string[] {
  const load = metrics === null ? null : parseServerLoad(metrics);
  const requests = (load?.running ?? 0) + (load?.waiting ?? 0);
  return requests > 0 ? [`The server had ${requests} request${requests === 1 ? '' : 's'} of others' ${when} the calibration: what they took is in the times.`] : [];
}
