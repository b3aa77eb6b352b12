/** How a {@link ReadScheduler} is made. */
export interface ReadSchedulerOptions {
  /** Reads under way at once. */
  readonly maxReads: number;
  /** Resolves when no block is being connected. */
  readonly untilNoBlock: () => Promise<unknown>;
  /** A read waits for blocks no longer than this: where they come without a pause, serving goes on between them. */
  readonly maxWaitMs: number;
  readonly monotonicMs?: () => number;
}

/** Who a read is for: hosts share the time, and within a host its peers take turns. */
export interface ReadOwner {
  readonly host: string;
  readonly id: string;
}

type Job = () => Promise<void>;

interface Host {
  /** Waiting jobs by peer; a `Map` keeps the order, and who had a turn goes to its end. */
  readonly peers: Map<string, Job[]>;
  /** Where its next job stands in virtual time. */
  startMs: number;
  /** What its last job took: the guess for the next one. */
  lastMs: number;
}

/** Hosts that are remembered although nothing of theirs waits. */
const maxIdleHosts = 1000;

/**
 * Lets database reads for peers happen a few at a time, and never while a block is connected.
 *
 * Fair queueing by start time: each host's next job stands where its last one ended in virtual time, but not before the
 * present; the earliest is next, and the present is where it stands. So hosts that ask for much get equal times, and one that
 * asks for little, known or not, is next. Callers cut their work into short reads with a turn each: a block waits for a few
 * short reads at most.
 */
export class ReadScheduler {
  readonly #options: ReadSchedulerOptions;
  readonly #hosts = new Map<string, Host>();
  readonly #nowMs: () => number;
  #virtualMs = 0;
  #running = 0;

  constructor(options: ReadSchedulerOptions) {
    if (!(options.maxReads >= 1)) throw new RangeError('maxReads must be at least 1');
    this.#options = options;
    this.#nowMs = options.monotonicMs ?? (() => performance.now());
  }

  /** Reads under way. */
  get running(): number {
    return this.#running;
  }

  /** Runs a read when it is its owner's turn. */
  async run<Result>(owner: ReadOwner, read: () => Promise<Result>): Promise<Result> {
    const end = await this.turn(owner);
    try {
      return await read();
    } finally {
      end();
    }
  }

  /** Waits for a turn. It ends when the function that this gives is called, which it must be. */
  turn(owner: ReadOwner): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const host = this.#host(owner.host);
      const jobs = host.peers.get(owner.id) ?? [];
      host.peers.set(owner.id, jobs);
      jobs.push(async () => {
        const guessMs = host.lastMs;
        try {
          await this.#blocksFirst();
        } catch (error) {
          reject(error);
          return;
        }
        const beganMs = this.#nowMs();
        await new Promise<void>((end) => resolve(end));
        host.lastMs = this.#nowMs() - beganMs;
        host.startMs += host.lastMs - guessMs;
      });
      this.#start();
    });
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      this.#forgetIdle();
      host = { peers: new Map(), startMs: 0, lastMs: 0 };
      this.#hosts.set(name, host);
    }
    if (host.peers.size === 0) host.startMs = Math.max(host.startMs, this.#virtualMs);
    return host;
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
    let next: Host | undefined;
    for (const host of this.#hosts.values()) {
      if (host.peers.size > 0 && host.startMs < (next?.startMs ?? Number.POSITIVE_INFINITY)) next = host;
    }
    if (next === undefined) return undefined;
    this.#virtualMs = Math.max(this.#virtualMs, next.startMs);
    next.startMs += next.lastMs;
    for (const [id, jobs] of next.peers) {
      const job = jobs.shift();
      next.peers.delete(id);
      if (jobs.length > 0) next.peers.set(id, jobs);
      return job;
    }
    return undefined;
  }

  /** Forgets hosts that would start at the present anyway. */
  #forgetIdle(): void {
    if (this.#hosts.size < maxIdleHosts) return;
    for (const [name, { peers, startMs }] of this.#hosts) {
      if (peers.size === 0 && startMs <= this.#virtualMs) this.#hosts.delete(name);
    }
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
