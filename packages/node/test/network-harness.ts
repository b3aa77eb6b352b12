import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  createMessageCodec,
  encodeFrame,
  FrameDecoder,
  type HeaderCodec,
  type Message,
  type MessageCodec,
  type MessageName,
  serviceBits,
  type VersionMessage,
} from '@hs/wire';
import { afterEach } from '@jest/globals';
import type { NetworkOptions } from '../src/network/network-options.js';
import type { Peer } from '../src/network/peer.js';
import { PeerNetwork } from '../src/network/peer-network.js';
import type { NodeError } from '../src/node-error.js';

/** A header that is nothing but its height. */
export interface TestHeader {
  readonly height: number;
}

export const headerCodec: HeaderCodec<TestHeader> = {
  maxBytes: 4,
  encode: ({ height }) => new Uint8Array([height >>> 24, height >>> 16, height >>> 8, height]),
  decode: (bytes, offset) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(offset, offset + 4);
    return { header: { height: ((a * 256 + b) * 256 + c) * 256 + d }, end: offset + 4 };
  },
  hasBlockProducerInfo: () => false,
};

export const testNetwork = 2;
export const extendedServices: bigint = serviceBits.fullNode | serviceBits.hyperSync | serviceBits.hyperSyncExtended;
export const hash: Uint8Array = new Uint8Array(32).fill(7);

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A network on a port of its own, closed after the test. */
export async function openNetwork(
  overrides: Partial<NetworkOptions<TestHeader>> = {},
): Promise<PeerNetwork<TestHeader>> {
  const network = await PeerNetwork.open<TestHeader>({
    headerCodec,
    network: testNetwork,
    services: extendedServices,
    userAgent: 'test',
    height: () => 5,
    listen: { host: '127.0.0.1', port: 0 },
    ...overrides,
  });
  cleanups.push(() => network.close());
  return network;
}

export function addressOf(network: PeerNetwork<TestHeader>): string {
  return `127.0.0.1:${portOf(network)}`;
}

export function portOf(network: PeerNetwork<TestHeader>): number {
  const { address } = network;
  if (address === undefined) throw new Error('the network does not listen');
  return address.port;
}

/** Both ends of one connection: how the dialler sees the acceptor, and the other way round. */
export async function link(
  dialler: PeerNetwork<TestHeader>,
  acceptor: PeerNetwork<TestHeader>,
): Promise<{ readonly there: Peer<TestHeader>; readonly back: Peer<TestHeader> }> {
  const accepted = nextPeer(acceptor);
  const there = await dialler.connect(addressOf(acceptor));
  return { there, back: await accepted };
}

export function nextPeer(network: PeerNetwork<TestHeader>): Promise<Peer<TestHeader>> {
  return new Promise((resolve) => {
    const off = network.on('peer', (peer) => {
      off();
      resolve(peer);
    });
  });
}

/** The reason with which the next peer leaves. */
export function nextGone(network: PeerNetwork<TestHeader>): Promise<NodeError> {
  return new Promise((resolve) => {
    const off = network.on('gone', (_peer, reason) => {
      off();
      resolve(reason);
    });
  });
}

export function nextWarning(network: PeerNetwork<TestHeader>): Promise<NodeError> {
  return new Promise((resolve) => {
    const off = network.on('warning', (error) => {
      off();
      resolve(error);
    });
  });
}

export async function until(condition: () => boolean): Promise<void> {
  const startedAtMs = performance.now();
  while (!condition()) {
    if (performance.now() - startedAtMs > 10_000) throw new Error('it did not happen within 10 seconds');
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: { readonly code?: string; readonly name?: string }) => error.code ?? error.name ?? String(error),
  );
}

export function version(overrides: Partial<VersionMessage> = {}): VersionMessage {
  return {
    type: 'version',
    version: 2,
    services: extendedServices,
    timestampSeconds: 0n,
    nonce: 11n,
    userAgent: 'raw',
    latestBlockHeight: 3,
    minFeeRateNanosPerKb: 0n,
    ...overrides,
  };
}

export interface VerackFields {
  readonly nonceReceived: bigint;
  readonly nonceSent: bigint;
  readonly timestampMicros: bigint;
}

export function verack(fields: Partial<VerackFields>): Message<TestHeader> {
  return {
    type: 'verack',
    version: 1,
    nonceReceived: 0n,
    nonceSent: 11n,
    timestampMicros: BigInt(Date.now()) * 1000n,
    publicKey: new Uint8Array(0),
    signature: new Uint8Array(0),
    ...fields,
  };
}

/** A remote that does exactly what the test says, over a real socket. */
export class RawPeer {
  readonly socket: Socket;
  readonly received: Message<TestHeader>[] = [];
  readonly codec: MessageCodec<Message<TestHeader>>;
  isClosed = false;
  answersPings = true;
  readonly #wakers = new Set<() => void>();

  constructor(socket: Socket, layout: 'go' | 'extended' = 'extended') {
    this.socket = socket;
    this.codec = createMessageCodec<TestHeader>({ header: headerCodec, layout });
    const decoder = new FrameDecoder({ network: testNetwork, maxPayloadBytes: 100_000_000 });
    socket.on('data', (data: Uint8Array) => {
      for (const frame of decoder.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))) {
        const message = this.codec.decode(frame);
        if (message.type === 'ping') {
          if (this.answersPings) this.send({ type: 'pong', nonce: message.nonce });
        } else this.received.push(message);
      }
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
    cleanups.push(() => {
      socket.destroy();
    });
  }

  /** All of `127.0.0.0/8` is this machine: `from` is the address that the remote sees. */
  static connect(port: number, layout?: 'go' | 'extended', from = '127.0.0.1'): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, localAddress: from };
      const socket = connect(options, () => resolve(new RawPeer(socket, layout)));
      socket.once('error', reject);
    });
  }

  /** A raw peer that dials and completes the handshake. */
  static async join(
    port: number,
    options: {
      readonly version?: Partial<VersionMessage>;
      readonly layout?: 'go' | 'extended';
      readonly from?: string;
    } = {},
  ): Promise<RawPeer> {
    const raw = await RawPeer.connect(port, options.layout, options.from);
    raw.send(version(options.version));
    const theirs = await raw.next('version');
    await raw.next('verack');
    raw.send(verack({ nonceReceived: theirs.nonce }));
    return raw;
  }

  send(message: Message<TestHeader>): void {
    this.write(this.encode(message));
  }

  encode(message: Message<TestHeader>): Uint8Array {
    return encodeFrame(this.codec.encode(message), { network: testNetwork });
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Takes the next message of this name, waiting for it. */
  async next<Name extends MessageName>(name: Name): Promise<Extract<Message<TestHeader>, { readonly type: Name }>> {
    for (;;) {
      const index = this.received.findIndex((message) => message.type === name);
      const [message] = index >= 0 ? this.received.splice(index, 1) : [];
      if (message !== undefined) return message as Extract<Message<TestHeader>, { readonly type: Name }>;
      if (this.isClosed) throw new Error(`closed before ${name}`);
      await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await new Promise<void>((resolve) => this.#wakers.add(resolve));
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }
}

/** A port that gives each connection to `onPeer` as a raw peer. */
export function listenRaw(onPeer: (raw: RawPeer) => void): Promise<number> {
  return new Promise((resolve) => {
    const server: Server = createServer((socket) => onPeer(new RawPeer(socket)));
    cleanups.push(() => new Promise<void>((closed) => server.close(() => closed())));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address !== 'string') resolve(address.port);
    });
  });
}
