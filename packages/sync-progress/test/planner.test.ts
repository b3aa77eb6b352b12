import { describe, expect, test } from '@jest/globals';
import { HyperSyncProgress, type RangeSummary, type RequestCommand } from '../src/index.js';
import { adjacentRanges, adjacentRecords, deliver, deliverRange, one, only, rangesOf, startSync } from './machine.js';

/** Everything a request asks for, of {@link adjacentRanges} with this many records each. */
function allOf({ request, firstRange, rangeCount }: RequestCommand, recordsPerRange: number) {
  const places = Array.from({ length: rangeCount }, (_, range) =>
    Array.from({ length: recordsPerRange }, (_unused, number) => [firstRange + range, number] as const),
  );
  return { request, records: adjacentRecords(...places.flat()) };
}

function finish(machine: HyperSyncProgress, nowMs: number, attempts: readonly number[]): void {
  let commands = attempts.flatMap((attempt) => machine.handle({ type: 'proved', nowMs, attempt }));
  while (only(commands, 'commit').length > 0) {
    commands = only(commands, 'commit').flatMap(({ attempt }) => machine.handle({ type: 'committed', nowMs, attempt }));
  }
}

const proofs = { maxConcurrentProofs: 100, maxConcurrentCommits: 100 };
const small = { minChunkBytes: 1, initialChunkBytes: 100 };
/** Makes the manifest large, so that a peer is trusted with all of `initialChunkBytes`. */
const large = 10_000;

describe('who is asked for what', () => {
  test('a span is adjacent ranges under one prefix', () => {
    const [a, b] = adjacentRanges(1, 1);
    const c = { startKey: Uint8Array.of(10), endKey: Uint8Array.of(11), records: 1, bytes: 10 };
    if (a === undefined || b === undefined) throw new Error('two ranges');
    const { commands } = startSync([a, b, c], ['a']);
    expect(one(commands, 'request')).toMatchObject({ firstRange: 0, rangeCount: 2, endKey: Uint8Array.of(9, 2) });
  });

  test('ranges are given out in key order, and a peer goes on where it stopped', () => {
    const options = { ...small, maxRequestsPerPeer: 1 };
    const { machine, commands } = startSync(adjacentRanges(...new Array<number>(60).fill(10)), ['a', 'b'], options);
    let requests = only(commands, 'request');
    const order: number[] = [];
    for (let step = 1; step <= 10; step++) {
      order.push(...requests.map(({ firstRange }) => firstRange));
      requests = requests.flatMap((request) => only(deliver(machine, step, allOf(request, 10)), 'request'));
    }
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(order).size).toBe(order.length);
  });

  test('a range that a peer cannot give does not hold up the others', () => {
    const { machine, commands } = startSync(rangesOf(4, 4, 4), ['a'], { retryDelayMs: 10 });
    const asked: number[] = [];
    let next = commands;
    for (let step = 0; step < 4; step++) {
      const { request, firstRange } = one(next, 'request');
      asked.push(firstRange);
      machine.handle({ type: 'chunk-unavailable', nowMs: step * 1_000_000, request });
      next = [...machine.handle({ type: 'tick', nowMs: step * 1_000_000 + 500_000 })];
    }
    expect(asked).toEqual([0, 1, 2, 0]);
  });

  test('a request takes about as long as it should at the measured rate', () => {
    const options = { ...small, ...proofs, chunkTargetMs: 1_000, maxRequestsPerPeer: 1 };
    const { machine, commands } = startSync(adjacentRanges(...new Array<number>(250).fill(1), large), ['a'], options);
    let request = one(commands, 'request');
    let nowMs = 0;
    // 100 bytes per second: ten ranges a request.
    for (let step = 0; step < 12; step++) {
      nowMs += request.maxBytes * 10;
      const answer = deliver(machine, nowMs, allOf(request, 1));
      finish(
        machine,
        nowMs,
        only(answer, 'keep').map(({ attempt }) => attempt),
      );
      request = only(answer, 'request')[0] ?? request;
    }
    expect(request.maxBytes).toBeGreaterThanOrEqual(90);
    expect(request.maxBytes).toBeLessThanOrEqual(100);
  });

  test('a fast peer gets several requests, a slow one only one', () => {
    const options = { minChunkBytes: 100, initialChunkBytes: 400, maxRequestsPerPeer: 3 };
    const ranges = rangesOf(...new Array<number>(200).fill(10), large);
    const { machine, commands } = startSync(ranges, ['fast', 'slow'], { ...options, maxConcurrentProofs: 9 });
    for (const [peer, nowMs] of [
      ['fast', 10],
      ['slow', 60_000],
    ] as const) {
      const request = only(commands, 'request').find((candidate) => candidate.peer === peer);
      if (request === undefined) throw new Error(`${peer} is asked`);
      deliverRange(machine, nowMs, request);
      const requests = machine.status(nowMs).peers.find((status) => status.peer === peer)?.requests;
      expect(requests).toBe(peer === 'fast' ? 3 : 1);
    }
  });

  test('what a peer may have outstanding grows with what it proved', () => {
    const options = { ...small, ...proofs, initialChunkBytes: 20 };
    const { machine, commands } = startSync(adjacentRanges(...new Array<number>(250).fill(1)), ['a'], options);
    let requests = only(commands, 'request');
    for (let step = 1; step < 40; step++) {
      const [request, ...others] = requests;
      if (request === undefined) break;
      const answer = deliver(machine, step, allOf(request, 1));
      finish(
        machine,
        step,
        only(answer, 'keep').map(({ attempt }) => attempt),
      );
      const [peer] = machine.status(step).peers;
      const trusted = 20 + 0.15 * (peer?.usefulBytes ?? 0);
      expect(peer?.outstandingBytes).toBeLessThanOrEqual(trusted);
      const ticked = machine.handle({ type: 'tick', nowMs: step });
      requests = [...others, ...only([...answer, ...ticked], 'request')];
    }
    expect(machine.status(40).done.ranges).toBeGreaterThan(30);
  });

  test('a peer that is not trusted with the next range gets the smallest of those near', () => {
    const options = { ...small, initialChunkBytes: 20 };
    const { commands } = startSync(rangesOf(50, 40, 3, 60, large), ['a', 'b'], options);
    expect(only(commands, 'request').map(({ firstRange }) => firstRange)).toEqual([2, 1]);
  });

  test('a peer that wasted more than it is trusted with is asked only when nobody else can be', () => {
    const { machine } = startSync(rangesOf(5, 5, 5, large), [], { ...small, initialChunkBytes: 50, retryDelayMs: 1 });
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'waster' });
    machine.handle({ type: 'peer-left', nowMs: 0, peer: 'waster' });
    expect(machine.status(0).peers[0]?.wastedBytes).toBe(50);
    machine.handle({ type: 'peer-joined', nowMs: 10, peer: 'other' });
    expect(only([...machine.handle({ type: 'peer-joined', nowMs: 10, peer: 'waster' })], 'request')).toEqual([]);
    const alone = machine.handle({ type: 'peer-left', nowMs: 11, peer: 'other' });
    expect(only([...alone], 'request').map(({ peer }) => peer)).toEqual(['waster']);
  });
});

describe('memory', () => {
  test('a range larger than the budget raises the limit to twice that range', () => {
    const options = { maxBytesInFlight: 100, maxChunkBytes: 20, minChunkBytes: 20, initialChunkBytes: 20 };
    const { machine, commands } = startSync(rangesOf(50, 5, 50), ['a', 'b', 'c'], options);
    expect(machine.status(0).inFlight.limitBytes).toBe(1_000);
    expect(only(commands, 'request').map(({ firstRange, maxBytes }) => [firstRange, maxBytes])).toEqual([
      [1, 20],
      [0, 20],
    ]);
    expect(machine.status(0).inFlight.reservedBytes).toBe(550);
  });

  test('received bytes count until they are committed, and stop further requests', () => {
    const ranges = rangesOf(...new Array<number>(80).fill(10));
    const options = { ...small, maxBytesInFlight: 400, initialChunkBytes: 1_000, maxConcurrentProofs: 1 };
    const { machine, commands } = startSync(ranges, ['a'], options);
    const requests = only(commands, 'request');
    for (let step = 1; step < 50; step++) {
      const request = requests.shift();
      if (request === undefined) break;
      requests.push(...only(deliverRange(machine, step, request).commands, 'request'));
    }
    expect(requests).toEqual([]);
    expect(machine.status(50)).toMatchObject({
      inFlight: { heldBytes: 400, reservedBytes: 400, limitBytes: 400, proving: 4 },
      waitingFor: { kind: 'proofs' },
    });
    machine.handle({ type: 'proved', nowMs: 51, attempt: 1 });
    expect(only([...machine.handle({ type: 'committed', nowMs: 52, attempt: 1 })], 'request')).toHaveLength(1);
  });

  test('while a cancelled request holds its bytes, the sync waits until it is released', () => {
    const options = { maxBytesInFlight: 1, maxChunkBytes: 10, minChunkBytes: 1, requestTimeoutMs: 1_000 };
    const { machine } = startSync(rangesOf(1), ['a'], options);
    for (const manifestId of ['n', 'o']) {
      machine.handle({ type: 'manifest-adopted', nowMs: 0, manifestId, ranges: rangesOf(1), proved: [] });
    }
    expect(machine.status(0)).toMatchObject({
      waitingFor: { kind: 'memory', untilMs: 1_000 },
      inFlight: { cancelled: 1 },
    });
    expect(only([...machine.handle({ type: 'tick', nowMs: 1_000 })], 'request')).toHaveLength(1);
  });

  test('no more of the manifest is under way than a sixteenth, so that little is lost when the process dies', () => {
    const { machine } = startSync(rangesOf(...new Array<number>(80).fill(10)), ['a'], { minChunkBytes: 1 });
    expect(machine.status(0).inFlight.limitBytes).toBe(500);
  });
});

describe('replay', () => {
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
    const machine = new HyperSyncProgress({ maxRangesPerRequest: 1 });
    machine.handle({ type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges, proved: [] });
    const open = only([...machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'a' })], 'request');
    let most = 0;
    for (let step = 0; step < 2_000; step++) {
      const request = open.shift();
      if (request === undefined) throw new Error('there is always a request outstanding');
      const bytes = Uint8Array.from([...request.startKey, ...new Array<number>(10 - request.startKey.length).fill(0)]);
      const records = { bytes, offsets: Uint32Array.of(0, 4, 4, 10) };
      reads = 0;
      const answer = deliver(machine, step, { request: request.request, records });
      const { attempt } = one(answer, 'keep');
      const proved = machine.handle({ type: 'proved', nowMs: step, attempt });
      const committed = machine.handle({ type: 'committed', nowMs: step, attempt });
      open.push(...only([...answer, ...proved, ...committed], 'request'));
      most = Math.max(most, reads);
    }
    expect(machine.status(2_000).done.ranges).toBe(2_000);
    expect(most).toBeLessThan(60);
  });
});
