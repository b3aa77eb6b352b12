/** Settings of a sync; each has a default. */
export interface HyperSyncProgressOptions {
  /**
   * Bound for the bytes of all ranges being downloaded, checked and written. A range is reserved whole before it is
   * asked for, so that half-received ranges can never wait for each other. Where a manifest has a larger range, the
   * bound for that manifest is that range plus one chunk. Default 64 MiB.
   */
  readonly maxBytesInFlight?: number;
  /** Requests outstanding at one peer. Default 4. */
  readonly maxAttemptsPerPeer?: number;
  /** Ranges handed out for checking at the same time. Default 2. */
  readonly maxConcurrentProofs?: number;
  /** Ranges handed out for writing at the same time. Default 1. */
  readonly maxConcurrentCommits?: number;
  /** Largest answer asked for. Default 16 MiB. */
  readonly maxChunkBytes?: number;
  /** Smallest answer asked for, unless less is left. Default 64 KiB. */
  readonly minChunkBytes?: number;
  /** Answer asked for from a peer whose rate is unknown. Default 256 KiB. */
  readonly initialChunkBytes?: number;
  /** An answer is sized so that it takes about this long at the measured rate. Default 2 s. */
  readonly chunkTargetMs?: number;
  /** A peer gets further requests until this much time's worth of bytes is outstanding. Default 4 s. */
  readonly pipelineTargetMs?: number;
  /** An answer is not called late before this time. Default 2 s. */
  readonly minRequestTimeoutMs?: number;
  /**
   * After this time without an answer the range goes to another peer, if there is one; after four times this it is
   * asked for again in any case. Default 30 s.
   */
  readonly requestTimeoutMs?: number;
  /** First back-off after a failure; it doubles with each further one. Default 1 s. */
  readonly retryDelayMs?: number;
  /** Longest back-off. Default 30 s. */
  readonly maxRetryDelayMs?: number;
  /** Failed rounds of checking or writing in a row after which the sync gives up. Default 5. */
  readonly maxLocalFailures?: number;
  /** Empty chunks in one attempt after which its peer counts as unavailable. Default 64. */
  readonly maxEmptyChunks?: number;
  /** The chain's limit for keys; a sender of longer ones is banned. Default 4096. */
  readonly maxKeyBytes?: number;
  /** The chain's limit for values; a sender of longer ones is banned. Default 16 MiB. */
  readonly maxValueBytes?: number;
  /** Rates and the ETA are taken over this time. Default 10 s. */
  readonly rateWindowMs?: number;
  /** Peers remembered after they left or were banned; the one gone longest is forgotten first. Default 1024. */
  readonly maxRememberedPeers?: number;
}

/** All settings, filled in. */
export type SyncSettings = Readonly<Required<HyperSyncProgressOptions>>;

const defaults: SyncSettings = {
  maxBytesInFlight: 64 * 1024 * 1024,
  maxAttemptsPerPeer: 4,
  maxConcurrentProofs: 2,
  maxConcurrentCommits: 1,
  maxChunkBytes: 16 * 1024 * 1024,
  minChunkBytes: 64 * 1024,
  initialChunkBytes: 256 * 1024,
  chunkTargetMs: 2_000,
  pipelineTargetMs: 4_000,
  minRequestTimeoutMs: 2_000,
  requestTimeoutMs: 30_000,
  retryDelayMs: 1_000,
  maxRetryDelayMs: 30_000,
  maxLocalFailures: 5,
  maxEmptyChunks: 64,
  maxKeyBytes: 4096,
  maxValueBytes: 16 * 1024 * 1024,
  rateWindowMs: 10_000,
  maxRememberedPeers: 1024,
};

/** Fills in the defaults. Throws a RangeError for a setting that is not a positive safe integer. */
export function settingsFrom(options: HyperSyncProgressOptions): SyncSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: SyncSettings = { ...defaults, ...given };
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive safe integer.`);
  }
  return {
    ...settings,
    minChunkBytes: Math.min(settings.minChunkBytes, settings.maxChunkBytes),
    initialChunkBytes: Math.min(settings.initialChunkBytes, settings.maxChunkBytes),
    minRequestTimeoutMs: Math.min(settings.minRequestTimeoutMs, settings.requestTimeoutMs),
  };
}
