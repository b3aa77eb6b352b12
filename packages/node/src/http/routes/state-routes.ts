import { HttpError } from '../http-error.js';
import type { HttpNode } from '../http-node.js';
import { arrayOf, countSchema, hexSchema, objectSchema } from '../json-schema.js';
import { hexParameter, integerParameter, optionalHexParameter, type Parameter } from '../parameter.js';
import { allowStaleParameter, heightParameter, requireSynced, syncedErrors } from '../require-synced.js';
import type { Route } from '../route.js';
import { readStateAt } from '../state-at.js';

/** Most records of one page. */
export const maxPageRecords = 1000;

export const limitParameter: Parameter<number> = integerParameter(
  { name: 'limit', place: 'query', description: 'Most items of the page; a page can be shorter and have a next one.' },
  { minimum: 1, maximum: maxPageRecords, preset: 100 },
);

const at = { height: countSchema, stateRoot: hexSchema(32) };
const record = { key: hexSchema(), value: hexSchema() };

/** Records of the state, whatever the chain puts into them. */
export function stateRoutes<Header>(node: HttpNode<Header>): readonly Route[] {
  const { maxKeyBytes } = node.chain.parameters;
  const key = hexParameter(
    { name: 'key', place: 'path', description: 'The key as hex; its first byte is the prefix.' },
    { minimum: 1, maximum: maxKeyBytes },
  );
  const prefix = hexParameter(
    { name: 'prefix', place: 'query', description: 'What the keys begin with, as hex: one byte or more.' },
    { minimum: 1, maximum: maxKeyBytes },
  );
  const cursor = optionalHexParameter(
    { name: 'cursor', place: 'query', description: 'The `next` of the page before.' },
    { minimum: 1, maximum: maxKeyBytes + 1 },
  );
  return [
    {
      method: 'GET',
      path: '/v1/state',
      operationId: 'getState',
      tag: 'state',
      summary: 'The state root, and the checksum of each prefix, at the tip.',
      parameters: [allowStaleParameter],
      replies: {
        200: {
          description: 'The state root is the hash over the checksums.',
          schema: objectSchema({
            ...at,
            prefixes: arrayOf(
              objectSchema({
                prefix: { type: 'integer', minimum: 0, maximum: 255 },
                records: countSchema,
                bytes: countSchema,
                checksum: hexSchema(32),
              }),
            ),
            snapshots: arrayOf(
              objectSchema({
                height: countSchema,
                stateRoot: hexSchema(32),
                snapshotRoot: hexSchema(32),
                records: countSchema,
              }),
            ),
          }),
        },
      },
      errors: syncedErrors,
      handle: ({ get }) => {
        requireSynced(node, { isStaleAllowed: get(allowStaleParameter) });
        const { store } = node;
        return {
          json: {
            height: store.height,
            stateRoot: store.stateRoot(),
            prefixes: [...store.summaries()].map(([number, summary]) => ({
              prefix: number,
              records: summary.count,
              bytes: summary.bytes,
              checksum: summary.checksum,
            })),
            snapshots: store.snapshots().map((snapshot) => ({
              height: snapshot.height,
              stateRoot: snapshot.stateRoot,
              snapshotRoot: snapshot.root,
              records: snapshot.records,
            })),
          },
        };
      },
    },
    {
      method: 'GET',
      path: '/v1/state/records/{key}',
      operationId: 'getRecord',
      tag: 'state',
      summary: 'One record.',
      parameters: [key, heightParameter, allowStaleParameter],
      replies: { 200: { description: 'The record.', schema: objectSchema({ ...at, ...record }) } },
      errors: [...syncedErrors, 'HTTP_BUSY', 'HTTP_HEIGHT_UNAVAILABLE', 'HTTP_RECORD_NOT_FOUND'],
      handle: async ({ get, signal }) => {
        requireSynced(node, { isStaleAllowed: get(allowStaleParameter) });
        const wanted = get(key);
        requireStatePrefix(node, wanted, 'key');
        return readStateAt(node.store, { height: get(heightParameter), signal }, async (state) => {
          const value = await state.get(wanted);
          if (value === undefined) {
            throw new HttpError('HTTP_RECORD_NOT_FOUND', `no record has this key at height ${state.height}`, {
              details: { height: state.height },
            });
          }
          return { json: { height: state.height, stateRoot: state.stateRoot, key: wanted, value } };
        });
      },
    },
    {
      method: 'GET',
      path: '/v1/state/records',
      operationId: 'listRecords',
      tag: 'state',
      summary: 'Records whose keys begin with a prefix, in key order, in pages.',
      description: 'Name a snapshot height to get all pages of one state.',
      parameters: [prefix, cursor, limitParameter, heightParameter, allowStaleParameter],
      replies: {
        200: {
          description: 'A page. `next` is missing on the last one.',
          schema: objectSchema({ ...at, records: arrayOf(objectSchema(record)), 'next?': hexSchema() }),
        },
      },
      errors: [...syncedErrors, 'HTTP_BUSY', 'HTTP_HEIGHT_UNAVAILABLE'],
      handle: async ({ get, signal }) => {
        requireSynced(node, { isStaleAllowed: get(allowStaleParameter) });
        const wanted = get(prefix);
        requireStatePrefix(node, wanted, 'prefix');
        const request = { prefix: wanted, cursor: requireCursor(get(cursor), wanted), limit: get(limitParameter) };
        return readStateAt(node.store, { height: get(heightParameter), signal }, async (state) => {
          const { records, next } = await state.page(request);
          return { json: { height: state.height, stateRoot: state.stateRoot, records, next } };
        });
      },
    },
  ];
}

/** @throws HttpError HTTP_INVALID_PARAMETER unless the cursor lies among the keys that begin with `prefix` */
export function requireCursor(cursor: Uint8Array | undefined, prefix: Uint8Array): Uint8Array | undefined {
  if (cursor === undefined || prefix.every((byte, index) => byte === cursor[index])) return cursor;
  throw new HttpError('HTTP_INVALID_PARAMETER', 'cursor must be the `next` of a page of the same list', {
    details: { name: 'cursor' },
  });
}

function requireStatePrefix<Header>(node: HttpNode<Header>, key: Uint8Array, name: string): void {
  const { statePrefixes } = node.chain.parameters;
  if (statePrefixes.includes(key[0] ?? -1)) return;
  throw new HttpError('HTTP_INVALID_PARAMETER', `${name} must begin with a state prefix: ${statePrefixes.join(', ')}`, {
    details: { name, statePrefixes },
  });
}
