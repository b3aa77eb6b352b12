import type { NodeError } from '../node-error.js';
import type { PeerSession } from './peer-session.js';

/** What a {@link PeerRoster} tells its owner. */
export interface RosterEvents<Header> {
  /** This session counts as a peer from now on. */
  readonly onPeer: (session: PeerSession<Header>) => void;
  /** It does not count any more, though it may still be open. */
  readonly onGone: (session: PeerSession<Header>, reason: NodeError | undefined) => void;
}

/**
 * The sessions of a network, of which one of each node counts as a peer.
 *
 * Two nodes that have dialled each other keep both connections, and each counts the one that it dialled itself: nobody who
 * dials us and passes on another node's handshake can take the place of a connection that we chose. Of two connections in
 * the same direction the older one counts as long as it answers.
 */
export class PeerRoster<Header> {
  readonly #events: RosterEvents<Header>;
  readonly #counted = new Map<string, PeerSession<Header>>();
  readonly #others = new Set<PeerSession<Header>>();

  constructor(events: RosterEvents<Header>) {
    this.#events = events;
  }

  /** Those that count, by id. */
  get counted(): ReadonlyMap<string, PeerSession<Header>> {
    return this.#counted;
  }

  /** All, in no order. */
  all(): PeerSession<Header>[] {
    return [...this.#counted.values(), ...this.#others];
  }

  /** Takes a new session. Gives the older one to the same node in the same direction, if there is one: one of them must go. */
  add(session: PeerSession<Header>): PeerSession<Header> | undefined {
    const sameNode = this.all().filter(({ nodeId }) => nodeId !== undefined && nodeId === session.nodeId);
    const older = sameNode.find(({ direction }) => direction === session.direction);
    const counted = sameNode.find(({ id }) => this.#counted.has(id));
    if (counted === undefined) this.#count(session);
    else if (session.direction === 'outbound' && counted.direction === 'inbound') {
      this.#counted.delete(counted.id);
      this.#others.add(counted);
      this.#count(session);
      this.#events.onGone(counted, undefined);
    } else this.#others.add(session);
    return older;
  }

  /** Forgets a session that is over; another one to the same node takes its place. */
  remove(session: PeerSession<Header>, reason: NodeError): void {
    if (this.#others.delete(session) || this.#counted.get(session.id) !== session) return;
    this.#counted.delete(session.id);
    this.#events.onGone(session, reason);
    const next = [...this.#others].find(({ nodeId }) => nodeId !== undefined && nodeId === session.nodeId);
    if (next === undefined || next.isClosed) return;
    this.#others.delete(next);
    this.#count(next);
  }

  #count(session: PeerSession<Header>): void {
    this.#counted.set(session.id, session);
    this.#events.onPeer(session);
  }
}
