import type { AddrMessage, Message, NodeAddress } from '@hs/wire';
import { formatAddress, parseAddress } from './address.js';
import { AddressBook, type AddressBookLimits } from './address-book.js';
import { addressGroup } from './address-group.js';
import type { Clock } from './clock.js';
import { ipBytes, ipText, isLocal } from './ip-address.js';
import type { Peer } from './peer.js';
import type { PeerNetwork } from './peer-network.js';
import type { HostAndPort } from './transport.js';

/** Bounds and pace of a {@link PeerExchange}. */
export interface PeerExchangeOptions extends AddressBookLimits {
  /** Dialled connections that it wants there to be, those to configured addresses included. */
  readonly wantedOutbound: number;
  /** Addresses in an answer, and taken from one. */
  readonly maxPerAnswer: number;
  /** Addresses taken from one peer that were not asked for. */
  readonly maxUnasked: number;
  /** Time between dials. */
  readonly dialEveryMs: number;
  /** Where others can reach this node; told to those that it dials. */
  readonly advertise?: HostAndPort;
}

export const defaultPeerExchangeOptions: PeerExchangeOptions = {
  maxAddresses: 1000,
  maxPerSource: 100,
  maxPerGroup: 16,
  maxFailures: 3,
  wantedOutbound: 8,
  maxPerAnswer: 100,
  maxUnasked: 4,
  dialEveryMs: 5000,
};

/** What one connection has had of it. */
interface Session {
  isAsked: boolean;
  hasAnswered: boolean;
  unaskedLeft: number;
}

/**
 * Learns addresses of nodes from peers, tells them of some, and dials until there are enough.
 *
 * A peer is asked once, and answered once, per connection; what it tells beyond that is thrown away. No two dialled
 * connections of the exchange lead to one address group.
 */
export class PeerExchange<Header> {
  readonly #network: PeerNetwork<Header>;
  readonly #options: PeerExchangeOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #services: bigint;
  readonly #book: AddressBook;
  readonly #sessions = new WeakMap<Peer<Header>, Session>();
  readonly #timer: NodeJS.Timeout;
  readonly #listeners: (() => void)[];
  #isDialling = false;

  constructor(
    network: PeerNetwork<Header>,
    options: {
      readonly settings?: Partial<PeerExchangeOptions>;
      readonly clock: Clock;
      readonly services: bigint;
      readonly random?: () => number;
    },
  ) {
    this.#network = network;
    this.#options = { ...defaultPeerExchangeOptions, ...options.settings };
    this.#clock = options.clock;
    this.#services = options.services;
    this.#random = options.random ?? Math.random;
    this.#book = new AddressBook(this.#options);
    this.#listeners = [
      network.on('peer', (peer) => this.#greet(peer)),
      network.on('message', (peer, message) => this.#handle(peer, message)),
    ];
    this.#timer = setInterval(() => void this.#dial(), this.#options.dialEveryMs);
  }

  /** Addresses that are known. */
  get size(): number {
    return this.#book.size;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const off of this.#listeners) off();
  }

  #greet(peer: Peer<Header>): void {
    if (peer.direction !== 'outbound') return;
    const session = this.#session(peer);
    this.#book.reached(peer.id, { host: peer.host, nowMs: this.#clock.monotonicMs() });
    session.isAsked = true;
    // A peer that cannot take a message now is asked when it is connected again.
    peer.send({ type: 'get-addr' }).catch(ignore);
    const { advertise } = this.#options;
    const own = advertise === undefined ? [] : this.#encode([formatAddress(advertise)]);
    if (own.length > 0) peer.send({ type: 'addr', addresses: own }).catch(ignore);
  }

  async #handle(peer: Peer<Header>, message: Message<Header>): Promise<void> {
    if (message.type === 'addr') this.#learn(peer, message);
    if (message.type !== 'get-addr') return;
    const session = this.#session(peer);
    if (session.hasAnswered) return;
    session.hasAnswered = true;
    const addresses = this.#encode(this.#book.sample(this.#options.maxPerAnswer, this.#random));
    await peer.send({ type: 'addr', addresses });
  }

  #learn(peer: Peer<Header>, { addresses }: AddrMessage): void {
    const session = this.#session(peer);
    const { maxPerAnswer } = this.#options;
    const isAnswer = session.isAsked;
    session.isAsked = false;
    const taken = addresses.slice(0, isAnswer ? maxPerAnswer : session.unaskedLeft);
    if (!isAnswer) session.unaskedLeft -= taken.length;
    const isNearby = isLocalHost(peer.host);
    for (const { ip, port } of taken) {
      // What is near a distant peer is not what is near here.
      if (port === 0 || (isLocal(ip) && !isNearby)) continue;
      const host = ipText(ip);
      this.#book.add(formatAddress({ host, port }), { host, sourceHost: peer.host });
    }
  }

  async #dial(): Promise<void> {
    const outbound = [...this.#network.peers.values()].filter(({ direction }) => direction === 'outbound');
    if (this.#isDialling || outbound.length >= this.#options.wantedOutbound) return;
    const nowMs = this.#clock.monotonicMs();
    const groups = new Set(outbound.map(({ host }) => addressGroup(host)));
    const address = this.#book.pick({ groups, nowMs, random: this.#random });
    if (address === undefined) return;
    this.#isDialling = true;
    try {
      await this.#network.connect(address);
    } catch (error) {
      const { code, details } = error as {
        readonly code?: string;
        readonly details?: Readonly<Record<string, unknown>>;
      };
      if (details?.['rule'] === 'self-connection') this.#book.remove(address);
      else if (code !== 'NODE_PEER_LIMIT' && code !== 'NODE_STOPPED')
        this.#book.failed(address, this.#clock.monotonicMs());
    } finally {
      this.#isDialling = false;
    }
  }

  #session(peer: Peer<Header>): Session {
    const known = this.#sessions.get(peer);
    if (known !== undefined) return known;
    const session = { isAsked: false, hasAnswered: false, unaskedLeft: this.#options.maxUnasked };
    this.#sessions.set(peer, session);
    return session;
  }

  #encode(addresses: readonly string[]): NodeAddress[] {
    const lastSeenSeconds = BigInt(Math.floor(this.#clock.wallMs() / 1000));
    return addresses.flatMap((address) => {
      const { host, port } = parseAddress(address);
      const ip = ipBytes(host);
      return ip === undefined ? [] : [{ lastSeenSeconds, services: this.#services, ip, port }];
    });
  }
}

function isLocalHost(host: string): boolean {
  const ip = ipBytes(host);
  return ip !== undefined && isLocal(ip);
}

function ignore(): void {}
