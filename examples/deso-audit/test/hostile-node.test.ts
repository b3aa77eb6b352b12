import { statePrefixes } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import { downloadFrom } from '../src/audit.js';
import { codeOf } from '../src/audit-error.js';
import { auditNetwork } from '../src/chain/networks.js';
import { AuditStore } from '../src/state/store.js';
import { makeChain, type TestHeader } from './support/chain.js';
import { ba, frame, uv } from './support/go-bytes.js';
import { GoPeer, type GoPeerOptions, type ServedSnapshot, snapshotData } from './support/go-peer.js';
import { TemporaryFolder } from './support/program.js';
import { smallState } from './support/states.js';

const chain = makeChain({ length: 24 });
const state = smallState(20);
const snapshot: ServedSnapshot = {
  height: 20,
  blockHash: (chain[19] as TestHeader).hash,
  checksum: state.checksum,
  records: state.records,
};
const network = auditNetwork('testnet');
const chunkBytes = 400;

/** How the audit of such a peer ends, and what it stored. */
async function auditOf(
  options: Partial<GoPeerOptions>,
): Promise<{ readonly code: string | undefined; readonly message: string; readonly peer: GoPeer }> {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({ headers: chain, snapshot, chunkBytes, ...options });
  const store = await AuditStore.open(folder.path, network);
  const [host = '', port] = peer.address.split(':');
  try {
    await downloadFrom(store, {
      host,
      port: Number(port),
      network,
      protocolVersion: 2,
      handshakeTimeoutMs: 2_000,
      answerTimeoutMs: 10_000,
      maxChunkBytes: 1024 * 1024,
      signal: new AbortController().signal,
      maxRetries: 0,
      maxRestarts: 3,
      isSyncingNodeAsked: false,
      onHeaders: () => {},
      onState: () => {},
      onRetry: () => {},
    });
    return { code: undefined, message: '', peer };
  } catch (error) {
    return { code: codeOf(error), message: (error as Error).message, peer };
  } finally {
    await store.close();
  }
}

test('an honest node has nothing to fear', async () => {
  expect((await auditOf({})).code).toBeUndefined();
});

/** An answer made of these records, as hex, in place of the usual one for request `at`. */
function forged(
  at: number,
  change: (usual: { readonly startKey: string; readonly keys: string[] }) => {
    readonly keys?: readonly string[];
    readonly isFull?: boolean;
    readonly prefix?: string;
    readonly snapshot?: Partial<ServedSnapshot>;
  },
): Partial<GoPeerOptions> {
  return {
    onGetSnapshot: ({ startKey, number, usual }) => {
      if (number !== at) return usual;
      const keys = [...state.records.keys()]
        .filter((key) => key.startsWith(startKey.slice(0, 2)) && key >= startKey)
        .sort()
        .slice(0, 4);
      const said = change({ startKey, keys });
      return snapshotData({
        snapshot: { ...snapshot, ...said.snapshot },
        records: (said.keys ?? keys).map((key) => [
          Buffer.from(key, 'hex'),
          state.records.get(key) ?? Buffer.from([1]),
        ]),
        isFull: said.isFull ?? true,
        prefix: Buffer.from(said.prefix ?? startKey.slice(0, 2), 'hex'),
      });
    },
  };
}

/** The number of the request that begins prefix 25, the first that has records, and of the one that goes on with it. */
const first = [...statePrefixes.keys()].indexOf(25) + 1;
const second = first + 1;

describe('an answer with state', () => {
  test.each([
    ['of another prefix', forged(first, () => ({ prefix: '1a' })), 'AUDIT_SNAPSHOT_INVALID'],
    ['of no prefix', forged(first, () => ({ prefix: '' })), 'AUDIT_SNAPSHOT_INVALID'],
    [
      'with a key of another prefix',
      forged(first, ({ keys }) => ({ keys: [...keys, '1a00'] })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    [
      'with a key that is no state',
      forged(second, ({ keys }) => ({ keys: [...keys.slice(0, 1), '0300', ...keys.slice(1)] })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    ['with keys out of order', forged(first, ({ keys }) => ({ keys: [...keys].reverse() })), 'AUDIT_SNAPSHOT_INVALID'],
    [
      'with a key twice',
      forged(first, ({ keys }) => ({ keys: [...keys, ...keys.slice(-1)] })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    [
      'that does not repeat the last key',
      forged(second, ({ keys }) => ({ keys: keys.slice(1) })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    ['that goes back', forged(second, ({ startKey }) => ({ keys: [startKey, '1900'] })), 'AUDIT_SNAPSHOT_INVALID'],
    [
      'that is empty where there must be more',
      forged(second, () => ({ keys: [], isFull: false })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    ['that is empty and says that there is more', forged(first, () => ({ keys: [] })), 'AUDIT_SNAPSHOT_STUCK'],
    [
      'that only repeats and says that there is more',
      forged(second, ({ startKey }) => ({ keys: [startKey] })),
      'AUDIT_SNAPSHOT_STUCK',
    ],
    [
      'with an empty entry before others',
      forged(first, ({ keys }) => ({ keys: ['00', ...keys] })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    [
      'of a block that is not in the chain',
      forged(1, () => ({ snapshot: { blockHash: Buffer.alloc(32, 1) } })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    ['of a block beyond the chain', forged(1, () => ({ snapshot: { height: 25 } })), 'AUDIT_SNAPSHOT_INVALID'],
    [
      'of an older snapshot than before',
      forged(second, () => ({ snapshot: { height: 10 } })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    [
      'of another block at the same height',
      forged(second, () => ({ snapshot: { blockHash: Buffer.alloc(32, 1) } })),
      'AUDIT_SNAPSHOT_INVALID',
    ],
    [
      'of no snapshot',
      forged(1, () => ({ snapshot: { height: 0, blockHash: Buffer.alloc(32), checksum: Buffer.alloc(0) } })),
      'AUDIT_NO_SNAPSHOT',
    ],
    ['of height 0', forged(1, () => ({ snapshot: { height: 0 } })), 'AUDIT_NO_SNAPSHOT'],
    [
      'with a checksum of another length',
      forged(1, () => ({ snapshot: { checksum: Buffer.alloc(33) } })),
      'AUDIT_PROTOCOL_BROKEN',
    ],
  ])('%s', async (_what, options, code) => {
    expect((await auditOf(options)).code).toBe(code);
  });

  test('whose repeated record has another value', async () => {
    const other = new Map([...state.records].map(([key, value]) => [key, Buffer.from([...value, 0])] as const));
    const { code, message } = await auditOf({
      onGetSnapshot: ({ startKey, number, usual }): Buffer => {
        if (number !== second) return usual;
        return snapshotData({
          snapshot,
          records: [...other]
            .filter(([key]) => key.startsWith('19') && key >= startKey)
            .sort()
            .map(([key, value]) => [Buffer.from(key, 'hex'), value]),
          isFull: false,
          prefix: Buffer.from('19', 'hex'),
        });
      },
    });
    expect([code, message]).toEqual(['AUDIT_SNAPSHOT_INVALID', expect.stringContaining('another value')]);
  });

  test('that is larger than allowed is not even received', async () => {
    const huge = frame(2, 18, Buffer.alloc(2 * 1024 * 1024));
    const { code, message } = await auditOf({
      onGetSnapshot: ({ socket }) => {
        socket.write(huge.subarray(0, 20));
        return 'silence';
      },
    });
    expect([code, message]).toEqual(['AUDIT_PROTOCOL_BROKEN', expect.stringContaining('WIRE_PAYLOAD_TOO_LARGE')]);
  });

  test('that nobody asked for', async () => {
    const { code } = await auditOf({
      onGetSnapshot: ({ usual, socket }) => {
        socket.write(Buffer.concat([frame(2, 18, usual), frame(2, 18, usual)]));
        return 'silence';
      },
    });
    expect(code).toBe('AUDIT_PROTOCOL_BROKEN');
  });
});

describe('a frame', () => {
  test.each([
    ['of another network', (payload: Buffer) => frame(1, 18, payload), 'WIRE_WRONG_NETWORK'],
    ['of a type that does not exist', (payload: Buffer) => frame(2, 99, payload), 'WIRE_UNKNOWN_MESSAGE_TYPE'],
    [
      'with bytes after the end of its message',
      (payload: Buffer) => frame(2, 18, Buffer.concat([payload, uv(0)])),
      'WIRE_TRAILING_BYTES',
    ],
    [
      'with a wrong checksum',
      (payload: Buffer) => {
        const bytes = frame(2, 18, payload);
        (bytes[3] as number) ^= 1;
        return bytes;
      },
      'WIRE_CHECKSUM_MISMATCH',
    ],
  ] as const)('%s', async (_what, make, wireCode) => {
    const { code, message } = await auditOf({
      onGetSnapshot: ({ usual, socket }) => {
        socket.write(make(usual));
        return 'silence';
      },
    });
    expect([code, message]).toEqual(['AUDIT_PROTOCOL_BROKEN', expect.stringContaining(wireCode)]);
  });
});

describe('a handshake', () => {
  const version = (bytes: Buffer) => frame(2, 1, bytes);
  const verack = (bytes: Buffer) => frame(2, 2, bytes);
  type Usual = Parameters<NonNullable<GoPeerOptions['onVersion']>>[0];

  test.each([
    [
      'with the nonce that the audit chose',
      ({ version: usual, nonce }: Usual) =>
        version(Buffer.concat([usual.subarray(0, 7), uv(nonce), usual.subarray(16)])),
      'AUDIT_HANDSHAKE_FAILED',
    ],
    [
      'with a verack of the older form',
      ({ version: usual, nonce }: Usual) => Buffer.concat([version(usual), verack(uv(nonce))]),
      'AUDIT_HANDSHAKE_FAILED',
    ],
    [
      'with a verack for somebody else',
      ({ version: usual, nonce, verack: own }: Usual) =>
        Buffer.concat([
          version(usual),
          verack(Buffer.concat([uv(1), uv(nonce ^ 1n), own.subarray(1 + uv(nonce).length)])),
        ]),
      'AUDIT_HANDSHAKE_FAILED',
    ],
    ['with another message first', () => frame(2, 8, uv(1)), 'AUDIT_PROTOCOL_BROKEN'],
    [
      'with two version messages',
      ({ version: usual }: Usual) => Buffer.concat([version(usual), version(usual)]),
      'AUDIT_PROTOCOL_BROKEN',
    ],
    ['with garbage', () => Buffer.alloc(100, 0xee), 'AUDIT_PROTOCOL_BROKEN'],
    ['without an end', ({ version: usual }: Usual) => version(usual), 'AUDIT_NO_ANSWER'],
    ['without a beginning', () => Buffer.alloc(0), 'AUDIT_NO_ANSWER'],
  ] as const)('%s', async (_what, onVersion, code) => {
    expect((await auditOf({ onVersion: onVersion as NonNullable<GoPeerOptions['onVersion']> })).code).toBe(code);
  });

  test('with a verack of an hour ago', async () => {
    const hourAgo = BigInt(Date.now() - 3_600_000) * 1000n;
    const { code, message } = await auditOf({
      onVersion: ({ version: usual, nonce }) =>
        Buffer.concat([
          version(usual),
          verack(
            Buffer.concat([uv(1), uv(nonce), uv(7_000_000_000_000_000_001n), uv(hourAgo), ba(Buffer.alloc(0)), uv(0)]),
          ),
        ]),
    });
    expect([code, message]).toEqual(['AUDIT_HANDSHAKE_FAILED', expect.stringContaining('check both clocks')]);
  });

  test('of a protocol without hyper sync', async () => {
    expect((await auditOf({ protocolVersion: 0 })).code).toBe('AUDIT_HANDSHAKE_FAILED');
  });

  test('of a node that does not offer hyper sync is the end of it', async () => {
    const { code, peer } = await auditOf({ services: 1 });
    expect(code).toBe('AUDIT_NO_SNAPSHOT');
    expect(peer.requests).toEqual([]);
  });
});

describe('headers', () => {
  const changed = (height: number, change: (bytes: Buffer) => void): TestHeader[] =>
    chain.map((header) => {
      if (header.height !== height) return header;
      const bytes = Buffer.from(header.bytes);
      change(bytes);
      return { ...header, bytes };
    });

  test.each([
    ['that do not link', changed(7, (bytes) => bytes.writeUInt8(9, 4)), 'does not link'],
    ['without proof of work', changed(7, (bytes) => bytes.writeBigUInt64BE(0n, 84)), 'no proof of work'],
    ['of another height', changed(7, (bytes) => bytes.writeBigUInt64BE(8n, 76)), 'says height 8'],
    [
      'that go back in time',
      changed(7, (bytes) => bytes.writeBigUInt64BE(BigInt((chain[5] as TestHeader).timestampSeconds), 68)),
      'is no later',
    ],
    ['of the future', makeChain({ length: 24, tipAgeSeconds: -8_000 }), 'two hours ahead'],
    [
      'of proof of stake before its time',
      makeChain({ length: 24, proofOfStakeHeight: 10 }),
      'proof of stake begins at',
    ],
  ])('%s', async (_what, headers, words) => {
    const { code, message } = await auditOf({ headers });
    expect([code, message]).toEqual(['AUDIT_HEADER_INVALID', expect.stringContaining(words)]);
  });

  test('of a version that does not exist', async () => {
    expect((await auditOf({ headers: changed(7, (bytes) => bytes.writeUInt32BE(3, 0)) })).code).toBe(
      'AUDIT_PROTOCOL_BROKEN',
    );
  });

  test('of a chain with another genesis block', async () => {
    const { code } = await auditOf({
      onGetHeaders: (usual) => Buffer.concat([uv(0), usual.subarray(usual.length - 33)]),
    });
    expect(code).toBe('AUDIT_OTHER_CHAIN');
  });

  test('that change back and forth come to an end', async () => {
    const other = makeChain({ length: 24, after: chain.slice(0, 20), salt: 3 });
    let asked = 0;
    const { code } = await auditOf({
      onGetHeaders: (usual) => {
        const branch = asked++ % 2 === 0 ? chain : other;
        const headers = asked === 1 ? branch : branch.slice(20);
        return Buffer.concat([
          uv(headers.length),
          ...headers.map(({ bytes }) => bytes),
          usual.subarray(usual.length - 33),
        ]);
      },
    });
    expect(code).toBe('AUDIT_HEADER_INVALID');
    expect(asked).toBeLessThan(10);
  });
});

describe('a node that is still syncing is not asked for its snapshot, for a Go node would crash', () => {
  test.each([
    ['because its blocks are behind its headers', { blockHeight: 3 }],
    ['because its newest header is old', { headers: makeChain({ length: 24, tipAgeSeconds: 90_000 }) }],
  ])('%s', async (_why, options) => {
    const { code, peer } = await auditOf(options);
    expect(code).toBe('AUDIT_NODE_SYNCING');
    expect(peer.requests).toEqual([]);
  });
});
