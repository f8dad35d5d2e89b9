/** The files for schedulers: what they hold is what these take, and their command line does what they say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseParquet } from '../../src/experiments/table/parquet.ts';
import { agentCost, newFolder, QUICK_BACKEND, repository, runProcess, type Ended } from './agentCost.ts';

interface Job {
  apiVersion: string;
  kind: string;
  spec: { completionMode: string; completions: number; template: { spec: { restartPolicy: string; containers: { command: string[]; args: string[]; env: { name: string; value: string }[]; workingDir: string; volumeMounts: { mountPath: string }[] }[] } } };
}

const here = { AGENT_COST: repository, BACKEND: QUICK_BACKEND, TASKS: '4' };

/** Both parts, in one folder as on a cluster's, and what they make together. */
async function inTwoParts(start: (folder: string, index: number) => Promise<Ended>): Promise<void> {
  const folder = newFolder();
  const parts = await Promise.all([1, 2].map((index) => start(folder, index)));
  expect(parts.map(({ code }) => code)).toEqual([0, 0]);
  expect((await agentCost(['merge', 'shard-1.parquet', 'shard-2.parquet', '-o', 'all.parquet'], { cwd: folder })).code).toBe(0);
  const rows = await parseParquet(readFileSync(join(folder, 'all.parquet')), 'all.parquet');
  expect(rows.map(({ index, shard, score }) => [index, shard, score])).toEqual([[1, '1/2', 1], [2, '2/2', 1], [3, '1/2', 1], [4, '2/2', 1]]);
}

describe('a Kubernetes Job', () => {
  const job = parse(readFileSync(join(repository, 'examples/cluster/kubernetes-job.yaml'), 'utf8')) as Job;
  const [container] = job.spec.template.spec.containers as [Job['spec']['template']['spec']['containers'][0]];

  it('is indexed, and has as many pods as shards', () => {
    expect(job).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job', spec: { completionMode: 'Indexed', template: { spec: { restartPolicy: 'Never' } } } });
    expect(container.env.find(({ name }) => name === 'SHARDS')?.value).toBe(String(job.spec.completions));
    // What a pod leaves must be there for the next one.
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toContain(container.workingDir);
  });

  it('runs its part of the tasks in each pod', async () => {
    const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    await inTwoParts((cwd, index) => runProcess(container.command[0]!, [...container.command.slice(1), ...container.args], { cwd, env: { ...environment, ...here, SHARDS: '2', JOB_COMPLETION_INDEX: String(index - 1) } }));
  }, 120_000);
});

describe('a Slurm array', () => {
  const file = join(repository, 'examples/cluster/slurm-array.sh');

  it('has its directives where sbatch looks for them', () => {
    const text = readFileSync(file, 'utf8');
    // Before the first command: https://slurm.schedmd.com/sbatch.html
    const beforeCommands = text.slice(0, text.search(/^[^#\n]/m));
    expect(beforeCommands).toMatch(/^#!.*bash$/m);
    expect(beforeCommands).toMatch(/^#SBATCH --array=1-8$/m);
  });

  it('runs its part of the tasks in each of its tasks', async () => {
    await inTwoParts((cwd, index) => runProcess('bash', [file], { cwd, env: { ...here, SLURM_ARRAY_TASK_ID: String(index), SLURM_ARRAY_TASK_COUNT: '2' } }));
  }, 120_000);
});
