import type { AnswerName } from './message-roles.js';

/** A request that was sent, and that the peer owes an answer to. */
export interface OwedAnswer<Answer> {
  readonly answer: AnswerName;
  /** What the answer repeats of the request; without it, answers come in the order of the requests. */
  readonly key: number | bigint | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Entry<Answer> {
  readonly owed: OwedAnswer<Answer>;
  abandonedAtMs: number | undefined;
}

/**
 * What a peer owes. A request that was given up stays in the ledger, since its answer may still come: then it is
 * recognized and dropped, and does not pass for the answer to another.
 */
export class RequestLedger<Answer> {
  readonly #entries = new Map<AnswerName, Entry<Answer>[]>();
  #size = 0;

  /** Answers owed, those to abandoned requests included. */
  get size(): number {
    return this.#size;
  }

  expects(answer: AnswerName): boolean {
    return (this.#entries.get(answer)?.length ?? 0) > 0;
  }

  add(owed: OwedAnswer<Answer>): void {
    const entry = { owed, abandonedAtMs: undefined };
    const list = this.#entries.get(owed.answer);
    if (list === undefined) this.#entries.set(owed.answer, [entry]);
    else list.push(entry);
    this.#size++;
  }

  /** Nobody waits for this answer any more. */
  abandon(owed: OwedAnswer<Answer>, nowMs: number): void {
    const entry = this.#entries.get(owed.answer)?.find((candidate) => candidate.owed === owed);
    if (entry !== undefined) entry.abandonedAtMs = nowMs;
  }

  /** The request was not sent after all. */
  remove(owed: OwedAnswer<Answer>): void {
    const list = this.#entries.get(owed.answer);
    const index = list?.findIndex((candidate) => candidate.owed === owed) ?? -1;
    if (index >= 0) this.#take(list, index);
  }

  /** Gives the answer to whoever waits for it. False if no request has this answer. */
  settle(answer: AnswerName, options: { readonly key: number | bigint | undefined; readonly value: Answer }): boolean {
    const list = this.#entries.get(answer);
    const index = list?.findIndex(({ owed }) => owed.key === undefined || owed.key === options.key) ?? -1;
    const entry = index >= 0 ? this.#take(list, index) : undefined;
    if (entry === undefined) return false;
    if (entry.abandonedAtMs === undefined) entry.owed.resolve(options.value);
    return true;
  }

  /** When the oldest request that is still owed was given up. */
  get oldestAbandonedAtMs(): number | undefined {
    let oldest: number | undefined;
    for (const list of this.#entries.values()) {
      for (const { abandonedAtMs } of list) {
        if (abandonedAtMs !== undefined && !(oldest !== undefined && oldest <= abandonedAtMs)) oldest = abandonedAtMs;
      }
    }
    return oldest;
  }

  rejectAll(error: Error): void {
    const entries = [...this.#entries.values()].flat();
    this.#entries.clear();
    this.#size = 0;
    for (const { owed, abandonedAtMs } of entries) {
      if (abandonedAtMs === undefined) owed.reject(error);
    }
  }

  #take(list: Entry<Answer>[] | undefined, index: number): Entry<Answer> | undefined {
    const [entry] = list?.splice(index, 1) ?? [];
    if (entry !== undefined) this.#size--;
    return entry;
  }
}
