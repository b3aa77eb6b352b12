import { createHash, randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import {
  createMessageCodec,
  type DesoHeader,
  desoHeaderCodec,
  encodeFrame,
  type Frame,
  FrameDecoder,
  type GoMessage,
  goNodeLimits,
  type MessageCodec,
  messageTypes,
  type VerackV0Message,
  type VerackV1Message,
  type VersionMessage,
} from '@hs/wire';
import { AuditError, codeOf } from '../audit-error.js';
import type { AuditNetwork } from '../chain/networks.js';
import { checkVerack, checkVersion, type NodeInfo, ownVerack, ownVersion, type ProtocolVersion } from './handshake.js';

type Message = GoMessage<DesoHeader>;
type Answer<T extends Message['type']> = Extract<Message, { readonly type: T }>;

/** How to reach a node, and what to put up with. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly network: AuditNetwork;
  readonly protocolVersion: ProtocolVersion;
  /** For connecting, and for each step of the handshake. */
  readonly handshakeTimeoutMs: number;
  /** From a request to the end of its answer. */
  readonly answerTimeoutMs: number;
  readonly maxChunkBytes: number;
  readonly signal: AbortSignal;
}

/** What is neither read nor skipped at a larger size: messages that nobody asked for. */
const maxUnwantedBytes = 16_000_000;
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/**
 * A connection to a node, from the dialler's side: one request at a time, each with a deadline. Pings are answered; whatever a node says
 * to a peer without being asked is passed over undecoded. The first thing that goes wrong ends the connection, and is what every later
 * request rejects with.
 */
export class NodeConnection {
  readonly #socket: Socket;
  readonly #options: ConnectOptions;
  readonly #decoder: FrameDecoder;
  #codec: MessageCodec<Message>;
  /** A verack began to arrive, so other messages may follow. */
  #isVerackAnnounced = false;
  #isVerackTaken = false;
  #failure: Error | undefined;
  #waiting: { readonly type: Message['type']; resolve(message: Message): void; reject(error: Error): void } | undefined;
  /** A verack that came before it was waited for. */
  #early: Message | undefined;
  readonly #onAbort: () => void;
  #receivedBytes = 0;
  #info: NodeInfo | undefined;

  private constructor(socket: Socket, options: ConnectOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#codec = codecFor(options.protocolVersion, options.maxChunkBytes);
    const { network } = options.network.wire;
    this.#decoder = new FrameDecoder({ network, sha256, maxPayloadBytes: (type) => this.#maxPayloadBytes(type) });
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', (error) => this.#fail(lost(error.message, error)));
    socket.on('close', () => this.#fail(lost('the node closed the connection')));
    this.#onAbort = () => this.#fail(options.signal.reason as Error);
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** @throws AuditError `AUDIT_CANNOT_CONNECT`, and whatever a handshake can end with */
  static async open(options: ConnectOptions): Promise<NodeConnection> {
    const connection = new NodeConnection(await dial(options), options);
    try {
      connection.#info = await connection.#shakeHands();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** What the node said of itself. */
  get node(): NodeInfo {
    if (this.#info === undefined) throw new TypeError('the handshake is not complete');
    return this.#info;
  }

  /** Everything that came so far, frames included. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Sends a request and resolves with the answer. @throws AuditError `AUDIT_NO_ANSWER`, `AUDIT_CONNECTION_LOST`, `AUDIT_PROTOCOL_BROKEN` */
  async request<T extends Message['type']>(message: Message, answer: T): Promise<Answer<T>> {
    this.#send(message);
    return this.#wait(answer, this.#options.answerTimeoutMs);
  }

  close(): void {
    this.#fail(lost('the connection was closed here'));
  }

  async #shakeHands(): Promise<NodeInfo> {
    const { protocolVersion, handshakeTimeoutMs } = this.#options;
    const own = ownVersion({ protocolVersion, nonce: randomBytes(8).readBigUInt64BE(), nowMs: Date.now() });
    this.#send(own);
    const theirs: VersionMessage = await this.#wait('version', handshakeTimeoutMs);
    const info = checkVersion(theirs, own);
    this.#codec = codecFor(info.negotiatedVersion, this.#options.maxChunkBytes);
    this.#send(ownVerack({ theirs, own, nowMs: Date.now() }));
    const verack: VerackV0Message | VerackV1Message = await this.#wait('verack', handshakeTimeoutMs);
    checkVerack(verack, { theirs, own, nowMs: Date.now() });
    return info;
  }

  #send(message: Message): void {
    if (this.#failure !== undefined) return;
    const { network } = this.#options.network.wire;
    this.#socket.write(encodeFrame(this.#codec.encode(message), { network, sha256 }));
  }

  #wait<T extends Message['type']>(type: T, timeoutMs: number): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      if (this.#early?.type === type) {
        const early = this.#early as Answer<T>;
        this.#early = undefined;
        return resolve(early);
      }
      const timer = setTimeout(() => {
        const what = `the node gave no ${type} message within ${timeoutMs / 1000} seconds`;
        this.#fail(new AuditError('AUDIT_NO_ANSWER', what));
      }, timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
      };
      this.#waiting = {
        type,
        resolve: (message) => {
          settle();
          resolve(message as Answer<T>);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
    });
  }

  #maxPayloadBytes(type: number): number | undefined {
    const limit = this.#codec.maxPayloadBytes(type);
    if (type === messageTypes.verack) this.#isVerackAnnounced = true;
    if (!this.#isVerackAnnounced && type !== messageTypes.version) return undefined;
    if (limit === undefined || type === messageTypes['header-bundle'] || type === messageTypes['snapshot-data'])
      return limit;
    return Math.min(limit, maxUnwantedBytes);
  }

  #receive(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.length;
    if (this.#failure !== undefined) return;
    try {
      for (const frame of this.#decoder.push(bytes)) this.#take(frame);
    } catch (error) {
      const code = codeOf(error);
      const message = `the node does not keep to the protocol: ${(error as Error).message}${code === undefined ? '' : ` (${code})`}`;
      this.#fail(
        error instanceof AuditError ? error : new AuditError('AUDIT_PROTOCOL_BROKEN', message, { cause: error }),
      );
    }
  }

  #take(frame: Frame): void {
    if (frame.type === messageTypes.ping) {
      const { nonce } = this.#codec.decode(frame) as Answer<'ping'>;
      this.#send({ type: 'pong', nonce });
    } else if (answerTypes.has(frame.type)) {
      this.#takeAnswer(this.#codec.decode(frame));
    }
  }

  #takeAnswer(message: Message): void {
    const isFirstVerack = message.type === 'verack' && !this.#isVerackTaken;
    if (isFirstVerack) this.#isVerackTaken = true;
    const waiting = this.#waiting;
    if (waiting?.type === message.type) {
      waiting.resolve(message);
    } else if (isFirstVerack) {
      // The node sends it right behind its version message.
      this.#early = message;
    } else {
      throw new AuditError('AUDIT_PROTOCOL_BROKEN', `the node sent a ${message.type} message that nobody asked for`);
    }
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
    this.#waiting?.reject(error);
  }
}

/** Messages that answer something. */
const answerTypes: ReadonlySet<number> = new Set([
  messageTypes.version,
  messageTypes.verack,
  messageTypes['header-bundle'],
  messageTypes['snapshot-data'],
]);

function codecFor(protocolVersion: number, maxChunkBytes: number): MessageCodec<Message> {
  const limits = { ...goNodeLimits(protocolVersion), maxSnapshotDataBytes: maxChunkBytes };
  return createMessageCodec({ header: desoHeaderCodec, layout: 'go', limits });
}

function dial({ host, port, handshakeTimeoutMs, signal }: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = createConnection({ host, port });
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('connect').removeAllListeners('error');
      if (error === undefined) {
        resolve(socket);
      } else {
        // A socket that is destroyed may still report an error.
        socket.on('error', () => {});
        socket.destroy();
        reject(error);
      }
    };
    const refused = (why: string, cause?: Error): AuditError =>
      new AuditError('AUDIT_CANNOT_CONNECT', `cannot connect to ${host}, port ${port}: ${why}`, { cause });
    const timer = setTimeout(() => settle(refused('no answer')), handshakeTimeoutMs);
    const onAbort = (): void => settle(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => settle());
    socket.once('error', (error) => settle(refused(error.message, error)));
  });
}

function lost(why: string, cause?: Error): AuditError {
  return new AuditError('AUDIT_CONNECTION_LOST', `the connection was lost: ${why}`, { cause });
}
