/** Where files of an earlier commit are now, and what they held: in real repositories. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { followRenames, Git, parseRenames, type RunCommit } from '../../src/host/git.ts';

const base = mkdtempSync(join(tmpdir(), 'git-places-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let count = 0;

const AGENT = Array.from({ length: 20 }, (_, line) => `step_${line}()\n`).join('');

class Repository {
  readonly root = join(base, `repository-${count++}`);

  constructor() {
    mkdirSync(this.root);
    this.git('init', '-q', '-b', 'main');
    this.write('agent.py', AGENT);
    this.write('other.py', 'other()\n');
    this.commit();
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'commit.gpgsign=false', '-C', this.root, ...args], { encoding: 'utf8' }).trim();
  }

  commit(): RunCommit {
    this.git('add', '-A');
    this.git('commit', '-qm', 'more');
    return this.head();
  }

  head(): RunCommit {
    return { root: this.root, id: this.git('rev-parse', 'HEAD') };
  }
}

function gitOf({ root }: Repository, over: { trusted?: boolean; folders?: string[] } = {}): { git: Git; whys: string[] } {
  const whys: string[] = [];
  return { git: new Git({ folders: () => over.folders ?? [root], isTrusted: () => over.trusted ?? true, onFailure: (why) => whys.push(why) }), whys };
}

describe('a file of an earlier commit', () => {
  it('is followed through renames that were committed, one after the other, with edits in between', async () => {
    const repository = new Repository();
    const then = repository.head();
    repository.git('mv', 'agent.py', 'first.py');
    repository.commit();
    repository.write('first.py', AGENT.replaceAll('step_1', 'stage_1'));
    repository.commit();
    mkdirSync(repository.path('agents'));
    repository.git('mv', 'first.py', 'agents/second agent.py');
    repository.commit();
    repository.write('agents/second agent.py', 'all else\n'.repeat(20));
    repository.commit();
    expect(await gitOf(repository).git.newPlaceOf(then, repository.path('agent.py'))).toBe(repository.path('agents/second agent.py'));
  });

  it('is followed through a rename that is not committed yet', async () => {
    const repository = new Repository();
    repository.git('mv', 'agent.py', 'first.py');
    repository.commit();
    const then = repository.head();
    repository.git('mv', 'first.py', 'ä name.py');
    expect(await gitOf(repository).git.newPlaceOf(then, repository.path('first.py'))).toBe(repository.path('ä name.py'));
  });

  it('is found on a branch that had it elsewhere from the beginning', async () => {
    const repository = new Repository();
    repository.git('branch', 'side');
    repository.write('agent.py', `# on main\n${AGENT}`);
    const then = repository.commit();
    repository.git('checkout', '-q', 'side');
    repository.git('mv', 'agent.py', 'moved.py');
    repository.commit();
    expect(await gitOf(repository).git.newPlaceOf(then, repository.path('agent.py'))).toBe(repository.path('moved.py'));
  });

  it('has no other place when it was deleted, or moved where git does not look', async () => {
    const repository = new Repository();
    const then = repository.head();
    renameSync(repository.path('agent.py'), repository.path('untracked.py'));
    const { git, whys } = gitOf(repository);
    expect(await git.newPlaceOf(then, repository.path('agent.py'))).toBeNull();
    expect(whys).toEqual([]);
  });

  it('has the text that it had', async () => {
    const repository = new Repository();
    const then = repository.head();
    repository.write('agent.py', 'rewritten\n');
    repository.commit();
    const { git, whys } = gitOf(repository);
    expect((await git.textAt(then, repository.path('agent.py')))?.toString()).toBe(AGENT);
    expect(await git.textAt(then, repository.path('never.py'))).toBeNull();
    expect(whys).toHaveLength(1);
  });

  it('is found when the workspace is a folder of the repository, also by way of a link', async () => {
    const repository = new Repository();
    repository.write('sub/tool.py', AGENT);
    const then = repository.commit();
    const link = join(base, `link-${count++}`);
    symlinkSync(repository.root, link);
    const { git } = gitOf(repository, { folders: [join(link, 'sub')] });
    expect((await git.textAt(then, join(link, 'sub', 'tool.py')))?.toString()).toBe(AGENT);
  });

  it('is not asked about where nothing may be run, elsewhere than in the workspace, or with a commit that is none', async () => {
    const repository = new Repository();
    const then = repository.head();
    const path = repository.path('agent.py');
    for (const { git, whys } of [gitOf(repository, { trusted: false }), gitOf(repository, { folders: [join(base, 'elsewhere')] })]) {
      expect(await git.textAt(then, path)).toBeNull();
      expect(await git.newPlaceOf(then, path)).toBeNull();
      expect(whys).toEqual([]);
    }
    const { git, whys } = gitOf(repository);
    expect(await git.textAt({ ...then, id: '--output=x' }, path)).toBeNull();
    expect(await git.textAt({ ...then, root: '//host/share' }, path)).toBeNull();
    expect(await git.textAt(then, join(base, 'outside.py'))).toBeNull();
    expect(whys).toEqual([]);
    expect(await git.textAt({ ...then, id: '0'.repeat(40) }, path)).toBeNull();
    expect(whys).toHaveLength(1);
  });
});

it('renames are read whatever the names are, and followed in order', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0') && !/^\s*R\d+$/.test(text));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name, fc.integer({ min: 50, max: 100 }), fc.constantFrom('', '\n'))), (renames) => {
      const answer = renames.map(([from, to, percent, before]) => `${before}R${String(percent).padStart(3, '0')}\0${from}\0${to}\0`).join('');
      expect(parseRenames(Buffer.from(answer))).toEqual(renames.map(([from, to]) => ({ from, to })));
    }),
  );
  expect(followRenames('a', [{ from: 'b', to: 'c' }, { from: 'a', to: 'b' }, { from: 'b', to: 'd' }])).toBe('d');
  expect(parseRenames(null)).toEqual([]);
});
