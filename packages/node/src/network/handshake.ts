import { toHex } from '@hs/bytes';
import { type MessageName, serviceBits, type VerackV1Message, type VersionMessage } from '@hs/wire';
import { NodeError } from '../node-error.js';
import type { Clock } from './clock.js';
import { protocolVersion } from './network-options.js';
import { identityMessage, isSignedBy, type NodeIdentity } from './node-identity.js';
import type { RemoteFacts } from './peer.js';

/** What one side brings to a handshake. */
export interface HandshakeOptions {
  readonly direction: 'inbound' | 'outbound';
  readonly services: bigint;
  readonly userAgent: string;
  readonly height: number;
  /** Fresh and random. */
  readonly nonce: bigint;
  readonly isOwnNonce: (nonce: bigint) => boolean;
  readonly verackAgeMs: number;
  readonly clock: Clock;
  /** Network number of the frames. */
  readonly network: number;
  readonly identity: NodeIdentity;
}

type HandshakeMessage = VersionMessage | VerackV1Message;

/**
 * The handshake of one connection, as a state machine without a socket.
 *
 * The dialler sends its version; the acceptor answers with its own version and its verack; the dialler answers with its verack. Each
 * side is done when it has the other's verack.
 */
export class Handshake {
  readonly #options: HandshakeOptions;
  #remote: VersionMessage | undefined;
  #nodeId: string | undefined;
  #isDone = false;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  get state(): 'awaiting-version' | 'awaiting-verack' | 'done' {
    if (this.#isDone) return 'done';
    return this.#remote === undefined ? 'awaiting-version' : 'awaiting-verack';
  }

  /** What the remote said of itself. Known once the state is no longer `awaiting-version`. */
  get remote(): RemoteFacts {
    const version = this.#remote;
    if (version === undefined) throw new TypeError('the remote has not sent its version');
    return {
      services: version.services,
      userAgent: printable(version.userAgent),
      height: version.latestBlockHeight,
      minFeeRateNanosPerKb: version.minFeeRateNanosPerKb,
    };
  }

  /** `extended` if both sides announced it. */
  get layout(): 'go' | 'extended' {
    const both = this.#options.services & (this.#remote?.services ?? 0n);
    return (both & serviceBits.hyperSyncExtended) === 0n ? 'go' : 'extended';
  }

  /** The public key by which the remote is recognized on another connection, in hex; `undefined` if it has shown none. */
  get nodeId(): string | undefined {
    return this.#nodeId;
  }

  /** What to send before anything was received. */
  open(): readonly HandshakeMessage[] {
    return this.#options.direction === 'outbound' ? [this.#version()] : [];
  }

  /**
   * Takes the next message of the remote; gives what to send now.
   *
   * @throws NODE_HANDSHAKE, with the broken rule as `details.rule`
   */
  receive(message: { readonly type: MessageName }): readonly HandshakeMessage[] {
    if (message.type === 'version') return this.#receiveVersion(message as VersionMessage);
    if (message.type === 'verack') return this.#receiveVerack(message as VerackV1Message);
    throw refusal('message-before-handshake', `"${message.type}" came before the handshake was done`);
  }

  #receiveVersion(message: VersionMessage): readonly HandshakeMessage[] {
    if (this.#remote !== undefined) throw refusal('second-version', 'a second version message came');
    if (this.#options.isOwnNonce(message.nonce)) throw refusal('self-connection', 'this node has dialled itself');
    if (message.version !== protocolVersion) {
      throw refusal('protocol-version', `protocol version ${message.version}, not ${protocolVersion}`);
    }
    this.#remote = message;
    const verack = this.#verack(message);
    return this.#options.direction === 'inbound' ? [this.#version(), verack] : [verack];
  }

  #receiveVerack(message: VerackV1Message): readonly HandshakeMessage[] {
    const { nonce, clock, network, verackAgeMs } = this.#options;
    if (this.#remote === undefined) throw refusal('verack-before-version', 'a verack came before the version');
    if (message.version !== 1) throw refusal('verack-version', `verack version ${message.version}, not 1`);
    if (message.nonceReceived !== nonce) throw refusal('wrong-nonce', 'the verack does not repeat our nonce');
    if (message.nonceSent !== this.#remote.nonce) throw refusal('wrong-nonce', 'the verack has a new nonce');
    const ageMs = clock.wallMs() - Number(message.timestampMicros / 1000n);
    if (ageMs > verackAgeMs) {
      const seconds = Math.round(ageMs / 1000);
      throw refusal(
        'verack-age',
        `the verack is ${seconds} seconds old: its clock or the clock of this machine is wrong`,
      );
    }
    // Of a Go node, the key would be a validator's.
    if (this.layout === 'extended' && message.publicKey.length > 0) {
      const signed = identityMessage({ network, signerNonce: this.#remote.nonce, receivedNonce: nonce });
      if (!isSignedBy(message.publicKey, signed, message.signature)) {
        throw refusal('node-id', 'the signature is not that of its node id');
      }
      this.#nodeId = toHex(message.publicKey);
    }
    this.#isDone = true;
    return [];
  }

  #version(): VersionMessage {
    const { services, userAgent, height, nonce, clock } = this.#options;
    return {
      type: 'version',
      version: protocolVersion,
      services,
      timestampSeconds: BigInt(Math.floor(clock.wallMs() / 1000)),
      nonce,
      userAgent,
      latestBlockHeight: height,
      minFeeRateNanosPerKb: 0n,
    };
  }

  #verack(remote: VersionMessage): VerackV1Message {
    const { identity, network, nonce } = this.#options;
    const isExtended = this.layout === 'extended';
    const signed = identityMessage({ network, signerNonce: nonce, receivedNonce: remote.nonce });
    return {
      type: 'verack',
      version: 1,
      nonceReceived: remote.nonce,
      nonceSent: nonce,
      timestampMicros: BigInt(Math.floor(this.#options.clock.wallMs())) * 1000n,
      publicKey: isExtended ? identity.publicKey : new Uint8Array(0),
      signature: isExtended ? identity.sign(signed) : new Uint8Array(0),
    };
  }
}

function refusal(rule: string, message: string): NodeError {
  return new NodeError('NODE_HANDSHAKE', message, { details: { rule } });
}

/** Names go to terminals and logs: nothing but visible ASCII and spaces. */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?').slice(0, 64);
}
