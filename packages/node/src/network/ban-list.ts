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

/** Bans by address. They end by themselves, and survive a restart if there is a storage. */
export class BanList {
  readonly #options: BanListOptions;
  readonly #records = new Map<string, BanRecord>();
  #saving: Promise<void> = Promise.resolve();
  #isSaveDue = false;

  private constructor(options: BanListOptions) {
    this.#options = options;
  }

  /** @throws NODE_DATABASE if the bans cannot be loaded */
  static async open(options: BanListOptions): Promise<BanList> {
    const list = new BanList(options);
    try {
      for (const record of (await options.storage?.load()) ?? []) list.#records.set(record.address, record);
    } catch (cause) {
      throw new NodeError('NODE_DATABASE', 'the bans could not be loaded', { cause });
    }
    list.#dropExpired();
    list.#dropExcess();
    return list;
  }

  /** The ban of `address` that is in force. */
  find(address: string): BanRecord | undefined {
    const record = this.#records.get(address);
    return record !== undefined && record.expiresAtMs > this.#options.clock.wallMs() ? record : undefined;
  }

  /** Adds or replaces a ban; the one that lasts longer stays. Gives the one in force. */
  add(record: BanRecord): BanRecord {
    const old = this.find(record.address);
    if (old !== undefined && old.expiresAtMs >= record.expiresAtMs) return old;
    this.#dropExpired();
    this.#records.set(record.address, record);
    this.#dropExcess();
    this.#save();
    return record;
  }

  /** True if there was a ban to end. */
  remove(address: string): boolean {
    const wasBanned = this.find(address) !== undefined;
    if (this.#records.delete(address)) this.#save();
    return wasBanned;
  }

  /** The bans in force, in the order of their addresses. */
  list(): readonly BanRecord[] {
    this.#dropExpired();
    return [...this.#records.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** Resolves when nothing is left to save. */
  async flush(): Promise<void> {
    while (this.#isSaveDue) await this.#saving;
    await this.#saving;
  }

  #dropExpired(): void {
    const nowMs = this.#options.clock.wallMs();
    for (const [address, record] of this.#records) {
      if (record.expiresAtMs <= nowMs) this.#records.delete(address);
    }
  }

  /** The bans that would end first make room. */
  #dropExcess(): void {
    const excess = this.#records.size - this.#options.maxBans;
    if (excess <= 0) return;
    const byExpiry = [...this.#records.values()].sort((a, b) => a.expiresAtMs - b.expiresAtMs);
    for (const record of byExpiry.slice(0, excess)) this.#records.delete(record.address);
  }

  /** One save at a time; changes made meanwhile are in the next. */
  #save(): void {
    const { storage, onSaveFailed } = this.#options;
    if (storage === undefined || this.#isSaveDue) return;
    this.#isSaveDue = true;
    this.#saving = this.#saving.then(async () => {
      this.#isSaveDue = false;
      try {
        await storage.save(this.list());
      } catch (cause) {
        onSaveFailed(new NodeError('NODE_DATABASE', 'the bans could not be saved; they hold until restart', { cause }));
      }
    });
  }
}
