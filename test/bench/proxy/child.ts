/** Entry of the benchmark's own servers. */
import { runCluster, runClusterWorker } from './cluster.ts';
import { runHttpPipe, runSocketPipe } from './pipes.ts';
import { runUpstream } from './upstream.ts';

const [role, port, profilerPath = '', folder = '', token = ''] = process.argv.slice(2);
const upstreamPort = Number(port);
if (role === 'upstream') runUpstream();
else if (role === 'socketPipe') runSocketPipe(upstreamPort);
else if (role === 'httpPipe') runHttpPipe(upstreamPort);
else if (role === 'cluster') runCluster({ upstreamPort, profilerPath, folder });
else await runClusterWorker({ upstreamPort, profilerPath, folder }, token);
