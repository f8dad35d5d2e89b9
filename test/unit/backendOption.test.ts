import { describe, expect, it } from 'vitest';
import { BackendOptionError, parseBackendOption } from '../../src/protocol/backendOption.ts';

const parse = (text: string) => parseBackendOption(text, 'https://api.openai.com/v1');

describe('backend option', () => {
  it('understands the embedded server, with and without hardware', () => {
    expect(parse('sim')).toEqual({ kind: 'sim', gpu: 'a100-40gb', model: 'llama-3.1-8b-instruct' });
    expect(parse('sim:h100/llama-3.1-70b')).toEqual({ kind: 'sim', gpu: 'h100', model: 'llama-3.1-70b' });
    expect(parse('sim:h100')).toEqual({ kind: 'sim', gpu: 'h100', model: 'llama-3.1-8b-instruct' });
  });
  it('completes a URL without a path and keeps one that has it', () => {
    expect(parse('http://gpu-box:8000')).toEqual({ kind: 'url', url: 'http://gpu-box:8000/v1' });
    expect(parse('http://gpu-box:8000/v1/')).toEqual({ kind: 'url', url: 'http://gpu-box:8000/v1' });
    expect(parse('https://host/openai/v1')).toEqual({ kind: 'url', url: 'https://host/openai/v1' });
  });
  it('knows servers on Unix sockets, and of HTTP/2 without TLS', () => {
    expect(parse('unix:/run/vllm.sock')).toEqual({ kind: 'url', url: 'unix:/run/vllm.sock:/v1' });
    expect(parse('unix:///run/a b:c.sock:/openai/v1/')).toEqual({ kind: 'url', url: 'unix:/run/a b:c.sock:/openai/v1' });
    expect(parse('http+unix://%2Frun%2Fvllm.sock/v1')).toEqual({ kind: 'url', url: 'unix:/run/vllm.sock:/v1' });
    expect(parse('h2c://gpu-box:8000')).toEqual({ kind: 'url', url: 'h2c://gpu-box:8000/v1' });
  });
  it('knows direct', () => {
    expect(parse('direct')).toEqual({ kind: 'direct', defaultUrl: 'https://api.openai.com/v1' });
  });
  it.each(['', 'vllm', 'ftp://host', 'http://', 'http://host/v1?key=1', 'sim:a/b/c', 'unix:vllm.sock', 'unix:', 'http+unix://%zz/v1', 'h2c://'])('refuses %j, saying what it takes', (text) => {
    expect(() => parse(text)).toThrow(BackendOptionError);
    expect(() => parse(text)).toThrow(/Use sim/);
  });
  it('refuses credentials in the URL without repeating them', () => {
    expect(() => parse('http://me:hunter2@host/v1')).toThrow(/AGENT_COST_BACKEND_KEY/);
    expect(() => parse('http://me:hunter2@host/v1')).not.toThrow(/hunter2/);
  });
});
