import {
  createMessageCodec,
  type Frame,
  type HeaderCodec,
  type Limits,
  type Message,
  type MessageCodec,
  type MessageName,
  messageTypes,
} from '@hs/wire';
import { isAnswerName } from './message-roles.js';

const names: ReadonlyMap<number, MessageName> = new Map(
  Object.entries(messageTypes).map(([name, type]) => [type, name as MessageName]),
);

/** What a {@link SessionMessages} is made of. */
export interface SessionMessagesOptions<Header> {
  readonly headerCodec: HeaderCodec<Header>;
  readonly layout: 'go' | 'extended';
  readonly limits?: Partial<Limits> | undefined;
  /** Narrower bounds on whole payloads. */
  readonly maxPayloadBytes: Readonly<Partial<Record<MessageName, number>>>;
}

/** The messages of one session: its codec, and how large each may be. */
export class SessionMessages<Header> {
  readonly #codec: MessageCodec<Message<Header>>;
  readonly #maxPayloadBytes: Readonly<Partial<Record<MessageName, number>>>;

  constructor(options: SessionMessagesOptions<Header>) {
    const { headerCodec, layout, limits = {} } = options;
    this.#codec = createMessageCodec<Header>({ header: headerCodec, layout, limits });
    this.#maxPayloadBytes = options.maxPayloadBytes;
  }

  encode(message: Message<Header>): Frame {
    return this.#codec.encode(message);
  }

  decode(frame: Frame): Message<Header> {
    return this.#codec.decode(frame);
  }

  nameOf(type: number): MessageName | undefined {
    return this.#codec.maxPayloadBytes(type) === undefined ? undefined : names.get(type);
  }

  /** Largest payload now: nothing at all for an answer that is not awaited. */
  maxPayloadBytes(type: number, isAwaited: (name: MessageName) => boolean): number | undefined {
    const name = this.nameOf(type);
    const limit = this.#codec.maxPayloadBytes(type);
    if (name === undefined || limit === undefined) return undefined;
    if (isAnswerName(name) && !isAwaited(name)) return 0;
    return Math.min(limit, this.#maxPayloadBytes[name] ?? limit);
  }
}
