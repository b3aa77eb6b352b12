/** Work that gives the milliseconds it took; `undefined` if it did not begin. */
export type Turn = () => Promise<number | undefined>;

/** Who a turn is for. */
export interface TurnOwner {
  readonly host: string;
  readonly id: string;
}

interface Host {
  /** Waiting turns by peer; a `Map` keeps the order, and who had a turn goes to its end. */
  readonly peers: Map<string, Turn[]>;
  /** Where its next turn stands in virtual time. */
  startMs: number;
  /** What its last turn took: the guess for the next one. */
  lastMs: number;
}

/** Hosts that are remembered although nothing of theirs waits. */
const maxIdleHosts = 1000;

/**
 * Turns that hosts share fairly, and the peers of a host among them.
 *
 * Fair queueing by start time: each host's next turn stands where its last one ended in virtual time, but not before the
 * present; the earliest is next, and the present is where it stands. So hosts that ask for much get equal times, and one that
 * asks for little, known or not, is next.
 */
export class TurnQueue {
  readonly #hosts = new Map<string, Host>();
  #virtualMs = 0;

  push(owner: TurnOwner, turn: Turn): void {
    const host = this.#host(owner.host);
    const turns = host.peers.get(owner.id) ?? [];
    host.peers.set(owner.id, turns);
    turns.push(turn);
  }

  /** Takes the next turn, which must be run: what it takes counts for its host. */
  shift(): Turn | undefined {
    const host = this.#nextHost();
    if (host === undefined) return undefined;
    this.#virtualMs = Math.max(this.#virtualMs, host.startMs);
    const guessMs = host.lastMs;
    host.startMs += guessMs;
    const turn = nextOf(host);
    return async () => {
      const tookMs = await turn?.();
      if (tookMs === undefined) return undefined;
      host.lastMs = tookMs;
      host.startMs += tookMs - guessMs;
      return tookMs;
    };
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

  #nextHost(): Host | undefined {
    let next: Host | undefined;
    for (const host of this.#hosts.values()) {
      if (host.peers.size > 0 && host.startMs < (next?.startMs ?? Number.POSITIVE_INFINITY)) next = host;
    }
    return next;
  }

  /** Forgets hosts that would start at the present anyway. */
  #forgetIdle(): void {
    if (this.#hosts.size < maxIdleHosts) return;
    for (const [name, { peers, startMs }] of this.#hosts) {
      if (peers.size === 0 && startMs <= this.#virtualMs) this.#hosts.delete(name);
    }
  }
}

function nextOf({ peers }: Host): Turn | undefined {
  for (const [id, turns] of peers) {
    const turn = turns.shift();
    peers.delete(id);
    if (turns.length > 0) peers.set(id, turns);
    return turn;
  }
  return undefined;
}
