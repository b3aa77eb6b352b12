import { Peer } from './peer.js';
import type { SyncState } from './sync-state.js';

/** Who is connected, who is left alone for a while, who is banned. */
export class Roster {
  readonly #state: SyncState;
  /** Remembered although they are gone, the one gone longest first. */
  readonly #gone = new Set<Peer>();

  constructor(state: SyncState) {
    this.#state = state;
  }

  join(name: string): void {
    const { peers, connected, settings, timers, nowMs } = this.#state;
    let peer = peers.get(name);
    if (peer === undefined) {
      peer = new Peer(name, settings);
      peers.set(name, peer);
    }
    if (peer.isBanned || peer.isConnected) return;
    peer.isConnected = true;
    peer.hasHelped = false;
    this.#gone.delete(peer);
    connected.add(peer);
    if (peer.retryAtMs > nowMs) timers.schedule(peer, peer.retryAtMs);
  }

  /** The connection is gone; nothing is outstanding at the peer any more. */
  disconnect(peer: Peer): void {
    const { connected, peers, timers, settings } = this.#state;
    peer.isConnected = false;
    connected.delete(peer);
    timers.cancel(peer);
    this.#gone.delete(peer);
    this.#gone.add(peer);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= settings.maxRememberedPeers) break;
      this.#gone.delete(oldest);
      peers.delete(oldest.name);
    }
  }

  pardon(name: string): void {
    const peer = this.#state.peers.get(name);
    if (peer !== undefined) peer.isBanned = false;
  }

  /** It failed: it is left alone, longer each time. */
  backOff(peer: Peer): void {
    const { settings, timers, nowMs } = this.#state;
    peer.noteFailure(settings, nowMs);
    if (peer.isConnected) timers.schedule(peer, peer.retryAtMs);
  }

  /** It sent, or may have sent, so many bytes in vain. */
  chargeWaste(peer: Peer, bytes: number): void {
    peer.wastedBytes += bytes;
    this.#state.wastedBytes += bytes;
  }

  endBackOff(peer: Peer): void {
    peer.retryAtMs = 0;
    this.#state.timers.cancel(peer);
  }
}
