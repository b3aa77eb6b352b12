import type { Message } from '@hs/wire';
import type { NodeError } from '../node-error.js';
import type { BanRecord } from './ban-record.js';
import type { Peer } from './peer.js';

/** What happens in a network, by event name. */
export interface NetworkEvents<Header> {
  /** A handshake is done. */
  peer: (peer: Peer<Header>) => void;
  /** A peer of a `peer` event is no longer connected. */
  gone: (peer: Peer<Header>, reason: NodeError) => void;
  /**
   * A message that is no answer. The peer's next one comes when the returned promise has settled; meanwhile answers to
   * our own requests still arrive. A listener that throws ends the connection with its error as the reason.
   */
  message: (peer: Peer<Header>, message: Message<Header>) => void | Promise<void>;
  ban: (record: BanRecord) => void;
  /** Something failed that has no caller to tell: a handshake, a dial that will be repeated, the saving of the bans. */
  warning: (error: NodeError) => void;
}

/** Why, for how long, and what shows it. */
export interface BanOptions {
  readonly reason: string;
  readonly durationMs: number;
  /** Plain data. */
  readonly evidence?: Readonly<Record<string, unknown>>;
}
