/** The means by which this system can confine a program, as command lines. */
import { readFile } from 'node:fs/promises';
import type { SandboxLimits } from './limits.ts';
import type { Python } from './python.ts';

export interface CommandLine {
  command: string;
  args: string[];
}

export interface Confinement {
  name: string;
  /** The command line that takes the program on its standard input. Its working folder is `folder`, which is empty. */
  commandLine(python: Python, limits: SandboxLimits, folder: string): Promise<CommandLine>;
}

/** What a dynamically linked Python needs besides its own folders. Where one is a link, so it is inside. */
const SYSTEM_FOLDERS = ['/usr', '/lib', '/lib32', '/lib64', '/libx32', '/bin', '/nix/store', '/etc/ld.so.cache', '/etc/alternatives'];
/** As root each run gets a user of its own from here on, so that the limit on its processes counts no others. */
const FIRST_PRIVATE_USER = 1 << 30;
const PRIVATE_USERS = 1 << 20;

let guardText: Promise<string> | undefined;

async function guarded(python: Python, configuration: { limits: SandboxLimits; user: number | null; root: object | null }): Promise<CommandLine> {
  guardText ??= readFile(new URL('./guard.py', import.meta.url), 'utf8');
  return { command: python.executable, args: ['-I', '-S', '-c', await guardText, JSON.stringify(configuration)] };
}

function readOnlyFolders({ folders }: Python): string[] {
  return [...SYSTEM_FOLDERS, ...folders.filter((folder) => !SYSTEM_FOLDERS.some((system) => folder === system || folder.startsWith(`${system}/`)))];
}

/** Linux namespaces by util-linux's `unshare`: own processes, no network, a file system of little more than Python. */
const namespaces: Confinement = {
  name: 'Linux namespaces',
  async commandLine(python, limits, folder) {
    const isRoot = process.getuid?.() === 0;
    const user = isRoot ? FIRST_PRIVATE_USER + Math.floor(Math.random() * PRIVATE_USERS) : null;
    const root = { mountPoint: folder, readOnly: readOnlyFolders(python), workBytes: limits.workBytes };
    const inner = await guarded(python, { limits, user, root });
    const spaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child', ...(isRoot ? [] : ['--user', '--map-root-user'])];
    return { command: 'unshare', args: [...spaces, '--', inner.command, ...inner.args] };
  },
};

/** The same by bubblewrap, which some distributions allow more than others' programs. */
const bubblewrap: Confinement = {
  name: 'bubblewrap',
  async commandLine(python, limits) {
    const inner = await guarded(python, { limits, user: null, root: null });
    const binds = readOnlyFolders(python).flatMap((folder) => ['--ro-bind-try', folder, folder]);
    const work = ['--size', String(limits.workBytes), '--tmpfs', '/work', '--chdir', '/work'];
    return { command: 'bwrap', args: ['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', ...binds, '--dev', '/dev', ...work, inner.command, ...inner.args] };
  },
};

/** macOS's own sandbox: no network, no other process, no reading of the home folder, no writing but in the working folder. */
const seatbelt: Confinement = {
  name: 'macOS sandbox',
  async commandLine(python, limits, folder) {
    const inner = await guarded(python, { limits, user: null, root: null });
    const paths = (names: readonly string[]) => names.map((name) => `(subpath ${JSON.stringify(name)})`).join(' ');
    const profile = [
      '(version 1)(allow default)(deny network*)(deny process-fork)(deny signal (target others))',
      `(deny file-write*)(allow file-write* ${paths([folder])} (literal "/dev/null"))`,
      `(deny file-read* ${paths(['/Users', '/Volumes', '/private/tmp', '/private/var/folders'])})`,
      `(allow file-read* ${paths([folder, ...python.folders])})`,
    ].join('');
    return { command: 'sandbox-exec', args: ['-p', profile, inner.command, ...inner.args] };
  },
};

/** Limits alone: what is spent is held, what is reached is not. */
export const limitsAlone: Confinement = {
  name: 'limits alone',
  commandLine: (python, limits) => guarded(python, { limits, user: null, root: null }),
};

/** What can be tried here, best first. */
export function confinements(): Confinement[] {
  if (process.platform === 'darwin') return [seatbelt];
  if (process.platform !== 'linux') return [];
  // As root, bubblewrap's programs stay root for the kernel, whose limit on processes does not hold for root.
  return process.getuid?.() === 0 ? [namespaces] : [bubblewrap, namespaces];
}
