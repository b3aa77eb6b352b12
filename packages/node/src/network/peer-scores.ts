/** What the score of a misdeed adds up to, and how it is forgotten. */
export interface ScoreOptions {
  /** After this time half of a score is forgotten. */
  readonly halfLifeMs: number;
  /** From this score on an address is banned. */
  readonly banScore: number;
  /** For how long. */
  readonly banMs: number;
  /** Scores kept; the lowest make room. */
  readonly maxScores: number;
}

/**
 * Misdeeds by address: each adds points, and time takes them away again.
 *
 * For what proves no lie but should not go on for ever: broken protocol, floods, silence. A connection that is closed for
 * one of them can come back; one that is closed again and again cannot.
 */
export class PeerScores {
  readonly #options: ScoreOptions;
  readonly #scores = new Map<string, { points: number; atMs: number }>();

  constructor(options: ScoreOptions) {
    this.#options = options;
  }

  /** The points of an address, decayed. */
  of(address: string, nowMs: number): number {
    const score = this.#scores.get(address);
    if (score === undefined) return 0;
    return score.points * 0.5 ** (Math.max(0, nowMs - score.atMs) / this.#options.halfLifeMs);
  }

  /** Adds points. True if the address has to be banned now; its score starts anew then. */
  add(address: string, points: number, nowMs: number): boolean {
    const total = this.of(address, nowMs) + points;
    this.#scores.delete(address);
    if (total >= this.#options.banScore) return true;
    if (points > 0) this.#scores.set(address, { points: total, atMs: nowMs });
    if (this.#scores.size > this.#options.maxScores) this.#forgetSome(nowMs);
    return false;
  }

  /** Half of them at once, so that a flood of addresses does not cost a search each. */
  #forgetSome(nowMs: number): void {
    const byScore = [...this.#scores.keys()].sort((a, b) => this.of(a, nowMs) - this.of(b, nowMs));
    for (const address of byScore.slice(0, Math.ceil(byScore.length / 2))) this.#scores.delete(address);
  }
}

/** Points of the reasons, by error code, for which a connection or a handshake ends. Others cost nothing. */
export const misdeedPoints: Readonly<Record<string, number>> = {
  NODE_PEER_MISBEHAVED: 20,
  NODE_HANDSHAKE: 10,
  NODE_PEER_LIMIT: 20,
  NODE_PEER_TIMEOUT: 5,
};
