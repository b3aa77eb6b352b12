import { describe, expect, test } from '@jest/globals';
import {
  createBackend,
  createNobleBackend,
  createWasmBackend,
  createWasmSimdBackend,
  EllipticSum,
  type HashBackend,
  packRecords,
  type WasmBackendOptions,
} from '../src/index.js';
import { hashBackendChecks } from '../src/testing.js';
import { hasRelaxedSimd } from './kernel/engine.js';

/** Every WebAssembly backend that this engine can run; platforms with relaxed SIMD run both. */
const backends: readonly (readonly [name: string, open: (options: WasmBackendOptions) => Promise<HashBackend>])[] = [
  ['wasm', createWasmBackend],
  ...(hasRelaxedSimd ? [['wasm-simd', createWasmSimdBackend] as const] : []),
  ['auto', createBackend],
];

function sampleBatch(count: number, length = 23) {
  const records = Array.from({ length: count }, (_, index) => {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 13 + index * 7) & 255);
    return [Uint8Array.of(1, index >> 8, index & 255), bytes] as const;
  });
  return packRecords(records);
}

async function encodedSums(backend: HashBackend, batch: Parameters<HashBackend['sum']>[0]): Promise<string> {
  return Buffer.from(await backend.encode(await backend.sum(batch))).toString('hex');
}

describe.each(backends)('%s backend', (_, open) => {
  test.each(hashBackendChecks(open).map((check) => [check.name, check] as const))('complies: %s', (_, check) =>
    check.run(),
  );

  test('lets other tasks run while it works', async () => {
    await using backend = await open({ yieldEveryMs: 0 });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await backend.sum(sampleBatch(5000));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });

  test('gives right sums to calls that overlap and pause in the middle of groups', async () => {
    await using backend = await open({ yieldEveryMs: 0 });
    await using reference = createNobleBackend();
    const batches = [3, 1, 2].map((groupCount, seed) => ({
      ...sampleBatch(300 + seed, 20 + seed),
      groups: Uint32Array.from({ length: 300 + seed }, (_, index) => (index >> 4) % groupCount),
      groupCount,
    }));
    const sums = await Promise.all(batches.map((batch) => encodedSums(backend, batch)));
    for (const [index, batch] of batches.entries()) expect(sums[index]).toBe(await encodedSums(reference, batch));
  });

  test('hashes records that are too long for its memory, among short ones', async () => {
    await using backend = await open({});
    const long = Uint8Array.from({ length: 300_000 }, (_, index) => index & 255);
    const records = [
      [Uint8Array.of(1), new Uint8Array(3)],
      [Uint8Array.of(2), long],
      [long, Uint8Array.of(3)],
      [Uint8Array.of(4), long.subarray(0, 261_119)],
      [Uint8Array.of(5), long.subarray(0, 261_120)],
      [new Uint8Array(0), new Uint8Array(0)],
    ] as const;
    const expected = records.reduce((sum, [key, value]) => sum.add(EllipticSum.ofRecord(key, value)), EllipticSum.zero);
    expect(await encodedSums(backend, packRecords(records))).toBe(Buffer.from(expected.encode()).toString('hex'));
  });

  test('finds records that lie far apart', async () => {
    await using backend = await open({});
    const bytes = new Uint8Array(3_000_000);
    bytes.fill(7, 0, 50).fill(8, 2_999_900);
    const offsets = Uint32Array.of(0, 20, 20, 50, 2_999_900, 2_999_910, 2_999_910, 3_000_000);
    const expected = EllipticSum.ofRecord(bytes.slice(0, 20), bytes.slice(20, 50)).add(
      EllipticSum.ofRecord(bytes.slice(2_999_900, 2_999_910), bytes.slice(2_999_910)),
    );
    expect(await encodedSums(backend, { bytes, offsets })).toBe(Buffer.from(expected.encode()).toString('hex'));
  });

  test.each([1, 31, 32, 111, 112, 200, 239, 240, 255])('takes a domain of %i characters', async (length) => {
    const domain = 'd'.repeat(length);
    await using backend = await open({ domain });
    const [key, value] = [Uint8Array.of(1, 2, 3), new Uint8Array(77)];
    const expected = EllipticSum.ofRecord(key, value, { domain });
    expect(await encodedSums(backend, packRecords([[key, value]]))).toBe(
      Buffer.from(expected.encode()).toString('hex'),
    );
  });

  test('refuses options out of range', async () => {
    await expect((async () => open({ domain: '' }))()).rejects.toThrow('printable ASCII');
  });

  test.each(['sum', 'encode', 'decode', 'combine'] as const)(
    'stops %s midway when aborted or closed',
    async (method) => {
      const count = method === 'sum' ? 200_000 : 100_000;
      const batch = method === 'sum' ? sampleBatch(count) : packRecords([]);
      const start = async (backend: HashBackend, signal?: AbortSignal) => {
        const options = signal === undefined ? {} : { signal };
        if (method === 'sum') return backend.sum(batch, options);
        const encoded = new Uint8Array(32 * count);
        if (method === 'decode') return backend.decode(encoded, options);
        const zeros = new Uint8Array(128 * count);
        for (let at = 0; at < zeros.length; at += 128) {
          zeros[at + 32] = 1;
          zeros[at + 64] = 1;
        }
        return method === 'encode' ? backend.encode(zeros, options) : backend.combine(zeros, zeros, options);
      };
      const backend = await open({ yieldEveryMs: 1 });
      const controller = new AbortController();
      const reason = new Error('enough');
      const aborted = start(backend, controller.signal);
      setTimeout(() => controller.abort(reason), 1);
      await expect(aborted).rejects.toBe(reason);
      const closed = start(backend);
      setTimeout(() => void backend.close(), 1);
      await expect(closed).rejects.toMatchObject({ code: 'ELLIPTICSUM_BACKEND_CLOSED' });
    },
  );
});

describe('backends', () => {
  test('say what they are', async () => {
    expect(await createWasmBackend()).toMatchObject({ name: 'wasm', domain: 'DESO-ELLIPTIC-SUM:Ristretto255' });
  });

  test.each([-1, Number.NaN])('refuse yieldEveryMs %p', async (yieldEveryMs) => {
    await expect(createWasmBackend({ yieldEveryMs })).rejects.toThrow('yieldEveryMs');
    await expect(createWasmSimdBackend({ yieldEveryMs })).rejects.toThrow('yieldEveryMs');
    await expect(createBackend({ yieldEveryMs })).rejects.toThrow('yieldEveryMs');
  });
});
