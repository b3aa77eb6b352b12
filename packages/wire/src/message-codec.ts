import type { Frame } from './frame.js';
import type { HeaderCodec } from './header-codec.js';
import { commonMessages } from './internal/common-messages.js';
import { extendedMessages } from './internal/extended-messages.js';
import { decodeField, encodeField, type Field } from './internal/field.js';
import { goMessages } from './internal/go-messages.js';
import { PayloadReader } from './internal/payload-reader.js';
import { type Limits, withDefaultLimits } from './limits.js';
import { type MessageName, messageTypes } from './message-types.js';
import type { ExtendedMessage, GoMessage, Message } from './messages.js';
import { WireError } from './wire-error.js';

/** `extended` only between two peers that both announced `serviceBits.hyperSyncExtended`, for the whole session. */
export type Layout = 'go' | 'extended';

/** Messages to frames and back, in one layout. */
export interface MessageCodec<M> {
  readonly layout: Layout;
  /** Limits in force. */
  readonly limits: Limits;
  /** @throws TypeError or RangeError if the message has no encoding in this layout within the limits */
  encode(message: M): Frame;
  /**
   * The message in `frame`, whose byte strings are views of the payload.
   *
   * @throws WireError (any code but those of framing) if the frame does not hold exactly one message of this layout within the limits
   */
  decode(frame: Frame): M;
  /** Most payload bytes of a message, by its number; undefined for a number that this layout does not have. */
  readonly maxPayloadBytes: (type: number) => number | undefined;
}

/** What a message codec is made of. */
export interface MessageCodecOptions<H, L extends Layout> {
  /** Layout of the chain's block header. */
  readonly header: HeaderCodec<H>;
  readonly layout: L;
  /** Limits to use in place of the defaults. */
  readonly limits?: Partial<Limits>;
}

/** The codec of all messages in Go's layout. */
export function createMessageCodec<H>(options: MessageCodecOptions<H, 'go'>): MessageCodec<GoMessage<H>>;
/** The codec of all messages in the extended layout. */
export function createMessageCodec<H>(options: MessageCodecOptions<H, 'extended'>): MessageCodec<ExtendedMessage<H>>;
/** The codec of all messages in a layout that is known at run time. */
export function createMessageCodec<H>(options: MessageCodecOptions<H, Layout>): MessageCodec<Message<H>>;
export function createMessageCodec<H>(options: MessageCodecOptions<H, Layout>): MessageCodec<Message<H>> {
  const { header, layout } = options;
  const limits = withDefaultLimits(options.limits, layout);
  const fields: Readonly<Partial<Record<MessageName, Field<Message<H>>>>> = {
    ...commonMessages(header, limits),
    ...(layout === 'extended' ? extendedMessages(limits) : goMessages(limits)),
  };
  const named = new Map(
    Object.entries(fields).map(([name, field]) => [messageTypes[name as MessageName], { name, field }]),
  );
  const find = (type: number) => named.get(type as (typeof messageTypes)[MessageName]);
  return {
    layout,
    limits,
    encode(message) {
      const field = Object.hasOwn(fields, message.type) ? fields[message.type] : undefined;
      if (field === undefined || (layout === 'go' && 'requestId' in message)) {
        throw new TypeError(`the ${layout} layout has no such ${message.type} message`);
      }
      return { type: messageTypes[message.type], payload: encodeField(field, message) };
    },
    decode({ type, payload }) {
      const found = find(type);
      if (found === undefined) {
        throw new WireError('WIRE_UNKNOWN_MESSAGE_TYPE', `unknown message type ${type}`, { details: { type, layout } });
      }
      const { name, field } = found;
      if (payload.length > field.maxBytes) {
        throw new WireError('WIRE_PAYLOAD_TOO_LARGE', `${name}: ${payload.length} bytes are over ${field.maxBytes}`, {
          details: { type, length: payload.length, limit: field.maxBytes },
        });
      }
      return decodeField(field, PayloadReader.over(payload, { reading: name, itemsLeft: limits.maxItems }));
    },
    maxPayloadBytes: (type) => find(type)?.field.maxBytes,
  };
}
