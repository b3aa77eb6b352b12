import type { Clock } from '../../src/network/clock.js';

/** The clock of this machine, as if somebody had set it by {@link SetClock.setMs}; its monotonic time goes on. */
export class SetClock implements Clock {
  setMs = 0;

  wallMs(): number {
    return Date.now() + this.setMs;
  }

  monotonicMs(): number {
    return performance.now();
  }
}
