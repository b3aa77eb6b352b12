/**
 * What runs in a browser, from the built package: the compliance suite, the vectors of the independent implementation and
 * random records against noble, on every backend and on a pool of workers.
 */
import {
  createBackend,
  createNobleBackend,
  createWasmBackend,
  createWasmSimdBackend,
  EllipticSum,
  packRecords,
} from '@hs/ellipticsum';
import { createWorkerPool } from '@hs/ellipticsum/browser';
import { hashBackendChecks } from '@hs/ellipticsum/testing';
import genesis from '../vectors/deso-genesis-state.json';
import vectors from '../vectors/ellipticsum.json';

const openers = {
  noble: createNobleBackend,
  wasm: createWasmBackend,
  'wasm-simd': createWasmSimdBackend,
  auto: createBackend,
  'worker pool': (options) => createWorkerPool({ ...options, threads: 2 }),
};

const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const encodedSum = async (backend, batch) => toHex(await backend.encode(await backend.sum(batch)));

function u64be(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

function expectSame(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`);
}

const rules = {
  'every record of the vectors hashes to its point': async (backend) => {
    const batch = packRecords(vectors.records.map(({ key, value }) => [fromHex(key), fromHex(value)]));
    const groups = Uint32Array.from(vectors.records.keys());
    const expected = vectors.records.map(({ point }) => point).join('');
    expectSame(await encodedSum(backend, { ...batch, groups, groupCount: groups.length }), expected, 'points');
  },

  'every step of the history of added and removed records has its checksum': async (backend) => {
    const batch = packRecords(vectors.steps.map(({ key, value }) => [fromHex(key), fromHex(value)]));
    const signs = Int8Array.from(vectors.steps, ({ op }) => (op === 'add' ? 1 : -1));
    const sums = await backend.sum({
      ...batch,
      signs,
      groups: Uint32Array.from(signs.keys()),
      groupCount: signs.length,
    });
    let sum = EllipticSum.zero;
    for (const [index, { checksum }] of vectors.steps.entries()) {
      sum = sum.add(EllipticSum.fromUncompressed(sums.slice(128 * index, 128 * index + 128)));
      expectSame(toHex(sum.encode()), checksum, `step ${index}`);
    }
  },

  'bulk sums up to 20,000 records have their checksums': async (backend) => {
    const counts = vectors.bulk.map(({ count }) => count);
    const records = Array.from({ length: Math.max(...counts) }, (_, index) => {
      const value = new Uint8Array(8 * (index % 13));
      for (let at = 0; at < value.length; at += 8) value.set(u64be(index * 17 + 1), at);
      return [Uint8Array.of((index % 7) + 1, ...u64be(index)), value];
    });
    const groups = Uint32Array.from(records, (_, index) => counts.findIndex((count) => index < count));
    const sums = await backend.sum({ ...packRecords(records), groups, groupCount: counts.length });
    let sum = EllipticSum.zero;
    for (const [group, { count, checksum }] of vectors.bulk.entries()) {
      sum = sum.add(EllipticSum.fromUncompressed(sums.slice(128 * group, 128 * group + 128)));
      expectSame(toHex(sum.encode()), checksum, `${count} records`);
    }
  },

  'the genesis state has its checksums, by prefix and in total': async (backend) => {
    const records = genesis.prefixes.flatMap((prefix, group) => prefix.records.map((record) => ({ record, group })));
    const packed = packRecords(records.map(({ record: [key, value] }) => [fromHex(key), fromHex(value)]));
    const groups = Uint32Array.from(records, ({ group }) => group);
    const byPrefix = genesis.prefixes.map(({ checksum }) => checksum).join('');
    expectSame(
      await encodedSum(backend, { ...packed, groups, groupCount: genesis.prefixes.length }),
      byPrefix,
      'prefixes',
    );
    expectSame(await encodedSum(backend, packed), genesis.total, 'total');
  },

  'random records of mixed lengths, signs and groups have the sums that noble gives': async (backend) => {
    const words = crypto.getRandomValues(new Uint32Array(4000));
    const records = Array.from({ length: 1000 }, (_, index) => {
      const bytes = crypto.getRandomValues(new Uint8Array(words[index] % (index % 50 === 0 ? 5000 : 300)));
      const cut = words[1000 + index] % (bytes.length + 1);
      return [bytes.subarray(0, cut), bytes.subarray(cut)];
    });
    const batch = {
      ...packRecords(records),
      signs: Int8Array.from(records, (_, index) => (words[2000 + index] % 3 === 0 ? -1 : 1)),
      groups: Uint32Array.from(records, (_, index) => words[3000 + index] % 7),
      groupCount: 7,
    };
    expectSame(await encodedSum(backend, batch), await encodedSum(createNobleBackend(), batch), 'sums');
  },
};

/** Runs everything; gives which backend `auto` takes here and, for each check, why it failed if it did. */
globalThis.runSuite = async () => {
  const auto = await createBackend();
  const results = [];
  for (const [name, open] of Object.entries(openers)) {
    const checks = [
      ...hashBackendChecks(open),
      ...Object.entries(rules).map(([rule, check]) => ({
        name: rule,
        run: async () => {
          const backend = await open({});
          try {
            await check(backend);
          } finally {
            await backend.close();
          }
        },
      })),
    ];
    for (const check of checks) {
      const error = await check.run().then(
        () => undefined,
        (reason) => String(reason?.stack ?? reason),
      );
      results.push({ name: `${name}: ${check.name}`, error });
    }
  }
  return { selection: auto.selection, results };
};
