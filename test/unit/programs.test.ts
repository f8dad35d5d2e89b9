import { describe, expect, it } from 'vitest';
import { chooseNode, choosePython, chooseProgram, chooseTypeScriptRunner, ProgramNotFoundError, stripsTypes, type NodeFacts, type PythonFacts } from '../../src/host/programs.ts';

const noPython: PythonFacts = { setting: '', settingFound: null, extension: null, virtualEnvironments: [], onPath: null };
const noNode: NodeFacts = { setting: '', settingFound: null, onPath: null, version: null, tsx: null, tsNode: null };

function thrown(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

describe('Python', () => {
  const all: PythonFacts = { setting: 'mine', settingFound: '/mine', extension: '/chosen', virtualEnvironments: ['/w/.venv/bin/python', '/w/venv/bin/python'], onPath: '/usr/bin/python3' };

  it('is the setting, else the extension’s, else the workspace’s own, else the first on the PATH', () => {
    expect(choosePython(all).command).toBe('/mine');
    expect(choosePython({ ...all, setting: '' }).command).toBe('/chosen');
    expect(choosePython({ ...all, setting: '', extension: null }).command).toBe('/w/.venv/bin/python');
    expect(choosePython({ ...noPython, onPath: '/usr/bin/python3' }).command).toBe('/usr/bin/python3');
  });

  it('names the setting when it names no program, rather than using another', () => {
    const error = thrown(() => choosePython({ ...all, setting: 'nopython', settingFound: null }));
    expect(error).toBeInstanceOf(ProgramNotFoundError);
    expect(error).toMatchObject({ setting: 'agentCost.python', message: expect.stringMatching(/agentCost\.python.*"nopython"/) as unknown });
  });

  it('says where it looked and which setting helps when there is none', () => {
    expect(thrown(() => choosePython(noPython))).toMatchObject({ setting: 'agentCost.python', message: expect.stringMatching(/PATH.*agentCost\.python/) as unknown });
  });
});

describe('Node', () => {
  it('is the setting, else the first on the PATH', () => {
    expect(chooseNode({ ...noNode, setting: 'node24', settingFound: '/n/node24', onPath: '/usr/bin/node' }).command).toBe('/n/node24');
    expect(chooseNode({ ...noNode, onPath: '/usr/bin/node' }).command).toBe('/usr/bin/node');
    expect(thrown(() => chooseNode(noNode))).toMatchObject({ setting: 'agentCost.node' });
    expect(thrown(() => chooseNode({ ...noNode, setting: '/no/node', onPath: '/usr/bin/node' }))).toMatchObject({ setting: 'agentCost.node' });
  });
});

describe('TypeScript', () => {
  const node: NodeFacts = { ...noNode, onPath: '/usr/bin/node', version: '20.20.0' };

  it('is run by the workspace’s tsx, else its ts-node, else a Node that strips types', () => {
    expect(chooseTypeScriptRunner({ ...node, tsx: '/w/tsx.mjs', tsNode: '/w/ts-node.js' })).toMatchObject({ command: '/usr/bin/node', args: ['/w/tsx.mjs'] });
    expect(chooseTypeScriptRunner({ ...node, tsNode: '/w/ts-node.js' }).args).toEqual(['/w/ts-node.js']);
    expect(chooseTypeScriptRunner({ ...node, version: '22.18.0' }).args).toEqual([]);
  });

  it('says what to install when nothing runs it', () => {
    expect(thrown(() => chooseTypeScriptRunner(node))).toMatchObject({ message: expect.stringMatching(/Node 20\.20\.0 does not run TypeScript.*npm install --save-dev tsx/) as unknown });
    expect(thrown(() => chooseTypeScriptRunner({ ...node, version: null }))).toBeInstanceOf(ProgramNotFoundError);
  });

  it.each([
    ['20.20.0', false],
    ['22.17.1', false],
    ['22.18.0', true],
    ['23.5.0', false],
    ['23.6.0', true],
    ['24.0.0', true],
    ['not a version', false],
  ])('knows whether Node %s strips types', (version, strips) => {
    expect(stripsTypes(version)).toBe(strips);
  });
});

it('runs each language with its own kind of program', () => {
  const node: NodeFacts = { ...noNode, onPath: '/usr/bin/node', tsx: '/w/tsx.mjs' };
  const python: PythonFacts = { ...noPython, onPath: '/usr/bin/python3' };
  expect(chooseProgram('python', python, node).command).toBe('/usr/bin/python3');
  expect(chooseProgram('javascript', python, node)).toMatchObject({ command: '/usr/bin/node', args: [] });
  expect(chooseProgram('typescript', python, node)).toMatchObject({ command: '/usr/bin/node', args: ['/w/tsx.mjs'] });
});
