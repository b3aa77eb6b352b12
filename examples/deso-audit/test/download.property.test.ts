import { createMessageCodec, desoHeaderCodec, type SnapshotDataMessage, statePrefixes } from '@hs/wire';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { acceptChunk, type DownloadProgress, startKeyOf, startOfDownload } from '../src/state/download.js';
import { genesisHash } from './support/chain.js';
import { type ServedSnapshot, snapshotData } from './support/go-peer.js';

const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'go' });
const prefixes = [...statePrefixes.keys()];

/** A chunk as the Go node makes it, through the codec. */
function chunkOf(records: ReadonlyMap<string, Buffer>, startKey: Uint8Array, chunkBytes: number): SnapshotDataMessage {
  const start = Buffer.from(startKey).toString('hex');
  const found: (readonly [Buffer, Buffer])[] = [];
  let size = 0;
  let isFull = false;
  for (const key of [...records.keys()].filter((each) => each.startsWith(start.slice(0, 2)) && each >= start).sort()) {
    const record = [Buffer.from(key, 'hex'), records.get(key) as Buffer] as const;
    found.push(record);
    size += record[0].length + record[1].length;
    isFull = size > chunkBytes && found.length >= 2;
    if (isFull) break;
  }
  const snapshot: ServedSnapshot = { height: 1, blockHash: genesisHash, checksum: Buffer.alloc(32), records };
  const payload = snapshotData({ snapshot, records: found, isFull, prefix: Buffer.from(start.slice(0, 2), 'hex') });
  return codec.decode({ type: 18, payload: new Uint8Array(payload) }) as SnapshotDataMessage;
}

test('any state comes over whole, record by record once, in chunks of any size', () => {
  const record = fc.tuple(
    fc.constantFrom(...prefixes.slice(0, 6), ...prefixes.slice(-3)),
    fc.uint8Array({ maxLength: 4 }),
    fc.uint8Array({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), fc.integer({ min: 0, max: 60 }), (list, chunkBytes) => {
      const state = new Map(
        list.map(
          ([prefix, key, value]) => [Buffer.from([prefix, ...key]).toString('hex'), Buffer.from(value)] as const,
        ),
      );
      const got: [string, string][] = [];
      let progress: DownloadProgress = startOfDownload;
      for (let key = startKeyOf(progress); key !== undefined; key = startKeyOf(progress)) {
        const accepted = acceptChunk(progress, chunkOf(state, key, chunkBytes));
        const { bytes, offsets } = accepted.records;
        for (let at = 0; at < offsets.length; at += 4) {
          const [keyStart, keyEnd, valueStart, valueEnd] = offsets.subarray(at, at + 4);
          got.push([
            Buffer.from(bytes.subarray(keyStart, keyEnd)).toString('hex'),
            Buffer.from(bytes.subarray(valueStart, valueEnd)).toString('hex'),
          ]);
        }
        progress = accepted.progress;
      }
      const expected = [...state]
        .map(([key, value]) => [key, value.toString('hex')])
        .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
      expect(got).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test('whatever a chunk says, it is refused with a reason, or the download is further than before', () => {
  const key = fc.constantFrom('05', '0500', '0501', '0502', '07', '00', '0503ff');
  const chunk = fc.record({
    records: fc.array(fc.tuple(key, fc.uint8Array({ maxLength: 2 })), { maxLength: 4 }),
    isFull: fc.boolean(),
    prefix: fc.constantFrom('05', '07', ''),
  });
  const from = fc.constantFrom(undefined, '05', '0500', '0501');
  fc.assert(
    fc.property(chunk, from, ({ records, isFull, prefix }, lastKey) => {
      const snapshot: ServedSnapshot = {
        height: 1,
        blockHash: genesisHash,
        checksum: Buffer.alloc(32),
        records: new Map(),
      };
      const pairs = records.map(([each, value]) => [Buffer.from(each, 'hex'), Buffer.from(value)] as const);
      const payload = snapshotData({ snapshot, records: pairs, isFull, prefix: Buffer.from(prefix, 'hex') });
      const message = codec.decode({ type: 18, payload: new Uint8Array(payload) }) as SnapshotDataMessage;
      const before: DownloadProgress = {
        prefix: 5,
        lastKey: lastKey === undefined ? undefined : Buffer.from(lastKey, 'hex'),
      };
      try {
        const { progress } = acceptChunk(before, message);
        if (progress.prefix === 5) {
          expect(Buffer.compare(progress.lastKey ?? Buffer.alloc(0), before.lastKey ?? Buffer.alloc(0))).toBe(1);
        } else {
          expect(progress).toEqual({ prefix: 7, lastKey: undefined });
        }
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^AUDIT_SNAPSHOT_(INVALID|STUCK)$/);
      }
    }),
    { numRuns: 2_000 },
  );
});
