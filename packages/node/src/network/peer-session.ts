import type { Frame, Message } from '@hs/wire';
import { NodeError } from '../node-error.js';
import type { Clock } from './clock.js';
import { type FrameChannel, malformed, peerClosed } from './frame-channel.js';
import { InboundQueue } from './inbound-queue.js';
import { type Answer, type AnswerTo, isAnswerName, isRequestName, type PeerRequest } from './message-roles.js';
import type { NetworkSettings } from './network-defaults.js';
import type { Peer, RemoteFacts } from './peer.js';
import { PeerRequests } from './peer-requests.js';
import type { PeerAllowance } from './serving-gate.js';
import type { SessionMessages } from './session-messages.js';

/** What a {@link PeerSession} is made of. */
export interface PeerSessionOptions<Header> {
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly host: string;
  readonly nodeId: string | undefined;
  /** What a ban of this peer names: the dialled address, or the host that an inbound connection came from. */
  readonly banAddress: string;
  readonly remote: RemoteFacts;
  readonly layout: 'go' | 'extended';
  readonly channel: FrameChannel;
  readonly messages: SessionMessages<Header>;
  readonly allowance: PeerAllowance;
  readonly settings: NetworkSettings;
  readonly clock: Clock;
  readonly createNonce: () => bigint;
  readonly onMessage: (session: PeerSession<Header>, message: Message<Header>) => Promise<void>;
  readonly onClosed: (session: PeerSession<Header>, reason: NodeError) => void;
}

/**
 * A connection after its handshake.
 *
 * What arrives goes one of three ways: answers to whoever asked, pings to the pong, everything else into a bounded queue,
 * from which one message at a time is handled. Reading stops while the peer has sent more than it may, and while the
 * queue is full; but a full queue stops it only while nothing that happens here waits for the peer. So two nodes that
 * ask each other cannot wait for each other: whoever waits for the other reads.
 */
export class PeerSession<Header> implements Peer<Header> {
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly host: string;
  readonly nodeId: string | undefined;
  readonly banAddress: string;
  readonly remote: RemoteFacts;
  readonly layout: 'go' | 'extended';
  readonly connectedAtMs: number;
  /** Resolves, with the reason, when the session is over. */
  readonly whenClosed: Promise<NodeError>;
  readonly #options: PeerSessionOptions<Header>;
  readonly #channel: FrameChannel;
  readonly #requests: PeerRequests<Header>;
  readonly #queue: InboundQueue;
  readonly #ended = new AbortController();
  #isDelivering = false;
  #readAgain: NodeJS.Timeout | undefined;
  #pingedAtMs: number;
  #isPingOwed = false;
  #roundTripMs: number | undefined;
  #discardedMessages = 0;

  constructor(options: PeerSessionOptions<Header>) {
    const { channel, settings, clock, layout, messages } = options;
    this.id = options.id;
    this.direction = options.direction;
    this.host = options.host;
    this.nodeId = options.nodeId;
    this.banAddress = options.banAddress;
    this.remote = options.remote;
    this.layout = layout;
    this.connectedAtMs = clock.wallMs();
    this.#options = options;
    this.#channel = channel;
    this.whenClosed = new Promise((resolve) => {
      this.#ended.signal.addEventListener('abort', () => resolve(this.#ended.signal.reason), { once: true });
    });
    this.#pingedAtMs = clock.monotonicMs();
    this.#queue = new InboundQueue({
      maxBytes: settings.limits.maxInboundQueueBytes,
      maxFrames: settings.limits.maxInboundQueueMessages,
    });
    this.#requests = new PeerRequests({
      send: (message) => this.send(message),
      layout,
      maxInFlight: settings.limits.maxRequestsInFlight,
      maxWaiting: settings.limits.maxRequestsWaiting,
      clock,
      onChange: () => this.#updateReading(),
    });
    channel.handOver({
      maxPayloadBytes: (type) => messages.maxPayloadBytes(type, (name) => this.#requests.isAwaited(name)),
      onFrame: (frame) => this.#receive(frame),
      onDrained: () => this.#updateReading(),
      onClosed: (reason) => this.#end(reason),
    });
  }

  get bytesIn(): number {
    return this.#channel.bytesIn;
  }

  get bytesOut(): number {
    return this.#channel.bytesOut;
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  get requestsInFlight(): number {
    return this.#requests.owed;
  }

  get discardedMessages(): number {
    return this.#discardedMessages;
  }

  get isClosed(): boolean {
    return this.#ended.signal.aborted;
  }

  async send(message: Message<Header>): Promise<void> {
    const frame = this.#options.messages.encode(message);
    if (isAnswerName(message.type) && message.type !== 'pong') this.#options.allowance.served(frame.payload.length);
    const isUrgent = message.type === 'ping' || message.type === 'pong';
    const sent = this.#channel.send(frame, { isUrgent });
    this.#updateReading();
    await sent;
  }

  /** Sends the bytes of an announcement, unless the peer has much to take in already: then it misses this one. */
  announce(bytes: Uint8Array): void {
    if (this.isClosed || this.#channel.queuedBytes > mostBeforeAnnouncements) return;
    this.#channel.sendEncoded(bytes, { isUrgent: false }).catch(ignore);
    this.#updateReading();
  }

  request<const Request extends PeerRequest>(
    message: Request,
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<AnswerTo<Header, Request>> {
    const timeoutMs = options.timeoutMs ?? this.#options.settings.timeouts.requestMs;
    const answer = this.#requests.ask(message, { timeoutMs, signal: options.signal });
    return answer as Promise<Answer<Header>> as Promise<AnswerTo<Header, Request>>;
  }

  close(reason: NodeError | string): void {
    this.#channel.close(typeof reason === 'string' ? new NodeError('NODE_PEER_CLOSED', reason) : reason);
  }

  /** Measures the round trip; a peer that does not answer is closed. */
  ping(): void {
    const { clock, settings, createNonce } = this.#options;
    if (this.#isPingOwed || this.isClosed) return;
    const startedAtMs = clock.monotonicMs();
    this.#pingedAtMs = startedAtMs;
    this.#isPingOwed = true;
    this.request({ type: 'ping', nonce: createNonce() }, { timeoutMs: settings.timeouts.idleMs }).then(
      () => {
        this.#isPingOwed = false;
        this.#roundTripMs = clock.monotonicMs() - startedAtMs;
      },
      (error: NodeError) => {
        this.#isPingOwed = false;
        // A full write queue says nothing about the peer; the next ping will.
        if (error.code === 'NODE_PEER_TIMEOUT') this.close(error);
      },
    );
  }

  /** True if the peer answers within `timeoutMs`. */
  answersWithin(timeoutMs: number): Promise<boolean> {
    const asked = this.request({ type: 'ping', nonce: this.#options.createNonce() }, { timeoutMs });
    return asked.then(
      () => true,
      () => false,
    );
  }

  /** Does what is due by now. Called every now and then. */
  check(): void {
    const { clock, settings } = this.#options;
    const overdue = this.#overdue();
    if (overdue !== undefined) this.close(overdue);
    else if (clock.monotonicMs() - this.#pingedAtMs >= settings.timeouts.pingEveryMs) this.ping();
  }

  #overdue(): NodeError | undefined {
    const { idleMs, writeStallMs, abandonedRequestMs } = this.#options.settings.timeouts;
    if (this.#channel.silentForMs > idleMs) return timeout('it has sent nothing', idleMs);
    if (this.#channel.writeStalledForMs > writeStallMs)
      return timeout('it has not read what waits for it', writeStallMs);
    if (this.#requests.abandonedForMs > abandonedRequestMs) {
      return timeout('it still owes an answer that was given up', abandonedRequestMs);
    }
    return undefined;
  }

  #receive(frame: Frame): void {
    const name = this.#options.messages.nameOf(frame.type);
    if (name === undefined || name === 'version' || name === 'verack') {
      this.#misbehaved(`"${name ?? frame.type}" came after the handshake`, 'unexpected-message');
    } else if (isAnswerName(name)) {
      this.#receiveAnswer(frame);
    } else {
      this.#options.allowance.received(frame.payload.length + frameOverheadBytes);
      if (name === 'ping') this.#answerPing(frame);
      else if (this.#queue.push(frame, { isRequest: isRequestName(name) })) this.#deliver();
      else if (isRequestName(name)) this.close(flooded());
      else this.#discardedMessages++;
      this.#updateReading();
    }
  }

  #receiveAnswer(frame: Frame): void {
    const answer = this.#decode(frame);
    if (answer === undefined) return;
    if (!this.#requests.settle(answer as Answer<Header>)) {
      this.#misbehaved(`"${answer.type}" answers nothing that was asked`, 'unsolicited-answer');
    }
  }

  /** At once, so that it measures the way and not the work. More pings than the allowance has room for get no answer. */
  #answerPing(frame: Frame): void {
    const ping = this.#decode(frame);
    if (ping?.type !== 'ping' || !this.#options.allowance.takeRequest()) return;
    this.send({ type: 'pong', nonce: ping.nonce }).catch(ignore);
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    this.#deliverAll().catch((error: unknown) => this.close(asNodeError(error)));
  }

  async #deliverAll(): Promise<void> {
    const { onMessage, allowance } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const next = this.#queue.shift();
      if (next === undefined) {
        this.#isDelivering = false;
        return;
      }
      this.#updateReading();
      if (next.isRequest) await allowance.passRequest(signal);
      const message = this.#decode(next.frame);
      if (message !== undefined) await onMessage(this, message);
    }
  }

  #decode(frame: Frame): Message<Header> | undefined {
    try {
      return this.#options.messages.decode(frame);
    } catch (cause) {
      this.close(malformed(cause));
      return undefined;
    }
  }

  #updateReading(): void {
    if (this.isClosed) return;
    clearTimeout(this.#readAgain);
    const debtMs = this.#options.allowance.receiveReadyInMs;
    if (debtMs > 0) this.#readAgain = setTimeout(() => this.#updateReading(), Math.min(debtMs, 60_000));
    const isWaitingForPeer = this.#requests.owed > 0 || this.#channel.isWriting;
    this.#channel.setPaused(debtMs > 0 || (this.#queue.isFull && !isWaitingForPeer));
  }

  #misbehaved(message: string, rule: string): void {
    this.close(new NodeError('NODE_PEER_MISBEHAVED', `${this.id}: ${message}`, { details: { peer: this.id, rule } }));
  }

  #end(reason: NodeError): void {
    clearTimeout(this.#readAgain);
    this.#ended.abort(reason);
    this.#queue.clear();
    this.#requests.close(reason.code === 'NODE_PEER_CLOSED' ? reason : peerClosed(reason));
    this.#options.onClosed(this, reason);
  }
}

/** A peer for which so much waits is slow: what it misses it can ask for. */
const mostBeforeAnnouncements = 1024 * 1024;

/** Stands for the work of taking a frame in: so long as hashing so many bytes. */
const frameOverheadBytes = 2048;

function timeout(what: string, limitMs: number): NodeError {
  return new NodeError('NODE_PEER_TIMEOUT', `${what} for ${limitMs} ms`, { details: { limitMs } });
}

function flooded(): NodeError {
  return new NodeError('NODE_PEER_LIMIT', 'it asks faster than it is answered');
}

function asNodeError(error: unknown): NodeError {
  if (error instanceof NodeError) return error;
  return new NodeError('NODE_LISTENER_FAILED', 'a message could not be handled', { cause: error });
}

function ignore(): void {}
