/** Settings of an unproved download; each has a default. */
export interface UnprovedProgressOptions {
  /** Bound for everything requested, received and not yet written. Default 32 MiB. */
  readonly maxBytesInFlight?: number;
  /** Largest answer asked for. Default 2 MiB. */
  readonly maxChunkBytes?: number;
  /** Prefixes that one peer sends at a time. Default 4. */
  readonly maxPrefixesPerPeer?: number;
  /** Bytes that may be received in all before the download is given up, what was thrown away included. Default 64 GiB. */
  readonly maxReceivedBytes?: number;
  /** How often something that was written may be thrown away. Default 64. */
  readonly maxRestarts?: number;
  /** A peer that has not answered for so long loses its prefix. Default 15 s. */
  readonly requestTimeoutMs?: number;
  /** A peer slower than this, over {@link slowAfterMs}, loses its prefix if there is another one. Default 16 KiB. */
  readonly minBytesPerSecond?: number;
  /** Default 30 s. */
  readonly slowAfterMs?: number;
  /** Answers without a record, one after another, after which a peer loses its prefix. Default 64. */
  readonly maxEmptyChunks?: number;
  /** First back-off after a failure; it doubles with each further one. Default 1 s. */
  readonly retryDelayMs?: number;
  /** Longest back-off. Default 30 s. */
  readonly maxRetryDelayMs?: number;
  /** Without a record written for so long, it says that it is stuck. Default 60 s. */
  readonly maxIdleMs?: number;
}

/** All settings, filled in. */
export type UnprovedSettings = Readonly<Required<UnprovedProgressOptions>>;

const defaults: UnprovedSettings = {
  maxBytesInFlight: 32 * 1024 * 1024,
  maxChunkBytes: 2 * 1024 * 1024,
  maxPrefixesPerPeer: 4,
  maxReceivedBytes: 64 * 1024 * 1024 * 1024,
  maxRestarts: 64,
  requestTimeoutMs: 15_000,
  minBytesPerSecond: 16 * 1024,
  slowAfterMs: 30_000,
  maxEmptyChunks: 64,
  retryDelayMs: 1_000,
  maxRetryDelayMs: 30_000,
  maxIdleMs: 60_000,
};

/** Fills in the defaults. @throws RangeError for a setting that is not a positive safe integer */
export function unprovedSettingsFrom(options: UnprovedProgressOptions): UnprovedSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: UnprovedSettings = { ...defaults, ...given };
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive safe integer.`);
  }
  return { ...settings, maxChunkBytes: Math.min(settings.maxChunkBytes, settings.maxBytesInFlight) };
}
