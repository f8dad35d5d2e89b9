import { describe, expect, it } from 'vitest';
import { settingDefaults } from '../../src/contributions.ts';
import { accountingChoice, lensesWithChange, lensSettings, openOnRun } from '../../src/host/choices.ts';
import { proxyVariables } from '../../src/host/proxyVariables.ts';
import { inSettings, settingNamedIn } from '../../src/profile/optionNames.ts';
import { programSettings, profilingSettings, SettingError } from '../../src/host/settingsRules.ts';

function errorOf(raw: Record<string, unknown>): unknown {
  try {
    return profilingSettings(raw, undefined);
  } catch (error) {
    return error;
  }
}

describe('settings for the profiler', () => {
  it('are by default the embedded server, everything kept, nothing rewritten', () => {
    const expected = { backend: { kind: 'sim' }, model: null, capture: 'full', gpu: null, gpuCount: 1, gpuIndexes: null, telemetry: { kind: 'auto' } };
    expect(profilingSettings({ ...settingDefaults }, undefined)).toMatchObject(expected);
    expect(profilingSettings({}, undefined)).toMatchObject(expected);
  });

  it('have the embedded server count with a tokenizer, and no other', () => {
    const tokenizer = { 'agentCost.simulator.tokenizer': 'models/llama' };
    expect(profilingSettings(tokenizer, undefined).backend).toMatchObject({ kind: 'sim', tokenizer: 'models/llama' });
    expect(profilingSettings({ ...tokenizer, 'agentCost.backend': 'http://gpu-box:8000/v1' }, undefined).backend).toEqual({ kind: 'url', url: 'http://gpu-box:8000/v1' });
    expect(settingNamedIn(inSettings('--tokenizer: There is no x.'))).toBe('agentCost.simulator.tokenizer');
  });

  it('have recordings compressed, in parts, and of a largest size', () => {
    expect(profilingSettings({}, undefined).storage).toEqual({ compress: false, partBytes: null, mostBytes: null });
    expect(profilingSettings({ 'agentCost.recording.compress': true, 'agentCost.recording.partSize': '2GB', 'agentCost.recording.maxSize': '10 GB' }, undefined).storage).toEqual({ compress: true, partBytes: 2e9, mostBytes: 1e10 });
  });

  it('send direct calls where the environment says, else to OpenAI', () => {
    expect(profilingSettings({ 'agentCost.backend': 'direct' }, 'http://gpu-box:8000/v1').backend).toEqual({ kind: 'direct', defaultUrl: 'http://gpu-box:8000/v1' });
    expect(profilingSettings({ 'agentCost.backend': 'direct' }, undefined).backend).toEqual({ kind: 'direct', defaultUrl: 'https://api.openai.com/v1' });
  });

  it.each([
    ['agentCost.backend', 'cloud', /"cloud".*sim.*direct/],
    ['agentCost.backend', 7, /expects text/],
    ['agentCost.capture', 'some', /"some" is not known.*"full", "hashes", "none"/],
    ['agentCost.gpuCount', 0, /from 1 to 1024, not 0/],
    ['agentCost.gpuCount', 1.5, /whole number/],
    ['agentCost.telemetry', true, /expects text/],
    ['agentCost.telemetry', 'ssh:-oProxyCommand=x', /not the name of a host/],
    ['agentCost.gpuIndex', '0;1', /such as 0 or 0,1, not "0;1"/],
    ['agentCost.model', ['a'], /expects text/],
    ['agentCost.recording.compress', 'yes', /true or false, not "yes"/],
    ['agentCost.recording.partSize', '10kB', /from 1MB on, such as "500MB"/],
    ['agentCost.recording.maxSize', 'much', /expects a size, such as/],
    ['agentCost.caFile', 'corp.pem', /absolute path, not "corp\.pem"/],
  ])('name %s when it is %j, and say what it may be', (setting, value, message) => {
    const error = errorOf({ [setting]: value });
    expect(error).toBeInstanceOf(SettingError);
    expect(error).toMatchObject({ setting, message: expect.stringMatching(message) as unknown });
    expect(String(error)).toContain(setting);
  });

  it('never repeat a password that stands in a URL', () => {
    expect(String(errorOf({ 'agentCost.backend': 'http://user:secret@host/v1' }))).not.toContain('secret');
  });
});

describe('a proxy in the settings', () => {
  const none = { proxy: undefined, support: 'override', exceptions: [] };
  it('becomes variables for the profiler', () => {
    expect(proxyVariables(none, {})).toEqual({});
    expect(proxyVariables({ ...none, proxy: ' http://p:1 ' }, {})).toEqual({ HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://p:1' });
    expect(proxyVariables({ ...none, proxy: 'http://p:1', exceptions: ['*.corp.test', 7, '10.0.0.0/8'] }, {})).toMatchObject({ NO_PROXY: '*.corp.test,10.0.0.0/8' });
    expect(proxyVariables({ ...none, proxy: 'http://p:1', exceptions: ['a.test'] }, { no_proxy: 'b.test' })).not.toHaveProperty('NO_PROXY');
  });
  it('gives way to the environment, and to being switched off', () => {
    expect(proxyVariables({ ...none, proxy: 'http://p:1' }, { https_proxy: 'http://q:2' })).toEqual({});
    expect(proxyVariables({ ...none, proxy: 'http://p:1', support: 'off' }, {})).toEqual({});
    expect(proxyVariables({ ...none, proxy: { a: 1 } }, {})).toEqual({});
  });
});

describe('settings for looks', () => {
  it('fall back to the default rather than hide a lens', () => {
    expect([lensesWithChange({}), lensesWithChange({ 'agentCost.lens.change': false }), lensesWithChange({ 'agentCost.lens.change': 'no' })]).toEqual([true, false, true]);
    expect(lensSettings({ 'agentCost.lens.show': 'most', 'agentCost.lens.cost': 'money' })).toEqual({ show: 'perCall', cost: 'money' });
    expect(openOnRun({ 'agentCost.timeline.openOnRun': 4 })).toBe('sidebar');
    expect(openOnRun({ 'agentCost.timeline.openOnRun': 'tab' })).toBe('tab');
  });
});

it('programs are trimmed text', () => {
  expect(programSettings({ 'agentCost.python': ' /usr/bin/python3 ' })).toEqual({ python: '/usr/bin/python3', node: '' });
});

describe('settings for what energy is charged to and multiplied by', () => {
  it('are by default proportional, the GPU alone, and no carbon; a wrong value counts as the default', () => {
    const plain = { policy: 'proportional', hostEnergy: '', pue: '', grid: '' };
    expect(accountingChoice({ ...settingDefaults })).toEqual(plain);
    expect(accountingChoice({ 'agentCost.accounting.energyPolicy': 'fair', 'agentCost.accounting.grid': 7, 'agentCost.accounting.pue': null })).toEqual(plain);
    expect(accountingChoice({ 'agentCost.accounting.energyPolicy': 'marginal', 'agentCost.accounting.grid': 'DE' })).toEqual({ ...plain, policy: 'marginal', grid: 'DE' });
  });

  it('are named by what cannot be used of them', () => {
    expect(inSettings('`--grid` knows no zone "XX".')).toBe('the setting `agentCost.accounting.grid` knows no zone "XX".');
    expect(settingNamedIn(inSettings('`--host-energy` takes a factor'))).toBe('agentCost.accounting.hostEnergy');
  });
});
