/** How a {@link ReadScheduler} is made. */
export interface ReadSchedulerOptions {
  /** Reads under way at once. */
  readonly maxReads: number;
  /** Resolves when no block is being connected. */
  readonly untilNoBlock: () => Promise<unknown>;
  /** A read waits for blocks no longer than this: where they come without a pause, serving goes on between them. */
  readonly maxWaitMs: number;
}

/** Who a read is for: each host gets the same share, and within a host each peer. */
export interface ReadOwner {
  readonly host: string;
  readonly id: string;
}

type Job = () => Promise<void>;

/**
 * Lets database reads for peers happen a few at a time, in turn by host and by peer, and never while a block is connected.
 *
 * Callers cut their work into short reads, each with a turn of its own: so one that asks for much waits as often as its
 * work is long, and a block waits for one short read at most.
 */
export class ReadScheduler {
  readonly #options: ReadSchedulerOptions;
  /** By host and by peer; a `Map` keeps the order, and who had a turn goes to its end. */
  readonly #waiting = new Map<string, Map<string, Job[]>>();
  #running = 0;

  constructor(options: ReadSchedulerOptions) {
    if (!(options.maxReads >= 1)) throw new RangeError('maxReads must be at least 1');
    this.#options = options;
  }

  /** Reads under way. */
  get running(): number {
    return this.#running;
  }

  /** Runs a read when it is its owner's turn. */
  run<Result>(owner: ReadOwner, read: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const job = async () => {
        try {
          await this.#blocksFirst();
          resolve(await read());
        } catch (error) {
          reject(error);
        }
      };
      const peers = this.#waiting.get(owner.host) ?? new Map<string, Job[]>();
      this.#waiting.set(owner.host, peers);
      const jobs = peers.get(owner.id) ?? [];
      peers.set(owner.id, jobs);
      jobs.push(job);
      this.#start();
    });
  }

  #start(): void {
    while (this.#running < this.#options.maxReads) {
      const job = this.#next();
      if (job === undefined) return;
      this.#running++;
      void job().finally(() => {
        this.#running--;
        this.#start();
      });
    }
  }

  #next(): Job | undefined {
    for (const [host, peers] of this.#waiting) {
      for (const [id, jobs] of peers) {
        const job = jobs.shift();
        peers.delete(id);
        if (jobs.length > 0) peers.set(id, jobs);
        this.#waiting.delete(host);
        if (peers.size > 0) this.#waiting.set(host, peers);
        return job;
      }
    }
    return undefined;
  }

  async #blocksFirst(): Promise<void> {
    const { untilNoBlock, maxWaitMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, maxWaitMs);
    });
    try {
      await Promise.race([untilNoBlock(), patience]);
    } finally {
      clearTimeout(timer);
    }
  }
}
