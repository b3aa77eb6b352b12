import { describe, expect, test } from '@jest/globals';
import { HyperSyncProgress } from '../src/index.js';
import { keyOf, one, only, rangesOf, recordsOf, startSync } from './machine.js';

describe('the life of a range', () => {
  test('a range is asked for, continued at the cursor, proved, committed, and then the sync is done', () => {
    const { machine, commands } = startSync(rangesOf(3), ['a']);
    const first = one(commands, 'request');
    expect(first).toMatchObject({ peer: 'a', range: 0, startKey: Uint8Array.of(1), endKey: Uint8Array.of(2) });
    const { attempt } = first;
    const records = recordsOf(0, 0, 2);
    const more = machine.handle({ type: 'chunk-received', nowMs: 10, attempt, records, nextKey: keyOf(0, 2) });
    expect(one(more, 'request')).toMatchObject({ attempt, startKey: keyOf(0, 2), maxBytes: 10 });
    const last = recordsOf(0, 2, 3);
    const all = machine.handle({ type: 'chunk-received', nowMs: 20, attempt, records: last, nextKey: undefined });
    expect(one(all, 'prove')).toEqual({ type: 'prove', attempt, range: 0 });
    expect(one(machine.handle({ type: 'proved', nowMs: 30, attempt }), 'commit').range).toBe(0);
    expect(one(machine.handle({ type: 'committed', nowMs: 40, attempt }), 'done').manifestId).toBe('m');
    const status = machine.status(40);
    expect(status.phase).toBe('done');
    expect(status.inFlight.reservedBytes).toBe(0);
    expect(status.peers[0]).toMatchObject({ peer: 'a', share: 1, done: { ranges: 1, records: 3, bytes: 30 } });
  });

  test('a range is complete when count and bytes are, even if the sender gives a cursor', () => {
    const { machine, commands } = startSync(rangesOf(2), ['a']);
    const { attempt } = one(commands, 'request');
    const records = recordsOf(0, 0, 2);
    const next = machine.handle({ type: 'chunk-received', nowMs: 1, attempt, records, nextKey: keyOf(0, 9) });
    expect(next.map((command) => command.type)).toContain('prove');
  });

  test('ranges that are marked are never asked for again', () => {
    const machine = new HyperSyncProgress();
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'a' });
    const ranges = rangesOf(1, 2, 3);
    const commands = machine.handle({ type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges, proved: [0, 2] });
    expect(only(commands, 'request').map((request) => request.range)).toEqual([1]);
    expect(machine.status(0)).toMatchObject({ resumed: { ranges: 2, records: 4 }, left: { ranges: 1, records: 2 } });
  });

  test('a manifest whose ranges are all marked is done at once', () => {
    const machine = new HyperSyncProgress();
    const event = { type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges: rangesOf(1), proved: [0] } as const;
    expect(one(machine.handle(event), 'done').manifestId).toBe('m');
  });

  test('events that do not fit the state of their attempt are typed errors and change nothing', () => {
    const { machine, commands } = startSync(rangesOf(3), ['a']);
    const { attempt } = one(commands, 'request');
    const before = JSON.stringify(machine.status(5));
    for (const type of ['proved', 'committed', 'cancelled'] as const) {
      expect(() => machine.handle({ type, nowMs: 5, attempt })).toThrow(
        expect.objectContaining({
          code: 'SYNC_PROGRESS_ILLEGAL_TRANSITION',
          details: { attempt, state: 'requested', event: type },
        }),
      );
    }
    expect(() => machine.handle({ type: 'proved', nowMs: 5, attempt: 99 })).toThrow(
      expect.objectContaining({ code: 'SYNC_PROGRESS_UNKNOWN_ATTEMPT' }),
    );
    const broken = { bytes: new Uint8Array(2), offsets: Uint32Array.of(0, 1, 1, 3) };
    expect(() =>
      machine.handle({ type: 'chunk-received', nowMs: 5, attempt, records: broken, nextKey: undefined }),
    ).toThrow(expect.objectContaining({ code: 'SYNC_PROGRESS_INVALID_RECORDS' }));
    expect(JSON.stringify(machine.status(5))).toBe(before);
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

describe('peers that fail', () => {
  test('a refuted range bans its one sender, with evidence, and goes to another peer', () => {
    const { machine, commands } = startSync(rangesOf(1), ['liar']);
    const { attempt } = one(commands, 'request');
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'other' });
    machine.handle({ type: 'chunk-received', nowMs: 1, attempt, records: recordsOf(0, 0, 1), nextKey: undefined });
    const details = { expected: 'aa', actual: 'bb' };
    const after = machine.handle({ type: 'refuted', nowMs: 2, attempt, reason: 'the sum differs', details });
    expect(one(after, 'ban')).toMatchObject({
      peer: 'liar',
      reason: 'refuted',
      evidence: { manifestId: 'm', range: 0, attempt, records: 1, bytes: 10, details },
    });
    expect(one(after, 'discard').attempt).toBe(attempt);
    expect(one(after, 'request')).toMatchObject({ peer: 'other', range: 0 });
    expect(machine.handle({ type: 'peer-joined', nowMs: 3, peer: 'liar' })).toEqual([]);
    expect(machine.status(3).peers[0]).toMatchObject({ peer: 'liar', isBanned: true, isConnected: false });
  });

  test('a banned peer may join again once it is pardoned', () => {
    const { machine, commands } = startSync(rangesOf(1), ['liar']);
    const { attempt } = one(commands, 'request');
    machine.handle({ type: 'chunk-received', nowMs: 1, attempt, records: recordsOf(0, 0, 1), nextKey: undefined });
    machine.handle({ type: 'refuted', nowMs: 2, attempt, reason: 'the sum differs' });
    machine.handle({ type: 'peer-pardoned', nowMs: 3, peer: 'liar' });
    expect(one(machine.handle({ type: 'peer-joined', nowMs: 4, peer: 'liar' }), 'request').peer).toBe('liar');
  });

  test('a check that cannot be done here bans nobody and is tried again', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a'], { retryDelayMs: 100 });
    const { attempt } = one(commands, 'request');
    machine.handle({ type: 'chunk-received', nowMs: 1, attempt, records: recordsOf(0, 0, 1), nextKey: undefined });
    const after = machine.handle({ type: 'prove-failed', nowMs: 2, attempt, message: 'the worker stopped' });
    expect(after.map((command) => command.type)).toEqual(['wait']);
    expect(machine.nextTickMs).toBe(102);
    expect(one(machine.handle({ type: 'tick', nowMs: 102 }), 'prove').attempt).toBe(attempt);
  });

  test('a range that is fully received survives the departure of its sender', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a']);
    const { attempt } = one(commands, 'request');
    machine.handle({ type: 'chunk-received', nowMs: 1, attempt, records: recordsOf(0, 0, 1), nextKey: undefined });
    expect(only(machine.handle({ type: 'peer-left', nowMs: 2, peer: 'a' }), 'discard')).toEqual([]);
    expect(one(machine.handle({ type: 'proved', nowMs: 3, attempt }), 'commit').attempt).toBe(attempt);
  });

  test('what a departed sender had not finished goes to another peer', () => {
    const { machine, commands } = startSync(rangesOf(2), ['a']);
    const { attempt } = one(commands, 'request');
    machine.handle({ type: 'peer-joined', nowMs: 0, peer: 'b' });
    const after = machine.handle({ type: 'peer-left', nowMs: 2, peer: 'a' });
    expect(one(after, 'discard').attempt).toBe(attempt);
    expect(one(after, 'request')).toMatchObject({ peer: 'b', startKey: Uint8Array.of(1) });
  });

  test('a peer without the snapshot is asked again with doubling back-off', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a'], { retryDelayMs: 100, maxRetryDelayMs: 400 });
    let { attempt } = one(commands, 'request');
    let nowMs = 0;
    const delays: number[] = [];
    for (let round = 0; round < 4; round++) {
      machine.handle({ type: 'chunk-unavailable', nowMs, attempt });
      expect(machine.status(nowMs).waitingFor.kind).toBe('available-peer');
      const next = machine.nextTickMs ?? 0;
      delays.push(next - nowMs);
      expect(only(machine.handle({ type: 'tick', nowMs: next - 1 }), 'request')).toEqual([]);
      ({ attempt } = one(machine.handle({ type: 'tick', nowMs: next }), 'request'));
      nowMs = next;
    }
    expect(delays).toEqual([100, 200, 400, 400]);
  });

  test('endless empty chunks are a kind of unavailability, not a lie', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a'], { maxEmptyChunks: 2 });
    const { attempt } = one(commands, 'request');
    const records = recordsOf(0, 0, 0);
    const cursors = [1, 2, 3].map((length) => Uint8Array.from([1, ...new Array<number>(length).fill(0)]));
    const types = cursors.map((nextKey, nowMs) =>
      machine.handle({ type: 'chunk-received', nowMs, attempt, records, nextKey }).map((command) => command.type),
    );
    expect(types).toEqual([['request'], ['request'], ['discard', 'wait']]);
    expect(machine.status(3).counters).toMatchObject({ bans: 0, unavailable: 1 });
  });
});

describe('slow peers', () => {
  test('a straggler is raced when nothing else is left; the first proof wins and the other is cancelled', () => {
    const { machine, commands } = startSync(rangesOf(1), ['slow'], { requestTimeoutMs: 10_000 });
    const slow = one(commands, 'request').attempt;
    expect(only(machine.handle({ type: 'peer-joined', nowMs: 1, peer: 'quick' }), 'request')).toEqual([]);
    const quick = one(machine.handle({ type: 'tick', nowMs: machine.nextTickMs ?? 0 }), 'request');
    expect(quick).toMatchObject({ peer: 'quick', range: 0 });
    const { attempt } = quick;
    machine.handle({ type: 'chunk-received', nowMs: 6_000, attempt, records: recordsOf(0, 0, 1), nextKey: undefined });
    const proved = machine.handle({ type: 'proved', nowMs: 6_001, attempt });
    expect(one(proved, 'cancel').attempt).toBe(slow);
    expect(one(proved, 'commit').attempt).toBe(attempt);
    machine.handle({ type: 'committed', nowMs: 6_002, attempt });
    expect(machine.status(6_002).inFlight).toMatchObject({ cancelled: 1, reservedBytes: 10 });
    const records = recordsOf(0, 0, 1);
    machine.handle({ type: 'chunk-received', nowMs: 7_000, attempt: slow, records, nextKey: undefined });
    expect(machine.status(7_000).inFlight).toMatchObject({ cancelled: 0, reservedBytes: 0 });
    expect(machine.status(7_000).counters).toMatchObject({ races: 1, bans: 0, wastedBytes: 10 });
  });

  test('a request without an answer goes elsewhere after the timeout, and the peer is left alone for a while', () => {
    const { machine, commands } = startSync(rangesOf(2, 1), ['dead', 'good'], { requestTimeoutMs: 1_000 });
    const dead = only(commands, 'request').find((request) => request.peer === 'dead');
    const good = only(commands, 'request').find((request) => request.peer === 'good');
    if (dead === undefined || good === undefined) throw new Error('both are asked');
    const after = machine.handle({ type: 'tick', nowMs: 1_000 });
    expect(only(after, 'cancel').map((cancel) => cancel.attempt)).toContain(dead.attempt);
    expect(machine.status(1_000).peers[0]).toMatchObject({ peer: 'dead', failures: 1, retryAtMs: 2_000 });
  });

  test('a request without an answer is given up late if there is nobody else', () => {
    const { machine, commands } = startSync(rangesOf(1), ['only'], { requestTimeoutMs: 1_000 });
    const { attempt } = one(commands, 'request');
    expect(only(machine.handle({ type: 'tick', nowMs: 3_999 }), 'cancel')).toEqual([]);
    expect(one(machine.handle({ type: 'tick', nowMs: 4_999 }), 'cancel').attempt).toBe(attempt);
  });

  test('a fast peer gets several requests, a slow one only one', () => {
    const options = { minChunkBytes: 100, initialChunkBytes: 100, maxAttemptsPerPeer: 3 };
    const { machine, commands } = startSync(rangesOf(...new Array<number>(100).fill(10)), ['fast', 'slow'], options);
    for (const [peer, nowMs] of [
      ['fast', 10],
      ['slow', 60_000],
    ] as const) {
      const request = only(commands, 'request').find((candidate) => candidate.peer === peer);
      if (request === undefined) throw new Error(`${peer} is asked`);
      const { attempt, range } = request;
      machine.handle({ type: 'chunk-received', nowMs, attempt, records: recordsOf(range, 0, 10), nextKey: undefined });
      const requests = machine.status(nowMs).peers.find((status) => status.peer === peer)?.requests;
      expect(requests).toBe(peer === 'fast' ? 3 : 1);
    }
  });
});

describe('the store', () => {
  test('a failed commit is repeated with back-off, without new requests, and then given up', () => {
    const options = { retryDelayMs: 100, maxLocalFailures: 3 };
    const { machine, commands } = startSync(rangesOf(1, 1, 1), ['a'], options);
    const { attempt, range } = one(commands, 'request');
    machine.handle({ type: 'chunk-received', nowMs: 0, attempt, records: recordsOf(range, 0, 1), nextKey: undefined });
    machine.handle({ type: 'proved', nowMs: 0, attempt });
    const message = 'no space left on device';
    expect(only(machine.handle({ type: 'commit-failed', nowMs: 1, attempt, message }), 'request')).toEqual([]);
    expect(machine.status(1).waitingFor).toMatchObject({ kind: 'local-retry', untilMs: 101 });
    expect(machine.status(1).waitingFor.text).toContain(message);
    expect(one(machine.handle({ type: 'tick', nowMs: 101 }), 'commit').attempt).toBe(attempt);
    machine.handle({ type: 'commit-failed', nowMs: 102, attempt, message });
    expect(one(machine.handle({ type: 'tick', nowMs: 302 }), 'commit').attempt).toBe(attempt);
    expect(one(machine.handle({ type: 'commit-failed', nowMs: 303, attempt, message }), 'failed').message).toBe(
      message,
    );
    expect(machine.status(303).phase).toBe('failed');
    const ranges = rangesOf(1, 1, 1);
    const again = machine.handle({ type: 'manifest-adopted', nowMs: 400, manifestId: 'm', ranges, proved: [] });
    expect(only(again, 'request')).not.toEqual([]);
  });

  test('results of a superseded manifest only give back their bytes', () => {
    const { machine, commands } = startSync(rangesOf(1), ['a']);
    const { attempt } = one(commands, 'request');
    machine.handle({ type: 'chunk-received', nowMs: 1, attempt, records: recordsOf(0, 0, 1), nextKey: undefined });
    machine.handle({ type: 'proved', nowMs: 2, attempt });
    const ranges = rangesOf(1);
    const adopted = machine.handle({ type: 'manifest-adopted', nowMs: 3, manifestId: 'n', ranges, proved: [] });
    expect(one(adopted, 'cancel').attempt).toBe(attempt);
    expect(machine.status(3).inFlight.reservedBytes).toBe(20);
    machine.handle({ type: 'committed', nowMs: 4, attempt });
    expect(machine.status(4)).toMatchObject({ manifestId: 'n', done: { ranges: 0 }, inFlight: { reservedBytes: 10 } });
  });
});

describe('status', () => {
  test('it says what it waits for, and since when', () => {
    const machine = new HyperSyncProgress();
    expect(machine.status(5).waitingFor).toMatchObject({ kind: 'manifest', sinceMs: 0 });
    const ranges = rangesOf(1);
    const adopted = machine.handle({ type: 'manifest-adopted', nowMs: 10, manifestId: 'm', ranges, proved: [] });
    expect(one(adopted, 'wait')).toMatchObject({ kind: 'peers', text: 'Waiting for a peer to connect.' });
    const { attempt } = one(machine.handle({ type: 'peer-joined', nowMs: 20, peer: 'a' }), 'request');
    expect(machine.status(1_520).waitingFor).toMatchObject({
      kind: 'answers',
      sinceMs: 20,
      text: 'Waiting for 1 answer, the oldest asked of a 1.5 s ago.',
    });
    machine.handle({ type: 'chunk-received', nowMs: 30, attempt, records: recordsOf(0, 0, 1), nextKey: undefined });
    expect(machine.status(30).waitingFor).toMatchObject({ kind: 'proofs', text: 'Waiting for 1 range to be checked.' });
    machine.handle({ type: 'proved', nowMs: 40, attempt });
    expect(machine.status(40).waitingFor).toMatchObject({ kind: 'commits', sinceMs: 40 });
    machine.handle({ type: 'committed', nowMs: 50, attempt });
    expect(machine.status(50).waitingFor).toMatchObject({ kind: 'nothing', text: 'Every range is in the store.' });
  });

  test('rate, ETA and prefixes follow what arrived', () => {
    const { machine, commands } = startSync(rangesOf(100), ['a'], { initialChunkBytes: 100, minChunkBytes: 100 });
    const { attempt } = one(commands, 'request');
    for (let chunk = 1; chunk <= 5; chunk++) {
      const records = recordsOf(0, chunk * 10 - 10, chunk * 10);
      machine.handle({ type: 'chunk-received', nowMs: chunk * 1_000, attempt, records, nextKey: keyOf(0, chunk * 10) });
    }
    const status = machine.status(6_000);
    expect(status.bytesPerSecond).toBeCloseTo(100, 5);
    expect(status.recordsPerSecond).toBeCloseTo(10, 5);
    expect(status.etaMs).toBe(5_000);
    expect(status.prefixes).toEqual([
      { prefix: 1, total: { ranges: 1, records: 100, bytes: 1_000 }, done: { ranges: 0, records: 0, bytes: 0 } },
    ]);
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
