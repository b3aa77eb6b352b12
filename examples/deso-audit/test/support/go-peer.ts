import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { genesisHash, type TestHeader } from './chain.js';
import { ba, Cursor, frame, iv, messageNumbers, type ReceivedFrame, readFrames, uv } from './go-bytes.js';

/** A snapshot as the peer serves it. */
export interface ServedSnapshot {
  readonly height: number;
  readonly blockHash: Buffer;
  /** 32 bytes, or none. */
  readonly checksum: Buffer;
  /** Hex of keys to values. */
  readonly records: ReadonlyMap<string, Buffer>;
}

export interface GoPeerOptions {
  /** 2, as testnet and regtest have. */
  readonly network?: number;
  readonly protocolVersion?: number;
  readonly services?: number;
  readonly headers: readonly TestHeader[];
  /** Height of the best block; that of the headers by default. */
  readonly blockHeight?: number;
  readonly maxHeaders?: number;
  readonly snapshot: ServedSnapshot;
  /** Most bytes of keys and values in a chunk, unless two records are larger. */
  readonly chunkBytes?: number;
  /** Said between the messages that the other side waits for. */
  readonly isTalkative?: boolean;
  /** Takes part in every request for state: gives the payload to answer with, or nothing, or ends the connection. */
  readonly onGetSnapshot?: (
    request: SnapshotRequest,
  ) => Buffer | 'silence' | 'close' | Promise<Buffer | 'silence' | 'close'>;
  /** Takes part in every request for headers. */
  readonly onGetHeaders?: (usual: Buffer) => Buffer | 'silence' | 'close';
  /** Takes part in the handshake: gives the bytes to send in answer to a version message. */
  readonly onVersion?: (usual: { readonly version: Buffer; readonly verack: Buffer; readonly nonce: bigint }) => Buffer;
}

export interface SnapshotRequest {
  /** Hex. */
  readonly startKey: string;
  /** Counted from 1, over all connections. */
  readonly number: number;
  readonly usual: Buffer;
  readonly socket: Socket;
}

/**
 * A peer that answers as the Go node does when it is dialled: version and verack, headers after the first known hash, and one chunk of the
 * snapshot at a time, from the start key on and with it. It never speaks of itself but when `isTalkative`.
 */
export class GoPeer {
  options: GoPeerOptions;
  /** Start keys that were asked for, over all connections. */
  readonly requests: string[] = [];
  readonly pongs: bigint[] = [];
  readonly versions: { readonly protocolVersion: number; readonly verackVersion: number }[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();

  private constructor(options: GoPeerOptions, server: Server) {
    this.options = options;
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async listen(options: GoPeerOptions): Promise<GoPeer> {
    const server = createServer();
    const peer = new GoPeer(options, server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return peer;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections, and takes no more of them until `close`. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A chunk as the Go node makes it. */
  chunk(startKey: string, snapshot: ServedSnapshot = this.options.snapshot): Buffer {
    const { chunkBytes = 104_857_600 } = this.options;
    const prefix = startKey.slice(0, 2);
    const keys = [...snapshot.records.keys()].filter((key) => key.startsWith(prefix) && key >= startKey).sort();
    const found: (readonly [Buffer, Buffer])[] = [];
    let bytes = 0;
    let isFull = false;
    for (const key of keys) {
      const record = [Buffer.from(key, 'hex'), snapshot.records.get(key) as Buffer] as const;
      found.push(record);
      bytes += record[0].length + record[1].length;
      if (bytes > chunkBytes && found.length >= 2) {
        isFull = true;
        break;
      }
    }
    return snapshotData({ snapshot, records: found, isFull, prefix: Buffer.from(prefix, 'hex') });
  }

  frame(type: number, payload: Buffer): Buffer {
    return frame(this.options.network ?? 2, type, payload);
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    let rest: Buffer = Buffer.alloc(0);
    let pending = Promise.resolve();
    socket.on('data', (bytes) => {
      const read = readFrames(Buffer.concat([rest, bytes]), this.options.network ?? 2);
      rest = read.rest;
      for (const each of read.frames) pending = pending.then(() => this.#take(socket, each));
    });
  }

  async #take(socket: Socket, { type, payload }: ReceivedFrame): Promise<void> {
    if (socket.destroyed) return;
    if (type === messageNumbers.version) this.#greet(socket, payload);
    else if (type === messageNumbers.verack) this.#noteVerack(payload);
    else if (type === messageNumbers.getHeaders) this.#sendHeaders(socket, payload);
    else if (type === messageNumbers.getSnapshot) await this.#sendChunk(socket, payload);
    else if (type === messageNumbers.pong) this.pongs.push(new Cursor(payload).uv());
    else throw new Error(`the audit sent a message of type ${type}`);
  }

  #greet(socket: Socket, payload: Buffer): void {
    const { protocolVersion = 2, services = 3, headers, blockHeight = headers.length, onVersion } = this.options;
    const cursor = new Cursor(payload);
    const theirVersion = Number(cursor.uv());
    cursor.uv();
    cursor.uv();
    const nonce = cursor.uv();
    this.versions.push({ protocolVersion: theirVersion, verackVersion: -1 });
    const own = 7_000_000_000_000_000_001n;
    const now = Date.now();
    const version = Buffer.concat([
      uv(protocolVersion),
      uv(services),
      iv(Math.floor(now / 1000)),
      uv(own),
      ba(Buffer.from('Architect')),
      uv(blockHeight),
      uv(1000),
      uv(0),
    ]);
    const verack =
      Math.min(theirVersion, protocolVersion) < 2
        ? uv(nonce)
        : Buffer.concat([uv(1), uv(nonce), uv(own), uv(BigInt(now) * 1000n), uv(0), uv(0)]);
    if (onVersion !== undefined) return void socket.write(onVersion({ version, verack, nonce }));
    socket.write(this.frame(messageNumbers.version, version));
    socket.write(this.frame(messageNumbers.verack, verack));
    this.#chatter(socket);
  }

  #noteVerack(payload: Buffer): void {
    const last = this.versions.at(-1);
    if (last === undefined) throw new Error('a verack before a version message');
    const verackVersion = payload.length <= 10 ? 0 : Number(new Cursor(payload).uv());
    this.versions[this.versions.length - 1] = { ...last, verackVersion };
  }

  /** What a node tells its peers unasked: a ping, an inventory, and a message that only validators send. */
  #chatter(socket: Socket): void {
    if (this.options.isTalkative !== true) return;
    socket.write(this.frame(messageNumbers.ping, uv(77)));
    socket.write(this.frame(messageNumbers.inv, Buffer.concat([uv(1), uv(1), Buffer.alloc(32, 9), Buffer.from([0])])));
    socket.write(this.frame(15, uv(0)));
    socket.write(this.frame(16, Buffer.alloc(0)));
  }

  #sendHeaders(socket: Socket, payload: Buffer): void {
    const { headers, blockHeight = headers.length, maxHeaders = 2_000, onGetHeaders } = this.options;
    const cursor = new Cursor(payload);
    cursor.take(32);
    const locator = Array.from({ length: Number(cursor.uv()) }, () => cursor.take(32));
    const known = new Map([
      [genesisHash.toString('hex'), 0],
      ...headers.map(({ hash, height }) => [hash.toString('hex'), height] as const),
    ]);
    const from = locator.map((hash) => known.get(hash.toString('hex'))).find((height) => height !== undefined);
    const found = from === undefined ? [] : headers.slice(from, from + maxHeaders);
    const tipHash = blockHeight === 0 ? genesisHash : (headers[blockHeight - 1]?.hash ?? genesisHash);
    const usual = Buffer.concat([uv(found.length), ...found.map(({ bytes }) => bytes), tipHash, uv(blockHeight)]);
    const answer = onGetHeaders?.(usual) ?? usual;
    if (answer === 'close') socket.destroy();
    else if (answer !== 'silence') socket.write(this.frame(messageNumbers.headerBundle, answer));
  }

  async #sendChunk(socket: Socket, payload: Buffer): Promise<void> {
    const startKey = new Cursor(payload).ba().toString('hex');
    this.requests.push(startKey);
    this.#chatter(socket);
    const usual = this.chunk(startKey);
    const answer =
      (await this.options.onGetSnapshot?.({ startKey, number: this.requests.length, usual, socket })) ?? usual;
    if (answer === 'close') socket.destroy();
    else if (answer !== 'silence') socket.write(this.frame(messageNumbers.snapshotData, answer));
  }
}

/** The payload of a snapshot-data message. No records are said by one with key `00` and no value. */
export function snapshotData(options: {
  readonly snapshot: ServedSnapshot;
  readonly records: readonly (readonly [Buffer, Buffer])[];
  readonly isFull: boolean;
  readonly prefix: Buffer;
}): Buffer {
  const { snapshot, records, isFull, prefix } = options;
  const entries = records.length === 0 ? [[Buffer.from([0]), Buffer.alloc(0)] as const] : records;
  return Buffer.concat([
    uv(snapshot.height),
    uv(0),
    ba(snapshot.checksum),
    ba(snapshot.blockHash),
    uv(entries.length),
    ...entries.flatMap(([key, value]) => [ba(key), ba(value)]),
    Buffer.from([isFull ? 1 : 0]),
    ba(prefix),
  ]);
}
