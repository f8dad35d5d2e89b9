/** The set-up's npm is that of the Node it is told to use, whatever npm started us. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { npm } from '../../scripts/lib/process.mjs';

afterEach(() => vi.unstubAllEnvs());

it('tells install scripts which Node runs them', async () => {
  // As under `npm test` on another Node: the variables of that npm are in the environment.
  vi.stubEnv('npm_config_user_agent', 'npm/10.0.0 node/v18.0.0 linux x64 workspaces/false');
  const binFolder = mkdtempSync(join(tmpdir(), 'bin-'));
  symlinkSync(process.execPath, join(binFolder, 'node'));
  writeFileSync(join(binFolder, 'package.json'), JSON.stringify({ scripts: { agent: 'node -p process.env.npm_config_user_agent' } }));
  const { code, output } = await npm(['run', '--silent', 'agent'], { binFolder, cwd: binFolder });
  rmSync(binFolder, { recursive: true });
  expect(code, output).toBe(0);
  expect(output).toContain(`node/${process.version} `);
});
