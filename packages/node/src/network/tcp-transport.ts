import { createConnection, createServer, type Socket } from 'node:net';
import type { Connection, ConnectionHandlers, HostAndPort, Listener, Transport } from './transport.js';

/** Plain TCP. */
export const tcpTransport: Transport = { connect, listen };

function connect(address: HostAndPort, options: { readonly signal: AbortSignal }): Promise<Connection> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = createConnection({ host: address.host, port: address.port });
    const settle = () => {
      socket.removeListener('connect', onConnect);
      socket.removeListener('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const onConnect = () => {
      settle();
      resolve(new TcpConnection(socket));
    };
    const onError = (error: Error) => {
      settle();
      reject(error);
    };
    const onAbort = () => {
      settle();
      // A socket that is destroyed may still report an error.
      socket.on('error', ignore);
      socket.destroy();
      reject(signal.reason);
    };
    socket.once('connect', onConnect);
    socket.once('error', onError);
    signal.addEventListener('abort', onAbort);
  });
}

function listen(address: HostAndPort, onConnection: (connection: Connection) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ pauseOnConnect: true }, (socket) => onConnection(new TcpConnection(socket)));
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.removeListener('error', reject);
      // Accepting can fail for want of file descriptors; the port stays open.
      server.on('error', ignore);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') return reject(new Error('the port has no address'));
      let closing: Promise<void> | undefined;
      const close = () => {
        closing ??= new Promise<void>((closed) => server.close(() => closed()));
        return closing;
      };
      resolve({ host: bound.address, port: bound.port, close });
    });
  });
}

class TcpConnection implements Connection {
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly #socket: Socket;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteHost = withoutMapping(socket.remoteAddress ?? 'unknown');
    this.remotePort = socket.remotePort ?? 0;
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      this.#error = error;
    });
  }

  start(handlers: ConnectionHandlers): void {
    const socket = this.#socket;
    const onClose = () => handlers.onClose(this.#error);
    if (socket.closed) {
      queueMicrotask(onClose);
      return;
    }
    socket.once('close', onClose);
    socket.on('data', (data: Uint8Array) => {
      handlers.onData(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
    socket.resume();
  }

  write(bytes: Uint8Array, onAccepted: () => void): void {
    this.#socket.write(bytes, () => onAccepted());
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** An IPv4 address that a dual-stack port shows as IPv6 is shown as what it is. */
function withoutMapping(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice('::ffff:'.length) : host;
}

function ignore(): void {}
