/** Disks and networks that belong to one round alone: made in Linux namespaces, which any user may make where the system lets them. */
import { spawn, spawnSync } from 'node:child_process';
import { until } from './processes.ts';
import { markOf, type World } from './world.ts';

/** Why there are no namespaces here; null where there are. */
export function namespacesMissing(): string | null {
  if (process.platform !== 'linux') return 'only Linux has namespaces';
  const tried = spawnSync('unshare', ['-rmn', 'sh', '-c', 'mount -t tmpfs none /mnt && ip link set lo up && ip link add v0 type veth peer name v1'], { encoding: 'utf8' });
  return tried.status === 0 ? null : `no namespaces for mounts and networks: ${(tried.stderr ?? tried.error?.message ?? '').trim().split('\n')[0]}`;
}

/**
 * Gives the world a view of its own of disks and networks; whatever it starts from now on is inside.
 * @param script run by a shell in it, first
 */
export async function enterNamespaces(world: World, script: string): Promise<void> {
  const [name, value] = markOf(world).split('=');
  const holder = spawn('unshare', ['-rmn', 'sh', '-ec', `ip link set lo up\n${script}\necho held\nexec sleep 3600`], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, [name!]: value } });
  world.holder = holder.pid!;
  let said = '';
  let over = false;
  holder.stdout.on('data', (text: Buffer) => (said += text.toString()));
  holder.stderr.on('data', (text: Buffer) => (said += text.toString()));
  holder.once('exit', () => (over = true));
  await until(() => said.includes('held') || over, 'the namespaces');
  if (over) throw new Error(`the namespaces could not be made: ${said}`);
  world.inside = ['nsenter', '-t', String(world.holder), '-U', '-m', '-n', '--preserve-credentials', '--'];
}

/** A path inside as it is seen from outside. */
export function seenFromOutside(world: World, path: string): string {
  return `/proc/${world.holder}/root${path}`;
}

/** Runs a command inside. @throws Error with what it said */
export function runInside(world: World, command: string): void {
  const [program = '', ...args] = [...world.inside, 'sh', '-ec', command];
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${command}: ${ran.stderr}`);
}
