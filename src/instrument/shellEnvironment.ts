/** Environment variables as a shell takes them. */

export const SHELLS = ['sh', 'fish', 'powershell', 'json'] as const;
export type Shell = (typeof SHELLS)[number];

/** Lines that set the variables in the given shell, each value quoted so that nothing in it is expanded. */
export function shellEnvironment(variables: Record<string, string>, shell: Shell): string {
  if (shell === 'json') return `${JSON.stringify(variables, null, 2)}\n`;
  return Object.entries(variables)
    .map(([name, value]) => `${assignment(name, value, shell)}\n`)
    .join('');
}

function assignment(name: string, value: string, shell: Exclude<Shell, 'json'>): string {
  switch (shell) {
    case 'sh':
      return `export ${name}='${value.replaceAll("'", `'\\''`)}'`;
    case 'fish':
      return `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    case 'powershell':
      return `$Env:${name} = '${value.replaceAll("'", "''")}'`;
  }
}

/** The shell that the user is most likely in. */
export function likelyShell(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Shell {
  if (platform === 'win32') return 'powershell';
  return env['SHELL']?.endsWith('/fish') ? 'fish' : 'sh';
}
