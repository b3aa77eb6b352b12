export { formatAddress, parseAddress } from './address.js';

/** What a {@link Connection} tells its owner. Nothing is called after `onClose`. */
export interface ConnectionHandlers {
  /** Bytes arrived. They may be kept: the transport does not reuse them. */
  onData(bytes: Uint8Array): void;
  /** The connection is over, for whatever reason; called exactly once. */
  onClose(error: Error | undefined): void;
}

/** A stream of bytes in both directions, in order. */
export interface Connection {
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Begins to read. Called once; until then nothing is read and nothing is lost. */
  start(handlers: ConnectionHandlers): void;
  /** Sends `bytes`, which the caller leaves alone until `onAccepted`: they are out of this process, or will never be. */
  write(bytes: Uint8Array, onAccepted: () => void): void;
  /** Stops reading, so that the sender has to wait. */
  pause(): void;
  resume(): void;
  /** Ends the connection at once, in both directions. Idempotent. */
  destroy(): void;
}

/** An open port. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting. Accepted connections live on. */
  close(): Promise<void>;
}

/** Where connections come from: TCP by default, whatever a builder brings otherwise. */
export interface Transport {
  /** Rejects if the connection cannot be made, or when `signal` fires first. */
  connect(address: HostAndPort, options: { readonly signal: AbortSignal }): Promise<Connection>;
  /** Rejects if the port cannot be opened. Port 0 lets the system choose. */
  listen(address: HostAndPort, onConnection: (connection: Connection) => void): Promise<Listener>;
}

/** A host name or IP address (IPv6 without brackets), and a port. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}
