import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Manifest, type RangeEntry, type RecordChange, type StateHasher, type StateStore } from '../src/index.js';
import { RangeGrid } from '../src/range-grid.js';
import { RangeLedger, type RangeMove } from '../src/range-ledger.js';
import { keyText } from '../src/value-cache.js';
import { plainEntries, rangesOf } from './support/plain-ranges.js';
import { apply, bytes, hex, type PlainState, packState } from './support/plain-state.js';
import { memoryDatabase, openStore, parameters } from './support/stores.js';
import { addingHasher, element, encodeElement, toyHasher } from './support/toy-hasher.js';

/** Keys of few bits, so that ranges and gaps are met often; some padded with zeros. */
const key = fc
  .tuple(fc.constantFrom(5, 6, 255), fc.array(fc.constantFrom(0, 1, 64, 128, 129, 255), { maxLength: 3 }))
  .map(([prefix, rest]) => bytes(prefix, ...rest));
const keys = fc.uniqueArray(key, { maxLength: 40, selector: hex });
const records = (all: readonly Uint8Array[]): PlainState => new Map(all.map((each) => [hex(each), bytes(1)]));

function manifestOf(state: PlainState, maxRangeRecords: number): Manifest {
  const entries = rangesOf(state, parameters({ maxRangeRecords, maxKeyBytes: 8 })).map(
    (range): RangeEntry => ({ ...range, start: fromHex(range.start), sum: fromHex(range.sum) }),
  );
  return Manifest.fromEntries({ height: 4, entries });
}

/** A hasher that adds up after whatever else there is to do. */
function slowly(hasher: StateHasher): StateHasher {
  const later = () => new Promise<void>((resolve) => setImmediate(resolve));
  const { addUp } = hasher;
  return {
    ...hasher,
    combine: (left, right) => later().then(() => hasher.combine(left, right)),
    ...(addUp && { addUp: (sums, sizes) => later().then(() => addUp(sums, sizes)) }),
  };
}

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const isInside = (each: Uint8Array, { startKey, endKey }: { startKey: Uint8Array; endKey: Uint8Array | undefined }) =>
  Buffer.compare(each, startKey) >= 0 && (endKey === undefined || Buffer.compare(each, endKey) < 0);

describe('a grid', () => {
  test('puts each key into the range that holds it, or into the gap between ranges', () => {
    fc.assert(
      fc.property(keys, fc.constantFrom(1, 2, 5), keys, (ranged, limit, probes) => {
        const manifest = manifestOf(records(ranged), limit);
        const grid = new RangeGrid(manifest);
        for (const probe of [...ranged, ...probes]) {
          const cell = grid.cellOf(keyText(probe));
          const range = manifest.entries.findIndex((_, i) => isInside(probe, manifest.range(i)));
          if (range >= 0) expect(cell).toBe(2 * range + 1);
          else expect(cell).toBe(2 * manifest.entries.filter((_, i) => before(manifest, i, probe)).length);
          const interval = grid.interval(cell, cell);
          expect(interval !== undefined && isInside(probe, interval)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('finds the same range in another grid, or all cells that share keys', () => {
    fc.assert(
      fc.property(keys, keys, fc.constantFrom(1, 2, 5), keys, (one, two, limit, probes) => {
        const [left, right] = [manifestOf(records(one), limit), manifestOf(records(two), limit)];
        const [from, to] = [new RangeGrid(left), new RangeGrid(right)];
        for (const probe of [...one, ...two, ...probes]) {
          const [cell, other] = [from.cellOf(keyText(probe)), to.cellOf(keyText(probe))];
          const { first, last, isSame } = to.counterpart(from, cell);
          expect(first <= other && other <= last).toBe(true);
          const [a, b] = [left.entries[cell >> 1], right.entries[other >> 1]];
          const areRanges = cell % 2 === 1 && other % 2 === 1 && a !== undefined && b !== undefined;
          expect(isSame).toBe(areRanges && a.depth === b.depth && hex(a.start) === hex(b.start));
        }
      }),
      { numRuns: 500 },
    );
  });

  function before(manifest: Manifest, index: number, probe: Uint8Array): boolean {
    return Buffer.compare(manifest.range(index).startKey, probe) <= 0;
  }
});

describe('a ledger', () => {
  const terms = fc.array(fc.bigInt(0n, 1n << 255n), { minLength: 1, maxLength: 3 });
  const move = fc.record({ range: fc.nat(5), count: fc.integer(), bytes: fc.integer(), terms });
  const step = fc.record({
    moves: fc.array(move, { maxLength: 6 }),
    unread: fc.option(fc.nat(12)),
    settles: fc.boolean(),
  });
  /** With the smaller ones, sums are added up beside the steps. */
  const bound = fc.constantFrom(2, 5, 4096);
  const manifest = manifestOf(records([0, 1, 2, 3, 4, 5].map((i) => bytes(5, 32 * i))), 1);

  test.each([
    ['one call', addingHasher],
    ['pairs', toyHasher],
  ] as const)(
    'has of each range the sum of all that happened to it, added up in %s, also on a new grid',
    async (_, hasher) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.nat(8), bound, async (steps, regridAt, maxPending) => {
          let ledger = new RangeLedger(slowly(hasher), new RangeGrid(manifest), maxPending);
          const plain = new Map<number, { count: number; bytes: number; sum: bigint }>();
          const unread = new Set<number>();
          for (const [i, { moves, unread: cell, settles }] of steps.entries()) {
            const taken: RangeMove[] = [];
            for (const { range, terms: sums, ...change } of moves) {
              const at = 2 * range + 1;
              const all = await hasher.decode(Buffer.concat(sums.map(encodeElement)));
              taken.push({ cell: at, ...change, sums: sums.map((_each, n) => all.subarray(128 * n, 128 * n + 128)) });
              const known = plain.get(at) ?? { count: 0, bytes: 0, sum: 0n };
              const sum = sums.reduce((total, one) => total + one, known.sum);
              plain.set(at, { count: known.count + change.count, bytes: known.bytes + change.bytes, sum });
            }
            await ledger.ready();
            ledger.add({ grid: ledger.grid, moves: taken, unread: cell === null ? [] : [cell] });
            if (cell !== null) unread.add(cell);
            const settling = settles ? ledger.settle() : undefined;
            if (i === regridAt) {
              const next = new RangeLedger(slowly(hasher), new RangeGrid(manifest), maxPending);
              next.add(ledger.moves());
              ledger = next;
            }
            await settling;
          }
          expect(await ledger.settle()).toBe(true);
          for (let cell = 0; cell < ledger.grid.cellCount; cell++) {
            const total = ledger.total(cell);
            const expected = unread.has(cell) ? undefined : plain.get(cell);
            expect(total?.count).toBe(expected?.count);
            expect(total?.bytes).toBe(expected?.bytes);
            if (total !== undefined && expected !== undefined) {
              expect(hex(await hasher.encode(total.sum))).toBe(hex(encodeElement(expected.sum)));
            }
          }
          const intervals = ledger.unreadIntervals();
          for (const probe of [bytes(5), bytes(5, 1), bytes(5, 40), bytes(5, 255), bytes(255)]) {
            const isUnread = unread.has(ledger.grid.cellOf(keyText(probe)));
            expect(intervals.some((interval) => isInside(probe, interval))).toBe(isUnread);
          }
        }),
        { numRuns: 150 },
      );
    },
  );

  test('adds up by itself beside what is added, and makes whoever is too fast wait', async () => {
    const wide = manifestOf(records(Array.from({ length: 256 }, (_, i) => bytes(5, i))), 1);
    let calls = 0;
    const hasher: StateHasher = {
      ...slowly(addingHasher),
      addUp: (sums, sizes) => {
        calls++;
        return slowly(addingHasher).addUp?.(sums, sizes) ?? Promise.reject(new Error('unreachable'));
      },
    };
    const maxPending = 100;
    const ledger = new RangeLedger(hasher, new RangeGrid(wide), maxPending);
    const expected = new Map<number, bigint>();
    let waits = 0;
    for (let i = 0; i < 3000; i++) {
      const cell = 2 * (Math.imul(i, 0x9e3779b1) >>> 24) + 1;
      const term = BigInt(i + 1) << 100n;
      const sum = await hasher.decode(encodeElement(term));
      let isReady = false;
      const ready = ledger.ready().then(() => {
        isReady = true;
      });
      await undefined;
      await undefined;
      if (!isReady) waits++;
      await ready;
      ledger.add({ grid: ledger.grid, moves: [{ cell, count: 1, bytes: i, sums: [sum] }], unread: [] });
      expected.set(cell, (expected.get(cell) ?? 0n) + term);
    }
    expect(waits).toBeGreaterThan(5);
    expect(calls).toBeGreaterThan(5);
    expect(await ledger.settle()).toBe(true);
    expect(expected.size).toBe(256);
    for (const [cell, sum] of expected) {
      expect(hex(await hasher.encode(ledger.total(cell)?.sum ?? bytes()))).toBe(hex(encodeElement(sum)));
    }
  });

  test('that cannot add up is of no use, and fails nobody', async () => {
    const hasher: StateHasher = { ...addingHasher, addUp: () => Promise.reject(new Error('no')) };
    const ledger = new RangeLedger(hasher, new RangeGrid(manifest));
    const sum = await hasher.decode(encodeElement(element(bytes(5), bytes())));
    ledger.add({ grid: ledger.grid, moves: [{ cell: 1, count: 1, bytes: 1, sums: [sum, sum] }], unread: [] });
    expect(await ledger.settle()).toBe(false);
    expect(ledger.isBroken).toBe(true);
  });
});

describe('manifests from ledgers', () => {
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom(30, 31, 33).map((size) => new Uint8Array(size)),
  );
  const changes = fc.array(fc.record({ key, value: fc.option(value, { nil: undefined, freq: 3 }) }), { maxLength: 12 });
  const step = fc.record({
    changes,
    rival: fc.option(changes, { nil: undefined, freq: 3 }),
    after: fc.constantFrom('go on', 'go on', 'go on', 'wait', 'wait', 'restart', 'rewind'),
  });
  const limits = fc.record({ maxRangeRecords: fc.constantFrom(1, 2, 4, 9), maxRangeBytes: fc.constantFrom(40, 1000) });

  test.each([
    ['one call', addingHasher],
    ['pairs', toyHasher],
  ] as const)('are those of the records, whatever happens in between; sums added up in %s', async (_, hasher) => {
    await fc.assert(
      fc.asyncProperty(
        keys,
        fc.array(step, { minLength: 4, maxLength: 16 }),
        limits,
        fc.constantFrom(3, 9),
        async (genesis, steps, chosen, maxLedgerRanges) => {
          const params = parameters({ ...chosen, snapshotPeriod: 3, retainedEpochs: 9, maxKeyBytes: 8 });
          const database = await memoryDatabase().open();
          const open = (): Promise<StateStore> => openStore(database, { hasher, parameters: params, maxLedgerRanges });
          let store = await open();
          const states = [records(genesis)];
          await store.initialize({ records: [packState(states[0] as PlainState)] });
          let checks: Promise<void>[] = [];
          const check = async (height: number): Promise<void> => {
            const { entries } = await store.manifest(height);
            expect(plainEntries(entries)).toEqual(rangesOf(states[height] as PlainState, params));
          };
          for (const { changes: block, rival, after } of steps) {
            const height = states.length;
            if (rival !== undefined) await store.prepareBlock(height, rival);
            const prepared = await store.prepareBlock(height, block);
            if (rival !== undefined) await store.prepareBlock(height, rival);
            if (after === 'wait') await store.maintenance();
            await store.commitBlock(prepared);
            states.push(apply(states[height - 1] as PlainState, block as RecordChange[]));
            if (height % 3 === 0) checks.push(check(height));
            if (after !== 'restart' && after !== 'rewind') continue;
            await Promise.all(checks);
            checks = [];
            if (after === 'restart') {
              await store.close();
              store = await open();
            } else {
              states.length = height - (height % 3) + 1;
              await store.rewind(states.length - 1);
            }
          }
          await Promise.all(checks);
          await store.close();
        },
      ),
      { numRuns: 80 },
    );
  });

  test('take no reading and no hashing where all blocks of an epoch were seen', async () => {
    let hashed = 0;
    const counting: StateHasher = {
      ...addingHasher,
      sum: (batch) => {
        hashed += batch.offsets.length / 4;
        return addingHasher.sum(batch);
      },
    };
    const params = parameters({ snapshotPeriod: 2, maxRangeRecords: 8 });
    const store = await openStore(await memoryDatabase().open(), { hasher: counting, parameters: params });
    let state = records(Array.from({ length: 64 }, (_, i) => bytes(5, 4 * i)));
    await store.initialize({ records: [packState(state)] });
    for (let height = 1; height <= 8; height++) {
      const block = [1, 2, 3].map(
        (i): RecordChange => ({ key: bytes(5, 4 * ((height * i) % 64)), value: bytes(height, i) }),
      );
      hashed = 0;
      const prepared = await store.prepareBlock(height, block);
      const ofBlock = hashed;
      await store.commitBlock(prepared);
      state = apply(state, block);
      if (height % 2 !== 0) continue;
      const { entries } = await store.manifest(height);
      expect(plainEntries(entries)).toEqual(rangesOf(state, params));
      expect(hashed).toBe(ofBlock);
    }
    await store.close();
  });
});
