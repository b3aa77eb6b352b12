import { EllipticSumError } from '../errors.js';

/** Bounds of a {@link CallGate}. */
export interface CallGateLimits {
  readonly maxQueuedCalls: number;
  readonly maxQueuedBytes: number;
  readonly maxWaitingCalls: number;
}

interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * Lets calls in one after the other, in the order they came, as long as those inside are few and small enough. A call that is
 * larger than the bound gets in when nothing else is inside.
 */
export class CallGate {
  readonly #limits: CallGateLimits;
  #waiting: Waiter[] = [];
  #calls = 0;
  #bytes = 0;

  constructor(limits: CallGateLimits) {
    this.#limits = limits;
  }

  /** Calls inside and waiting. */
  get isEmpty(): boolean {
    return this.#calls === 0 && this.#waiting.length === 0;
  }

  /** Lets a call in at once, which must `leave` then, if there is room and none waits. */
  tryEnter(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes)) return false;
    this.#admit(bytes);
    return true;
  }

  /**
   * Resolves when the call is in; it must `leave` then.
   *
   * @throws ELLIPTICSUM_QUEUE_FULL if too many wait already
   */
  async enter(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.tryEnter(bytes)) return;
    const { maxWaitingCalls } = this.#limits;
    if (this.#waiting.length >= maxWaitingCalls) {
      throw new EllipticSumError('ELLIPTICSUM_QUEUE_FULL', `${maxWaitingCalls} calls wait for the pool already`, {
        details: { maxWaitingCalls },
      });
    }
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((enter, refuse) => {
        const waiter = { bytes, enter, refuse };
        this.#waiting.push(waiter);
        onAbort = () => {
          this.#waiting = this.#waiting.filter((other) => other !== waiter);
          refuse(signal?.reason);
          this.#letIn();
        };
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    }
  }

  leave(bytes: number): void {
    this.#calls--;
    this.#bytes -= bytes;
    this.#letIn();
  }

  /** Turns all away that wait. */
  refuseAll(reason: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.refuse(reason);
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#admit(next.bytes);
      next.enter();
    }
  }

  #admit(bytes: number): void {
    this.#calls++;
    this.#bytes += bytes;
  }

  #hasRoom(bytes: number): boolean {
    const { maxQueuedCalls, maxQueuedBytes } = this.#limits;
    return this.#calls === 0 || (this.#calls < maxQueuedCalls && this.#bytes + bytes <= maxQueuedBytes);
  }
}
