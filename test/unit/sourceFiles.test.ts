/** What the recorder notes of source files: hashes, texts beside the recording, the commit. In real folders, with a real git. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Capture, RecordingLine } from '../../src/profile/recordingFormat.ts';
import { recordingLineSchema } from '../../src/profile/recordingFormat.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { analyze } from '../../src/analysis/analyze.ts';
import { askGit, checkoutOf } from '../../src/recorder/git.ts';
import { SourceFiles } from '../../src/recorder/sourceFiles.ts';
import { keepSourceText, pruneSourceTexts, readSourceText, sha256Hex, sourcesFolder } from '../../src/recorder/sourceTexts.ts';
import { call, callEnd, end, header, recordingText, site } from './recordingLines.ts';

const root = mkdtempSync(join(tmpdir(), 'source-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** A folder of a user's program, and the path of a recording in it. */
function program(files: Record<string, string | Buffer> = { 'agent.py': 'ask()\n' }, recordings = '.agent-cost'): { folder: string; recording: string; path: (name: string) => string } {
  const folder = join(root, `program-${folders++}`);
  const recording = join(folder, recordings, 'agent-20261122-1412.agentcost');
  mkdirSync(join(folder, recordings), { recursive: true });
  writeFileSync(recording, '');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { folder, recording, path: (name) => join(folder, name) };
}

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'commit.gpgsign=false', '-C', folder, ...args], { encoding: 'utf8' }).trim();
}

function sources(recording: string, capture: Capture = 'full'): { files: SourceFiles; lines: RecordingLine[] } {
  const lines: RecordingLine[] = [];
  return { files: new SourceFiles({ recording, capture, append: (line) => lines.push(recordingLineSchema.parse(line)), now: () => 7 }), lines };
}

const textNames = (recording: string): string[] => (existsSync(sourcesFolder(recording)) ? readdirSync(sourcesFolder(recording)).filter((name) => !name.endsWith('.list')) : []);

describe('a source file that a frame names', () => {
  it('is noted once, with its text beside the recording for its owner alone', async () => {
    const { recording, path } = program();
    const { files, lines } = sources(recording);
    files.see([site(path('agent.py'), 1), site(path('agent.py'), 2)], 1);
    files.see([site(path('agent.py'), 1)], 2);
    await files.settled();
    const sha256 = sha256Hex(Buffer.from('ask()\n'));
    expect(lines).toEqual([{ type: 'source', t: 7, file: path('agent.py'), sha256 }]);
    expect((await readSourceText(recording, sha256))?.toString()).toBe('ask()\n');
    expect(textNames(recording)).toEqual([sha256]);
    expect(statSync(join(sourcesFolder(recording), sha256)).mode & 0o077).toBe(0);
  });

  it('is noted again when a later process runs another text, and only then', async () => {
    const { recording, path } = program();
    const { files, lines } = sources(recording);
    files.see([site(path('agent.py'), 1)], 1);
    writeFileSync(path('agent.py'), 'ask()\nask()\n');
    files.see([site(path('agent.py'), 1)], 1);
    expect(lines).toHaveLength(1);
    files.see([site(path('agent.py'), 1)], 2);
    await files.settled();
    expect(lines.map((line) => line.type === 'source' && line.sha256)).toEqual([sha256Hex(Buffer.from('ask()\n')), sha256Hex(Buffer.from('ask()\nask()\n'))]);
    expect(textNames(recording)).toHaveLength(2);
  });

  it.each([
    ['nothing is kept of prompts', 'none' as const, '.agent-cost'],
    ['the recording lies elsewhere', 'full' as const, 'out'],
  ])('is noted without its text when %s', async (_, capture, folder) => {
    const { recording, path } = program(undefined, folder);
    const { files, lines } = sources(recording, capture);
    files.see([site(path('agent.py'), 1)], 1);
    await files.settled();
    expect(lines.map(({ type }) => type)).toEqual(['source']);
    expect(existsSync(sourcesFolder(recording))).toBe(false);
  });

  it('may be a notebook’s cell, whose text its kernel tells, and which is noted as files are', async () => {
    const { recording, path } = program();
    const { files, lines } = sources(recording);
    const cell = `${path('trips.ipynb')}[3]`;
    files.see([site(cell, 1)], 1);
    files.seeCell(cell, 'ask("é")\n');
    files.seeCell(cell, 'ask("é")\n');
    files.seeCell(path('secrets'), 'no cell');
    files.seeCell(`${path('trips.ipynb')}[4]`, 'x'.repeat(2_000_001));
    await files.settled();
    const sha256 = sha256Hex(Buffer.from('ask("é")\n'));
    expect(lines).toEqual([{ type: 'source', t: 7, file: cell, sha256 }]);
    expect((await readSourceText(recording, sha256))?.toString()).toBe('ask("é")\n');
  });

  it('keeps no text of what is no source, and notes nothing of what is no text, no file, or huge', async () => {
    const { recording, path, folder } = program({ id_rsa: 'secret', 'data.py': Buffer.from([1, 0, 2]), 'bundle.js': 'x'.repeat(2_000_001) });
    const { files, lines } = sources(recording);
    files.see([site(path('id_rsa'), 1), site(path('data.py'), 1), site(path('bundle.js'), 1), site(folder, 1), site(path('gone.py'), 1), site(path('trips.ipynb[2]'), 1), site('agent.py', 1), site('//host/share/agent.py', 1)], 1);
    await files.settled();
    expect(lines.map((line) => line.type === 'source' && line.file)).toEqual([path('id_rsa')]);
    expect(textNames(recording)).toEqual([]);
  });

  it('costs no more than its text when the folder for texts cannot be made', async () => {
    const { recording, path } = program();
    writeFileSync(sourcesFolder(recording), 'a file in the way');
    const { files, lines } = sources(recording);
    files.see([site(path('agent.py'), 1)], 1);
    await files.settled();
    expect(lines.map(({ type }) => type)).toEqual(['source']);
    expect(readFileSync(sourcesFolder(recording), 'utf8')).toBe('a file in the way');
  });
});

describe('the commit', () => {
  it('is that of the first repository among the files, with whether something was changed', async () => {
    const { folder, recording, path } = program();
    const outside = program();
    git(folder, 'init', '-q');
    git(folder, 'add', 'agent.py');
    git(folder, 'commit', '-qm', 'one');
    const commit = git(folder, 'rev-parse', 'HEAD');
    const top = git(folder, 'rev-parse', '--show-toplevel');
    const { files, lines } = sources(recording);
    files.see([site(outside.path('agent.py'), 1), site(path('agent.py'), 1)], 1);
    await files.settled();
    expect(lines.filter(({ type }) => type === 'commit')).toEqual([{ type: 'commit', t: 7, root: top, commit, dirty: false }]);
    writeFileSync(path('agent.py'), 'ask(1)\n');
    expect(await checkoutOf(folder)).toEqual({ root: top, commit, dirty: true });
  });

  it('is unknown outside of a repository, and in one without a commit', async () => {
    const { folder } = program();
    expect(await checkoutOf(folder)).toBeNull();
    git(folder, 'init', '-q');
    expect(await checkoutOf(folder)).toBeNull();
    expect(await checkoutOf(join(folder, 'nowhere'))).toBeNull();
  });

  it('is asked for without running what the repository configures', async () => {
    const { folder } = program();
    const witness = join(folder, 'ran');
    git(folder, 'init', '-q');
    git(folder, 'add', 'agent.py');
    git(folder, 'commit', '-qm', 'one');
    git(folder, 'config', 'core.fsmonitor', `touch ${witness}; false`);
    git(folder, 'config', 'core.pager', `touch ${witness}`);
    expect((await checkoutOf(folder))?.dirty).toBe(false);
    expect(existsSync(witness)).toBe(false);
  });

  it('is that of the folder, whatever repository the environment names', async () => {
    const { folder } = program();
    git(folder, 'init', '-q');
    process.env['GIT_DIR'] = join(root, 'no-such-repository');
    try {
      const whys: string[] = [];
      expect(await askGit(folder, ['rev-parse', '--is-inside-work-tree'], (why) => whys.push(why))).not.toBeNull();
      expect(whys).toEqual([]);
      expect(await askGit(folder, ['rev-parse', 'no-such-commit'], (why) => whys.push(why))).toBeNull();
      expect(whys.join()).toMatch(/^git rev-parse: .*no-such-commit/);
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});

describe('texts beside recordings', () => {
  const old = (path: string): void => utimesSync(path, new Date(0), new Date(0));

  it('go when the last recording that needs them is gone', async () => {
    const { recording } = program();
    const other = join(dirname(recording), 'other.agentcost');
    writeFileSync(other, '');
    const [shared, own] = ['shared', 'own'].map((text) => ({ sha256: sha256Hex(Buffer.from(text)), bytes: Buffer.from(text) })) as [{ sha256: string; bytes: Buffer }, { sha256: string; bytes: Buffer }];
    await keepSourceText(recording, shared.sha256, shared.bytes);
    await keepSourceText(recording, own.sha256, own.bytes);
    await keepSourceText(other, shared.sha256, shared.bytes);
    for (const name of textNames(recording)) old(join(sourcesFolder(recording), name));
    await pruneSourceTexts(recording);
    expect(textNames(recording).sort()).toEqual([shared.sha256, own.sha256].sort());
    unlinkSync(recording);
    await pruneSourceTexts(other);
    expect(textNames(other)).toEqual([shared.sha256]);
  });

  it('stay while they are young, and so does what is none', async () => {
    const { recording } = program();
    mkdirSync(sourcesFolder(recording));
    const young = join(sourcesFolder(recording), sha256Hex(Buffer.from('young')));
    const mine = join(sourcesFolder(recording), 'notes.txt');
    writeFileSync(young, 'young');
    writeFileSync(mine, 'mine');
    old(mine);
    await pruneSourceTexts(recording);
    expect(existsSync(young) && existsSync(mine)).toBe(true);
    await pruneSourceTexts(recording, Date.now() + 2 * 3600_000);
    expect([existsSync(young), existsSync(mine)]).toEqual([false, true]);
  });

  it('are neither written nor deleted through a link', async () => {
    const { recording, folder } = program();
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, sourcesFolder(recording));
    const sha256 = sha256Hex(Buffer.from('x'));
    await expect(keepSourceText(recording, sha256, Buffer.from('x'))).rejects.toThrow('no folder');
    writeFileSync(join(elsewhere, sha256), 'x');
    old(join(elsewhere, sha256));
    await pruneSourceTexts(recording);
    expect(readdirSync(elsewhere)).toEqual([sha256]);
  });

  it('are believed only when they have the hash that they are named by', async () => {
    const { recording } = program();
    const sha256 = sha256Hex(Buffer.from('true'));
    await keepSourceText(recording, sha256, Buffer.from('true'));
    writeFileSync(join(sourcesFolder(recording), sha256), 'false');
    expect(await readSourceText(recording, sha256)).toBeNull();
    expect(await readSourceText(recording, '../agent-20261122-1412.agentcost')).toBeNull();
  });
});

it('the report says what the files were, and the run is no longer for their being read', () => {
  const plain = [call('a', 0), callEnd('a', 50)];
  const lines = [...plain, { type: 'source', t: 9000, file: '/p/a.py', sha256: 'ab' }, { type: 'commit', t: 9001, root: '/p', commit: 'c'.repeat(40), dirty: null }];
  const { run, totals } = analyze(readRecording(recordingText(header(), ...lines))).report;
  expect(run.sources).toEqual([{ file: '/p/a.py', sha256: 'ab' }]);
  expect(run.commit).toEqual({ root: '/p', id: 'c'.repeat(40), dirty: null });
  expect(totals.wallMs).toBe(50);
  const without = analyze(readRecording(recordingText(header(), ...plain, end(50)))).report.run;
  expect([without.sources, without.commit]).toEqual([[], null]);
});
