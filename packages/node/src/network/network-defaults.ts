import type { Allowances, NetworkLimits, NetworkOptions, NetworkTimeouts, RedialOptions } from './network-options.js';
import type { ScoreOptions } from './peer-scores.js';

const mebibyte = 1024 * 1024;

/** What a peer may cost where the caller says nothing else. */
export const defaultAllowances: Allowances = {
  requestsPerSecond: 200,
  requestBurst: 400,
  servedBytesPerSecond: 64 * mebibyte,
  servedByteBurst: 128 * mebibyte,
  receivedBytesPerSecond: 8 * mebibyte,
  receivedByteBurst: 8 * mebibyte,
  totalRequestsPerSecond: 2000,
  totalRequestBurst: 4000,
  totalServedBytesPerSecond: 256 * mebibyte,
  totalServedByteBurst: 256 * mebibyte,
};

/** Bounds where the caller says nothing else. */
export const defaultNetworkLimits: NetworkLimits = {
  maxInbound: 125,
  maxOutbound: 8,
  maxInboundPerHost: 16,
  maxInboundPerGroup: 32,
  maxInboundHandshakes: 32,
  maxRequestsInFlight: 16,
  maxRequestsWaiting: 1024,
  maxWriteQueueBytes: 32 * mebibyte,
  maxWriteQueueMessages: 4096,
  maxInboundQueueBytes: 4 * mebibyte,
  maxInboundQueueMessages: 64,
  maxBans: 10_000,
  maxHandshakePayloadBytes: 4096,
  maxPayloadBytes: {},
};

/** Timeouts where the caller says nothing else. */
export const defaultNetworkTimeouts: NetworkTimeouts = {
  dialMs: 30_000,
  versionMs: 30_000,
  verackMs: 30_000,
  verackAgeMs: 15 * 60_000,
  pingEveryMs: 2 * 60_000,
  idleMs: 5 * 60_000,
  writeStallMs: 60_000,
  requestMs: 60_000,
  abandonedRequestMs: 5 * 60_000,
  duplicateMs: 5000,
};

/** Back-off where the caller says nothing else. */
export const defaultRedialOptions: RedialOptions = { minDelayMs: 1000, maxDelayMs: 60_000, stableMs: 60_000 };

/** How misdeeds add up where the caller says nothing else. */
export const defaultScoreOptions: ScoreOptions = {
  halfLifeMs: 10 * 60_000,
  banScore: 100,
  banMs: 60 * 60_000,
  maxScores: 10_000,
};

/** Allowances, limits, timeouts, back-off and scores, complete. */
export interface NetworkSettings {
  readonly allowances: Allowances;
  readonly limits: NetworkLimits;
  readonly timeouts: NetworkTimeouts;
  readonly redial: RedialOptions;
  readonly scores: ScoreOptions;
}

/** The settings of `options`, with the default for each one it leaves out. */
export function networkSettings<Header>(options: NetworkOptions<Header>): NetworkSettings {
  return {
    allowances: { ...defaultAllowances, ...options.allowances },
    limits: { ...defaultNetworkLimits, ...options.limits },
    timeouts: { ...defaultNetworkTimeouts, ...options.timeouts },
    redial: { ...defaultRedialOptions, ...options.redial },
    scores: { ...defaultScoreOptions, ...options.scores },
  };
}
