/** The programs that `bench` and `load` run: they are TypeScript, in a clone, and need a Node that runs it as it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { installation } from '../installation.ts';
import { UsageError } from '../usageError.ts';

/** From this version on Node runs TypeScript without a flag (https://nodejs.org/en/blog/release/v22.18.0). */
const RUNS_TYPESCRIPT = [22, 18] as const;

export interface Programs {
  node: string;
  agents: string;
  standIns: string;
}

/** @param who for messages: `bench runs`. @throws UsageError where there is no clone around this program, or no such Node */
export function programs(who: string): Programs {
  const { clone } = installation();
  const agents = join(clone, 'src/agents/main.ts');
  if (!existsSync(agents)) throw new UsageError(`${who} the bundled agents, and ${agents} is not there. Run it in a clone of the repository.`);
  return { node: typescriptNode(clone), agents, standIns: join(clone, 'src/benchmarks/standInsMain.ts') };
}

function typescriptNode(clone: string): string {
  const own = join(clone, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(own)) return own;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > RUNS_TYPESCRIPT[0] || (major === RUNS_TYPESCRIPT[0] && minor >= RUNS_TYPESCRIPT[1])) return process.execPath;
  throw new UsageError(`The bundled agents need Node ${RUNS_TYPESCRIPT.join('.')} or newer, and this is ${process.versions.node}. Install the repository's dependencies (npm install), which bring one.`);
}

const standInsSchema = z.object({ environment: z.record(z.string(), z.string()), notes: z.array(z.string()) });

export interface RunningStandIns extends z.infer<typeof standInsSchema> {
  close(): Promise<void>;
}

/** Starts what stands in for a benchmark's world outside. @throws UsageError with what it said when it could not */
export async function startStandIns({ node, standIns }: Programs, benchmark: string): Promise<RunningStandIns> {
  const child = spawn(node, [standIns, benchmark], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, 'line').then(([first]) => first as string), ended.then(() => null)]);
  if (line === null) throw new UsageError(said.trim() || `What stands in for the world of ${benchmark} could not be started.`);
  return {
    ...standInsSchema.parse(JSON.parse(line)),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
