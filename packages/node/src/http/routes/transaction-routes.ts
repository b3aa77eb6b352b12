import { fromHex } from '@hs/bytes';
import { createBlockCodec, type Transaction, transactionCodec, transactionHash } from '@hs/wire';
import { hasCode, type NodeError } from '../../node-error.js';
import { HttpError } from '../http-error.js';
import type { HttpNode } from '../http-node.js';
import { countSchema, flagSchema, hexSchema, objectSchema } from '../json-schema.js';
import { hexParameter } from '../parameter.js';
import { requireSynced } from '../require-synced.js';
import type { Route, RouteRequest } from '../route.js';
import { describeTransaction, transactionSchema } from '../transaction-json.js';

const jsonType = 'application/json';
const bytesType = 'application/octet-stream';

const idParameter = hexParameter(
  { name: 'id', place: 'path', description: 'The id: double SHA-256 of the encoded transaction, as hex.' },
  { minimum: 32, maximum: 32 },
);

/** Sending transactions, and what became of them. */
export function transactionRoutes<Header>(node: HttpNode<Header>): readonly Route[] {
  const { chain, chainStore } = node;
  const codec = createBlockCodec(chain.headerCodec);
  const find = async (id: Uint8Array) => {
    const place = await chainStore.transactionPlace(id);
    const bytes = place === undefined ? undefined : await chainStore.blockAt(place.height);
    if (place === undefined || bytes === undefined) return undefined;
    const transaction = codec.decode(bytes).transactions[place.index];
    return transaction === undefined ? undefined : { ...place, transaction };
  };
  return [
    {
      method: 'GET',
      path: '/v1/transactions/{id}',
      operationId: 'getTransaction',
      tag: 'transactions',
      summary: 'A transaction, and where it is: waiting for a block, or in one.',
      description:
        'Blocks are final, so a transaction in a block stays there. Blocks below the snapshot that this node was synced from, and those that it jumped over from an older state, are not known here.',
      parameters: [idParameter],
      replies: {
        200: {
          description: 'The transaction. `height`, `blockHash` and `index` are there once it is in a block.',
          schema: objectSchema({
            status: { enum: ['waiting', 'included'] },
            'height?': countSchema,
            'blockHash?': hexSchema(32),
            'index?': countSchema,
            transaction: transactionSchema,
          }),
        },
      },
      errors: ['HTTP_TRANSACTION_NOT_FOUND'],
      handle: async ({ get }) => {
        const id = get(idParameter);
        // First, since a block takes it out of the pool when it is in the index of blocks already.
        const waiting = node.pendingTransaction(id);
        const included = await find(id);
        if (included !== undefined) {
          const { height, index, transaction } = included;
          const blockHash = await chainStore.hashAt(height);
          return {
            json: { status: 'included', height, blockHash, index, transaction: describeTransaction(transaction) },
          };
        }
        if (waiting !== undefined) return { json: { status: 'waiting', transaction: describeTransaction(waiting) } };
        throw new HttpError('HTTP_TRANSACTION_NOT_FOUND', 'the transaction is neither in a block here nor waiting');
      },
    },
    {
      method: 'POST',
      path: '/v1/transactions',
      operationId: 'submitTransaction',
      tag: 'transactions',
      summary: 'Sends a signed transaction.',
      description:
        'It is checked as the chain does, waits in the pool, and is passed on to the peers. Sending the same one again does no harm.',
      body: {
        maxBytes: 2 * chain.parameters.maxBlockBytes + 1024,
        content: {
          [jsonType]: objectSchema({ transaction: { ...hexSchema(), description: 'The encoded transaction.' } }),
          [bytesType]: {},
        },
      },
      replies: {
        202: {
          description: 'It waits for a block, or is in one already. `isNew` is false if it was known.',
          schema: objectSchema({ id: hexSchema(32), isNew: flagSchema }),
        },
      },
      errors: ['HTTP_NOT_SYNCED', 'HTTP_STALE', 'HTTP_TRANSACTION_REFUSED'],
      handle: async (request) => {
        requireSynced(node, { isStaleAllowed: false });
        const transaction = readTransaction(request);
        const id = transactionHash(transaction);
        if ((await chainStore.transactionPlace(id)) !== undefined) return { status: 202, json: { id, isNew: false } };
        try {
          return { status: 202, json: { id: await node.submit(transaction), isNew: true } };
        } catch (error) {
          if (!hasCode(error, 'NODE_TRANSACTION_REFUSED')) throw error;
          const { message, details } = error as NodeError;
          if (details['rule'] === 'PoolDuplicate') return { status: 202, json: { id, isNew: false } };
          throw new HttpError('HTTP_TRANSACTION_REFUSED', message, { details });
        }
      },
    },
  ];
}

function readTransaction({ body, mediaType }: Pick<RouteRequest, 'body' | 'mediaType'>): Transaction {
  try {
    if (mediaType === bytesType) return transactionCodec.decode(body);
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    const { transaction, ...rest } = value as { readonly transaction: string };
    if (Object.keys(rest).length > 0) throw new TypeError('only `transaction` is known');
    return transactionCodec.decode(fromHex(transaction));
  } catch (error) {
    throw new HttpError('HTTP_INVALID_BODY', `the body is no transaction: ${(error as Error).message}`);
  }
}
