/** Jazzer.js: libFuzzer, led by which code the inputs reach. Installed into the cache folder when it is wanted (30 MB). */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, isComplete } from '../../scripts/lib/cached.mjs';
import { cacheFolder } from '../../scripts/lib/paths.mjs';
import { npm } from '../../scripts/lib/process.mjs';

/** https://github.com/CodeIntelligenceTesting/jazzer.js, April 2026: prebuilt for Linux and macOS (x64, arm64) and Windows (x64). */
const VERSION = '4.0.0';
const INSTALL_MS = 5 * 60_000;
const folder = join(cacheFolder, 'fuzz', `jazzer-${VERSION}`);
const core = join(folder, 'node_modules', '@jazzer.js', 'core');

/** One input's time: a few ms where all is well. */
const TIMEOUT_MS = 5000;
const MAX_INPUT_BYTES = 4096;
const MAX_MEMORY_MB = 2048;

/** Installs it where it is not. @returns why it cannot be used here (its binary for Linux wants a C library of 2.38 or newer), or null */
export async function jazzerMissing(): Promise<string | null> {
  if (!isComplete(folder)) {
    try {
      await installOnce(folder, async (temporary) => {
        writeFileSync(join(temporary, 'package.json'), '{"private":true}');
        const { code } = await npm(['install', '--no-audit', '--no-fund', `@jazzer.js/core@${VERSION}`], { cwd: temporary, timeoutMs: INSTALL_MS });
        if (code !== 0) throw new Error(`npm install ended with ${code}`);
      });
    } catch (error) {
      return `it could not be installed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const tried = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(core)})`], { encoding: 'utf8' });
  return tried.status === 0 ? null : (/^Error: (.*)$/m.exec(tried.stderr)?.[1] ?? tried.stderr.slice(-500));
}

export interface Ran {
  ok: boolean;
  runs: string;
  /** Places of the code that were reached; – where nobody counted. */
  covered: string;
  said: string;
}

/**
 * Runs it over folders of inputs, the first of which gets what reaches new code.
 * @param bundle exports `fuzz`; `env` tells it what to do
 * @param failures where an input that fails is put
 */
export function runJazzer(bundle: string, env: Record<string, string>, folders: string[], failures: string, options: string[]): Promise<Ran> {
  const limits = [`-max_len=${MAX_INPUT_BYTES}`, `-rss_limit_mb=${MAX_MEMORY_MB}`, `-artifact_prefix=${failures}/`];
  const args = [join(core, 'dist', 'cli.js'), bundle, ...folders, '--fuzzEntryPoint=fuzz', '--sync', `--timeout=${TIMEOUT_MS}`, `--includes=${bundle}`, '--disableBugDetectors=.*', '--', ...limits, ...options];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let last: RegExpExecArray | null = null;
    const hear = (text: Buffer) => {
      said = (said + text.toString()).slice(-20_000);
      for (const told of text.toString().matchAll(/#(\d+)\s+\S+\s+cov: (\d+)/g)) last = told;
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('close', (code) => resolve({ ok: code === 0, runs: last?.[1] ?? '–', covered: last?.[2] ?? '–', said }));
  });
}
