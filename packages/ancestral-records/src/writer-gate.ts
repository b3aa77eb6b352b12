import { AncestralRecordsError } from './errors.js';

/** Most operations that may wait for their turn. */
const maxWaiting = 64;

/** Lets one writing operation through at a time. Most are refused when one is under way; a few may wait, boundedly. */
export class WriterGate {
  #active: string | undefined;
  #turns = 0;
  #waiting: (() => void)[] = [];
  #idle: (() => void)[] = [];

  /** Name of the operation under way. */
  get active(): string | undefined {
    return this.#active;
  }

  /** Operations that have begun so far. */
  get turns(): number {
    return this.#turns;
  }

  /** Runs an operation alone. @throws ANCESTRAL_RECORDS_BUSY if another one is under way and this may not wait */
  async run<T>(name: string, operation: () => Promise<T>, options: { readonly mayWait?: boolean } = {}): Promise<T> {
    if (this.#active !== undefined) {
      if (options.mayWait !== true || this.#waiting.length >= maxWaiting) throw busy(name, this.#active);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#active = name;
    this.#turns++;
    try {
      return await operation();
    } finally {
      this.#release();
    }
  }

  /** Resolves when nothing is under way or waiting. */
  async idle(): Promise<void> {
    if (this.#active !== undefined) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Hands over without ever being free in between, so that nobody can slip in before the one who waited. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#active = undefined;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** The error for an operation that cannot run beside the one under way. */
export function busy(name: string, active: string): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_BUSY',
    `${name} cannot run while ${active} is under way: await one before starting the next`,
    { details: { operation: name, active } },
  );
}
