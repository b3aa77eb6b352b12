/** A remote that is refused for a while. Plain data, fit for a file. */
export interface BanRecord {
  /** `host:port` of a node that was dialled, or a bare host, which keeps connections from that host out. */
  readonly address: string;
  readonly reason: string;
  /** What shows that the ban was deserved; plain data. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly bannedAtMs: number;
  readonly expiresAtMs: number;
}

/** Keeps bans over a restart. */
export interface BanStorage {
  load(): Promise<readonly BanRecord[]>;
  /** Replaces everything that was saved before. */
  save(records: readonly BanRecord[]): Promise<void>;
}
