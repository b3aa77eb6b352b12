import { describe, expect, test } from '@jest/globals';
import { HyperSyncProgress, type RequestCommand, type SyncCommand } from '../src/index.js';
import {
  adjacentRanges,
  adjacentRecords,
  deliver,
  deliverRange,
  keyOf,
  one,
  only,
  rangesOf,
  recordsOf,
  startSync,
} from './machine.js';

describe('the life of a range', () => {
  test('a range is asked for, continued at the cursor, proved, committed, and then the sync is done', () => {
    const { machine, commands } = startSync(rangesOf(3), ['a']);
    const first = one(commands, 'request');
    const span = { firstRange: 0, rangeCount: 1, startKey: Uint8Array.of(1), endKey: Uint8Array.of(2) };
    expect(first).toMatchObject({ peer: 'a', ...span });
    const { request } = first;
    const more = deliver(machine, 10, { request, records: recordsOf(0, 0, 2), nextKey: keyOf(0, 2) });
    const { attempt } = one(more, 'keep');
    expect(one(more, 'keep')).toEqual({ type: 'keep', attempt, range: 0, fromRecord: 0, toRecord: 2 });
    const second = one(more, 'request');
    expect(second).toMatchObject({ peer: 'a', firstRange: 0, rangeCount: 1, startKey: keyOf(0, 2), maxBytes: 10 });
    const all = deliver(machine, 20, { request: second.request, records: recordsOf(0, 2, 3) });
    expect(one(all, 'keep')).toEqual({ type: 'keep', attempt, range: 0, fromRecord: 0, toRecord: 1 });
    expect(one(all, 'prove')).toEqual({ type: 'prove', attempt, range: 0 });
    expect(one(machine.handle({ type: 'proved', nowMs: 30, attempt }), 'commit').range).toBe(0);
    expect(one(machine.handle({ type: 'committed', nowMs: 40, attempt }), 'done').manifestId).toBe('m');
    const status = machine.status(40);
    expect(status.phase).toBe('done');
    expect(status.inFlight).toMatchObject({ reservedBytes: 0, heldBytes: 0 });
    expect(status.peers[0]).toMatchObject({ peer: 'a', share: 1, done: { ranges: 1, records: 3, bytes: 30 } });
  });

  test('one answer brings many ranges, each with an attempt of its own, proved as soon as its last record is there', () => {
    const { machine, commands } = startSync(adjacentRanges(2, 1, 3, 2), ['a']);
    const { request } = one(commands, 'request');
    expect(one(commands, 'request')).toMatchObject({ firstRange: 0, rangeCount: 4, maxBytes: 80 });
    const records = adjacentRecords([0, 0], [0, 1], [1, 0], [2, 0], [2, 1]);
    const cut = deliver(machine, 5, { request, records, nextKey: Uint8Array.of(9, 2, 0, 2) });
    const kept = only(cut, 'keep');
    expect(kept.map(({ range, fromRecord, toRecord }) => [range, fromRecord, toRecord])).toEqual([
      [0, 0, 2],
      [1, 2, 3],
      [2, 3, 5],
    ]);
    expect(only(cut, 'prove').map(({ range }) => range)).toEqual([0, 1]);
    const next = one(cut, 'request');
    expect(next).toMatchObject({ firstRange: 2, rangeCount: 2, startKey: Uint8Array.of(9, 2, 0, 2), maxBytes: 30 });
    const rest = deliver(machine, 9, { request: next.request, records: adjacentRecords([2, 2], [3, 0], [3, 1]) });
    expect(only(rest, 'keep')[0]).toMatchObject({ attempt: kept[2]?.attempt, range: 2, fromRecord: 0, toRecord: 1 });
    expect(only(rest, 'prove').map(({ range }) => range)).toEqual([2, 3]);
  });

  test('an answer cut between two ranges leaves the others to whoever is free', () => {
    const { machine, commands } = startSync(adjacentRanges(1, 1), ['a']);
    const { request } = one(commands, 'request');
    const cut = deliver(machine, 5, { request, records: adjacentRecords([0, 0]), nextKey: Uint8Array.of(9, 1) });
    expect(one(cut, 'request')).toMatchObject({ firstRange: 1, startKey: Uint8Array.of(9, 1) });
  });

  test('a chunk stays counted until its last range is in the store', () => {
    const { machine, commands } = startSync(adjacentRanges(1, 1), ['a']);
    const { request } = one(commands, 'request');
    const answer = deliver(machine, 5, { request, records: adjacentRecords([0, 0], [1, 0]) });
    const [first, second] = only(answer, 'prove');
    for (const [proof, heldBytes] of [
      [first, 20],
      [second, 0],
    ] as const) {
      const attempt = proof?.attempt ?? 0;
      machine.handle({ type: 'proved', nowMs: 6, attempt });
      machine.handle({ type: 'committed', nowMs: 7, attempt });
      expect(machine.status(7).inFlight).toMatchObject({ heldBytes, reservedBytes: heldBytes });
    }
  });

  test('a range is complete when count and bytes are, even if the sender gives a cursor', () => {
    const { machine, commands } = startSync(rangesOf(2), ['a']);
    const { request } = one(commands, 'request');
    const next = deliver(machine, 1, { request, records: recordsOf(0, 0, 2), nextKey: keyOf(0, 9) });
    expect(next.map((command) => command.type)).toEqual(['keep', 'prove', 'wait']);
  });

  test('ranges that are marked are never asked for again', () => {
    const machine = new HyperSyncProgress();
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'a' });
    const ranges = adjacentRanges(1, 2, 3, 4);
    const event = { type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges, proved: [0, 2] } as const;
    const { request } = one(machine.handle(event), 'request');
    const next = deliver(machine, 1, { request, records: adjacentRecords([1, 0], [1, 1]) });
    expect(one(next, 'request')).toMatchObject({ firstRange: 3, rangeCount: 1 });
    expect(machine.status(1)).toMatchObject({ resumed: { ranges: 2, records: 4 }, left: { ranges: 2, records: 6 } });
  });

  test('a manifest whose ranges are all marked is done at once', () => {
    const machine = new HyperSyncProgress();
    const event = { type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges: rangesOf(1), proved: [0] } as const;
    expect(one(machine.handle(event), 'done').manifestId).toBe('m');
  });

  test('events that do not fit are typed errors and change nothing', () => {
    const { machine, commands } = startSync(rangesOf(3), ['a']);
    const { request } = one(commands, 'request');
    const { attempt } = one(
      deliver(machine, 1, { request, records: recordsOf(0, 0, 1), nextKey: keyOf(0, 1) }),
      'keep',
    );
    const open = request + 1;
    const before = JSON.stringify(machine.status(5));
    const broken = { bytes: new Uint8Array(2), offsets: Uint32Array.of(0, 1, 1, 3) };
    const code = (name: string): unknown => expect.objectContaining({ code: `SYNC_PROGRESS_${name}` });
    const handle = (event: object) => () =>
      machine.handle({ nowMs: 5, ...event } as Parameters<typeof machine.handle>[0]);
    expect(handle({ type: 'request-cancelled', request: open })).toThrow(code('ILLEGAL_TRANSITION'));
    expect(handle({ type: 'chunk-unavailable', request: 99 })).toThrow(code('UNKNOWN_REQUEST'));
    expect(handle({ type: 'proved', attempt: 99 })).toThrow(code('UNKNOWN_ATTEMPT'));
    expect(handle({ type: 'chunk-received', request: open, records: broken, nextKey: undefined })).toThrow(
      code('INVALID_RECORDS'),
    );
    expect(JSON.stringify(machine.status(5))).toBe(before);
    const done = deliver(machine, 5, { request: open, records: recordsOf(0, 1, 3) });
    expect(one(done, 'prove').attempt).toBe(attempt);
    for (const type of ['committed', 'commit-failed', 'cancelled']) {
      expect(handle({ type, attempt, message: '' })).toThrow(
        expect.objectContaining({
          code: 'SYNC_PROGRESS_ILLEGAL_TRANSITION',
          details: { attempt, state: 'received', event: type },
        }),
      );
    }
  });

  test('manifests that overlap, descend or hold nothing are refused', () => {
    const [a, b] = rangesOf(1, 1);
    if (a === undefined || b === undefined) throw new Error('two ranges');
    const bad = [
      [b, a],
      [a, a],
      [{ ...a, records: 0 }],
      [{ ...a, endKey: a.startKey }],
      [{ ...a, endKey: undefined }, b],
    ];
    for (const ranges of bad) {
      const event = { type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges, proved: [] } as const;
      expect(() => new HyperSyncProgress().handle(event)).toThrow(
        expect.objectContaining({ code: 'SYNC_PROGRESS_INVALID_MANIFEST' }),
      );
    }
  });

  test('settings and times that make no sense are a RangeError', () => {
    expect(() => new HyperSyncProgress({ maxBytesInFlight: 0 })).toThrow(RangeError);
    expect(() => new HyperSyncProgress().handle({ type: 'tick', nowMs: Number.NaN })).toThrow(RangeError);
  });
});

describe('peers that lie', () => {
  test('a refuted range bans its one sender, with evidence, and goes to another peer', () => {
    const { machine, commands } = startSync(rangesOf(1), ['liar']);
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'other' });
    const { attempt } = deliverRange(machine, 1, one(commands, 'request'));
    const details = { expected: 'aa', actual: 'bb', digest: 'cc' };
    const after = machine.handle({ type: 'refuted', nowMs: 2, attempt, reason: 'the sum differs', details });
    expect(one(after, 'ban')).toMatchObject({
      peer: 'liar',
      reason: 'refuted',
      evidence: { manifestId: 'm', range: 0, attempt, request: undefined, records: 1, bytes: 10, details },
    });
    expect(one(after, 'discard').attempt).toBe(attempt);
    expect(one(after, 'request')).toMatchObject({ peer: 'other', firstRange: 0 });
    expect(machine.handle({ type: 'peer-joined', nowMs: 3, peer: 'liar' })).toEqual([]);
    expect(machine.status(3).peers[0]).toMatchObject({ peer: 'liar', isBanned: true, isConnected: false });
  });

  test('a broken rule bans without a check, and names the range in which it was broken', () => {
    const { machine, commands } = startSync(adjacentRanges(1, 2), ['liar']);
    const { request } = one(commands, 'request');
    const after = deliver(machine, 1, { request, records: adjacentRecords([0, 0], [1, 1], [1, 0]) });
    expect(one(after, 'ban')).toMatchObject({ reason: 'key-order', evidence: { request, range: 1, records: 2 } });
    expect(only(after, 'keep')).toEqual([]);
    expect(machine.status(1).inFlight).toMatchObject({ reservedBytes: 0, requests: 0 });
  });

  test('of a liar, ranges that are right are used all the same', () => {
    const { machine, commands } = startSync(adjacentRanges(1, 1), ['liar']);
    const { request } = one(commands, 'request');
    const answer = deliver(machine, 1, { request, records: adjacentRecords([0, 0], [1, 0]) });
    const [wrong, right] = only(answer, 'prove').map(({ attempt }) => attempt);
    machine.handle({ type: 'refuted', nowMs: 2, attempt: wrong ?? 0, reason: 'the sum differs' });
    expect(one(machine.handle({ type: 'proved', nowMs: 3, attempt: right ?? 0 }), 'commit').range).toBe(1);
  });

  test('state that nobody asked for bans its sender', () => {
    const { machine } = startSync(rangesOf(1), ['flooder']);
    const event = { type: 'unrequested-received', nowMs: 1, peer: 'flooder', bytes: 7, details: { type: 18 } } as const;
    expect(one(machine.handle(event), 'ban')).toMatchObject({
      peer: 'flooder',
      reason: 'unrequested',
      evidence: { range: undefined, details: { bytes: 7, type: 18 } },
    });
    expect(only(machine.handle(event), 'ban')).toEqual([]);
  });

  test('a banned peer may join again once it is pardoned', () => {
    const { machine, commands } = startSync(rangesOf(1), ['liar']);
    const { attempt } = deliverRange(machine, 1, one(commands, 'request'));
    machine.handle({ type: 'refuted', nowMs: 2, attempt, reason: 'the sum differs' });
    machine.handle({ type: 'peer-pardoned', nowMs: 3, peer: 'liar' });
    expect(one(machine.handle({ type: 'peer-joined', nowMs: 4, peer: 'liar' }), 'request').peer).toBe('liar');
  });

  test('a check that cannot be done here bans nobody and is tried again', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a'], { retryDelayMs: 100 });
    const { attempt } = deliverRange(machine, 1, one(commands, 'request'));
    const after = machine.handle({ type: 'prove-failed', nowMs: 2, attempt, message: 'the worker stopped' });
    expect(after.map((command) => command.type)).toEqual(['wait']);
    expect(machine.nextTickMs).toBe(102);
    expect(one(machine.handle({ type: 'tick', nowMs: 102 }), 'prove').attempt).toBe(attempt);
  });
});

describe('peers that fail', () => {
  test('a range that is fully received survives the departure of its sender', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a']);
    const { attempt } = deliverRange(machine, 1, one(commands, 'request'));
    expect(only(machine.handle({ type: 'peer-left', nowMs: 2, peer: 'a' }), 'discard')).toEqual([]);
    expect(one(machine.handle({ type: 'proved', nowMs: 3, attempt }), 'commit').attempt).toBe(attempt);
  });

  test('what a departed sender had not finished goes to another peer, from the start of the range', () => {
    const { machine, commands } = startSync(rangesOf(2), ['a']);
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'b' });
    const { request } = one(commands, 'request');
    const { attempt } = one(
      deliver(machine, 1, { request, records: recordsOf(0, 0, 1), nextKey: keyOf(0, 1) }),
      'keep',
    );
    const after = machine.handle({ type: 'peer-left', nowMs: 2, peer: 'a' });
    expect(one(after, 'discard').attempt).toBe(attempt);
    expect(one(after, 'request')).toMatchObject({ peer: 'b', startKey: Uint8Array.of(1), maxBytes: 20 });
    expect(machine.status(2).counters.wastedBytes).toBe(10);
  });

  test('a peer without the snapshot is asked again with doubling back-off', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a'], { retryDelayMs: 100, maxRetryDelayMs: 400 });
    let { request } = one(commands, 'request');
    let nowMs = 0;
    const delays: number[] = [];
    for (let round = 0; round < 4; round++) {
      machine.handle({ type: 'chunk-unavailable', nowMs, request });
      expect(machine.status(nowMs).waitingFor.kind).toBe('available-peer');
      const next = machine.nextTickMs ?? 0;
      delays.push(next - nowMs);
      expect(only(machine.handle({ type: 'tick', nowMs: next - 1 }), 'request')).toEqual([]);
      ({ request } = one(machine.handle({ type: 'tick', nowMs: next }), 'request'));
      nowMs = next;
    }
    expect(delays).toEqual([100, 200, 400, 400]);
  });

  test('endless empty chunks are a kind of unavailability, not a lie', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a'], { maxEmptyChunks: 2 });
    let request: RequestCommand | undefined = one(commands, 'request');
    for (const length of [1, 2, 3]) {
      const nextKey = Uint8Array.from([1, ...new Array<number>(length).fill(0)]);
      const answer: ReturnType<typeof deliver> = deliver(machine, length, {
        request: request?.request ?? 0,
        records: recordsOf(0, 0, 0),
        nextKey,
      });
      [request] = only(answer, 'request');
      if (length < 3) expect(request?.startKey).toEqual(nextKey);
    }
    expect(request).toBeUndefined();
    expect(machine.status(3).counters).toMatchObject({ bans: 0, unavailable: 1 });
  });

  test('a peer that joins, is asked and leaves, again and again, is left alone for longer each time', () => {
    const { machine } = startSync(rangesOf(1), ['a'], { retryDelayMs: 100 });
    const asked: number[] = [];
    for (let nowMs = 0; nowMs < 1_000; nowMs += 10) {
      machine.handle({ type: 'peer-left', nowMs, peer: 'a' });
      if (only(machine.handle({ type: 'peer-joined', nowMs, peer: 'a' }), 'request').length > 0) asked.push(nowMs);
    }
    expect(asked).toEqual([100, 310, 720]);
  });
});

describe('slow peers', () => {
  test('a silent peer is overtaken; the first proof wins and the other request is cancelled', () => {
    const { machine, commands } = startSync(rangesOf(1), ['slow'], { requestTimeoutMs: 10_000 });
    const slow = one(commands, 'request').request;
    expect(only(machine.handle({ type: 'peer-joined', nowMs: 1, peer: 'quick' }), 'request')).toEqual([]);
    const quick = one(machine.handle({ type: 'tick', nowMs: machine.nextTickMs ?? 0 }), 'request');
    expect(quick).toMatchObject({ peer: 'quick', firstRange: 0 });
    const { attempt } = deliverRange(machine, 6_000, quick);
    const proved = machine.handle({ type: 'proved', nowMs: 6_001, attempt });
    expect(one(proved, 'cancel-request').request).toBe(slow);
    expect(one(proved, 'commit').attempt).toBe(attempt);
    machine.handle({ type: 'committed', nowMs: 6_002, attempt });
    expect(machine.status(6_002).inFlight).toMatchObject({ cancelled: 1, reservedBytes: 10 });
    deliver(machine, 7_000, { request: slow, records: recordsOf(0, 0, 1) });
    expect(machine.status(7_000).inFlight).toMatchObject({ cancelled: 0, reservedBytes: 0 });
    expect(machine.status(7_000).counters).toMatchObject({ races: 1, bans: 0, wastedBytes: 10 });
  });

  test('an overtaken peer that sends first after all is used, and its rival is not', () => {
    const { machine, commands } = startSync(rangesOf(1), ['slow'], { requestTimeoutMs: 10_000 });
    machine.handle({ type: 'peer-joined', nowMs: 1, peer: 'quick' });
    const quick = one(machine.handle({ type: 'tick', nowMs: machine.nextTickMs ?? 0 }), 'request');
    const { attempt } = deliverRange(machine, 6_000, one(commands, 'request'));
    const late = deliver(machine, 6_001, { request: quick.request, records: recordsOf(0, 0, 1) });
    expect(late.map((command) => command.type)).toEqual(['wait']);
    expect(one(machine.handle({ type: 'proved', nowMs: 6_002, attempt }), 'commit').attempt).toBe(attempt);
    expect(machine.status(6_002).counters.wastedBytes).toBe(10);
  });

  test('an overdue answer and a timeout cost score, which comes back with time', () => {
    const { machine } = startSync(rangesOf(1), ['slow'], { requestTimeoutMs: 1_000, scoreHalfLifeMs: 10_000 });
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'other' });
    const scoreAt = (nowMs: number): number => machine.status(nowMs).peers[0]?.score ?? 0;
    expect(scoreAt(0)).toBe(1);
    machine.handle({ type: 'tick', nowMs: 500 });
    expect(scoreAt(500)).toBeCloseTo(2 / 3, 5);
    machine.handle({ type: 'tick', nowMs: 1_000 });
    expect(scoreAt(1_000)).toBeLessThan(0.41);
    expect(scoreAt(100_000)).toBeGreaterThan(0.99);
    expect(machine.status(1_000).counters).toMatchObject({ timeouts: 1, bans: 0 });
  });

  test('a request without an answer goes elsewhere after the timeout, and the peer is left alone for a while', () => {
    const { machine, commands } = startSync(rangesOf(2, 1), ['dead', 'good'], { requestTimeoutMs: 1_000 });
    const dead = only(commands, 'request').find((request) => request.peer === 'dead');
    const after = machine.handle({ type: 'tick', nowMs: 1_000 });
    expect(only(after, 'cancel-request').map((cancel) => cancel.request)).toContain(dead?.request);
    expect(machine.status(1_000).peers[0]).toMatchObject({ peer: 'dead', failures: 1, retryAtMs: 2_000 });
  });

  test('a request without an answer is given up late if there is nobody else', () => {
    const { machine, commands } = startSync(rangesOf(1), ['only'], { requestTimeoutMs: 1_000 });
    const { request } = one(commands, 'request');
    expect(only(machine.handle({ type: 'tick', nowMs: 3_999 }), 'cancel-request')).toEqual([]);
    expect(one(machine.handle({ type: 'tick', nowMs: 4_999 }), 'cancel-request').request).toBe(request);
  });
});

describe('the store', () => {
  test('a failed commit is repeated with back-off, without new requests, and then given up', () => {
    const options = { retryDelayMs: 100, maxLocalFailures: 3 };
    const { machine, commands } = startSync(rangesOf(1, 1, 1), ['a'], options);
    const { attempt } = deliverRange(machine, 0, one(commands, 'request'));
    machine.handle({ type: 'proved', nowMs: 0, attempt });
    const message = 'no space left on device';
    expect(only(machine.handle({ type: 'commit-failed', nowMs: 1, attempt, message }), 'request')).toEqual([]);
    expect(machine.status(1).waitingFor).toMatchObject({ kind: 'local-retry', untilMs: 101 });
    expect(machine.status(1).text).toContain(message);
    expect(one(machine.handle({ type: 'tick', nowMs: 101 }), 'commit').attempt).toBe(attempt);
    machine.handle({ type: 'commit-failed', nowMs: 102, attempt, message });
    expect(one(machine.handle({ type: 'tick', nowMs: 302 }), 'commit').attempt).toBe(attempt);
    const failed = machine.handle({ type: 'commit-failed', nowMs: 303, attempt, message });
    expect(one(failed, 'failed').message).toBe(message);
    expect(machine.status(303).phase).toBe('failed');
    const ranges = rangesOf(1, 1, 1);
    const again = machine.handle({ type: 'manifest-adopted', nowMs: 400, manifestId: 'm', ranges, proved: [] });
    expect(only(again, 'request')).not.toEqual([]);
  });

  test('results of a superseded manifest only give back their bytes', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a']);
    const { attempt } = deliverRange(machine, 1, one(commands, 'request'));
    machine.handle({ type: 'proved', nowMs: 2, attempt });
    const ranges = rangesOf(1);
    const adopted = machine.handle({ type: 'manifest-adopted', nowMs: 3, manifestId: 'n', ranges, proved: [] });
    expect(one(adopted, 'cancel').attempt).toBe(attempt);
    expect(machine.status(3).inFlight.reservedBytes).toBe(20);
    machine.handle({ type: 'committed', nowMs: 4, attempt });
    expect(machine.status(4)).toMatchObject({ manifestId: 'n', done: { ranges: 0 }, inFlight: { reservedBytes: 10 } });
  });
});

describe('the order of writes', () => {
  /** Two peers with one request each, for the first two of many ranges of 100 bytes, of which one may wait. */
  function twoRequests() {
    const options = { minChunkBytes: 100, initialChunkBytes: 100, minRequestTimeoutMs: 50 };
    const { machine, commands } = startSync(rangesOf(...new Array<number>(64).fill(10)), ['a', 'b'], options);
    const [first, second] = only(commands, 'request');
    if (first === undefined || second === undefined) throw new Error('two requests');
    expect([first.firstRange, second.firstRange]).toEqual([0, 1]);
    const prove = (nowMs: number, request: RequestCommand) => {
      const { attempt, commands: more } = deliverRange(machine, nowMs, request);
      const proved = machine.handle({ type: 'proved', nowMs, attempt });
      return { attempt, next: only([...more, ...proved], 'request')[0], commits: only(proved, 'commit') };
    };
    return { machine, first, second, prove };
  }

  test('a range waits for one before it that is on its way, and both are written in the order of their keys', () => {
    const { machine, first, second, prove } = twoRequests();
    const later = prove(1, second);
    expect(later.commits).toEqual([]);
    expect(machine.status(1).inFlight.committing).toBe(1);
    const earlier = prove(2, first);
    expect(earlier.commits).toMatchObject([{ range: 0, attempt: earlier.attempt }]);
    const committed = machine.handle({ type: 'committed', nowMs: 3, attempt: earlier.attempt });
    expect(only(committed, 'commit')).toMatchObject([{ range: 1, attempt: later.attempt }]);
  });

  test('no more than a quarter of the bytes in flight waits, and what comes too late for its place waits for nothing', () => {
    const { machine, first, second, prove } = twoRequests();
    const { next, attempt } = prove(1, second);
    if (next === undefined) throw new Error('b is asked again');
    expect(machine.status(1).inFlight.limitBytes).toBe(400);
    const { commits, attempt: third } = prove(2, next);
    expect(commits).toMatchObject([{ range: 1 }]);
    const committed = machine.handle({ type: 'committed', nowMs: 3, attempt });
    expect(only(committed, 'commit')).toMatchObject([{ range: next.firstRange }]);
    const late = prove(4, first);
    expect(only(machine.handle({ type: 'committed', nowMs: 5, attempt: third }), 'commit')).toMatchObject([
      { range: 0, attempt: late.attempt },
    ]);
  });

  test('a range that comes in several answers is waited for until its last', () => {
    const { machine, first, second, prove } = twoRequests();
    expect(prove(1, second).commits).toEqual([]);
    const cut = deliver(machine, 2, { request: first.request, records: recordsOf(0, 0, 5), nextKey: keyOf(0, 5) });
    expect(only(cut, 'commit')).toEqual([]);
    const rest = only(cut, 'request').find(({ firstRange }) => firstRange === 0);
    if (rest === undefined) throw new Error('the rest is asked for');
    const whole = deliver(machine, 3, { request: rest.request, records: recordsOf(0, 5, 10) });
    expect(only(whole, 'commit')).toEqual([]);
    const proved = machine.handle({ type: 'proved', nowMs: 4, attempt: one(whole, 'prove').attempt });
    expect(only(proved, 'commit')).toMatchObject([{ range: 0 }]);
  });

  test('nothing waits for an answer that is overdue', () => {
    const { machine, second, prove } = twoRequests();
    expect(prove(1, second).commits).toEqual([]);
    const ticked = [];
    for (let at = machine.nextTickMs; at !== undefined && at <= 60; at = machine.nextTickMs) {
      ticked.push(...machine.handle({ type: 'tick', nowMs: at }));
    }
    expect(only(ticked, 'commit')).toMatchObject([{ range: 1 }]);
  });

  test('a sender that goes takes its ranges out of the line', () => {
    const { machine, second, prove } = twoRequests();
    prove(1, second);
    expect(only(machine.handle({ type: 'peer-left', nowMs: 2, peer: 'a' }), 'commit')).toMatchObject([{ range: 1 }]);
  });
});

describe('newer snapshots', () => {
  const setUp = (): { machine: HyperSyncProgress; request: number } => {
    const { machine, commands } = startSync(rangesOf(1), ['a'], { reconsiderAfterMs: 1_000, maxRetryDelayMs: 100 });
    machine.handle({ type: 'snapshot-offered', nowMs: 0, manifestId: 'n' });
    return { machine, request: one(commands, 'request').request };
  };
  const serveNothing = (machine: HyperSyncProgress, first: number, untilMs: number): number[] => {
    const asked: number[] = [];
    let requests: readonly number[] = [first];
    for (let nowMs = 0; nowMs <= untilMs; nowMs += 50) {
      const refuse = (request: number): readonly SyncCommand[] =>
        machine.handle({ type: 'chunk-unavailable', nowMs, request });
      const ticked = machine.handle({ type: 'tick', nowMs });
      requests = [...requests, ...only([...ticked], 'request').map(({ request }) => request)];
      if (only([...ticked, ...requests.flatMap(refuse)], 'adopt-newer').length > 0) asked.push(nowMs);
      requests = [];
    }
    return asked;
  };

  test('a newer one is asked for once nobody has served the old one for a while, and again after that', () => {
    const { machine, request } = setUp();
    expect(serveNothing(machine, request, 3_000)).toEqual([1_000, 2_000, 3_000]);
    const ranges = rangesOf(1);
    machine.handle({ type: 'manifest-adopted', nowMs: 3_000, manifestId: 'n', ranges, proved: [] });
    expect(machine.status(3_000)).toMatchObject({ manifestId: 'n', offeredManifestId: undefined });
  });

  test('the old one is finished as long as anybody serves it', () => {
    const { machine, request } = setUp();
    const { attempt } = one(deliver(machine, 999, { request, records: recordsOf(0, 0, 1) }), 'keep');
    expect(only(machine.handle({ type: 'tick', nowMs: 1_999 }), 'adopt-newer')).toEqual([]);
    machine.handle({ type: 'proved', nowMs: 2_000, attempt });
    expect(one(machine.handle({ type: 'committed', nowMs: 2_001, attempt }), 'done').manifestId).toBe('m');
  });

  test('without a peer nothing is asked for', () => {
    const { machine } = setUp();
    machine.handle({ type: 'peer-left', nowMs: 1, peer: 'a' });
    expect(only(machine.handle({ type: 'tick', nowMs: 5_000 }), 'adopt-newer')).toEqual([]);
  });
});

describe('status', () => {
  test('it says what it waits for, and since when', () => {
    const machine = new HyperSyncProgress();
    expect(machine.status(5).waitingFor).toMatchObject({ kind: 'manifest', sinceMs: 0 });
    expect(machine.status(5).text).toBe('Waiting for a verified manifest.');
    const ranges = rangesOf(1);
    const adopted = machine.handle({ type: 'manifest-adopted', nowMs: 10, manifestId: 'm', ranges, proved: [] });
    expect(one(adopted, 'wait')).toMatchObject({ kind: 'peers', text: 'Waiting for a peer to connect.' });
    const command = one(machine.handle({ type: 'peer-joined', nowMs: 20, peer: 'a' }), 'request');
    expect(machine.status(1_520).waitingFor).toMatchObject({
      kind: 'answers',
      sinceMs: 20,
      text: 'Waiting for 1 answer, the oldest asked of a 1.5 s ago.',
    });
    expect(machine.status(1_520).peers[0]).toMatchObject({ askedAtMs: 20, outstandingBytes: 10, requests: 1 });
    const { attempt } = deliverRange(machine, 30, command);
    expect(machine.status(30).waitingFor).toMatchObject({ kind: 'proofs', text: 'Waiting for 1 range to be checked.' });
    machine.handle({ type: 'proved', nowMs: 40, attempt });
    expect(machine.status(40).waitingFor).toMatchObject({ kind: 'commits', sinceMs: 40 });
    machine.handle({ type: 'committed', nowMs: 50, attempt });
    expect(machine.status(50).waitingFor).toMatchObject({ kind: 'nothing', text: 'Every range is in the store.' });
    expect(machine.status(50).text).toBe(
      'Snapshot m: 1 of 1 ranges, 1 of 1 records, 100.0 % of 10 bytes. Every range is in the store.',
    );
  });

  test('rate, ETA, round-trip and prefixes follow what arrived', () => {
    const ranges = rangesOf(10, 10, 10, 10, 10, 10, 10, 10, 10, 10);
    const { machine, commands } = startSync(ranges, ['a'], { maxRequestsPerPeer: 1 });
    let command = one(commands, 'request');
    for (let second = 1; second <= 5; second++) {
      [command = command] = only(deliverRange(machine, second * 1_000, command).commands, 'request');
    }
    const status = machine.status(6_000);
    expect(status.bytesPerSecond).toBeCloseTo(100, 5);
    expect(status.recordsPerSecond).toBeCloseTo(10, 5);
    expect(status.etaMs).toBe(5_000);
    expect(status.peers[0]).toMatchObject({ roundTripMs: 1_000, receivedBytes: 500, bytesPerSecond: 100 });
    expect(status.prefixes[1]).toEqual({
      prefix: 2,
      total: { ranges: 1, records: 10, bytes: 100 },
      done: { ranges: 0, records: 0, bytes: 0 },
    });
    expect(status.text).toMatch(/^Snapshot m: 0 of 10 ranges, .*; 100 bytes\/s, 5 s left\. Waiting for 1 answer/);
    expect(machine.status(60_000)).toMatchObject({ bytesPerSecond: 0, etaMs: undefined, lastProgressMs: 5_000 });
  });

  test('a clock that goes back changes nothing', () => {
    const { machine } = startSync(rangesOf(1), ['a']);
    machine.handle({ type: 'tick', nowMs: 500 });
    const next = machine.nextTickMs;
    machine.handle({ type: 'tick', nowMs: 100 });
    expect(machine.nextTickMs).toBe(next);
  });
});
