// Where tools note how long they really took, for the test to compare.
import { appendFileSync } from 'node:fs';

/** Runs a tool's work and notes its time. */
export async function timed(name, work) {
  const at = performance.timeOrigin + performance.now();
  const began = performance.now();
  let failed = true;
  try {
    const result = await work();
    failed = false;
    return result;
  } finally {
    const ms = performance.now() - began;
    if (process.env.TOOL_LOG) appendFileSync(process.env.TOOL_LOG, `${JSON.stringify({ name, at, ms, failed })}\n`);
  }
}
