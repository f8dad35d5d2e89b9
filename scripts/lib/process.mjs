// Child processes that never outlive us: each gets its own process group, which goes down on Ctrl-C or at its time limit.
import { execFileSync, spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

const running = new Set();
/** When Ctrl-C (or its like) came, in ms since the epoch; 0 before. */
let ending = 0;

/** How long a group may take to clean up after SIGTERM before SIGKILL. */
const GRACE_MS = 3_000;
const DRAIN_MS = 1_000;
const SAME_SIGNAL_MS = 300;
const OUTPUT_KEPT = 200_000;

/** Sends a signal to a child and all that it started. Nothing happens when they are gone already. */
export function signalTree(child, signal) {
  if (!child.pid) return;
  try {
    if (process.platform === 'win32') execFileSync('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' });
    else process.kill(-child.pid, signal);
  } catch {
    // The group has ended by itself: what was wanted.
  }
}

function endAll(exitCode) {
  if (ending) {
    // npm passes on the Ctrl-C that the terminal has sent us already; a person's second one comes later and means: no more patience.
    if (Date.now() - ending < SAME_SIGNAL_MS) return;
    for (const child of running) signalTree(child, 'SIGKILL');
    process.exit(exitCode);
  }
  ending = Date.now();
  for (const child of running) signalTree(child, 'SIGTERM');
  const poll = setInterval(() => {
    if (running.size > 0 && Date.now() - ending < GRACE_MS) return;
    clearInterval(poll);
    for (const child of running) signalTree(child, 'SIGKILL');
    process.exit(exitCode);
  }, 50);
}

let guarded = false;

/** From the first child on: Ctrl-C, SIGTERM and our own exit take all children along. */
function guard() {
  if (guarded) return;
  guarded = true;
  process.on('SIGINT', () => endAll(130));
  process.on('SIGTERM', () => endAll(143));
  process.on('SIGHUP', () => endAll(129));
  process.on('exit', () => {
    for (const child of running) signalTree(child, 'SIGKILL');
  });
}

/**
 * Starts a program in a process group of its own, which ends when we do.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 */
export function start(command, args, options) {
  guard();
  const child = spawn(command, args, { ...options, detached: process.platform !== 'win32', windowsHide: true });
  running.add(child);
  const gone = () => {
    // Whatever it left behind in its group.
    if (running.delete(child)) signalTree(child, 'SIGKILL');
  };
  child.once('error', gone);
  child.once('exit', gone);
  return child;
}

/** Ends a program started by {@link start} and all that it started: politely first, after some seconds by force. */
export function stop(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || !child.pid) return resolve();
    const force = setTimeout(() => signalTree(child, 'SIGKILL'), GRACE_MS);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    signalTree(child, 'SIGTERM');
  });
}

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, show?: boolean, onStart?: (pid: number) => void }} [options]
 *   `show`: its output goes straight to the terminal; else it is kept and returned. `onStart`: gets the process id.
 * @returns {Promise<{ code: number, timedOut: boolean, output: string }>} `code` is 127 when the program cannot be started.
 */
export function run(command, args, { cwd, env = process.env, timeoutMs, show = false, onStart } = {}) {
  return new Promise((resolve) => {
    const child = start(command, args, { cwd, env, stdio: show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'] });
    if (child.pid) onStart?.(child.pid);
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-OUTPUT_KEPT);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);

    let timedOut = false;
    const timers = [];
    if (timeoutMs)
      timers.push(
        setTimeout(() => {
          timedOut = true;
          signalTree(child, 'SIGTERM');
          timers.push(setTimeout(() => signalTree(child, 'SIGKILL'), GRACE_MS));
        }, timeoutMs),
      );

    let finished = false;
    const done = (code) => {
      if (finished) return;
      finished = true;
      timers.forEach(clearTimeout);
      // While Ctrl-C is being handled nobody may go on to the next step.
      if (!ending) resolve({ code, timedOut, output });
    };
    child.on('error', (error) => {
      keep(`${error.message}\n`);
      done(127);
    });
    const exitCode = (code, signal) => code ?? (signal ? 128 : 1);
    child.on('close', (code, signal) => done(exitCode(code, signal)));
    // A stray grandchild that holds the pipes open must not hold us.
    child.on('exit', (code, signal) => timers.push(setTimeout(() => done(exitCode(code, signal)), DRAIN_MS)));
  });
}

/** The user agent names our caller's Node, and install scripts read it there (code-server's refuses all but Node 24). */
const NPM_SETTINGS_OF_OUR_CALLER = /^npm_(config_(local_prefix|global_prefix|prefix|dry_run|omit|include|production|save|global|user_agent)|lifecycle_|package_)/i;

/**
 * Runs npm: the one that runs us where there is one, without the project's own `node_modules/.bin` on PATH (it may be half installed).
 *
 * @param {string[]} args
 * @param {{ cwd?: string, timeoutMs?: number, show?: boolean, onStart?: (pid: number) => void, binFolder?: string }} [options]
 *   `binFolder`: put first on PATH, for a Node other than ours.
 */
export function npm(args, { binFolder, ...options } = {}) {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !/node_modules[\\/]\.bin$/.test(folder));
  if (binFolder) path.unshift(binFolder);
  const env = { ...process.env, PATH: path.join(delimiter), npm_config_update_notifier: 'false' };
  for (const name of Object.keys(env)) if (NPM_SETTINGS_OF_OUR_CALLER.test(name)) delete env[name];
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (binFolder) delete env.npm_node_execpath;
  if (script?.endsWith('.js') && node) return run(binFolder ? join(binFolder, 'node') : node, [script, ...args], { ...options, env });
  return process.platform === 'win32' ? run('cmd.exe', ['/d', '/s', '/c', 'npm', ...args], { ...options, env }) : run('npm', args, { ...options, env });
}
