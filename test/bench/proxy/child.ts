/** Entry of the benchmark's own servers. */
import { runHttpPipe, runSocketPipe } from './pipes.ts';
import { runUpstream } from './upstream.ts';

const [role, upstreamPort] = process.argv.slice(2);
if (role === 'upstream') runUpstream();
else if (role === 'socketPipe') runSocketPipe(Number(upstreamPort));
else runHttpPipe(Number(upstreamPort));
