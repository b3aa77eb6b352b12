/** How much happens on the example's chain, and how fast. */
export interface Plan {
  /** Profiles whose owners mint a DAO coin. */
  readonly creators: number;
  readonly holdersPerCreator: number;
  /** Times that every holder's DAO coin balance changes after it came to be. */
  readonly rounds: number;
  /** Share of the holders that also receive payments. */
  readonly paidShare: number;
  /** Payments to each of those. */
  readonly payments: number;
  /** Follow pairs in the genesis state; each is two records. They make up most of the state. */
  readonly followPairs: number;
  readonly snapshotPeriod: number;
  readonly blockIntervalMs: number;
  /** Transactions in the pool at any time, at most. */
  readonly maxPending: number;
  /** Transactions a block while newcomers sync. */
  readonly backgroundPerBlock: number;
  /** Snapshot epochs before the newcomer comes, at least. */
  readonly epochs: number;
  /** What the report holds the chain to: records that transactions write, and records of the state. */
  readonly minRecords: number;
  readonly minStateRecords: number;
}

export function makePlan(scale: number): Plan {
  // A quick look has short epochs too.
  const isQuick = scale < 0.5;
  const creators = 42;
  return {
    creators,
    holdersPerCreator: Math.max(4, Math.round(100 * scale)),
    rounds: 2,
    paidShare: 0.75,
    payments: 2,
    followPairs: Math.round(245_000 * scale),
    snapshotPeriod: isQuick ? 10 : 25,
    blockIntervalMs: 250,
    maxPending: 1000,
    backgroundPerBlock: 4,
    epochs: 3,
    minRecords: Math.round(20_000 * Math.min(1, scale)),
    minStateRecords: Math.round(500_000 * Math.min(1, scale)),
  };
}
