/** Where the network gets its time from. */
export interface Clock {
  /** Milliseconds since 1970: for what leaves this process. */
  wallMs(): number;
  /** Milliseconds since some moment, never going back: for everything that is measured. */
  monotonicMs(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
