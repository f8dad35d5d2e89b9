// System packages, with apt where that is possible without asking: on Debian and its kin, as root.
import { existsSync } from 'node:fs';
import { run } from './process.mjs';
import { SetupError, step } from './steps.mjs';

/** Can packages be installed here and now? */
export const canUseApt = () => process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/**
 * Installs Debian packages.
 *
 * @param {string[]} packages
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function aptInstall(packages) {
  return step(`install ${packages.join(', ')} with apt`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { env });
    const { code, output } = await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env });
    return { ok: code === 0, output };
  });
}

const onPath = (program) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(`${folder}/${program}`));

/** What code-server's native parts need to compile: a C++ toolchain and Kerberos' headers. Elsewhere than on Linux the system's own tools do. */
export async function ensureBuildTools() {
  if (process.platform !== 'linux') return;
  const missing = [];
  if (!existsSync('/usr/include/gssapi/gssapi.h') && !existsSync('/usr/include/gssapi.h')) missing.push('libkrb5-dev');
  if (!onPath('g++') || !onPath('make')) missing.push('build-essential');
  if (!onPath('python3')) missing.push('python3');
  if (missing.length === 0) return;
  if (!canUseApt()) throw new SetupError(`The tests' VS Code needs system packages to compile. Install them, then try again: sudo apt-get install -y ${missing.join(' ')}`);
  const { ok, output } = await aptInstall(missing);
  if (!ok) throw new SetupError(`apt-get could not install ${missing.join(', ')}:\n${output.trimEnd()}`);
}
