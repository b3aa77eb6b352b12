/** What is attacked, and what it serves. */
export interface HostileTarget {
  readonly host: string;
  readonly port: number;
  readonly network: number;
  /** A snapshot that is served, and a prefix that has records in it. */
  readonly height: number;
  readonly prefix: number;
}

/** An attack under way. */
export interface HostileClient {
  readonly made: number;
  readonly closed: number;
  readonly open: number;
  readonly bytesRead: number;
  stop(): void;
}

export declare const attacks: Readonly<Record<string, (target: HostileTarget) => HostileClient>>;
