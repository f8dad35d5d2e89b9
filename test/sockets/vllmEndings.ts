/** What holds of the end of a vLLM that we started, on this machine and on another. */
import { expect, it } from 'vitest';
import type { FakeVllm } from '../fixtures/fakeVllm.ts';
import type { VllmWorld } from '../fixtures/vllmWorlds.ts';
import { until } from './scriptedUpstream.ts';

export function itEndsWithUs(world: (programs: Record<string, FakeVllm>) => Promise<VllmWorld>): void {
  it('is ended at once when the editor closes, workers included, though it takes no notice', async () => {
    const { start, gone } = await world({ vllm: { stubborn: true } });
    const server = await start();
    server.kill();
    await server.ended;
    await gone();
  });

  it('is stopped where it is no longer wanted before it is ready', async () => {
    const { start, started, gone } = await world({ vllm: { slow: Infinity } });
    const asked = new AbortController();
    const waiting = start(asked.signal);
    await until(() => started('vllm').length === 1, 'a start');
    asked.abort();
    await expect(waiting).rejects.toThrow('stopped before it was ready');
    await gone();
  });
}
