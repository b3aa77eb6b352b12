import type { Message } from '@hs/wire';
import type { NodeError } from '../node-error.js';
import type { AnswerTo, PeerRequest } from './message-roles.js';

/** What a peer said of itself in its version message. Nothing of it is proved. */
export interface RemoteFacts {
  readonly services: bigint;
  /** Printable ASCII only, at most 64 characters. */
  readonly userAgent: string;
  /** Its latest block at the time of the handshake. */
  readonly height: number;
  readonly minFeeRateNanosPerKb: bigint;
}

/** A remote node whose handshake is done. */
export interface Peer<Header> {
  /** `host:port` as dialled, or `host:port#in`; unique among the connected peers. */
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  /** Address or name of the other machine. */
  readonly host: string;
  /** The public key by which the node is recognized on another connection, in hex; `undefined` if it has shown none. */
  readonly nodeId: string | undefined;
  readonly remote: RemoteFacts;
  /** `extended` if both sides announced `serviceBits.hyperSyncExtended`. */
  readonly layout: 'go' | 'extended';
  readonly connectedAtMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the last ping; `undefined` before the first answer. */
  readonly roundTripMs: number | undefined;
  /** Requests that were sent and are not answered yet. */
  readonly requestsInFlight: number;
  /** Messages that were thrown away because too many waited. */
  readonly discardedMessages: number;
  readonly isClosed: boolean;
  /**
   * Sends a message; resolves when the socket has taken all of it. Await it before making the next big message.
   *
   * @throws NODE_PEER_CLOSED if the connection ends first
   * @throws NODE_PEER_LIMIT if too much waits for this peer already; then nothing is sent
   */
  send(message: Message<Header>): Promise<void>;
  /**
   * Sends a request and gives its answer. In the extended layout the request's id is assigned here.
   *
   * An answer that comes after the time is up, or after `signal` fired, is discarded.
   *
   * @throws NODE_PEER_TIMEOUT if the answer is late
   * @throws NODE_PEER_CLOSED if the connection ends first
   * @throws NODE_PEER_LIMIT if too many requests wait for this peer already
   */
  request<const Request extends PeerRequest>(
    message: Request,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<AnswerTo<Header, Request>>;
  /** Ends the connection at once. Idempotent: the first reason counts. */
  close(reason: NodeError | string): void;
}
