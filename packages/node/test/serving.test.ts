import { toHex } from '@hs/bytes';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { AnswerWindows } from '../src/serving/answer-windows.js';
import { PeerServer, type PeerServerOptions } from '../src/serving/peer-server.js';
import { ReadScheduler } from '../src/serving/read-scheduler.js';
import { SnapshotLeases } from '../src/serving/snapshot-leases.js';
import { removeFolder } from './support/cleanups.js';
import type { ExampleMessage } from './support/meddling-proxy.js';
import { ScriptedPeer } from './support/scripted-peer.js';
import { type FrozenChain, freezeChain } from './support/test-network.js';
import { openParts, type Parts } from './support/test-store.js';
import { sleep } from './support/wait.js';

const noWait = async () => undefined;

/** A scheduler on a clock of its own, on which reads take as long as they say; gives the turns in their order. */
function timedReads() {
  const clock = { nowMs: 0 };
  const options = { maxReads: 1, untilNoBlock: noWait, maxWaitMs: 1000, monotonicMs: () => clock.nowMs };
  const scheduler = new ReadScheduler(options);
  const turns: string[] = [];
  const read = async (host: string, name: string, ms: number, isStranger = false): Promise<void> =>
    scheduler.run({ host, id: `${host}${name[0]}`, isStranger }, async () => {
      expect(scheduler.running).toBe(1);
      turns.push(`${host}${name}`);
      await sleep(0);
      clock.nowMs += ms;
    });
  return { read, turns };
}

describe('reads for peers', () => {
  test('are a few at once, hosts share the time, and peers of a host take turns', async () => {
    const { read, turns } = timedReads();
    const all = [];
    for (const name of ['1-0', '1-1', '1-2', '2-0', '2-1', '2-2']) all.push(read('a', name, 10));
    for (const name of ['1-0', '1-1']) all.push(read('b', name, 10));
    all.push(read('c', '1-0', 30), read('c', '1-1', 30));
    await Promise.all(all);
    expect(turns.slice(0, 4)).toEqual(['a1-0', 'b1-0', 'c1-0', 'a1-1']);
    expect(turns.filter((turn) => turn.startsWith('a'))).toEqual(['a1-0', 'a1-1', 'a2-0', 'a1-2', 'a2-1', 'a2-2']);
    // A read of 30 ms counts for three of 10 ms.
    expect(turns.indexOf('c1-1')).toBeGreaterThan(turns.indexOf('a1-1'));
  });

  test('of a host that asks for little come next, whatever many others ask for, and whatever it asked for before', async () => {
    const { read, turns } = timedReads();
    for (let i = 0; i < 50; i++) await read('known', '1', 10);
    turns.length = 0;
    const hosts = Array.from({ length: 20 }, (_, i) => `heavy${i}-`);
    const heavy = hosts.flatMap((host) => Array.from({ length: 10 }, () => read(host, '1', 50)));
    await sleep(20);
    const before = turns.length;
    await read('known', '1', 5);
    expect(turns.length - before).toBeLessThanOrEqual(hosts.length + 2);
    const again = turns.length;
    await read('new', '1', 5);
    expect(turns.length - again).toBeLessThanOrEqual(hosts.length + 2);
    await Promise.all(heavy);
    const first = turns.slice(0, 100);
    for (const host of hosts) expect(first.filter((turn) => turn.startsWith(host)).length).toBeGreaterThanOrEqual(4);
  });

  test('of strangers get no more time than those of one host that reads, and share that by hosts', async () => {
    const { read, turns } = timedReads();
    await read('known', '1', 10);
    turns.length = 0;
    const few = read('few', '1', 10, true);
    const all = [few];
    for (let id = 1; id <= 9; id++) for (let i = 0; i < 3; i++) all.push(read('many', `${id}`, 10, true));
    for (let i = 0; i < 20; i++) all.push(read(`host${i}`, '1', 10, true));
    const late = read('few', '2', 10, true);
    all.push(late);
    for (let i = 0; i < 10; i++) {
      const before = turns.length;
      await read('known', '1', 10);
      expect(turns.length - before).toBeLessThanOrEqual(3);
    }
    const known = turns.filter((turn) => turn === 'known1').length;
    expect([known, turns.length - known >= 8]).toEqual([10, true]);
    await Promise.all(all);
    // Its second read comes when each other host had two at most, not behind the 27 of the one with many peers.
    const untilLate = turns.slice(0, turns.indexOf('few2'));
    expect(untilLate.filter((turn) => turn.startsWith('many')).length).toBeLessThanOrEqual(2);
  });

  test('wait while a block is connected, but not for ever', async () => {
    let endBlock: () => void = () => undefined;
    const block = new Promise<void>((resolve) => {
      endBlock = resolve;
    });
    const patient = new ReadScheduler({ maxReads: 1, untilNoBlock: () => block, maxWaitMs: 60_000 });
    let isRead = false;
    const read = patient.run({ host: 'a', id: 'a' }, async () => {
      isRead = true;
    });
    await sleep(50);
    expect(isRead).toBe(false);
    endBlock();
    await read;
    const never = new Promise<void>(() => undefined);
    const busy = new ReadScheduler({ maxReads: 1, untilNoBlock: () => never, maxWaitMs: 20 });
    expect(await busy.run({ host: 'a', id: 'a' }, async () => 'read')).toBe('read');
  });

  test('that fail tell their caller, and hold up nobody', async () => {
    const scheduler = new ReadScheduler({ maxReads: 2, untilNoBlock: noWait, maxWaitMs: 1000 });
    const owner = { host: 'a', id: 'a' };
    const fail = () => scheduler.run(owner, () => Promise.reject(new Error('no disk')));
    const results = await Promise.allSettled([fail(), fail(), fail(), scheduler.run(owner, async () => 1)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
    const thrown = scheduler.run(owner, () => {
      throw new Error('at once');
    });
    await expect(thrown).rejects.toThrow('at once');
    expect(() => new ReadScheduler({ maxReads: 0, untilNoBlock: noWait, maxWaitMs: 1 })).toThrow(RangeError);
  });
});

describe('what a peer is sent ahead of what it reads', () => {
  const kibibyte = 1024;
  const options = { firstBytes: 64 * kibibyte, maxBytes: 512 * kibibyte, maxUnsentBytes: 1024 * kibibyte };
  const sent = Promise.resolve();
  const read = () => Promise.resolve();

  test('grows with each answer that it reads, up to the bound', async () => {
    const windows = new AnswerWindows(options);
    const peer = {};
    const seen = [];
    for (let i = 0; i < 5; i++) {
      const bytes = await windows.room(peer);
      seen.push(bytes / kibibyte);
      await windows.track(peer, bytes, { sent, proof: read });
      await sleep(0);
    }
    expect(seen).toEqual([64, 128, 256, 512, 512]);
  });

  test('is one small answer if it reads nothing; it waits, and nobody else', async () => {
    const windows = new AnswerWindows(options);
    const peer = {};
    let prove: () => void = () => undefined;
    const proof = () =>
      new Promise<void>((resolve) => {
        prove = resolve;
      });
    await windows.track(peer, await windows.room(peer), { sent, proof });
    let hasRoom = false;
    const room = windows.room(peer).then((bytes) => {
      hasRoom = true;
      return bytes;
    });
    await sleep(20);
    expect([hasRoom, await windows.room({})]).toEqual([false, 64 * kibibyte]);
    prove();
    expect(await room).toBe(128 * kibibyte);
  });

  test('tells who has read something from who has not', async () => {
    const windows = new AnswerWindows(options);
    const [reader, stalled, gone] = [{}, {}, {}];
    const never = () => new Promise<void>(() => undefined);
    await windows.track(reader, 32 * kibibyte, { sent, proof: read });
    await windows.track(stalled, 32 * kibibyte, { sent, proof: never });
    await windows.track(gone, 32 * kibibyte, { sent, proof: () => Promise.reject(new Error('gone')) });
    await sleep(0);
    expect([reader, stalled, gone, {}].map((peer) => windows.isReader(peer))).toEqual([true, false, false, false]);
  });

  test('is let go when the peer is gone, and needs no proof for little', async () => {
    const windows = new AnswerWindows(options);
    const [gone, small] = [{}, {}];
    await windows.track(gone, 100 * kibibyte, { sent, proof: () => Promise.reject(new Error('gone')) });
    expect(await windows.room(gone)).toBe(64 * kibibyte);
    const failed = windows.track(gone, 100 * kibibyte, { sent: Promise.reject(new Error('gone')), proof: read });
    await expect(failed).rejects.toThrow('gone');
    const never = () => Promise.reject(new Error('asked for proof'));
    for (let i = 0; i < 10; i++) await windows.track(small, 10 * kibibyte, { sent, proof: never });
    expect([await windows.room(small), windows.unsentBytes]).toEqual([64 * kibibyte, 0]);
  });

  test('is little for everybody, not withheld, while too much waits for sockets', async () => {
    const windows = new AnswerWindows(options);
    const quick = {};
    for (let i = 0; i < 3; i++) {
      await windows.track(quick, await windows.room(quick), { sent, proof: read });
      await sleep(0);
    }
    let end: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => {
      end = resolve;
    });
    const all = Array.from({ length: 17 }, () => windows.track({}, 64 * kibibyte, { sent: stuck, proof: read }));
    expect([windows.unsentBytes, await windows.room(quick)]).toEqual([17 * 64 * kibibyte, 64 * kibibyte]);
    end();
    await Promise.all(all);
    expect(await windows.room(quick)).toBe(512 * kibibyte);
  });
});

describe('a lease', () => {
  function leases(heights: () => readonly number[], maxHolds = Number.POSITIVE_INFINITY) {
    const clock = { nowMs: 0 };
    const held: [height: number, untilMs: number][] = [];
    const book = new SnapshotLeases({
      leaseMs: 600,
      maxHoldMs: 2000,
      retained: 2,
      heights,
      hold: (height, forMs) => held.push([height, clock.nowMs + forMs]) <= maxHolds,
      monotonicMs: () => clock.nowMs,
    });
    return { book, clock, held };
  }

  test('is renewed by requests, and told again when half of it is used up', () => {
    const { book, clock, held } = leases(() => [10]);
    const [peer, other] = [{}, {}];
    expect(book.renew(peer, 10)).toBe(600);
    expect(book.renew(peer, 10)).toBeUndefined();
    expect(book.renew(other, 10)).toBe(600);
    clock.nowMs = 299;
    expect(book.renew(peer, 10)).toBeUndefined();
    clock.nowMs = 301;
    expect(book.renew(peer, 10)).toBe(600);
    expect(held).toEqual([
      [10, 600],
      [10, 600],
      [10, 901],
    ]);
  });

  test('is of one snapshot: a peer that asks for another is promised that one', () => {
    const { book } = leases(() => [10, 20]);
    const peer = {};
    expect([book.renew(peer, 10), book.renew(peer, 20), book.renew(peer, 20)]).toEqual([600, 600, undefined]);
  });

  test('keeps a snapshot a bounded time beyond its turn, whoever asks and however often', () => {
    let heights = [10];
    const { book, clock, held } = leases(() => heights);
    const ask = () => book.renew({}, 10);
    // The time before it is the next to go does not count.
    for (; clock.nowMs < 50_000; clock.nowMs += 500) expect(ask()).toBe(600);
    heights = [10, 20];
    const dueMs = clock.nowMs;
    let last: number | undefined;
    for (; clock.nowMs < dueMs + 5000; clock.nowMs += 100) last = ask();
    expect(last).toBeUndefined();
    expect(Math.max(...held.map(([, untilMs]) => untilMs))).toBe(dueMs + 2000);
    expect(book.renew({}, 20)).toBe(600);
  });

  test('is not promised if the snapshot cannot be held', () => {
    const { book, held } = leases(() => [10], 1);
    expect([book.renew({}, 10), book.renew({}, 10)]).toEqual([600, undefined]);
    expect(held.length).toBe(2);
  });

  test('is shown as long as it lasts', () => {
    const { book, clock } = leases(() => [10]);
    const peer = {};
    expect(book.promisedTo(peer)).toBeUndefined();
    book.renew(peer, 10);
    clock.nowMs = 200;
    expect(book.promisedTo(peer)).toEqual({ height: 10, leftMs: 400 });
    clock.nowMs = 600;
    expect(book.promisedTo(peer)).toBeUndefined();
  });

  test('that is at its end is told once', () => {
    const { book, clock } = leases(() => [10, 20]);
    const peer = {};
    expect(book.renew(peer, 10)).toBe(600);
    clock.nowMs = 1900;
    expect(book.renew(peer, 10)).toBe(100);
    clock.nowMs = 1960;
    expect(book.renew(peer, 10)).toBeUndefined();
    clock.nowMs = 2100;
    expect([book.renew(peer, 10), book.renew({}, 10)]).toEqual([undefined, undefined]);
  });
});

describe('a peer server', () => {
  let frozen: FrozenChain;

  beforeAll(async () => {
    frozen = await freezeChain({ blocks: 24, followPairs: 60 });
  });

  afterAll(() => removeFolder(frozen.folder));

  function open(parts: Parts, options: Partial<PeerServerOptions<ExampleHeader>> = {}) {
    const server = new PeerServer<ExampleHeader>({
      store: parts.store,
      chain: frozen.chain,
      chainStore: parts.chainStore,
      isServingState: () => true,
      onTransactions: async () => undefined,
      onAnnouncement: () => undefined,
      ...options,
    });
    const ask = async (message: ExampleMessage) => {
      const peer = new ScriptedPeer('asker', () => undefined);
      await server.handle(peer, message);
      return peer.sent;
    };
    return { server, ask };
  }

  /** All records of a snapshot under one prefix, chunk by chunk. */
  async function download(
    ask: (message: ExampleMessage) => Promise<ExampleMessage[]>,
    height: number,
    maxBytes: number,
  ) {
    const records: string[] = [];
    let chunks = 0;
    let startKey: Uint8Array = Uint8Array.of(28);
    while (startKey.length > 0) {
      const request = {
        type: 'get-snapshot',
        requestId: 7,
        height,
        startKey,
        endKey: new Uint8Array(0),
        maxBytes,
      } as const;
      const answer = (await ask(request)).find(({ type }) => type === 'snapshot-data');
      if (answer?.type !== 'snapshot-data' || !('nextKey' in answer)) throw new Error('no chunk');
      const { bytes, offsets } = answer.records;
      let size = 0;
      for (let i = 0; i < offsets.length; i += 4) {
        const [key, value] = [
          bytes.subarray(offsets[i], offsets[i + 1]),
          bytes.subarray(offsets[i + 2], offsets[i + 3]),
        ];
        records.push(`${toHex(key)}=${toHex(value)}`);
        size += key.length + value.length;
      }
      if (offsets.length > 4) expect(size).toBeLessThanOrEqual(maxBytes);
      startKey = answer.nextKey;
      chunks++;
    }
    return { records, chunks };
  }

  test('gives the same chunks whatever the size of its reads', async () => {
    const parts = await openParts(frozen, { folder: frozen.folder });
    await parts.store.maintenance();
    const height = parts.store.snapshots()[0]?.height ?? -1;
    const whole = await download(open(parts, { limits: { readBytes: 1 << 30 } }).ask, height, 1 << 20);
    expect([whole.chunks, whole.records.length]).toEqual([1, 60]);
    for (const readBytes of [1, 100, 2048, 10_000]) {
      for (const maxBytes of [50, 3000, 1 << 20]) {
        const { ask } = open(parts, { limits: { readBytes } });
        expect((await download(ask, height, maxBytes)).records).toEqual(whole.records);
      }
    }
    const slow = open(parts, { limits: { readBytes: 1, maxChunkMs: 0 } });
    expect((await download(slow.ask, height, 1 << 20)).chunks).toBe(60);
    await parts.close();
  });

  test('gives headers in one bundle although it reads them in parts, up to the stop and the limit', async () => {
    const parts = await openParts(frozen, { folder: frozen.folder });
    const { ask } = open(parts, { limits: { maxHeadersPerBundle: 20 } });
    const { genesisHash } = frozen.chain;
    const heights = async (stopHash: Uint8Array) => {
      const [bundle] = await ask({ type: 'get-headers', stopHash, locator: [genesisHash] });
      return bundle?.type === 'header-bundle' ? bundle.headers.map(({ height }) => height) : [];
    };
    const upTo = (height: number) => Array.from({ length: height }, (_, i) => i + 1);
    expect(await heights(new Uint8Array(32))).toEqual(upTo(20));
    expect(await heights(await parts.chainStore.hashAt(7))).toEqual(upTo(7));
    await parts.close();
  });

  test('serves a peer that reads while many ask that do not', async () => {
    const large = await freezeChain({ blocks: 12, followPairs: 1000 });
    const parts = await openParts(large, { folder: large.folder });
    await parts.store.maintenance();
    const height = parts.store.snapshots()[0]?.height ?? -1;
    const { server } = open(parts, { limits: { readBytes: 2048, maxReads: 1 } });
    const range = { startKey: Uint8Array.of(28), endKey: new Uint8Array(0), maxBytes: 1 << 20 };
    const request = { type: 'get-snapshot', requestId: 7, height, ...range } as const;
    const reader = new ScriptedPeer('reader', ({ type }) =>
      type === 'ping' ? { type: 'pong', nonce: 0n } : undefined,
    );
    await server.handle(reader, request);
    expect(reader.asked.map(({ type }) => type)).toEqual(['ping']);
    const strangers = Array.from(
      { length: 40 },
      (_, i) => new ScriptedPeer(`stranger ${i}`, () => new Promise(() => undefined), `host ${i}`),
    );
    const isAnswered = ({ sent }: ScriptedPeer) => sent.some(({ type }) => type === 'snapshot-data');
    const asked = strangers.map((peer) => server.handle(peer, request));
    await server.handle(reader, request);
    expect(reader.sent.filter(({ type }) => type === 'snapshot-data').length).toBe(2);
    expect(strangers.filter(isAnswered).length).toBeLessThanOrEqual(2);
    await Promise.all(asked);
    expect(strangers.filter(isAnswered).length).toBe(40);
    await parts.close();
    await removeFolder(large.folder);
  });

  test('promises the snapshot that is asked for, before the answer, if it can keep it', async () => {
    const parts = await openParts(frozen, { folder: frozen.folder });
    await parts.store.maintenance();
    const held: [height: number, forMs: number][] = [];
    const { store } = parts;
    const hold = store.hold.bind(store);
    store.hold = (...args) => {
      held.push(args);
      return hold(...args);
    };
    const { server } = open(parts);
    const peer = new ScriptedPeer('asker', () => undefined);
    const height = parts.store.snapshots().at(-1)?.height ?? -1;
    await server.handle(peer, { type: 'get-page-list', requestId: 1, height });
    await server.handle(peer, { type: 'get-page', requestId: 2, height, index: 0 });
    await server.handle(peer, { type: 'get-page-list', requestId: 3, height: height + 1 });
    expect(peer.sent.map(({ type }) => type)).toEqual(['snapshot-lease', 'page-list', 'page', 'page-list']);
    expect(peer.sent[0]).toEqual({ type: 'snapshot-lease', height, durationMs: 600_000 });
    expect(server.promisedTo(peer)).toMatchObject({ height });
    expect(held).toEqual([[height, 600_000]]);
    const { ask } = open(parts, { limits: { leaseMs: 0 } });
    expect((await ask({ type: 'get-page-list', requestId: 1, height })).map(({ type }) => type)).toEqual(['page-list']);
    await parts.close();
  });
});
