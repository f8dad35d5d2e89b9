/**
 * Stands in for the editor's extension host: it starts the profiler as that does, by the same client, says what is ready, and ends
 * the recording when its stdin says `stop`.
 *
 *     node host.ts OPTIONS PROFILER [NODE]
 *
 * OPTIONS is the profiler's options as JSON. NODE is run in Node's place: a script that sets limits before it runs Node.
 */
import { createInterface } from 'node:readline';
import { startProfiler } from '../../../src/profiler/client.ts';
import type { ProfilerOptions } from '../../../src/protocol/profiler.ts';

const [options = '', profilerPath = '', node] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify({ ...line, t: Number(process.hrtime.bigint()) / 1e6 })}\n`);
// What the client starts the profiler with.
if (node !== undefined) process.execPath = node;
const profiler = await startProfiler(JSON.parse(options) as ProfilerOptions, {
  profilerPath,
  onMessage: (message) => {
    if (message.type === 'warning') say(message);
  },
  log: (line) => process.stderr.write(`${line}\n`),
});
say({ type: 'ready', pid: profiler.pid, routeUrl: profiler.ready.routeUrl, sessionFile: profiler.ready.sessionFile });
void profiler.onClosed.then(({ exitCode }) => say({ type: 'closed', exitCode }));
createInterface(process.stdin).on('line', () => void profiler.stop({ exitCode: 0, signal: null }).then(() => process.exit(0)));
