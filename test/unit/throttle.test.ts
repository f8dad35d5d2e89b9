import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Throttle } from '../../src/recorder/throttle.ts';

describe('what is done at once, and then not too often', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('is done for the first call as it comes, and once for all that come too early', () => {
    const act = vi.fn();
    const throttle = new Throttle(25, act);
    throttle.call();
    expect(act).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(10);
    throttle.call();
    throttle.call();
    expect(act).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(14);
    expect(act).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(act).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(1000);
    throttle.call();
    expect(act).toHaveBeenCalledTimes(3);
  });

  it('is not done any more once it is cancelled', () => {
    const act = vi.fn();
    const throttle = new Throttle(25, act);
    throttle.call();
    throttle.call();
    throttle.cancel();
    vi.advanceTimersByTime(1000);
    expect(act).toHaveBeenCalledTimes(1);
  });
});
