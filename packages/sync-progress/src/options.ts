/** Settings of a sync; each has a default. */
export interface HyperSyncProgressOptions {
  /**
   * Bound for everything requested, checked and written at the same time; a sixteenth of the manifest if that is less, so
   * that little is lost when the process dies, and twice the largest range if that is more. Default 64 MiB.
   */
  readonly maxBytesInFlight?: number;
  /** Requests outstanding at one peer. Default 4. */
  readonly maxRequestsPerPeer?: number;
  /** Adjacent ranges in one request. Default 4096. */
  readonly maxRangesPerRequest?: number;
  /** Ranges handed out for checking at the same time. Default 4. */
  readonly maxConcurrentProofs?: number;
  /** Ranges handed out for writing at the same time. Default 1. */
  readonly maxConcurrentCommits?: number;
  /** Largest answer asked for. Default 16 MiB. */
  readonly maxChunkBytes?: number;
  /** Smallest answer asked for, unless less is left or the peer keeps failing. Default 16 KiB. */
  readonly minChunkBytes?: number;
  /**
   * Bytes that a peer may waste before it has proved anything; a 128th of the manifest if that is less. So much is asked
   * for first, or one range if that is more. Default 256 KiB.
   */
  readonly initialChunkBytes?: number;
  /** An answer is sized so that it takes about this long at the measured rate. Default 1 s. */
  readonly chunkTargetMs?: number;
  /** A peer gets further requests until this much time's worth of bytes is outstanding. Default 2 s. */
  readonly pipelineTargetMs?: number;
  /** An answer is not called overdue before this time. Default 2 s. */
  readonly minRequestTimeoutMs?: number;
  /**
   * After this time without an answer a request is given up, if there is another peer to ask; after four times this it
   * is given up in any case. Default 30 s.
   */
  readonly requestTimeoutMs?: number;
  /** First back-off after a failure; it doubles with each further one. Default 1 s. */
  readonly retryDelayMs?: number;
  /** Longest back-off. Default 30 s. */
  readonly maxRetryDelayMs?: number;
  /** Without progress for this long, a newer snapshot that is on offer is preferred. Default 20 s. */
  readonly reconsiderAfterMs?: number;
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
  /** Half of a peer's failures are forgiven in this time. Default 300 s. */
  readonly scoreHalfLifeMs?: number;
  /** Peers remembered after they left or were banned; the one gone longest is forgotten first. Default 1024. */
  readonly maxRememberedPeers?: number;
}

/** All settings, filled in. */
export type SyncSettings = Readonly<Required<HyperSyncProgressOptions>>;

const defaults: SyncSettings = {
  maxBytesInFlight: 64 * 1024 * 1024,
  maxRequestsPerPeer: 4,
  maxRangesPerRequest: 4096,
  maxConcurrentProofs: 4,
  maxConcurrentCommits: 1,
  maxChunkBytes: 16 * 1024 * 1024,
  minChunkBytes: 16 * 1024,
  initialChunkBytes: 256 * 1024,
  chunkTargetMs: 1_000,
  pipelineTargetMs: 2_000,
  minRequestTimeoutMs: 2_000,
  requestTimeoutMs: 30_000,
  retryDelayMs: 1_000,
  maxRetryDelayMs: 30_000,
  reconsiderAfterMs: 20_000,
  maxLocalFailures: 5,
  maxEmptyChunks: 64,
  maxKeyBytes: 4096,
  maxValueBytes: 16 * 1024 * 1024,
  rateWindowMs: 10_000,
  scoreHalfLifeMs: 300_000,
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
