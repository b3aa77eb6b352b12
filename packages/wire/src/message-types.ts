/** Number of each message on the wire. Numbers from 64 up exist only in the extended layout. */
export const messageTypes = {
  version: 1,
  verack: 2,
  header: 3,
  block: 4,
  transaction: 5,
  'get-headers': 6,
  'header-bundle': 7,
  ping: 8,
  pong: 9,
  inv: 10,
  'get-blocks': 11,
  'get-transactions': 12,
  'transaction-bundle': 13,
  mempool: 14,
  addr: 15,
  'get-addr': 16,
  'get-snapshot': 17,
  'snapshot-data': 18,
  'transaction-bundle-v2': 19,
  'validator-vote': 20,
  'validator-timeout': 21,
  'block-bundle': 22,
  'get-page-list': 64,
  'page-list': 65,
  'get-page': 66,
  page: 67,
  'snapshot-lease': 68,
  'get-state-checksums': 69,
  'state-checksums': 70,
} as const;

/** Name of a message: the `type` of its object. */
export type MessageName = keyof typeof messageTypes;

/** Network numbers of the Go node; its regtest uses `testnet`. */
export const networks = { mainnet: 1, testnet: 2 } as const;

/** Bits of `services` in a version message. `hyperSyncExtended` is ours; the Go node ignores it. */
export const serviceBits = {
  fullNode: 1n,
  hyperSync: 2n,
  archival: 4n,
  validator: 8n,
  hyperSyncExtended: 0x10_0000n,
} as const;
