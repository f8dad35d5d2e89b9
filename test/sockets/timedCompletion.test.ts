/** When the pieces of a completion came, as a calibration takes them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { timedCompletion, type TimedCompletion } from '../../src/calibration/timedCompletion.ts';

const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** What a server's stream of these chunks is taken for. */
async function streamed(...chunks: object[]): Promise<TimedCompletion> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'text/event-stream' }).end([...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('')));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return timedCompletion({ url, model: 'm', authorization: null }, [1, 2, 3], 1, new AbortController().signal);
}

const piece = (text: string, reason: string | null = null) => ({ choices: [{ index: 0, text, finish_reason: reason }] });
const usage = (tokens: number) => ({ choices: [], usage: { prompt_tokens: 3, completion_tokens: tokens } });

describe('the pieces of a completion', () => {
  it('are those with a text, or with a half of a character that has none yet', async () => {
    expect((await streamed(piece('a'), piece(''), piece('b'), piece('', 'length'), usage(3))).pieces.length).toBe(3);
  });

  it('are one where the only token has no text and comes with the end', async () => {
    const { pieces, completionTokens, promptTokens } = await streamed(piece('', 'length'), usage(1));
    expect([pieces.length, completionTokens, promptTokens]).toEqual([1, 1, 3]);
  });

  it('are missed where there is none at all', async () => {
    await expect(streamed(usage(1))).rejects.toThrow('streams no text');
    await expect(streamed(piece('', 'stop'), usage(0))).rejects.toThrow('streams no text');
  });
});
