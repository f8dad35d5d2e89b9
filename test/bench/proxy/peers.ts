/** The proxies of others that ours is held against, of these very versions, installed once into the cache folder; and a pipe that is none of Node's. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installOnce, isComplete } from '../../../scripts/lib/cached.mjs';
import { cacheFolder, toolNode } from '../../../scripts/lib/paths.mjs';
import { npm, run, start } from '../../../scripts/lib/process.mjs';
import { freePort } from '../../fixtures/freePort.ts';
import { Wire } from './wire.ts';

const LITELLM = '1.106.2';
const PORTKEY = '1.15.2';
/** With the version that Portkey asks for, each stream is a 500. */
const PORTKEY_SERVER = { '@hono/node-server': '1.13.8' };
const INSTALL_MS = 15 * 60_000;
/** LiteLLM takes most of a minute to start on two cores. */
const START_MS = 180_000;

export interface Peer {
  version: string;
  pid: number;
  port: number;
  /** Lines of the request's head that it wants. */
  headers: string[];
}

export interface PeerKind {
  name: string;
  /** @throws Error that says why it cannot be had here */
  start(upstreamPort: number, folder: string): Promise<Peer>;
}

async function installed(name: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder, 'bench-proxy', name);
  if (!isComplete(folder)) {
    process.stderr.write(`installing ${name} into ${folder}\n`);
    await installOnce(folder, fill);
  }
  return folder;
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}

/** Debian's package, unpacked, not installed: nothing of the system changes. */
async function installNginx(): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(':')) if (existsSync(join(folder, 'nginx'))) return join(folder, 'nginx');
  const folder = await installed('nginx-debian', async (temporary) => {
    const { code, output } = await run('apt-get', ['download', 'nginx'], { cwd: temporary, timeoutMs: INSTALL_MS });
    const archive = readdirSync(temporary).find((name) => name.endsWith('.deb'));
    if (code !== 0 || archive === undefined) throw new Error(`no nginx on PATH, and apt has none: ${lastLine(output)}`);
    const unpacked = await run('dpkg-deb', ['-x', archive, temporary], { cwd: temporary });
    const tried = unpacked.code === 0 ? await run(join(temporary, 'usr', 'sbin', 'nginx'), ['-v']) : unpacked;
    if (tried.code !== 0) throw new Error(`Debian's nginx does not run here: ${lastLine(tried.output)}`);
  });
  return join(folder, 'usr', 'sbin', 'nginx');
}

/** Waits until the peer has answered a call. */
async function untilServing(peer: Peer, hasEnded: () => boolean): Promise<Peer> {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
  const request = Buffer.from(`POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n${peer.headers.map((line) => `${line}\r\n`).join('')}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const until = Date.now() + START_MS;
  for (;;) {
    const wire = new Wire(peer.port);
    try {
      await wire.call([request]);
      return peer;
    } catch (error) {
      if (hasEnded()) throw new Error('it ended while it started', { cause: error });
      if (Date.now() > until) throw new Error(`it gave no answer within ${START_MS / 1000} s: ${String(error)}`, { cause: error });
    } finally {
      wire.close();
    }
    await sleep(100);
  }
}

async function startPeer(command: string, args: string[], options: { folder: string; env?: NodeJS.ProcessEnv; version: string; port: number; headers?: string[] }): Promise<Peer> {
  const child = start(command, args, { cwd: options.folder, env: { ...process.env, ...options.env }, stdio: 'ignore' });
  const peer = { version: options.version, pid: child.pid ?? NaN, port: options.port, headers: options.headers ?? [] };
  return untilServing(peer, () => child.exitCode !== null || child.pid === undefined);
}

const nginx: PeerKind = {
  name: 'nginx',
  async start(upstreamPort, folder) {
    const program = await installNginx();
    const port = await freePort();
    const version = /nginx\/([\d.]+)/.exec((await run(program, ['-v'])).output)?.[1] ?? 'unknown';
    const own = join(folder, 'nginx');
    mkdirSync(own);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${own}/${kind};`).join(' ');
    writeFileSync(
      join(own, 'nginx.conf'),
      `daemon off; user root; worker_processes 1; pid ${own}/nginx.pid; error_log ${own}/error.log;
events { worker_connections 4096; }
http {
  access_log off; ${paths} tcp_nodelay on; keepalive_requests 1000000;
  upstream model { server 127.0.0.1:${upstreamPort}; keepalive 512; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 0; client_body_buffer_size 2m; proxy_request_buffering off; proxy_buffering off;
    location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
    );
    return startPeer(program, ['-c', join(own, 'nginx.conf'), '-p', own], { folder: own, version, port });
  },
};

/** No peer, but what a core that is not Node's could reach at best. */
const nativePipe: PeerKind = {
  name: 'native pipe',
  async start(upstreamPort, folder) {
    const program = join(folder, 'nativePipe');
    const { code, output } = await run('cc', ['-O2', '-o', program, join(import.meta.dirname, 'nativePipe.c')]);
    if (code !== 0) throw new Error(`cc could not compile it (it needs Linux and a compiler): ${lastLine(output)}`);
    const port = await freePort();
    const version = lastLine((await run('cc', ['-dumpfullversion'])).output);
    return startPeer(program, [String(port), String(upstreamPort)], { folder, version, port });
  },
};

const portkey: PeerKind = {
  name: 'Portkey',
  async start(upstreamPort) {
    const folder = await installed(`portkey-${PORTKEY}`, async (temporary) => {
      writeFileSync(join(temporary, 'package.json'), JSON.stringify({ private: true, dependencies: { '@portkey-ai/gateway': PORTKEY }, overrides: PORTKEY_SERVER }));
      const { code, output } = await npm(['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: temporary, timeoutMs: INSTALL_MS });
      if (code !== 0) throw new Error(`npm could not install @portkey-ai/gateway ${PORTKEY}: ${lastLine(output)}`);
    });
    const port = await freePort();
    const headers = ['x-portkey-provider: openai', `x-portkey-custom-host: http://127.0.0.1:${upstreamPort}/v1`, 'Authorization: Bearer none'];
    return startPeer(toolNode(), ['node_modules/@portkey-ai/gateway/build/start-server.js', '--headless', `--port=${port}`], { folder, env: { NODE_ENV: 'production' }, version: PORTKEY, port, headers });
  },
};

const litellm: PeerKind = {
  name: 'LiteLLM',
  async start(upstreamPort, folder) {
    const packages = await installed(`litellm-${LITELLM}`, async (temporary) => {
      const { code, output } = await run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', temporary, `litellm[proxy]==${LITELLM}`], { timeoutMs: INSTALL_MS });
      if (code !== 0) throw new Error(`pip could not install litellm[proxy] ${LITELLM}: ${lastLine(output)}`);
    });
    const port = await freePort();
    const config = join(folder, 'litellm.yaml');
    writeFileSync(config, `model_list:\n  - model_name: m\n    litellm_params:\n      model: openai/m\n      api_base: http://127.0.0.1:${upstreamPort}/v1\n      api_key: none\n`);
    const env = { PYTHONPATH: packages, LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true', LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
    return startPeer('python3', ['-c', 'from litellm import run_server; run_server()', '--config', config, '--port', String(port), '--host', '127.0.0.1'], { folder, env, version: LITELLM, port });
  },
};

export const peerKinds: readonly PeerKind[] = [nativePipe, nginx, portkey, litellm];
