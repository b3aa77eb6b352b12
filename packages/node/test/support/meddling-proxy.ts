import { connect, createServer, type Server, type Socket } from 'node:net';
import { createMessageCodec, type ExtendedMessage, encodeFrame, FrameDecoder, type Message } from '@hs/wire';
import type { ExampleChain } from '../../src/example-chain/example-chain.js';
import type { ExampleHeader } from '../../src/example-chain/header.js';
import { sleep } from './wait.js';

export type ExampleMessage = Message<ExampleHeader>;

/** What a {@link MeddlingProxy} does with what passes. */
export interface Meddling {
  /** What the newcomer gets instead of an honest answer; `undefined`: nothing. */
  readonly answer?: (message: ExampleMessage) => ExampleMessage | undefined;
  /** Time that each message of the honest node takes. */
  readonly delayMs?: (message: ExampleMessage) => number;
}

/**
 * A peer that speaks the real protocol: it stands between a newcomer, which dials it, and an honest node, reads all
 * messages of the extended layout in both directions, counts them, and changes what it is told to.
 */
export class MeddlingProxy {
  readonly address: string;
  /** What the newcomer asked, in order. */
  readonly asked: ExampleMessage[] = [];
  /** Answers that were changed or kept back. */
  meddled = 0;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    this.#server = server;
    this.address = `127.0.0.1:${bound.port}`;
  }

  static open(chain: ExampleChain, target: string, meddling: Meddling = {}): Promise<MeddlingProxy> {
    return new Promise((resolve) => {
      let proxy: MeddlingProxy | undefined;
      const server = createServer((socket) => {
        if (proxy !== undefined) proxy.#join(socket, { chain, target, meddling });
      });
      server.listen(0, '127.0.0.1', () => {
        proxy = new MeddlingProxy(server);
        resolve(proxy);
      });
    });
  }

  /** `get-snapshot` requests by the prefix that they start in. */
  chunksAskedByPrefix(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const message of this.asked) {
      if (message.type !== 'get-snapshot') continue;
      const prefix = message.startKey[0] ?? -1;
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
    return counts;
  }

  /** Ends all connections; new ones are taken again. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #join(
    newcomer: Socket,
    options: { readonly chain: ExampleChain; readonly target: string; readonly meddling: Meddling },
  ): void {
    const { chain, target, meddling } = options;
    this.connections++;
    const [host = '', port = ''] = target.split(':');
    const honest = connect({ host, port: Number(port) });
    const codec = createMessageCodec<ExampleHeader>({ header: chain.headerCodec, layout: 'extended' });
    const { network } = chain;
    const forward = (from: Socket, to: Socket, onMessage: (message: ExampleMessage) => Promise<void>) => {
      const decoder = new FrameDecoder({ network, maxPayloadBytes: codec.maxPayloadBytes });
      let line = Promise.resolve();
      from.on('data', (data: Uint8Array) => {
        for (const frame of decoder.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))) {
          const message = codec.decode(frame);
          line = line.then(() => onMessage(message));
        }
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      this.#sockets.add(from);
    };
    const write = (to: Socket, message: ExampleMessage) => {
      // What was decoded from one layout is encoded in the same. Both ends know the proxy as a node of its own.
      const noId = { publicKey: new Uint8Array(0), signature: new Uint8Array(0) };
      const sent = message.type === 'verack' && message.version === 1 ? { ...message, ...noId } : message;
      const frame = codec.encode(sent as ExtendedMessage<ExampleHeader>);
      if (!to.destroyed) to.write(encodeFrame(frame, { network }));
    };
    forward(newcomer, honest, async (message) => {
      this.asked.push(message);
      write(honest, message);
    });
    forward(honest, newcomer, async (message) => {
      const delayMs = meddling.delayMs?.(message) ?? 0;
      if (delayMs > 0) await sleep(delayMs);
      const answer = meddling.answer === undefined ? message : meddling.answer(message);
      if (answer !== message) this.meddled++;
      if (answer !== undefined) write(newcomer, answer);
    });
  }
}
