/** A number that halves with time: failures of a peer, so that old ones are forgiven. */
export class Score {
  readonly #halfLifeMs: number;
  #trouble = 0;
  #markMs = 0;

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /** A failure of so much weight. */
  add(weight: number, nowMs: number): void {
    this.#trouble = this.#troubleAt(nowMs) + weight;
    this.#markMs = nowMs;
  }

  /** 1 for a peer without failures, towards 0 with each one. */
  at(nowMs: number): number {
    return 1 / (1 + this.#troubleAt(nowMs));
  }

  #troubleAt(nowMs: number): number {
    return this.#trouble * 2 ** (-Math.max(nowMs - this.#markMs, 0) / this.#halfLifeMs);
  }
}
