import { toHex } from '@hs/bytes';
import type { Message } from '@hs/wire';
import { NodeError } from '../node-error.js';
import { formatAddress, parseAddress } from './address.js';
import { BanList } from './ban-list.js';
import type { BanRecord } from './ban-record.js';
import { type Clock, systemClock } from './clock.js';
import { Dialler } from './dialler.js';
import { type FrameChannel, frameBytes } from './frame-channel.js';
import { Handshake } from './handshake.js';
import { InboundSlots } from './inbound-slots.js';
import { type NetworkSettings, networkSettings } from './network-defaults.js';
import type { BanOptions, NetworkEvents } from './network-events.js';
import type { NetworkOptions } from './network-options.js';
import { createNodeIdentity } from './node-identity.js';
import { OwnNonces } from './own-nonces.js';
import type { Peer } from './peer.js';
import { PeerRoster } from './peer-roster.js';
import { misdeedPoints, PeerScores } from './peer-scores.js';
import { PeerSession } from './peer-session.js';
import { PeerAllowance, ServingGate } from './serving-gate.js';
import { SessionMessages } from './session-messages.js';
import { shakeHands } from './shake-hands.js';
import { tcpTransport } from './tcp-transport.js';
import type { Connection, HostAndPort, Listener, Transport } from './transport.js';
import { TypedEvents } from './typed-events.js';

/**
 * The connections of a node.
 *
 * It owns every socket and timer of the network: what is accepted and dialled, the handshakes, the sessions and the bans.
 * A peer that breaks the protocol is dropped, with `NODE_PEER_MISBEHAVED` as the reason of its `gone` event; one that does
 * so again and again is banned for a while. Lies about the chain are for whoever listens to judge.
 */
export class PeerNetwork<Header> implements AsyncDisposable {
  readonly #options: NetworkOptions<Header>;
  readonly #settings: NetworkSettings;
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #events = new TypedEvents<NetworkEvents<Header>>();
  readonly #bans: BanList;
  readonly #gate: ServingGate;
  readonly #dialler: Dialler<PeerSession<Header>>;
  readonly #nonces = new OwnNonces();
  /** What comes of sessions to nodes that had one already. */
  readonly #duplicates = new WeakMap<PeerSession<Header>, Promise<PeerSession<Header>>>();
  readonly #identity = createNodeIdentity();
  readonly #scores: PeerScores;
  readonly #slots: InboundSlots;
  readonly #roster: PeerRoster<Header>;
  /** Every connection that the system still knows. */
  readonly #channels = new Set<FrameChannel>();
  readonly #stopping = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;
  #listener: Listener | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: NetworkOptions<Header>, bans: BanList) {
    this.#options = options;
    this.#settings = networkSettings(options);
    this.#clock = options.clock ?? systemClock;
    this.#transport = options.transport ?? tcpTransport;
    this.#bans = bans;
    this.#scores = new PeerScores(this.#settings.scores);
    this.#slots = new InboundSlots(this.#settings.limits);
    this.#roster = new PeerRoster({
      onPeer: (session) => {
        for (const listener of this.#events.of('peer')) this.#tell(() => listener(session));
      },
      onGone: (session, reason = counted()) => {
        for (const listener of this.#events.of('gone')) this.#tell(() => listener(session, reason));
      },
    });
    this.#gate = new ServingGate(this.#settings.allowances, this.#clock);
    this.#dialler = new Dialler({
      dial: (address, signal) => this.#dial(address, signal),
      maxAddresses: this.#settings.limits.maxOutbound,
      redial: this.#settings.redial,
      random: options.random ?? Math.random,
      clock: this.#clock,
      onFailed: (address, error) => this.#warn(error, { address }),
    });
    const { pingEveryMs, idleMs, writeStallMs, abandonedRequestMs } = this.#settings.timeouts;
    const shortestMs = Math.min(pingEveryMs, idleMs, writeStallMs, abandonedRequestMs);
    this.#heartbeat = setInterval(() => this.#checkAll(), Math.max(5, Math.min(1000, shortestMs / 4)));
  }

  /**
   * Opens the port, if there is one to open.
   *
   * @throws NODE_CONFIGURATION if the port cannot be opened
   * @throws NODE_DATABASE if the bans cannot be loaded
   */
  static async open<Header>(options: NetworkOptions<Header>): Promise<PeerNetwork<Header>> {
    let onSaveFailed: (error: NodeError) => void = () => undefined;
    const bans = await BanList.open({
      clock: options.clock ?? systemClock,
      maxBans: networkSettings(options).limits.maxBans,
      storage: options.banStorage,
      onSaveFailed: (error) => onSaveFailed(error),
    });
    const network = new PeerNetwork(options, bans);
    onSaveFailed = (error) => network.#warn(error);
    try {
      await network.#listen();
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /** Host and port that are really bound; `undefined` if the network does not listen. */
  get address(): HostAndPort | undefined {
    const listener = this.#listener;
    return listener === undefined ? undefined : { host: listener.host, port: listener.port };
  }

  /** The peers whose handshake is done, by id, each node once. Lives: it changes as they come and go. */
  get peers(): ReadonlyMap<string, Peer<Header>> {
    return this.#roster.counted;
  }

  /** The public key by which peers recognize this node until it is closed, in hex. */
  get nodeId(): string {
    return toHex(this.#identity.publicKey);
  }

  /** Misdeeds of a peer's address, decayed: 0 for none. */
  scoreOf(peer: Peer<Header>): number {
    return this.#scores.of(banAddressOf(peer), this.#clock.monotonicMs());
  }

  /** Gives the function that takes the listener away. */
  on<Name extends keyof NetworkEvents<Header>>(name: Name, listener: NetworkEvents<Header>[Name]): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Dials `host:port`, or joins what exists or is under way for it.
   *
   * With `isPersistent`, the address is dialled until it answers and again whenever it is lost, with back-off, until
   * {@link disconnect} or {@link close}; the promise is that of its next connection. The promise may be ignored: a
   * rejection that nobody takes is no unhandled one.
   *
   * @throws NODE_CONFIGURATION if `address` is not `host:port`
   * @throws NODE_PEER_BANNED, NODE_PEER_LIMIT, NODE_PEER_TIMEOUT, NODE_PEER_CLOSED, NODE_HANDSHAKE, NODE_STOPPED
   */
  connect(address: string, options: { readonly isPersistent?: boolean } = {}): Promise<Peer<Header>> {
    const { isPersistent = false } = options;
    let connected: Promise<Peer<Header>>;
    try {
      if (this.#stopping.signal.aborted) throw stopped();
      connected = this.#dialler.connect(formatAddress(parseAddress(address)), { isPersistent });
    } catch (error) {
      connected = Promise.reject(error);
    }
    connected.catch(() => undefined);
    return connected;
  }

  /**
   * Sends a message that is no answer to all peers, or to all but one; encoded once. It is not known who gets it: peers that
   * have much to take in already miss it.
   */
  broadcast(message: Message<Header>, options: { readonly except?: Peer<Header> | undefined } = {}): void {
    const encoded = new Map<'go' | 'extended', Uint8Array>();
    for (const session of this.#roster.counted.values()) {
      if (session === options.except) continue;
      let bytes = encoded.get(session.layout);
      if (bytes === undefined) {
        bytes = frameBytes(this.#messages(session.layout).encode(message), this.#options.network);
        encoded.set(session.layout, bytes);
      }
      session.announce(bytes);
    }
  }

  /** Ends the connection to a dialled address, and the redialling. */
  disconnect(address: string): void {
    const id = formatAddress(parseAddress(address));
    const reason = new NodeError('NODE_PEER_CLOSED', 'it was disconnected on purpose');
    this.#dialler.drop(id, reason)?.close(reason);
  }

  /**
   * Refuses a peer for a while, and drops it. A dialled peer is banned by its address; an inbound one by its host, which keeps
   * out further connections *from* there, and dials *to* there only if they are banned too. Of two bans the longer holds.
   */
  ban(target: Peer<Header> | string, options: BanOptions): BanRecord {
    const address = typeof target === 'string' ? target : banAddressOf(target);
    const bannedAtMs = this.#clock.wallMs();
    const { reason, evidence = {}, durationMs } = options;
    const record = this.#bans.add({ address, reason, evidence, bannedAtMs, expiresAtMs: bannedAtMs + durationMs });
    for (const session of this.#roster.all()) {
      if (session.banAddress === address) session.close(banned(record));
    }
    for (const listener of this.#events.of('ban')) this.#tell(() => listener(record));
    return record;
  }

  /** True if there was a ban to end. */
  unban(address: string): boolean {
    return this.#bans.remove(address);
  }

  /** The bans in force, in the order of their addresses. */
  bans(): readonly BanRecord[] {
    return this.#bans.list();
  }

  /** Closes every connection and timer. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#heartbeat);
    const reason = stopped();
    this.#stopping.abort(reason);
    const listenerClosed = this.#listener?.close();
    const dialled = this.#dialler.close(reason);
    const gone = [...this.#channels].map((channel) => channel.whenGone);
    for (const channel of [...this.#channels]) channel.close(reason);
    await Promise.all([listenerClosed, dialled, ...gone]);
    await this.#bans.flush();
    this.#events.clear();
  }

  async #listen(): Promise<void> {
    const { listen } = this.#options;
    if (listen === undefined) return;
    try {
      this.#listener = await this.#transport.listen(listen, (connection) => this.#accept(connection));
    } catch (cause) {
      const message = `cannot listen on ${formatAddress(listen)}: ${messageOf(cause)}`;
      throw new NodeError('NODE_CONFIGURATION', message, { cause, details: { ...listen } });
    }
  }

  #accept(connection: Connection): void {
    const host = connection.remoteHost;
    const isRefused = this.#stopping.signal.aborted || this.#bans.find(host) !== undefined;
    const slot = isRefused ? undefined : this.#slots.take(host, this.#clock.monotonicMs());
    if (slot === undefined) {
      connection.destroy();
      return;
    }
    const id = `${formatAddress({ host, port: connection.remotePort })}#in`;
    const abort = new AbortController();
    slot.evict = () => abort.abort(evicted());
    this.#greet({
      connection,
      id,
      direction: 'inbound',
      host,
      banAddress: host,
      signal: abort.signal,
      onGone: () => this.#slots.release(slot),
    }).then(
      (session) => {
        slot.evict = () => session.close(evicted());
        slot.facts = () => ({
          roundTripMs: session.roundTripMs,
          bytesIn: session.bytesIn,
          score: this.#scores.of(host, this.#clock.monotonicMs()),
        });
      },
      (error: NodeError) => this.#warn(error, { address: id }),
    );
  }

  async #dial(address: string, signal: AbortSignal): Promise<PeerSession<Header>> {
    const ban = this.#bans.find(address);
    if (ban !== undefined) throw banned(ban);
    const { host } = parseAddress(address);
    const connection = await this.#connectWithin(parseAddress(address), signal);
    if (signal.aborted) {
      connection.destroy();
      throw signal.reason;
    }
    const session = await this.#greet({
      connection,
      id: address,
      direction: 'outbound',
      host,
      banAddress: address,
      signal,
    });
    return (await this.#duplicates.get(session)) ?? session;
  }

  /** One of two connections to one node goes: the newer one, unless the older one is dead. Gives the one that stays. */
  async #settle(newer: PeerSession<Header>, older: PeerSession<Header>): Promise<PeerSession<Header>> {
    const isAlive = await older.answersWithin(this.#settings.timeouts.duplicateMs);
    const [kept, closed] = isAlive ? [older, newer] : [newer, older];
    closed.close(duplicate(kept.id));
    return kept;
  }

  async #connectWithin(address: HostAndPort, signal: AbortSignal): Promise<Connection> {
    const { dialMs } = this.#settings.timeouts;
    const abort = new AbortController();
    const onAbort = () => abort.abort(signal.reason);
    const timer = setTimeout(() => {
      abort.abort(new NodeError('NODE_PEER_TIMEOUT', `no connection within ${dialMs} ms`, { details: { dialMs } }));
    }, dialMs);
    signal.addEventListener('abort', onAbort);
    try {
      return await this.#transport.connect(address, { signal: abort.signal });
    } catch (cause) {
      if (cause instanceof NodeError) throw cause;
      throw new NodeError('NODE_PEER_CLOSED', `cannot connect: ${messageOf(cause)}`, {
        cause,
        details: { ...address },
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #greet(arrival: Arrival): Promise<PeerSession<Header>> {
    try {
      return await this.#shakeHands(arrival);
    } catch (error) {
      this.#blame(arrival, error as NodeError);
      throw error;
    }
  }

  async #shakeHands(arrival: Arrival): Promise<PeerSession<Header>> {
    const { direction, id } = arrival;
    const { services, userAgent, height, network } = this.#options;
    const handshake = new Handshake({
      direction,
      services,
      userAgent,
      height: height(),
      nonce: this.#nonces.create(direction === 'outbound' ? id : undefined),
      isOwnNonce: (nonce) => this.#refuseSelf(nonce),
      verackAgeMs: this.#settings.timeouts.verackAgeMs,
      clock: this.#clock,
      network,
      identity: this.#identity,
    });
    return await shakeHands({
      connection: arrival.connection,
      handshake,
      messages: this.#messages('extended'),
      network,
      settings: this.#settings,
      clock: this.#clock,
      signal: arrival.signal,
      onChannel: (channel) => {
        this.#channels.add(channel);
        void channel.whenGone.then(() => {
          this.#channels.delete(channel);
          arrival.onGone?.();
        });
      },
      createSession: (channel) => this.#begin(arrival, handshake, channel),
    });
  }

  #begin(arrival: Arrival, handshake: Handshake, channel: FrameChannel): PeerSession<Header> {
    const session = new PeerSession<Header>({
      id: arrival.id,
      direction: arrival.direction,
      host: arrival.host,
      nodeId: handshake.nodeId,
      banAddress: arrival.banAddress,
      remote: handshake.remote,
      layout: handshake.layout,
      channel,
      messages: this.#messages(handshake.layout),
      allowance: new PeerAllowance(this.#gate, this.#settings.allowances, this.#clock),
      settings: this.#settings,
      clock: this.#clock,
      createNonce: () => this.#nonces.create(undefined),
      onMessage: (peer, message) => this.#handOut(peer, message),
      onClosed: (peer, reason) => {
        this.#roster.remove(peer, reason);
        this.#blame(arrival, reason);
      },
    });
    const older = this.#roster.add(session);
    session.ping();
    if (older !== undefined) this.#duplicates.set(session, this.#settle(session, older));
    return session;
  }

  /** Counts a misdeed against an address, and bans it if that was one too many. */
  #blame({ banAddress, direction }: Arrival, error: NodeError): void {
    const rule = error.details['rule'];
    // A silent address that was dialled may be behind a network that is down; and nobody is to blame for a wrong clock.
    const isExcused = error.code === 'NODE_PEER_TIMEOUT' ? direction === 'outbound' : blameless.has(String(rule));
    const points = isExcused ? 0 : (misdeedPoints[error.code] ?? 0);
    if (points === 0 || !this.#scores.add(banAddress, points, this.#clock.monotonicMs())) return;
    const reason = `it was closed again and again, at last because: ${error.message}`;
    const evidence = { code: error.code, ...error.details };
    this.ban(banAddress, { reason, evidence, durationMs: this.#settings.scores.banMs });
  }

  #messages(layout: 'go' | 'extended'): SessionMessages<Header> {
    const { headerCodec, wireLimits } = this.#options;
    const { maxPayloadBytes } = this.#settings.limits;
    return new SessionMessages({ headerCodec, layout, limits: wireLimits, maxPayloadBytes });
  }

  async #handOut(session: PeerSession<Header>, message: Message<Header>): Promise<void> {
    for (const listener of this.#events.of('message')) await listener(session, message);
  }

  /** True if `nonce` is one of ours. What was dialled with it is this node, and is not dialled again. */
  #refuseSelf(nonce: bigint): boolean {
    if (!this.#nonces.has(nonce)) return false;
    const address = this.#nonces.addressOf(nonce);
    const details = { rule: 'self-connection', address };
    const reason = new NodeError('NODE_HANDSHAKE', `${address ?? 'the remote'} is this node itself`, { details });
    if (address !== undefined) this.#dialler.drop(address, reason);
    return true;
  }

  #checkAll(): void {
    for (const session of this.#roster.all()) session.check();
  }

  #warn(error: NodeError, details: Readonly<Record<string, unknown>> = {}): void {
    if (this.#stopping.signal.aborted) return;
    const { code, message, cause = error } = error;
    const warning = new NodeError(code, message, { cause, details: { ...error.details, ...details } });
    for (const listener of this.#events.of('warning')) listener(warning);
  }

  /** A listener that throws must not break what told it. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.#warn(new NodeError('NODE_LISTENER_FAILED', `a listener has failed: ${messageOf(cause)}`, { cause }));
    }
  }
}

/** A connection before its handshake. */
interface Arrival {
  readonly connection: Connection;
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly host: string;
  readonly banAddress: string;
  readonly signal: AbortSignal;
  readonly onGone?: () => void;
}

/** `host:port` of a dialled peer; the host alone of an inbound one. */
function banAddressOf<Header>(peer: Peer<Header>): string {
  return peer.direction === 'outbound' ? peer.id : parseAddress(peer.id.slice(0, -'#in'.length)).host;
}

function banned(record: BanRecord): NodeError {
  const { address, reason, expiresAtMs } = record;
  const until = new Date(expiresAtMs).toISOString();
  return new NodeError('NODE_PEER_BANNED', `${address} is banned until ${until}: ${reason}`, {
    details: { address, reason, expiresAtMs },
  });
}

function stopped(): NodeError {
  return new NodeError('NODE_STOPPED', 'the network is closed');
}

function evicted(): NodeError {
  return new NodeError('NODE_PEER_LIMIT', 'its place was given to a newcomer', { details: { rule: 'evicted' } });
}

function duplicate(kept: string): NodeError {
  const details = { rule: 'duplicate', kept };
  return new NodeError('NODE_PEER_CLOSED', `another connection to the same node is kept: ${kept}`, { details });
}

/** Why a session that is still open is no peer any more. */
function counted(): NodeError {
  return new NodeError('NODE_PEER_CLOSED', 'the connection that this node dialled counts instead', {
    details: { rule: 'duplicate' },
  });
}

/** Rules of a handshake or reasons of an end that say nothing against the remote. */
const blameless: ReadonlySet<string> = new Set(['self-connection', 'protocol-version', 'verack-age', 'evicted']);

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
