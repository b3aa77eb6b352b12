import type { Message } from '@hs/wire';
import type { NodeError } from '../node-error.js';
import type { BanRecord } from './ban-record.js';
import type { NetworkOptions } from './network-options.js';
import type { Peer } from './peer.js';
import type { HostAndPort } from './transport.js';

/** What happens in a {@link PeerNetwork}. */
export interface NetworkEvents<Header> {
  /** A handshake is done. */
  peer: (peer: Peer<Header>) => void;
  /** A peer of a `peer` event is no longer connected. */
  gone: (peer: Peer<Header>, reason: NodeError) => void;
  /**
   * A message that is no answer. The peer's next one comes when the returned promise has settled; meanwhile answers to our own
   * requests still arrive. A listener that throws ends the connection with its error as the reason.
   */
  message: (peer: Peer<Header>, message: Message<Header>) => void | Promise<void>;
  ban: (record: BanRecord) => void;
  /** A connection ended before its handshake, or something else failed that has no caller to tell. */
  warning: (error: NodeError) => void;
}

/** Why, for how long, and what shows it. */
export interface BanOptions {
  readonly reason: string;
  readonly durationMs: number;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** The connections of a node. */
export declare class PeerNetwork<Header> implements AsyncDisposable {
  static open<Header>(options: NetworkOptions<Header>): Promise<PeerNetwork<Header>>;
  /** Host and port that are really bound; `undefined` if the network does not listen. */
  readonly address: HostAndPort | undefined;
  readonly peers: ReadonlyMap<string, Peer<Header>>;
  /** Gives the function that takes the listener away. */
  on<Name extends keyof NetworkEvents<Header>>(name: Name, listener: NetworkEvents<Header>[Name]): () => void;
  /** May be ignored: a rejection that nobody takes is no unhandled one. A persistent address is dialled until it answers, and again whenever it is lost. */
  connect(
    address: string,
    options?: { readonly isPersistent?: boolean; readonly signal?: AbortSignal },
  ): Promise<Peer<Header>>;
  /** Ends the connection to a dialled address, and the redialling. */
  disconnect(address: string): void;
  ban(target: Peer<Header> | string, options: BanOptions): BanRecord;
  unban(address: string): boolean;
  bans(): readonly BanRecord[];
  /** Closes every connection and timer. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
