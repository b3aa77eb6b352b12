import { type Scrub, type StateStore, startScrub, type VerifyReport } from '@hs/ancestral-records';
import type { Logger } from '../logger.js';
import type { Clock } from '../network/clock.js';

/** How a node verifies its own database while it runs. */
export interface ScrubSettings {
  /** Most bytes of the database that are read per second. */
  readonly bytesPerSecond: number;
  /** Rest between two rounds over all snapshots and the tip. Default one hour. */
  readonly restMs?: number;
}

/** One verification of a snapshot, or of the newest one and the tip. Times are milliseconds since 1970. */
export interface ScrubPass {
  readonly atMs: number;
  readonly height: number;
  /** Missing where only a snapshot was verified. */
  readonly tipHeight: number | undefined;
  readonly records: number;
  readonly bytes: number;
  readonly isClean: boolean;
  readonly damagedRanges: number;
}

/** What the scrub of a node does and has found since the process began. */
export interface ScrubStatus {
  readonly bytesPerSecond: number;
  readonly verifications: number;
  /** Verifications that found damage. */
  readonly damaged: number;
  /** Verifications that could not be carried through. */
  readonly failed: number;
  /** The one under way. */
  readonly current:
    | {
        readonly height: number;
        readonly records: number;
        readonly totalRecords: number;
      }
    | undefined;
  readonly lastPass: ScrubPass | undefined;
  /** The last one that found damage. */
  readonly lastDamage: ScrubPass | undefined;
  readonly lastFailure: { readonly atMs: number; readonly message: string } | undefined;
}

/** Verifies the database of a running node, slowly, again and again, and remembers what it found. It changes nothing. */
export class BackgroundScrub {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #scrub: Scrub;
  readonly #counts = { verifications: 0, damaged: 0, failed: 0 };
  #current: ScrubStatus['current'];
  #lastPass: ScrubPass | undefined;
  #lastDamage: ScrubPass | undefined;
  #lastFailure: ScrubStatus['lastFailure'];

  constructor(
    store: StateStore,
    options: { readonly settings: ScrubSettings; readonly clock: Clock; readonly logger: Logger },
  ) {
    const { settings, clock, logger } = options;
    this.#bytesPerSecond = settings.bytesPerSecond;
    this.#clock = clock;
    this.#logger = logger;
    this.#scrub = startScrub(store, {
      ...settings,
      now: () => clock.monotonicMs(),
      onProgress: ({ height, records, totalRecords }) => {
        this.#current = { height, records, totalRecords };
      },
      onPass: (report) => this.#passed(report),
      onFailure: (error) => this.#broke(error),
    });
  }

  status(): ScrubStatus {
    return {
      bytesPerSecond: this.#bytesPerSecond,
      ...this.#counts,
      current: this.#current,
      lastPass: this.#lastPass,
      lastDamage: this.#lastDamage,
      lastFailure: this.#lastFailure,
    };
  }

  close(): Promise<void> {
    return this.#scrub.close();
  }

  #passed(report: VerifyReport): void {
    const { height, tipHeight, records, bytes, isClean, damagedRanges } = report;
    const pass = {
      ...{ atMs: this.#clock.wallMs(), height, tipHeight, records, bytes, isClean },
      damagedRanges: damagedRanges.length,
    };
    this.#current = undefined;
    this.#lastPass = pass;
    this.#counts.verifications++;
    if (isClean) {
      this.#logger.debug(pass, 'the scrub found nothing wrong');
      return;
    }
    this.#lastDamage = pass;
    this.#counts.damaged++;
    const { damagedGaps, damagedPrefixes, bookkeeping } = report;
    const found = {
      ...{ gaps: damagedGaps.length, prefixes: damagedPrefixes.map(({ prefix }) => prefix) },
      bookkeeping: bookkeeping.map(({ what }) => what),
    };
    this.#logger.error(
      { ...pass, ...found },
      'the database is damaged: stop the node, then run hs-node verify for the list and hs-node repair',
    );
  }

  #broke(error: unknown): void {
    this.#current = undefined;
    this.#counts.failed++;
    const message = error instanceof Error ? error.message : String(error);
    this.#lastFailure = { atMs: this.#clock.wallMs(), message };
    this.#logger.warn({ err: error }, 'a verification of the database could not be carried through');
  }
}
