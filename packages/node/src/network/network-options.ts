import type { HeaderCodec, Limits, MessageName } from '@hs/wire';
import type { BanStorage } from './ban-record.js';
import type { Clock } from './clock.js';
import type { ScoreOptions } from './peer-scores.js';
import type { HostAndPort, Transport } from './transport.js';

/** What a peer may cost. Rates are averages; a burst is what may come at once after a quiet time. */
export interface Allowances {
  /** Requests that a peer may make. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Bytes of answers that a peer may draw. */
  readonly servedBytesPerSecond: number;
  readonly servedByteBurst: number;
  /** Bytes that a peer may send other than answers. */
  readonly receivedBytesPerSecond: number;
  readonly receivedByteBurst: number;
  /** The same for all peers together. */
  readonly totalRequestsPerSecond: number;
  readonly totalRequestBurst: number;
  readonly totalServedBytesPerSecond: number;
  readonly totalServedByteBurst: number;
}

/** Bounds of what one network and one peer may hold. */
export interface NetworkLimits {
  readonly maxInbound: number;
  readonly maxOutbound: number;
  /** Inbound connections from one host. */
  readonly maxInboundPerHost: number;
  /** Inbound connections from one /24 of IPv4 or /64 of IPv6. */
  readonly maxInboundPerGroup: number;
  /** Inbound connections whose handshake is not done. */
  readonly maxInboundHandshakes: number;
  /** Requests to one peer that have been sent and not answered. More wait here. */
  readonly maxRequestsInFlight: number;
  /** Requests to one peer that wait here to be sent. */
  readonly maxRequestsWaiting: number;
  /** Encoded messages to one peer that wait for its socket, in bytes; one message may exceed it alone. */
  readonly maxWriteQueueBytes: number;
  readonly maxWriteQueueMessages: number;
  /** Messages of one peer that wait to be handled; then its socket is not read. */
  readonly maxInboundQueueBytes: number;
  readonly maxInboundQueueMessages: number;
  readonly maxBans: number;
  /** Largest payload of messages before the handshake is over. */
  readonly maxHandshakePayloadBytes: number;
  /** Largest payload of messages by name, after the handshake, where it is less than what the limits inside messages come to. */
  readonly maxPayloadBytes: Readonly<Partial<Record<MessageName, number>>>;
}

/** All in milliseconds. */
export interface NetworkTimeouts {
  readonly dialMs: number;
  /** Until the remote's version message. */
  readonly versionMs: number;
  /** From the version message to the verack message. */
  readonly verackMs: number;
  /** Oldest verack timestamp, against this machine's clock. */
  readonly verackAgeMs: number;
  readonly pingEveryMs: number;
  /** Without a byte from the peer, or without an answer to a ping. */
  readonly idleMs: number;
  /** Without the peer's socket taking a byte of what waits for it. */
  readonly writeStallMs: number;
  /** Of a request whose caller names none. */
  readonly requestMs: number;
  /** How long a peer may go on owing the answer to a request that was given up here. */
  readonly abandonedRequestMs: number;
  /** How long an older connection to a node may take to answer, before a newer one takes its place. */
  readonly duplicateMs: number;
}

/** When a persistent address is dialled again. */
export interface RedialOptions {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** A connection that lasted this long ends the back-off. */
  readonly stableMs: number;
}

/** What {@link PeerNetwork} is opened with. */
export interface NetworkOptions<Header> {
  readonly headerCodec: HeaderCodec<Header>;
  /** Network number of the frames. */
  readonly network: number;
  /** Our service bits. */
  readonly services: bigint;
  readonly userAgent: string;
  /** Our latest block height, for version messages. */
  readonly height: () => number;
  /** Without it, no connections are accepted. */
  readonly listen?: HostAndPort;
  readonly allowances?: Partial<Allowances>;
  readonly limits?: Partial<NetworkLimits>;
  /** Limits inside messages. */
  readonly wireLimits?: Partial<Limits>;
  readonly timeouts?: Partial<NetworkTimeouts>;
  readonly redial?: Partial<RedialOptions>;
  readonly scores?: Partial<ScoreOptions>;
  /** Without it, bans end with the process. */
  readonly banStorage?: BanStorage;
  readonly transport?: Transport;
  readonly clock?: Clock;
  /** In `[0, 1)`, for the jitter of redials. */
  readonly random?: () => number;
}

/** The one protocol version that is spoken here. */
export const protocolVersion = 2;
