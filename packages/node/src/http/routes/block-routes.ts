import { fromHex } from '@hs/bytes';
import { createBlockCodec } from '@hs/wire';
import type { ChainStore } from '../../chain/chain-store.js';
import { hasCode } from '../../node-error.js';
import { HttpError } from '../http-error.js';
import type { HttpNode } from '../http-node.js';
import { arrayOf, countSchema, hexSchema, type JsonSchema, objectSchema } from '../json-schema.js';
import { integerParameter, optionalIntegerParameter, textParameter } from '../parameter.js';
import type { Route } from '../route.js';
import { describeTransaction, transactionSchema } from '../transaction-json.js';

const header: Readonly<Record<string, JsonSchema>> = {
  height: countSchema,
  hash: hexSchema(32),
  previousHash: hexSchema(32),
  timeMs: countSchema,
  producer: hexSchema(),
  'stateRoot?': hexSchema(32),
  'snapshotRoot?': hexSchema(32),
};

const blockParameter = textParameter(
  {
    name: 'block',
    place: 'path',
    description: 'A height, a hash of 64 hex digits, or `tip`: the last block of the state.',
  },
  { pattern: '^(?:tip|[0-9]{1,15}|[0-9a-fA-F]{64})$', expected: 'a height, a hash of 64 hex digits, or tip' },
);
const beforeParameter = optionalIntegerParameter(
  { name: 'before', place: 'query', description: 'Only blocks below this height; the newest if it is left out.' },
  { minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
);
const headersParameter = integerParameter(
  { name: 'limit', place: 'query', description: 'Most blocks of the page.' },
  { minimum: 1, maximum: 200, preset: 20 },
);
const offsetParameter = integerParameter(
  { name: 'offset', place: 'query', description: 'How many transactions of the block to leave out.' },
  { minimum: 0, maximum: 1_000_000, preset: 0 },
);
const transactionsParameter = integerParameter(
  { name: 'limit', place: 'query', description: 'Most transactions of the page.' },
  { minimum: 1, maximum: 200, preset: 50 },
);

/** Headers that this node has verified, and the blocks that it has. */
export function blockRoutes<Header>(node: HttpNode<Header>): readonly Route[] {
  const { chain, chainStore } = node;
  const codec = createBlockCodec(chain.headerCodec);
  const describe = async (height: number) => {
    const { previousHash, timeMs, producerKey, stateRoot, snapshotRoot } = chain.describeHeader(
      await chainStore.headerAt(height),
    );
    const hash = await chainStore.hashAt(height);
    return { height, hash, previousHash, timeMs, producer: producerKey, stateRoot, snapshotRoot };
  };
  const read = async (block: string) => {
    const height = await heightOf(chainStore, block, node.store.height);
    const bytes = height === 0 ? undefined : await chainStore.blockAt(height);
    return { height, bytes, transactions: bytes === undefined ? [] : codec.decode(bytes).transactions };
  };
  return [
    {
      method: 'GET',
      path: '/v1/blocks',
      operationId: 'listBlocks',
      tag: 'blocks',
      summary: 'Verified headers, newest first, in pages.',
      parameters: [beforeParameter, headersParameter],
      replies: {
        200: {
          description: 'A page. `next` is missing on the last one; it is the `before` of the next.',
          schema: objectSchema({
            tipHeight: countSchema,
            'stateHeight?': countSchema,
            blocks: arrayOf(objectSchema(header)),
            'next?': countSchema,
          }),
        },
      },
      handle: async ({ get }) => {
        const newest = Math.min((get(beforeParameter) ?? Number.MAX_SAFE_INTEGER) - 1, chainStore.tipHeight);
        const oldest = Math.max(0, newest - get(headersParameter) + 1);
        const blocks = [];
        for (let height = newest; height >= oldest; height--) blocks.push(await describe(height));
        const next = oldest > 0 ? oldest : undefined;
        return { json: { tipHeight: chainStore.tipHeight, stateHeight: node.store.height, blocks, next } };
      },
    },
    {
      method: 'GET',
      path: '/v1/blocks/{block}',
      operationId: 'getBlock',
      tag: 'blocks',
      summary: 'One block: its header, and how much is in it.',
      description:
        'Of blocks below the snapshot that this node was synced from, and of those that it jumped over from an older state, it has only the headers: `transactions` and `bytes` are missing.',
      parameters: [blockParameter],
      replies: {
        200: {
          description: 'The block.',
          schema: objectSchema({ ...header, 'transactions?': countSchema, 'bytes?': countSchema }),
        },
      },
      errors: ['HTTP_BLOCK_NOT_FOUND'],
      handle: async ({ get }) => {
        const { height, bytes, transactions } = await read(get(blockParameter));
        const contents = bytes === undefined ? {} : { transactions: transactions.length, bytes: bytes.length };
        return { json: { ...(await describe(height)), ...contents } };
      },
    },
    {
      method: 'GET',
      path: '/v1/blocks/{block}/transactions',
      operationId: 'listTransactionsOfBlock',
      tag: 'blocks',
      summary: 'The transactions of a block, in its order, in pages.',
      parameters: [blockParameter, offsetParameter, transactionsParameter],
      replies: {
        200: {
          description: 'A page. `next` is missing on the last one; it is the `offset` of the next.',
          schema: objectSchema({
            height: countSchema,
            hash: hexSchema(32),
            count: countSchema,
            transactions: arrayOf(transactionSchema),
            'next?': countSchema,
          }),
        },
      },
      errors: ['HTTP_BLOCK_NOT_FOUND'],
      handle: async ({ get }) => {
        const { height, bytes, transactions } = await read(get(blockParameter));
        if (bytes === undefined && height > 0) {
          throw new HttpError('HTTP_BLOCK_NOT_FOUND', `this node has only the header of block ${height}`, {
            details: { height, hasHeader: true },
          });
        }
        const offset = get(offsetParameter);
        const end = offset + get(transactionsParameter);
        return {
          json: {
            height,
            hash: await chainStore.hashAt(height),
            count: transactions.length,
            transactions: transactions.slice(offset, end).map(describeTransaction),
            next: end < transactions.length ? end : undefined,
          },
        };
      },
    },
  ];
}

async function heightOf<Header>(
  chainStore: ChainStore<Header>,
  block: string,
  stateHeight: number | undefined,
): Promise<number> {
  const isHash = block.length === 64;
  const height = isHash ? await chainStore.heightOf(fromHex(block)) : block === 'tip' ? stateHeight : Number(block);
  if (height !== undefined && height <= chainStore.tipHeight) {
    try {
      await chainStore.headerAt(height);
      return height;
    } catch (error) {
      if (!hasCode(error, 'NODE_HEADER_UNKNOWN')) throw error;
    }
  }
  throw new HttpError('HTTP_BLOCK_NOT_FOUND', 'no such block is known here', {
    details: { tipHeight: chainStore.tipHeight },
  });
}
