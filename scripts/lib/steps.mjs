// Says what is being done and how long it took, in one voice for every script.

/** Thrown for what the user can mend: its message is printed as it is, without a stack. */
export class SetupError extends Error {}

/** @param {number} ms */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** @param {string} text */
export function say(text) {
  process.stdout.write(`setup  ${text}\n`);
}

/** After this long without a word people think that it hangs. */
const HEARTBEAT_MS = 30_000;

/**
 * Announces a step, does it, says how long it took; a long one says now and then that it is still at it.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  say(`${what} …`);
  const started = performance.now();
  const elapsed = () => seconds(performance.now() - started);
  const heartbeat = setInterval(() => say(`… still at it after ${elapsed()}`), HEARTBEAT_MS);
  try {
    const result = await work();
    say(`… done in ${elapsed()}`);
    return result;
  } catch (error) {
    say(`… failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * Runs a script's main function; what the user can mend becomes one line on stderr and exit code 2.
 *
 * @param {() => Promise<void>} main
 */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
