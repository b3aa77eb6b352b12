import type { PeerBehaviour } from './simulated-peer.js';

interface Transmission {
  readonly bytes: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The connection to a peer: answers follow each other at its rate; what breaks off has come in part. */
export class SimulatedLine {
  readonly #bytesPerMs: number;
  readonly #halfTripMs: number;
  #freeAtMs = 0;
  #underWay: Transmission[] = [];
  /** Bytes that crossed the line and whose transmission is over. */
  receivedBytes = 0;

  constructor(behaviour: PeerBehaviour) {
    this.#bytesPerMs = (behaviour.bytesPerSecond ?? 1_000_000) / 1000;
    this.#halfTripMs = (behaviour.roundTripMs ?? 50) / 2;
  }

  /** When a request sent now is there. */
  requestArrivesMs(nowMs: number): number {
    return nowMs + this.#halfTripMs;
  }

  /** Sends so many bytes back, after what is being sent. Returns when the last one arrives. */
  send(nowMs: number, bytes: number): number {
    const fromMs = Math.max(nowMs, this.#freeAtMs);
    const toMs = fromMs + bytes / this.#bytesPerMs;
    this.#freeAtMs = toMs;
    this.#underWay.push({ bytes, fromMs: fromMs + this.#halfTripMs, toMs: toMs + this.#halfTripMs });
    return toMs + this.#halfTripMs;
  }

  /** Counts what has arrived; with `isBroken`, what is on its way is counted in part and the rest is lost. */
  settle(nowMs: number, isBroken = false): void {
    const left: Transmission[] = [];
    for (const transmission of this.#underWay) {
      const { bytes, fromMs, toMs } = transmission;
      if (toMs <= nowMs) this.receivedBytes += bytes;
      else if (isBroken) this.receivedBytes += (bytes * Math.max(nowMs - fromMs, 0)) / Math.max(toMs - fromMs, 1e-9);
      else left.push(transmission);
    }
    this.#underWay = left;
    if (isBroken) this.#freeAtMs = nowMs;
  }
}
