import { type Turn, type TurnOwner, TurnQueue } from './turn-queue.js';

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
export interface ReadOwner extends TurnOwner {
  /** It has not shown yet that it reads what it is sent. All these together get no more than one host that has. */
  readonly isStranger?: boolean;
}

/** Stands for all strangers among the hosts; no host has this name. */
const strangers: TurnOwner = { host: '', id: '' };

/**
 * Lets database reads for peers happen a few at a time, and never while a block is connected.
 *
 * Hosts share the time as {@link TurnQueue} says, and strangers share among them what is one host's: connections cost those
 * nothing who ask for much on many of them and read none of it, and peers that read must not wait behind all of them.
 * Callers cut their work into short reads with a turn each: a block waits for a few short reads at most.
 */
export class ReadScheduler {
  readonly #options: ReadSchedulerOptions;
  readonly #turns = new TurnQueue();
  readonly #strangers = new TurnQueue();
  readonly #nowMs: () => number;
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
      const turn: Turn = async () => {
        try {
          await this.#blocksFirst();
        } catch (error) {
          reject(error);
          return undefined;
        }
        const beganMs = this.#nowMs();
        await new Promise<void>((end) => resolve(end));
        return this.#nowMs() - beganMs;
      };
      if (owner.isStranger === true) {
        this.#strangers.push(owner, turn);
        // Whose turn it is among strangers is seen when it is theirs.
        this.#turns.push(strangers, async () => this.#strangers.shift()?.());
      } else {
        this.#turns.push(owner, turn);
      }
      this.#start();
    });
  }

  #start(): void {
    while (this.#running < this.#options.maxReads) {
      const turn = this.#turns.shift();
      if (turn === undefined) return;
      this.#running++;
      void turn().finally(() => {
        this.#running--;
        this.#start();
      });
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
