import { nodePhases } from '../../sync/node-phases.js';
import type { HttpNode } from '../http-node.js';
import { anyObjectSchema, arrayOf, countSchema, hexSchema, type JsonSchema, textSchema } from '../json-schema.js';
import type { Route } from '../route.js';

/** The parts of a status that are promised; there are more, which may change. */
const statusSchema: JsonSchema = {
  type: 'object',
  properties: {
    userAgent: textSchema,
    chain: {
      type: 'object',
      properties: { name: textSchema, genesisHash: hexSchema(32) },
      required: ['name', 'genesisHash'],
    },
    sync: {
      type: 'object',
      properties: {
        phase: { enum: nodePhases },
        sinceMs: countSchema,
        text: textSchema,
        snapshot: anyObjectSchema,
        unproved: anyObjectSchema,
        hyperSync: anyObjectSchema,
        catchUp: anyObjectSchema,
        phaseMs: { type: 'object', additionalProperties: { type: 'number', minimum: 0 } },
      },
      required: ['phase', 'sinceMs', 'text', 'phaseMs'],
    },
    trust: anyObjectSchema,
    authentication: {
      type: 'object',
      properties: {
        kind: { enum: ['headers', 'execution', 'unauthenticated', 'none'] },
        text: textSchema,
        origin: anyObjectSchema,
      },
      required: ['kind', 'text'],
    },
    height: countSchema,
    stateRoot: hexSchema(32),
    headerHeight: countSchema,
    headerHash: hexSchema(32),
    tipTimeMs: countSchema,
    state: {
      type: 'object',
      properties: { records: countSchema, bytes: countSchema, prefixes: arrayOf(anyObjectSchema) },
      required: ['records', 'bytes', 'prefixes'],
    },
    snapshots: arrayOf({
      type: 'object',
      properties: { height: countSchema, root: hexSchema(32), records: countSchema },
      required: ['height', 'root', 'records'],
    }),
    blocks: anyObjectSchema,
    pool: {
      type: 'object',
      properties: { transactions: countSchema, bytes: countSchema },
      required: ['transactions', 'bytes'],
    },
    peers: arrayOf(anyObjectSchema),
    bans: arrayOf({
      type: 'object',
      properties: { address: textSchema, reason: textSchema, evidence: anyObjectSchema },
      required: ['address', 'reason', 'evidence', 'bannedAtMs', 'expiresAtMs'],
    }),
    scrub: anyObjectSchema,
    memoryBytes: countSchema,
  },
  required: [
    'userAgent',
    'chain',
    'sync',
    'trust',
    'authentication',
    'headerHeight',
    'headerHash',
    'state',
    'snapshots',
    'pool',
    'peers',
    'bans',
  ],
};

/** What the node is and does. */
export function statusRoutes<Header>(node: Pick<HttpNode<Header>, 'status'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/status',
      operationId: 'getStatus',
      tag: 'node',
      summary: 'What the node is and does: phase, what it waits for, progress, peers, bans, snapshots.',
      description: '`height` and `stateRoot` are missing while there is no complete state.',
      replies: { 200: { description: 'The status.', schema: statusSchema } },
      handle: () => ({ json: node.status() }),
    },
  ];
}
