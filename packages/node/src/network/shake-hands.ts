import type { Frame } from '@hs/wire';
import { NodeError } from '../node-error.js';
import type { Clock } from './clock.js';
import { FrameChannel, type FrameChannelHandlers, malformed } from './frame-channel.js';
import type { Handshake } from './handshake.js';
import type { NetworkSettings } from './network-defaults.js';
import type { SessionMessages } from './session-messages.js';
import type { Connection } from './transport.js';

/** What {@link shakeHands} needs. */
export interface ShakeHandsOptions<Header, Session> {
  readonly connection: Connection;
  readonly handshake: Handshake;
  /** Of the extended layout, which knows every message. */
  readonly messages: SessionMessages<Header>;
  readonly network: number;
  readonly settings: NetworkSettings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Sees the channel before anything happens on it. */
  readonly onChannel: (channel: FrameChannel) => void;
  /** Takes the channel over, in the very call that completes the handshake: the next frame is already the session's. */
  readonly createSession: (channel: FrameChannel) => Session;
}

const versionType = 1;
const verackType = 2;

/**
 * Runs the handshake on a new connection and closes it if that fails.
 *
 * @throws NODE_HANDSHAKE, NODE_PEER_TIMEOUT, NODE_PEER_CLOSED, NODE_PEER_MISBEHAVED, NODE_STOPPED
 */
export function shakeHands<Header, Session>(options: ShakeHandsOptions<Header, Session>): Promise<Session> {
  const { connection, handshake, messages, settings, network, clock, signal } = options;
  const { maxHandshakePayloadBytes } = settings.limits;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let hasVerackBegun = false;

    const expectWithin = (what: string, limitMs: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => channel.close(late(what, limitMs)), limitMs);
    };
    const sendAll = (toSend: readonly Parameters<typeof messages.encode>[0][]) => {
      // The end of the channel, not a failed send, tells what went wrong.
      for (const message of toSend) channel.send(messages.encode(message), { isUrgent: false }).catch(ignore);
    };
    const onAbort = () => channel.close(signal.reason instanceof NodeError ? signal.reason : stopped());
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };

    const handlers: FrameChannelHandlers = {
      // What comes in one piece with the last message of the handshake is cut into frames before the session exists, so
      // its bounds are the session's already.
      maxPayloadBytes: (type) => {
        if (hasVerackBegun) return messages.maxPayloadBytes(type, () => false);
        hasVerackBegun = type === verackType;
        if (type === versionType || type === verackType) return maxHandshakePayloadBytes;
        return messages.nameOf(type) === undefined ? undefined : 0;
      },
      onFrame: (frame) => {
        try {
          sendAll(receive(frame));
        } catch (error) {
          return channel.close(error as NodeError);
        }
        if (handshake.state === 'awaiting-verack') return expectWithin('verack', settings.timeouts.verackMs);
        finish();
        resolve(options.createSession(channel));
      },
      onDrained: ignore,
      onClosed: (reason) => {
        finish();
        reject(reason);
      },
    };
    const receive = (frame: Frame) => {
      const name = messages.nameOf(frame.type);
      // Not even decoded: nobody gets any work done before the handshake.
      if (name !== undefined && name !== 'version' && name !== 'verack') return handshake.receive({ type: name });
      return handshake.receive(decode(messages, frame));
    };

    const channel = new FrameChannel(connection, { network, limits: settings.limits, clock, handlers });
    options.onChannel(channel);
    if (signal.aborted) return channel.close(stopped());
    signal.addEventListener('abort', onAbort);
    expectWithin('version', settings.timeouts.versionMs);
    sendAll(handshake.open());
  });
}

function decode<Header>(messages: SessionMessages<Header>, frame: Frame): ReturnType<typeof messages.decode> {
  try {
    return messages.decode(frame);
  } catch (cause) {
    throw malformed(cause);
  }
}

function late(what: string, limitMs: number): NodeError {
  return new NodeError('NODE_PEER_TIMEOUT', `no ${what} message within ${limitMs} ms`, { details: { limitMs } });
}

function stopped(): NodeError {
  return new NodeError('NODE_STOPPED', 'the network is closing');
}

function ignore(): void {}
