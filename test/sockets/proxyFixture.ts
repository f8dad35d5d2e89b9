/** The proxy in this process, before a scripted upstream, with what it tells the recorder at hand. */
import { heldBytes } from '../../src/recorder/batch.ts';
import { RecorderLink } from '../../src/recorder/link.ts';
import type { RecorderOptions } from '../../src/recorder/messages.ts';
import { PLAIN_STORAGE } from '../../src/protocol/storage.ts';
import { Recorder } from '../../src/recorder/recorder.ts';
import type { CallEndLine, CallLine, Capture, RecordingLine } from '../../src/profile/recordingFormat.ts';
import { recordingLineSchema } from '../../src/profile/recordingFormat.ts';
import type { Environment } from '../../src/proxy/corporateProxy.ts';
import { startProxy, type Proxy } from '../../src/proxy/server.ts';
import { Trust } from '../../src/proxy/trust.ts';
import { upstreamFrom, Upstreams } from '../../src/proxy/upstreams.ts';
import { exchange, requestBytes, type RawAnswer } from './rawClient.ts';
import { startUpstream, until, type Script, type ScriptedUpstream } from './scriptedUpstream.ts';

export interface ProxyFixture {
  upstream: ScriptedUpstream;
  proxy: Proxy;
  port: number;
  /** Path before `/v1`. */
  token: string;
  lines: RecordingLine[];
  /** Sends a request through the proxy; `path` is that of the upstream. */
  proxied(method: string, path: string, body: string | Buffer | null, headers?: Record<string, string>): Promise<RawAnswer>;
  direct(method: string, path: string, body: string | Buffer | null, headers?: Record<string, string>): Promise<RawAnswer>;
  calls(): CallLine[];
  /** Waits until so many calls have ended; in the order in which they began, for what is unpacked aside ends when that is done. */
  ends(count: number): Promise<CallEndLine[]>;
  close(): Promise<void>;
}

export function recorderOptions(capture: Capture, startedAt = 0): RecorderOptions {
  const backend = { kind: 'vllm', url: null, version: null, model: null, gpu: null, simulated: false } as const;
  return {
    out: '/nowhere',
    header: {
      type: 'header', format: 'agent-cost/recording', version: 1, id: 'r', name: 'test', startedAt: new Date(0).toISOString(), command: [], cwd: '/', capture, backend,
      gpuProfile: null, modelProfile: null, priceProfile: null, gpuCount: 1, producer: { name: 'test', version: '0' },
    },
    backend,
    capture,
    redact: [],
    storage: PLAIN_STORAGE,
    startedAt,
    startedAtEpoch: 0,
    eventsDir: '/nowhere',
    metrics: null, power: null,
  };
}

export async function startFixture(script: Script, options: { capture?: Capture; model?: string; direct?: boolean; upstreamUrl?: string; listen?: string; env?: Environment; caFile?: string; place?: Parameters<typeof startUpstream>[1] } = {}): Promise<ProxyFixture> {
  const upstream = await startUpstream(script, options.place);
  const env = options.env ?? {};
  const lines: RecordingLine[] = [];
  const recorder = new Recorder(recorderOptions(options.capture ?? 'full'), {
    // Whatever is recorded must be readable by the format's own schema.
    append: (line) => lines.push(recordingLineSchema.parse(JSON.parse(JSON.stringify(line)))),
    onWarning: () => undefined,
    onProcess: () => undefined,
    onFrames: () => undefined,
    onCell: () => undefined,
    onOtlpTaken: (request, outcome) => proxy.otlpTaken(request, outcome),
  });
  const link = new RecorderLink((batch) => {
    const { messages, reads, bytes } = batch;
    for (const message of messages) if (message.type !== 'stop') recorder.take(message, Buffer.from(bytes.buffer), reads);
    link.taken(heldBytes(batch));
  });
  const proxy: Proxy = await startProxy({
    listen: options.listen ?? '127.0.0.1',
    port: 0,
    upstreams: new Upstreams(upstreamFrom(options.upstreamUrl ?? upstream.url, { authorization: null, embedded: false, env }), options.direct ?? false, env),
    recorder: link,
    model: options.model ?? null,
    unreachableRemedy: 'Start the server.',
    trust: new Trust(env, options.caFile ?? null),
  });
  const { port: portText, pathname: token } = new URL(proxy.routeUrl);
  const port = Number(portText);
  const ended = () => {
    const order = new Map(lines.flatMap((line) => (line.type === 'call' ? [line.id] : [])).map((id, index) => [id, index]));
    return lines.filter((line): line is CallEndLine => line.type === 'callEnd').sort((a, b) => order.get(a.id)! - order.get(b.id)!);
  };
  return {
    upstream,
    proxy,
    port,
    token,
    lines,
    proxied: (method, path, body, headers) => exchange(port, requestBytes(method, token + path, `127.0.0.1:${port}`, body, headers)),
    direct: (method, path, body, headers) => exchange(upstream.port, requestBytes(method, path, `127.0.0.1:${upstream.port}`, body, headers)),
    calls: () => {
      link.flush();
      return lines.filter((line): line is CallLine => line.type === 'call');
    },
    ends: async (count) => {
      await until(() => ended().length >= count, `${count} calls to end`);
      return ended();
    },
    close: async () => {
      await proxy.close();
      await upstream.close();
    },
  };
}

