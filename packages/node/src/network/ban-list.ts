import { NodeError } from '../node-error.js';
import type { BanRecord, BanStorage } from './ban-record.js';
import type { Clock } from './clock.js';

/** How a {@link BanList} is opened. */
export interface BanListOptions {
  readonly clock: Clock;
  readonly maxBans: number;
  readonly storage?: BanStorage | undefined;
  readonly onSaveFailed: (error: NodeError) => void;
}

/**
 * Bans by address. They end by themselves, and survive a restart if there is a storage.
 *
 * While the process runs, the time that is left of a ban is measured by the monotonic clock: setting the clock of the
 * machine neither ends nor extends it. A ban that is loaded lasts at most as long as it was meant to.
 */
export class BanList {
  readonly #options: BanListOptions;
  readonly #records = new Map<string, BanRecord>();
  readonly #endsAtMs = new Map<string, number>();
  #saving: Promise<void> = Promise.resolve();
  #isSaveDue = false;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  readonly #hurry = new Hurry();

  private constructor(options: BanListOptions) {
    this.#options = options;
  }

  /** @throws NODE_DATABASE if the bans cannot be loaded */
  static async open(options: BanListOptions): Promise<BanList> {
    const list = new BanList(options);
    try {
      for (const record of (await options.storage?.load()) ?? []) list.#set(record);
    } catch (cause) {
      throw new NodeError('NODE_DATABASE', 'the bans could not be loaded', { cause });
    }
    list.#dropExpired();
    list.#dropExcess();
    return list;
  }

  /** The ban of `address` that is in force. */
  find(address: string): BanRecord | undefined {
    return this.#leftMs(address) > 0 ? this.#records.get(address) : undefined;
  }

  /** Adds or replaces a ban; the one that lasts longer stays. Gives the one in force. */
  add(record: BanRecord): BanRecord {
    const old = this.find(record.address);
    if (old !== undefined && this.#leftMs(record.address) >= record.expiresAtMs - record.bannedAtMs) return old;
    this.#dropExpired();
    this.#set(record);
    this.#dropExcess();
    this.#save();
    return record;
  }

  /** True if there was a ban to end. */
  remove(address: string): boolean {
    const wasBanned = this.find(address) !== undefined;
    if (this.#delete(address)) this.#save();
    return wasBanned;
  }

  /** The bans in force, in the order of their addresses. */
  list(): readonly BanRecord[] {
    this.#dropExpired();
    return [...this.#records.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** Resolves when nothing is left to save. */
  async flush(): Promise<void> {
    this.#hurry.up();
    while (this.#isSaveDue) await this.#saving;
    await this.#saving;
  }

  #dropExpired(): void {
    for (const address of [...this.#records.keys()]) {
      if (this.#leftMs(address) <= 0) this.#delete(address);
    }
  }

  /** The bans that would end first make room. */
  #dropExcess(): void {
    const excess = this.#records.size - this.#options.maxBans;
    if (excess <= 0) return;
    const byExpiry = [...this.#records.keys()].sort((a, b) => this.#leftMs(a) - this.#leftMs(b));
    for (const address of byExpiry.slice(0, excess)) this.#delete(address);
  }

  #set(record: BanRecord): void {
    const { clock } = this.#options;
    const { address, bannedAtMs, expiresAtMs } = record;
    const leftMs = Math.min(expiresAtMs - clock.wallMs(), expiresAtMs - bannedAtMs);
    this.#records.set(address, record);
    this.#endsAtMs.set(address, clock.monotonicMs() + leftMs);
  }

  #delete(address: string): boolean {
    this.#endsAtMs.delete(address);
    return this.#records.delete(address);
  }

  #leftMs(address: string): number {
    return (this.#endsAtMs.get(address) ?? 0) - this.#options.clock.monotonicMs();
  }

  /** One save at a time, and not many in a short time: changes made meanwhile are in the next. */
  #save(): void {
    const { storage, onSaveFailed, clock } = this.#options;
    if (storage === undefined || this.#isSaveDue) return;
    this.#isSaveDue = true;
    this.#saving = this.#saving.then(async () => {
      const waitMs = this.#savedAtMs + saveEveryMs - clock.monotonicMs();
      if (waitMs > 0) await this.#hurry.within(waitMs);
      this.#isSaveDue = false;
      this.#savedAtMs = clock.monotonicMs();
      try {
        await storage.save(this.list());
      } catch (cause) {
        onSaveFailed(new NodeError('NODE_DATABASE', 'the bans could not be saved; they hold until restart', { cause }));
      }
    });
  }
}

/** Time between saves: many bans at once must not keep the disk from blocks. */
const saveEveryMs = 2000;

/** A wait that can be cut short, for good. */
class Hurry {
  #isOver = false;
  #end: () => void = () => undefined;

  within(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOver) return resolve();
      const timer = setTimeout(resolve, ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  up(): void {
    this.#isOver = true;
    this.#end();
  }
}
