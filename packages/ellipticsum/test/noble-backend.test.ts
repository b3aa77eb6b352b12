import { describe, expect, test } from '@jest/globals';
import { createNobleBackend, type HashBackend, packRecords } from '../src/index.js';
import { hashBackendChecks } from '../src/testing.js';

function sampleBatch(count: number) {
  return packRecords(
    Array.from({ length: count }, (_, i) => [Uint8Array.of(1, i >> 8, i & 255), new Uint8Array(20)] as const),
  );
}

describe('noble backend complies', () => {
  test.each(hashBackendChecks(createNobleBackend).map((check) => [check.name, check] as const))('%s', (_, check) =>
    check.run(),
  );
});

describe('noble backend', () => {
  test('says what it is', () => {
    expect(createNobleBackend()).toMatchObject({ name: 'noble', domain: 'DESO-ELLIPTIC-SUM:Ristretto255' });
  });

  test('lets other tasks run while it works', async () => {
    await using backend = createNobleBackend({ yieldEveryMs: 0 });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await backend.sum(sampleBatch(200));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });

  test('lets other tasks run between many short calls in a row', async () => {
    await using backend = createNobleBackend({ yieldEveryMs: 1 });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const batch = sampleBatch(2);
    for (let call = 0; call < 100; call++) await backend.sum(batch);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });

  test.each(['sum', 'encode', 'decode', 'combine'] as const)(
    'stops %s midway when aborted or closed',
    async (method) => {
      const start = async (backend: HashBackend, signal?: AbortSignal) => {
        const options = signal === undefined ? {} : { signal };
        if (method === 'sum') return backend.sum(sampleBatch(100_000), options);
        const encoded = new Uint8Array(32 * 100_000);
        if (method === 'decode') return backend.decode(encoded, options);
        const zeros = new Uint8Array(128 * 100_000);
        for (let at = 0; at < zeros.length; at += 128) {
          zeros[at + 32] = 1;
          zeros[at + 64] = 1;
        }
        return method === 'encode' ? backend.encode(zeros, options) : backend.combine(zeros, zeros, options);
      };
      const backend = createNobleBackend({ yieldEveryMs: 1 });
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

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses yieldEveryMs %p', (yieldEveryMs) => {
    expect(() => createNobleBackend({ yieldEveryMs })).toThrow('yieldEveryMs');
  });

  test('refuses a bad domain', () => {
    expect(() => createNobleBackend({ domain: '' })).toThrow('printable ASCII');
  });
});
