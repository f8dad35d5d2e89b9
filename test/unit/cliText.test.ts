import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alignColumns } from '../../src/profile/alignColumns.ts';
import { findExecutable } from '../../src/instrument/findExecutable.ts';
import { programName } from '../../src/recorder/runName.ts';
import { likelyShell, shellEnvironment } from '../../src/instrument/shellEnvironment.ts';


describe('columns', () => {
  it('aligns by what is visible, not by styling codes', () => {
    const lines = alignColumns(
      [
        ['\u001b[1mline\u001b[22m', 'calls'],
        ['agent.ts:57', '9'],
      ],
      ['left', 'right'],
    );
    expect(lines).toEqual(['\u001b[1mline\u001b[22m          calls', 'agent.ts:57       9']);
  });
});

describe("a run's name", () => {
  it.each([
    [['python', 'my_agent.py', '--n', '3'], 'my_agent'],
    [['npx', 'tsx', 'src/agent.ts'], 'agent'],
    [['python', '-m', 'my.agent'], 'my.agent'],
    [['./agent'], 'agent'],
    [['node', 'node_modules/tsx/dist/cli.mjs', 'src/trip.ts'], 'trip'],
    [['node', '/app/node_modules/tsx/dist/cli.mjs'], 'cli'],
    [[''], 'run'],
  ])('%j → %s', (words, name) => expect(programName(words)).toBe(name));
});

describe('environment for a shell', () => {
  const hostile = { A: `it's $HOME \`id\` "x" \\` };
  it('reaches sh unexpanded', () => {
    const script = `${shellEnvironment(hostile, 'sh')}printf %s "$A"`;
    expect(spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout).toBe(hostile.A);
  });
  it('is quoted for fish and PowerShell by their rules', () => {
    expect(shellEnvironment({ A: `it's \\` }, 'fish')).toBe(`set -gx A 'it\\'s \\\\'\n`);
    expect(shellEnvironment({ A: `it's` }, 'powershell')).toBe(`$Env:A = 'it''s'\n`);
  });
  it('is JSON when asked', () => expect(JSON.parse(shellEnvironment(hostile, 'json'))).toEqual(hostile));
  it('guesses the shell', () => {
    expect(likelyShell({ SHELL: '/usr/bin/fish' }, 'linux')).toBe('fish');
    expect(likelyShell({ SHELL: '/bin/zsh' }, 'darwin')).toBe('sh');
    expect(likelyShell({}, 'win32')).toBe('powershell');
  });
});

describe('looking a command up', () => {
  it('finds what PATH holds and what a path names', () => {
    expect(findExecutable('sh', process.env, '/')).toMatch(/\/sh$/);
    expect(findExecutable('/bin/sh', {}, '/tmp')).toBe('/bin/sh');
    expect(findExecutable('./sh', {}, '/bin')).toBe('/bin/sh');
  });
  it('does not find a file that is not executable, a folder, or nothing', () => {
    const plain = join(mkdtempSync(join(tmpdir(), 'agent-cost-plain-')), 'notes.txt');
    writeFileSync(plain, '', { mode: 0o644 });
    expect(findExecutable(plain, process.env, '/')).toBeNull();
    expect(findExecutable('/etc', process.env, '/')).toBeNull();
    expect(findExecutable('no-such-command-at-all', process.env, '/')).toBeNull();
  });
});
