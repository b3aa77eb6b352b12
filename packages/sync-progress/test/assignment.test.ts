import { describe, expect, test } from '@jest/globals';
import { HyperSyncProgress, type RangeSummary } from '../src/index.js';
import { one, only, rangesOf, recordsOf, startSync } from './machine.js';

describe('assignment', () => {
  test('a measured peer gets the largest range, an unmeasured one the smallest', () => {
    const { machine, commands } = startSync(rangesOf(50, 2, 300, 10), ['a']);
    const { attempt, range } = one(commands, 'request');
    expect(range).toBe(1);
    const records = recordsOf(1, 0, 2);
    const next = machine.handle({ type: 'chunk-received', nowMs: 10, attempt, records, nextKey: undefined });
    expect(only(next, 'request')[0]?.range).toBe(2);
  });

  test('small ranges are given out in key order', () => {
    const { machine, commands } = startSync(rangesOf(...new Array<number>(200).fill(5)), ['a'], {
      maxAttemptsPerPeer: 1,
    });
    const order: number[] = [];
    let next = commands;
    for (let step = 0; step < 10; step++) {
      const { attempt, range } = one(next, 'request');
      order.push(range);
      const records = recordsOf(range, 0, 5);
      next = [...machine.handle({ type: 'chunk-received', nowMs: step, attempt, records, nextKey: undefined })];
    }
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a range that nobody has at the moment does not hold up the others', () => {
    const { machine, commands } = startSync(rangesOf(4, 4, 4), ['a'], { retryDelayMs: 10 });
    const asked: number[] = [];
    let next = commands;
    for (let step = 0; step < 4; step++) {
      const { attempt, range } = one(next, 'request');
      asked.push(range);
      machine.handle({ type: 'chunk-unavailable', nowMs: step * 1_000_000, attempt });
      next = [...machine.handle({ type: 'tick', nowMs: step * 1_000_000 + 500_000 })];
    }
    expect(new Set(asked.slice(0, 3))).toEqual(new Set([0, 1, 2]));
  });

  test('a range larger than the budget raises the limit to itself and one chunk, and does not run beside others', () => {
    const options = { maxBytesInFlight: 100, maxChunkBytes: 20, minChunkBytes: 20, initialChunkBytes: 20 };
    const { machine, commands } = startSync(rangesOf(50, 5, 50), ['a', 'b', 'c'], options);
    expect(machine.status(0).inFlight.limitBytes).toBe(520);
    expect(only(commands, 'request').map((request) => request.range)).toEqual([1]);
    expect(machine.status(0).inFlight.reservedBytes).toBe(50);
  });

  test('a large range that does not fit is passed by small ones for one budget only', () => {
    // Range 0 needs the whole budget; the others keep it from being free.
    const ranges = rangesOf(90, ...new Array<number>(240).fill(4));
    const options = { maxBytesInFlight: 1_000, maxChunkBytes: 100, minChunkBytes: 100, initialChunkBytes: 100 };
    const { machine, commands } = startSync(ranges, ['a', 'b', 'c'], { ...options, maxAttemptsPerPeer: 40 });
    const open = only(commands, 'request').filter((request) => request.range !== 0);
    let isAsked = only(commands, 'request').some((request) => request.range === 0);
    let steps = 0;
    while (!isAsked && open.length > 0) {
      steps++;
      const request = open.shift();
      if (request === undefined) break;
      const { attempt, range } = request;
      const nowMs = steps;
      const records = recordsOf(range, 0, 4);
      const commandsNow = [
        ...machine.handle({ type: 'chunk-received', nowMs, attempt, records, nextKey: undefined }),
        ...machine.handle({ type: 'proved', nowMs, attempt }),
        ...machine.handle({ type: 'committed', nowMs, attempt }),
      ];
      open.push(...only(commandsNow, 'request'));
      isAsked = open.some((other) => other.range === 0);
    }
    expect(isAsked).toBe(true);
    expect(steps).toBeLessThan(60);
  });

  test('a range that does not fit twice is taken from a stalled peer instead of raced', () => {
    const options = { maxBytesInFlight: 100, maxChunkBytes: 100, minChunkBytes: 100, initialChunkBytes: 100 };
    const { machine, commands } = startSync(rangesOf(50), ['slow'], { ...options, requestTimeoutMs: 10_000 });
    const slow = one(commands, 'request').attempt;
    machine.handle({ type: 'peer-joined', nowMs: 1, peer: 'quick' });
    const after = machine.handle({ type: 'tick', nowMs: machine.nextTickMs ?? 0 });
    expect(one(after, 'cancel').attempt).toBe(slow);
    expect(one(after, 'request')).toMatchObject({ peer: 'quick', range: 0, startKey: Uint8Array.of(1) });
    expect(machine.status(5_000)).toMatchObject({
      counters: { takeovers: 1, races: 0 },
      inFlight: { reservedBytes: 600, limitBytes: 600 },
    });
  });

  test('while a cancelled request holds its peer, the sync waits until it is released', () => {
    const options = { maxBytesInFlight: 1, maxChunkBytes: 1, requestTimeoutMs: 1_000 };
    const { machine } = startSync(rangesOf(1), ['a'], options);
    for (const manifestId of ['n', 'o']) {
      machine.handle({ type: 'manifest-adopted', nowMs: 0, manifestId, ranges: rangesOf(1), proved: [] });
    }
    expect(machine.status(0)).toMatchObject({
      waitingFor: { kind: 'memory', untilMs: 1_000 },
      inFlight: { cancelled: 1 },
    });
    expect(only(machine.handle({ type: 'tick', nowMs: 1_000 }), 'request')).toHaveLength(1);
  });

  test('an event does not look at all ranges', () => {
    let reads = 0;
    const plain = Array.from({ length: 50_000 }, (_, index): RangeSummary => {
      const key = (number: number): Uint8Array => Uint8Array.of(1, number >> 16, (number >> 8) & 255, number & 255);
      return { startKey: key(index), endKey: key(index + 1), records: 1, bytes: 10 };
    });
    const ranges = new Proxy(plain, {
      get(target, name, receiver) {
        reads++;
        return Reflect.get(target, name, receiver);
      },
    });
    const machine = new HyperSyncProgress();
    machine.handle({ type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges, proved: [] });
    const open = only(machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'a' }), 'request');
    let most = 0;
    for (let step = 0; step < 2_000; step++) {
      const request = open.shift();
      if (request === undefined) throw new Error('there is always a request outstanding');
      const { attempt, startKey } = request;
      const bytes = Uint8Array.from([...startKey, ...new Array<number>(10 - startKey.length).fill(0)]);
      const records = { bytes, offsets: Uint32Array.of(0, 4, 4, 10) };
      reads = 0;
      open.push(
        ...only(
          machine.handle({ type: 'chunk-received', nowMs: step, attempt, records, nextKey: undefined }),
          'request',
        ),
      );
      open.push(...only(machine.handle({ type: 'proved', nowMs: step, attempt }), 'request'));
      open.push(...only(machine.handle({ type: 'committed', nowMs: step, attempt }), 'request'));
      most = Math.max(most, reads);
    }
    expect(machine.status(2_000).done.ranges).toBe(2_000);
    expect(most).toBeLessThan(60);
  });
});
