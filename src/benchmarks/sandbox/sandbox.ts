/**
 * Runs Python programs that a model wrote, so that whatever they do ends with them. What holds them is looked for once
 * and tried before it is relied on; where something does not hold, nothing is run unless the user has said so.
 */
import { confinements, limitsAlone, type Confinement } from './confinement.ts';
import { launch, type SandboxedRun } from './launch.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from './limits.ts';
import { ASPECTS, findLeaks, type Aspect } from './probe.ts';
import { findPython, type Python } from './python.ts';

export type { SandboxedRun } from './launch.ts';

export interface Sandbox {
  /** The confinement and the Python, for people. */
  name: string;
  /** What it does not hold; none unless the user allowed that. */
  leaks: readonly Aspect[];
  /** Runs a program. What it does wrong is in the result. @throws the signal's reason when it is aborted */
  run(program: string, options: { limits?: Partial<SandboxLimits>; signal: AbortSignal }): Promise<SandboxedRun>;
}

let opened: Promise<Sandbox> | undefined;

/**
 * The sandbox of this machine.
 * @throws Error that says what is missing and what to do, when programs cannot be confined
 */
export function openSandbox(): Promise<Sandbox> {
  return (opened ??= findSandbox(confinements(), process.env.AGENT_COST_SANDBOX === 'weak'));
}

/** For tests: chooses among these confinements. */
export async function findSandbox(candidates: readonly Confinement[], weakIsAllowed: boolean): Promise<Sandbox> {
  if (process.platform === 'win32') throw new Error('Programs cannot be confined on Windows itself: run the benchmark in WSL.');
  const python = await findPython();
  const problems: string[] = [];
  let best: { confinement: Confinement; leaks: Aspect[] } | null = null;
  for (const confinement of candidates) {
    try {
      const leaks = await findLeaks(confinement, python);
      if (leaks.length === 0) return sandbox(confinement, python, leaks);
      problems.push(`${confinement.name} does not hold ${leaks.join(', ')} here`);
      if (best === null || leaks.length < best.leaks.length) best = { confinement, leaks };
    } catch (error) {
      problems.push(`${confinement.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (weakIsAllowed) {
    best ??= { confinement: limitsAlone, leaks: await findLeaks(limitsAlone, python) };
    return sandbox(best.confinement, python, best.leaks);
  }
  throw new Error(
    `Programs that a model writes are not run here, because they cannot be confined (${problems.join('; ') || 'no means is known'}). ` +
      'On Linux install bubblewrap or allow unprivileged user namespaces, or run the benchmark in a container or virtual machine of its own and set AGENT_COST_SANDBOX=weak, ' +
      `which runs them with what does hold.`,
  );
}

function sandbox(confinement: Confinement, python: Python, leaks: readonly Aspect[]): Sandbox {
  return {
    name: `${confinement.name}, Python ${python.version}`,
    leaks,
    run: (program, { limits, signal }) => launch(confinement, python, program, { ...DEFAULT_LIMITS, ...limits }, signal),
  };
}

/** What is to be told beside results that came from it. */
export function sandboxNotes({ name, leaks }: Sandbox): string[] {
  const held = ASPECTS.filter((aspect) => !leaks.includes(aspect));
  return [`Programs ran in: ${name}; held: ${held.join(', ') || 'nothing'}${leaks.length > 0 ? `; NOT held: ${leaks.join(', ')}` : ''}.`];
}
