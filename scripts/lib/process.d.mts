import type { ChildProcess, SpawnOptions } from 'node:child_process';

export function npm(args: string[], options?: { cwd?: string; timeoutMs?: number; show?: boolean; onStart?: (pid: number) => void; binFolder?: string }): Promise<{ code: number; timedOut: boolean; output: string }>;
export function run(command: string, args: string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number; show?: boolean; onStart?: (pid: number) => void }): Promise<{ code: number; timedOut: boolean; output: string }>;
export function start(command: string, args: string[], options: SpawnOptions): ChildProcess;
