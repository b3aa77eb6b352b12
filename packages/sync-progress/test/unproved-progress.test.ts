import { describe, expect, test } from '@jest/globals';
import {
  type UnprovedCommand,
  type UnprovedEvent,
  type UnprovedPrefix,
  UnprovedProgress,
  type UnprovedProgressOptions,
  type UnprovedRequestCommand,
} from '../src/index.js';

type Timeless = UnprovedEvent extends infer Event
  ? Event extends UnprovedEvent
    ? Omit<Event, 'nowMs'>
    : never
  : never;

/** A machine and its clock. */
class Driver {
  readonly machine: UnprovedProgress;
  nowMs = 0;

  constructor(options: UnprovedProgressOptions = {}) {
    this.machine = new UnprovedProgress(options);
  }

  tell(event: Timeless): readonly UnprovedCommand[] {
    return this.machine.handle({ ...event, nowMs: this.nowMs } as UnprovedEvent);
  }

  begin(prefixes: readonly Partial<UnprovedPrefix>[], ...peers: string[]): readonly UnprovedCommand[] {
    const commands = [
      ...this.tell({
        type: 'began',
        prefixes: prefixes.map((given, i) => ({
          ...{ prefix: i + 1, isWhole: false, nextKey: Uint8Array.of(i + 1), records: 0, bytes: 0 },
          expected: { records: 100, bytes: 1000 },
          ...given,
        })),
      }),
    ];
    for (const peer of peers) commands.push(...this.tell({ type: 'peer-joined', peer }));
    return commands;
  }

  /** A chunk of 10 records of 10 bytes each, up to a place; the last one without. */
  chunk(request: number, at?: number): readonly UnprovedCommand[] {
    const nextKey = at === undefined ? undefined : Uint8Array.of(1, at);
    return this.tell({ type: 'chunk-received', request, records: 10, bytes: 100, nextKey });
  }

  written(request: number): readonly UnprovedCommand[] {
    return this.tell({ type: 'written', request });
  }

  after(ms: number): readonly UnprovedCommand[] {
    this.nowMs += ms;
    return this.tell({ type: 'tick' });
  }
}

const requests = (commands: readonly UnprovedCommand[]): UnprovedRequestCommand[] =>
  commands.flatMap((command) => (command.type === 'request' ? [command] : []));
const types = (commands: readonly UnprovedCommand[]): string[] => commands.map(({ type }) => type);

describe('a download that goes well', () => {
  test('asks for the next chunk while the last one is written, and never for more than two ahead', () => {
    const driver = new Driver();
    const [first] = requests(driver.begin([{}], 'p'));
    expect(first).toMatchObject({ peer: 'p', prefix: 1, startKey: Uint8Array.of(1) });
    expect(driver.chunk(1, 10)).toMatchObject([
      { type: 'write', request: 1, prefix: 1 },
      { type: 'request', request: 2, startKey: Uint8Array.of(1, 10) },
    ]);
    expect(driver.chunk(2, 20)).toEqual([]);
    expect(driver.written(1)).toMatchObject([
      { type: 'write', request: 2 },
      { type: 'request', request: 3, startKey: Uint8Array.of(1, 20) },
    ]);
    driver.chunk(3);
    expect(types(driver.written(2))).toEqual(['write']);
    expect(types(driver.written(3))).toEqual(['finish']);
    expect(driver.machine.status(0)).toMatchObject({
      phase: 'finishing',
      done: { ranges: 1, records: 30, bytes: 300 },
    });
    expect(driver.tell({ type: 'finished' })).toEqual([]);
    expect(driver.machine.status(0)).toMatchObject({ phase: 'done', text: 'The whole state adds up.' });
    expect(driver.machine.nextTickMs).toBeUndefined();
  });

  test('takes prefixes from several peers at once, the largest first', () => {
    const driver = new Driver();
    const prefixes = [10, 1000, 100, 500].map((bytes) => ({ expected: { records: 1, bytes } }));
    const asked = requests(driver.begin(prefixes, 'p', 'q'));
    expect(asked.map(({ peer, prefix }) => `${prefix} from ${peer}`)).toEqual([
      '2 from p',
      '4 from p',
      '3 from p',
      '1 from p',
    ]);
    const fresh = new Driver();
    fresh.tell({ type: 'peer-joined', peer: 'p' });
    fresh.tell({ type: 'peer-joined', peer: 'q' });
    const shared = requests(fresh.begin(prefixes));
    expect(shared.map(({ peer, prefix }) => `${prefix} from ${peer}`)).toEqual([
      '2 from p',
      '4 from q',
      '3 from p',
      '1 from q',
    ]);
  });

  test('hands a prefix over to a peer that comes later and has nothing to do, after the chunk under way', () => {
    const driver = new Driver();
    driver.begin([{}, {}], 'p', 'q');
    const commands = driver.tell({
      type: 'chunk-received',
      request: 1,
      records: 1,
      bytes: 1,
      nextKey: Uint8Array.of(1, 1),
    });
    expect(requests(commands)).toMatchObject([{ peer: 'q', prefix: 1, startKey: Uint8Array.of(1, 1) }]);
    const more = driver.tell({
      type: 'chunk-received',
      request: 2,
      records: 1,
      bytes: 1,
      nextKey: Uint8Array.of(2, 1),
    });
    expect(requests(more)).toMatchObject([{ peer: 'p', prefix: 2 }]);
  });

  test('leaves out what is whole, and goes on where a prefix stands', () => {
    const driver = new Driver();
    const asked = requests(
      driver.begin([{ isWhole: true }, { nextKey: Uint8Array.of(2, 7), records: 3, bytes: 9 }], 'p'),
    );
    expect(asked.map(({ prefix, startKey }) => [prefix, [...startKey]])).toEqual([[2, [2, 7]]]);
    expect(driver.machine.status(0)).toMatchObject({ done: { ranges: 1, records: 3 }, total: { records: 200 } });
  });

  test('keeps within its bytes in flight, and grows its requests with the rate of the peer', () => {
    const driver = new Driver({ maxBytesInFlight: 3_000_000, maxChunkBytes: 1_500_000 });
    const [first] = requests(driver.begin([{ expected: undefined }], 'p'));
    expect(first?.maxBytes).toBe(128 * 1024);
    driver.nowMs = 100;
    const answer = { type: 'chunk-received', records: 9, nextKey: Uint8Array.of(1, 1) } as const;
    const [second] = requests(driver.tell({ ...answer, request: 1, bytes: 100_000 }));
    expect(second?.maxBytes).toBe(1_000_000);
    driver.nowMs = 200;
    const commands = driver.tell({ ...answer, request: 2, bytes: 1_000_000, nextKey: Uint8Array.of(1, 2) });
    expect(commands).toEqual([]);
    expect(driver.machine.status(200).inFlight).toMatchObject({ requests: 0, reservedBytes: 1_100_000 });
  });
});

describe('a peer that is of no use', () => {
  test('loses its prefix to another one when it does not answer in time, and is asked again after a while', () => {
    const driver = new Driver({ requestTimeoutMs: 1_000, retryDelayMs: 500 });
    driver.begin([{}], 'p', 'q');
    expect(driver.machine.nextTickMs).toBe(1_000);
    expect(driver.after(1_000)).toMatchObject([
      { type: 'cancel-request', request: 1 },
      { type: 'request', request: 2, peer: 'q' },
    ]);
    driver.tell({ type: 'peer-left', peer: 'q' });
    expect(driver.machine.nextTickMs).toBe(1_500);
    expect(requests(driver.after(500))).toMatchObject([{ peer: 'p' }]);
    expect(driver.chunk(1, 5)).toMatchObject([{ type: 'drop', request: 1 }]);
  });

  test('goes on where the other one stopped', () => {
    const driver = new Driver();
    driver.begin([{}], 'p', 'q');
    driver.chunk(1, 10);
    expect(requests(driver.tell({ type: 'peer-left', peer: 'p' }))).toMatchObject([
      { peer: 'q', startKey: Uint8Array.of(1, 10) },
    ]);
    expect(driver.machine.status(0).restarts).toBe(0);
  });

  test('is replaced when it is slow, or sends nothing but places to go on from, if another one is there', () => {
    for (const [bytes, records] of [
      [100, 10],
      [0, 0],
    ] as const) {
      const driver = new Driver({ slowAfterMs: 3_000, minBytesPerSecond: 1_000, maxEmptyChunks: 3 });
      driver.begin([{}], 'p', 'q');
      const askedOf: string[] = [];
      for (let request = 1; request <= 3; request++) {
        driver.nowMs += 1_000;
        const event = { type: 'chunk-received', request, records, bytes, nextKey: Uint8Array.of(1, request) } as const;
        askedOf.push(...requests([...driver.tell(event), ...driver.written(request)]).map(({ peer }) => peer));
      }
      expect(askedOf).toEqual(['p', 'p', 'q']);
    }
  });

  test('is not asked again and again', () => {
    const driver = new Driver({ retryDelayMs: 1_000, maxRetryDelayMs: 8_000 });
    let open = requests(driver.begin([{}], 'p'))[0];
    const times: number[] = [];
    while (times.length < 7) {
      if (open !== undefined) {
        times.push(driver.nowMs);
        driver.tell({ type: 'chunk-unavailable', request: open.request });
      }
      [open] = requests(driver.after((driver.machine.nextTickMs ?? 0) - driver.nowMs));
    }
    expect(times).toEqual([0, 1_000, 3_000, 7_000, 15_000, 23_000, 31_000]);
    expect(driver.machine.status(driver.nowMs).waitingFor.text).toMatch(/^Waiting/);
  });

  test('with nobody of use it says that it is stuck, now and then, and goes on when somebody comes', () => {
    const driver = new Driver({ maxIdleMs: 10_000 });
    driver.begin([{}]);
    expect(driver.machine.status(0).text).toBe(
      '0 of 100 records, unproved. Waiting for a peer that serves this state.',
    );
    expect(driver.after(10_000)).toEqual([{ type: 'stuck' }]);
    expect(driver.after(9_999)).toEqual([]);
    expect(driver.after(1)).toEqual([{ type: 'stuck' }]);
    expect(requests(driver.tell({ type: 'peer-joined', peer: 'p' }))).toHaveLength(1);
  });
});

describe('a prefix that is not what it is said to be', () => {
  const refuted = { type: 'refuted', scope: 'prefix', reason: 'sum', details: { actual: 'ff' } } as const;

  test('all of which one peer sent: that peer is banned, the prefix cleared, and taken from another one', () => {
    const driver = new Driver();
    driver.begin([{}], 'liar', 'q');
    driver.chunk(1, 10);
    driver.written(1);
    driver.chunk(2);
    expect(driver.tell({ ...refuted, request: 2 })).toEqual([
      { type: 'ban', peer: 'liar', prefix: 1, reason: 'sum', details: { actual: 'ff' } },
      { type: 'clear', prefixes: [1] },
    ]);
    expect(driver.machine.status(0)).toMatchObject({ restarts: 1, prefixes: [{ state: 'clearing' }] });
    // Clearing is commanded once, whatever happens before it is done.
    expect(driver.tell({ type: 'tick' })).toEqual([]);
    expect(driver.tell({ type: 'peer-joined', peer: 'r' })).toEqual([]);
    expect(driver.machine.status(0)).toMatchObject({ restarts: 1 });
    expect(requests(driver.tell({ type: 'cleared', prefixes: [1] }))).toMatchObject([
      { peer: 'q', startKey: Uint8Array.of(1) },
    ]);
    expect(driver.tell({ type: 'peer-joined', peer: 'liar' })).toEqual([]);
  });

  test('of which two peers sent parts: nobody is named, and from then on one sends all of it, so that a liar has a name', () => {
    const driver = new Driver();
    driver.begin([{}], 'liar', 'q');
    driver.chunk(1, 10);
    driver.written(1);
    driver.tell({ type: 'peer-left', peer: 'liar' });
    driver.chunk(3);
    expect(driver.tell({ ...refuted, request: 3 })).toMatchObject([
      { type: 'unnamed', prefix: 1, reason: 'sum', peers: ['liar', 'q'], hasEarlier: false },
      { type: 'clear', prefixes: [1] },
    ]);
    driver.nowMs = 60_000;
    driver.tell({ type: 'peer-joined', peer: 'liar' });
    driver.tell({ type: 'peer-left', peer: 'q' });
    const [alone] = requests(driver.tell({ type: 'cleared', prefixes: [1] }));
    expect(alone).toMatchObject({ peer: 'liar', startKey: Uint8Array.of(1) });
    driver.tell({ type: 'peer-joined', peer: 'q' });
    expect(driver.machine.status(0).prefixes).toMatchObject([{ peer: 'liar', isAlone: true }]);
    driver.chunk(alone?.request ?? 0);
    expect(types(driver.tell({ ...refuted, request: alone?.request ?? 0 }))).toEqual(['ban', 'clear']);
    expect(requests(driver.tell({ type: 'cleared', prefixes: [1] }))).toMatchObject([{ peer: 'q' }]);
  });

  test('of which one peer is to send all: if it leaves, what it sent is thrown away, and another one begins', () => {
    const driver = new Driver();
    driver.begin([{ nextKey: Uint8Array.of(1, 5), records: 5 }], 'p', 'q');
    driver.chunk(1);
    expect(driver.tell({ ...refuted, request: 1 })).toMatchObject([
      { type: 'unnamed', peers: ['p'], hasEarlier: true },
      { type: 'clear' },
    ]);
    driver.tell({ type: 'cleared', prefixes: [1] });
    driver.chunk(2, 10);
    driver.written(2);
    expect(types(driver.tell({ type: 'peer-left', peer: 'p' }))).toEqual(['cancel-request', 'clear']);
    expect(requests(driver.tell({ type: 'cleared', prefixes: [1] }))).toMatchObject([
      { peer: 'q', startKey: Uint8Array.of(1) },
    ]);
  });

  test('because of a chunk that breaks a rule by itself: its sender is banned, whoever else sent something', () => {
    const driver = new Driver();
    driver.begin([{}], 'p', 'liar');
    driver.chunk(1, 10);
    driver.written(1);
    driver.tell({ type: 'peer-left', peer: 'p' });
    driver.chunk(3, 20);
    const commands = driver.tell({ type: 'refuted', request: 3, scope: 'chunk', reason: 'out-of-order' });
    expect(commands).toMatchObject([{ type: 'ban', peer: 'liar' }, { type: 'cancel-request' }, { type: 'clear' }]);
  });

  test('a chunk larger than asked for is refused, and its sender banned', () => {
    const driver = new Driver();
    const [asked] = requests(driver.begin([{}], 'liar'));
    const bytes = (asked?.maxBytes ?? 0) + 1;
    const event = { type: 'chunk-received', request: 1, bytes, nextKey: undefined } as const;
    expect(driver.tell({ ...event, records: 2 })).toMatchObject([
      { type: 'drop', request: 1 },
      { type: 'ban', peer: 'liar', reason: 'chunk-too-large' },
    ]);
    const other = new Driver();
    other.begin([{}], 'p');
    // A single record may be larger.
    expect(types(other.tell({ ...event, records: 1 }))).toEqual(['write']);
  });

  test('what a liar sent besides: what is open is thrown away, what was compared with its part stays', () => {
    const driver = new Driver();
    driver.begin([{}, {}, {}], 'liar', 'q');
    driver.chunk(1);
    driver.written(1);
    driver.tell({ type: 'chunk-received', request: 2, records: 1, bytes: 1, nextKey: Uint8Array.of(2, 1) });
    driver.written(2);
    driver.tell({ type: 'chunk-received', request: 3, records: 1, bytes: 1, nextKey: undefined });
    const commands = driver.tell({ ...refuted, request: 3 });
    expect(commands.find(({ type }) => type === 'clear')).toEqual({ type: 'clear', prefixes: [2, 3] });
  });
});

describe('a whole that does not add up, where nothing is known of single prefixes', () => {
  const prefixes = [{ expected: undefined }, { expected: undefined }];
  const whole = { type: 'whole-refuted', reason: 'sum' } as const;

  function filled(...order: ('p' | 'q')[]): Driver {
    const driver = new Driver();
    driver.tell({ type: 'peer-joined', peer: 'p' });
    if (order.includes('q')) driver.tell({ type: 'peer-joined', peer: 'q' });
    driver.begin(prefixes);
    for (const request of [1, 2]) {
      driver.tell({ type: 'chunk-received', request, records: 1, bytes: 1, nextKey: undefined });
      driver.written(request);
    }
    return driver;
  }

  test('all of which one peer sent: that peer is banned', () => {
    expect(filled('p').tell(whole)).toMatchObject([
      { type: 'ban', peer: 'p', prefix: undefined },
      { type: 'clear', prefixes: [1, 2] },
    ]);
  });

  test('of which several sent parts: nobody is named, and from then on everything comes from one of them', () => {
    const driver = filled('p', 'q');
    expect(driver.tell(whole)).toMatchObject([
      { type: 'unnamed', prefix: undefined, peers: ['p', 'q'] },
      { type: 'clear' },
    ]);
    const asked = requests(driver.tell({ type: 'cleared', prefixes: [1, 2] }));
    expect(asked.map(({ peer }) => peer)).toEqual(['p', 'p']);
    for (const { request } of asked) {
      driver.tell({ type: 'chunk-received', request, records: 1, bytes: 1, nextKey: undefined });
      driver.written(request);
    }
    expect(driver.tell(whole)).toMatchObject([
      { type: 'ban', peer: 'p' },
      { type: 'clear', prefixes: [1, 2] },
    ]);
    const last = requests(driver.tell({ type: 'cleared', prefixes: [1, 2] }));
    expect(last.map(({ peer }) => peer)).toEqual(['q', 'q']);
    expect(types(driver.tell({ type: 'peer-left', peer: 'q' }))).toEqual(['cancel-request', 'cancel-request']);
  });
});

describe('limits', () => {
  test('too many bytes without a proof, or too many restarts: it gives up, and says why', () => {
    const driver = new Driver({ maxReceivedBytes: 150 });
    driver.begin([{}], 'p');
    driver.chunk(1, 10);
    expect(driver.chunk(2, 20)).toMatchObject([{ type: 'drop' }, { type: 'failed', reason: 'received-bytes' }]);
    expect(driver.machine.status(0)).toMatchObject({ phase: 'failed' });
    expect(driver.after(1_000)).toEqual([]);

    const other = new Driver({ maxRestarts: 1 });
    other.begin([{}], 'p', 'q');
    other.chunk(1);
    other.tell({ type: 'refuted', request: 1, scope: 'prefix', reason: 'sum' });
    const [next] = requests(other.tell({ type: 'cleared', prefixes: [1] }));
    other.chunk(next?.request ?? 0);
    const commands = other.tell({ type: 'refuted', request: next?.request ?? 0, scope: 'prefix', reason: 'sum' });
    expect(commands).toMatchObject([{ type: 'ban' }, { type: 'failed', reason: 'restarts' }]);
  });

  test('settings and events that make no sense are mistakes of the caller', () => {
    expect(() => new UnprovedProgress({ maxRestarts: 0 })).toThrow(RangeError);
    const driver = new Driver();
    driver.begin([{}], 'p');
    expect(() => driver.begin([{}])).toThrow(expect.objectContaining({ code: 'SYNC_PROGRESS_ILLEGAL_TRANSITION' }));
    expect(() => driver.written(9)).toThrow(expect.objectContaining({ code: 'SYNC_PROGRESS_UNKNOWN_REQUEST' }));
    expect(() => driver.written(1)).toThrow(expect.objectContaining({ code: 'SYNC_PROGRESS_ILLEGAL_TRANSITION' }));
    expect(() => driver.tell({ type: 'finished' })).toThrow(
      expect.objectContaining({ code: 'SYNC_PROGRESS_ILLEGAL_TRANSITION' }),
    );
  });
});
