import type { Connection, ConnectionHandlers, HostAndPort, Listener, Transport } from '@hs/node';

/**
 * Connects nodes of one process without sockets: an example of what a node asks of a transport.
 *
 * Bytes are copied, arrive in order and in a later turn of the event loop, and wait where the reader has paused; only then is
 * the writer told that they are accepted, which is how a fast sender is made to wait for a slow reader.
 */
export function createInProcessTransport(): Transport {
  const listeners = new Map<number, (connection: Connection) => void>();
  let nextPort = 1;
  return {
    async connect({ host, port }, { signal }): Promise<Connection> {
      signal.throwIfAborted();
      const accept = listeners.get(port);
      if (accept === undefined) throw new Error(`nobody listens on ${host}:${port} in this process`);
      const near = new PipeEnd({ host, port });
      const far = new PipeEnd({ host, port: nextPort++ });
      near.join(far);
      accept(far);
      return near;
    },
    async listen({ host, port: wanted }, onConnection): Promise<Listener> {
      const port = wanted === 0 ? nextPort++ : wanted;
      if (listeners.has(port)) throw new Error(`port ${port} is taken in this process`);
      listeners.set(port, onConnection);
      return {
        host,
        port,
        close: async () => {
          listeners.delete(port);
        },
      };
    },
  };
}

interface Parcel {
  readonly bytes: Uint8Array;
  readonly onAccepted: () => void;
}

/** One end of a connection; what is written to it arrives at the other. */
class PipeEnd implements Connection {
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly #arrived: Parcel[] = [];
  #other: PipeEnd | undefined;
  #handlers: ConnectionHandlers | undefined;
  #isPaused = false;
  #isOver = false;

  constructor(remote: HostAndPort) {
    this.remoteHost = remote.host;
    this.remotePort = remote.port;
  }

  join(other: PipeEnd): void {
    this.#other = other;
    other.#other = this;
  }

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    if (this.#isOver) queueMicrotask(() => handlers.onClose(undefined));
    else this.#deliverSoon();
  }

  write(bytes: Uint8Array, onAccepted: () => void): void {
    const other = this.#other;
    if (this.#isOver || other === undefined) queueMicrotask(onAccepted);
    else other.#receive({ bytes: bytes.slice(), onAccepted });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliverSoon();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { onAccepted } of this.#arrived.splice(0)) queueMicrotask(onAccepted);
    queueMicrotask(() => this.#handlers?.onClose(undefined));
    this.#other?.destroy();
  }

  #receive(parcel: Parcel): void {
    this.#arrived.push(parcel);
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    setImmediate(() => {
      while (this.#handlers !== undefined && !this.#isPaused) {
        const parcel = this.#arrived.shift();
        if (parcel === undefined) return;
        this.#handlers.onData(parcel.bytes);
        parcel.onAccepted();
      }
    });
  }
}
