import type {
  BlockBundleMessage,
  ExtendedGetSnapshotMessage,
  ExtendedSnapshotDataMessage,
  GetBlocksMessage,
  GetHeadersMessage,
  GetPageListMessage,
  GetPageMessage,
  GetSnapshotMessage,
  GetStateChecksumsMessage,
  HeaderBundleMessage,
  MessageName,
  PageListMessage,
  PageMessage,
  PingMessage,
  PongMessage,
  SnapshotDataMessage,
  StateChecksumsMessage,
} from '@hs/wire';

/** The answer that each request gets. */
export const answerNames = {
  'get-headers': 'header-bundle',
  'get-blocks': 'block-bundle',
  'get-snapshot': 'snapshot-data',
  'get-page-list': 'page-list',
  'get-page': 'page',
  'get-state-checksums': 'state-checksums',
  ping: 'pong',
} as const;

/** A message that has exactly one answer. */
export type RequestName = keyof typeof answerNames;

/** A message that is only ever an answer. */
export type AnswerName = (typeof answerNames)[RequestName];

const answers: ReadonlySet<MessageName> = new Set<MessageName>(Object.values(answerNames));

/** True if a message of this name has exactly one answer. */
export function isRequestName(name: MessageName): name is RequestName {
  return Object.hasOwn(answerNames, name);
}

/** True if a message of this name must answer a request. */
export function isAnswerName(name: MessageName): name is AnswerName {
  return answers.has(name);
}

/** A request whose id, if it names one, is replaced by the one that the peer's session assigns. */
type WithoutId<Request> = Omit<Request, 'requestId'> & { readonly requestId?: number };

/** What can be asked of a peer. The extended requests work only with peers whose layout is extended. */
export type PeerRequest =
  | PingMessage
  | GetHeadersMessage
  | GetBlocksMessage
  | GetSnapshotMessage
  | WithoutId<ExtendedGetSnapshotMessage>
  | WithoutId<GetPageListMessage>
  | WithoutId<GetPageMessage>
  | WithoutId<GetStateChecksumsMessage>;

/** The type of the answer to a request of type `Request`. */
export type AnswerTo<Header, Request> = Request extends { readonly type: 'get-headers' }
  ? HeaderBundleMessage<Header>
  : Request extends { readonly type: 'get-blocks' }
    ? BlockBundleMessage<Header>
    : Request extends { readonly type: 'get-snapshot'; readonly height: number }
      ? ExtendedSnapshotDataMessage
      : Request extends { readonly type: 'get-snapshot' }
        ? SnapshotDataMessage
        : Request extends { readonly type: 'get-page-list' }
          ? PageListMessage
          : Request extends { readonly type: 'get-page' }
            ? PageMessage
            : Request extends { readonly type: 'get-state-checksums' }
              ? StateChecksumsMessage
              : Request extends { readonly type: 'ping' }
                ? PongMessage
                : never;

/** Any answer. */
export type Answer<Header> = AnswerTo<Header, PeerRequest>;
