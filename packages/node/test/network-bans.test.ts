import { describe, expect, test } from '@jest/globals';
import type { BanRecord, BanStorage } from '../src/network/ban-record.js';
import type { Clock } from '../src/network/clock.js';
import {
  addressOf,
  codeOf,
  link,
  nextGone,
  nextPeer,
  nextWarning,
  openNetwork,
  pause,
  portOf,
  RawPeer,
  until,
} from './network-harness.js';

const lie = { reason: 'sent a wrong range', durationMs: 60_000, evidence: { range: 3 } };

class TestClock implements Clock {
  /** How far the clock of the machine was set. */
  setMs = 0;
  /** Time that has really passed, beside the time of the test. */
  passedMs = 0;

  wallMs(): number {
    return Date.now() + this.passedMs + this.setMs;
  }

  monotonicMs(): number {
    return performance.now() + this.passedMs;
  }
}

class MemoryStorage implements BanStorage {
  records: readonly BanRecord[] = [];

  async load(): Promise<readonly BanRecord[]> {
    return this.records;
  }

  async save(records: readonly BanRecord[]): Promise<void> {
    await pause(5);
    this.records = structuredClone(records);
  }
}

describe('a ban', () => {
  test('drops a dialled peer, names its address, and refuses to dial it again', async () => {
    const network = await openNetwork();
    const liar = await openNetwork();
    const honest = await openNetwork();
    const { there } = await link(network, liar);
    const beside = await network.connect(addressOf(honest));
    const told: BanRecord[] = [];
    network.on('ban', (record) => told.push(record));
    const gone = nextGone(network);
    const record = network.ban(there, lie);
    expect((await gone).code).toBe('NODE_PEER_BANNED');
    expect(record).toMatchObject({ address: addressOf(liar), reason: lie.reason, evidence: { range: 3 } });
    expect(told).toEqual([record]);
    expect(network.bans()).toEqual([record]);
    expect(await codeOf(network.connect(addressOf(liar)))).toBe('NODE_PEER_BANNED');
    expect(beside.isClosed).toBe(false);
    expect([...network.peers.keys()]).toEqual([addressOf(honest)]);
  });

  test('of an inbound peer keeps its host out, and can be ended', async () => {
    const network = await openNetwork();
    const joined = nextPeer(network);
    const raw = await RawPeer.join(portOf(network));
    expect(network.ban(await joined, lie).address).toBe('127.0.0.1');
    await raw.closed();
    await (await RawPeer.connect(portOf(network))).closed();
    expect(network.unban('127.0.0.1')).toBe(true);
    expect(network.unban('127.0.0.1')).toBe(false);
    await RawPeer.join(portOf(network));
  });

  test('ends by itself', async () => {
    const clock = new TestClock();
    const network = await openNetwork({ clock });
    const other = await openNetwork();
    network.ban(addressOf(other), lie);
    expect(await codeOf(network.connect(addressOf(other)))).toBe('NODE_PEER_BANNED');
    clock.passedMs = lie.durationMs + 1;
    expect(network.bans()).toEqual([]);
    expect((await network.connect(addressOf(other))).id).toBe(addressOf(other));
  });

  test('survives a restart, unless it has ended', async () => {
    const banStorage = new MemoryStorage();
    const clock = new TestClock();
    const network = await openNetwork({ banStorage, clock });
    network.ban('1.2.3.4:17000', lie);
    network.ban('1.2.3.5:17000', { ...lie, durationMs: 1000 });
    await network.close();
    expect(banStorage.records).toHaveLength(2);
    clock.passedMs = 2000;
    const again = await openNetwork({ banStorage, clock });
    expect(again.bans().map(({ address }) => address)).toEqual(['1.2.3.4:17000']);
    expect(await codeOf(again.connect('1.2.3.4:17000'))).toBe('NODE_PEER_BANNED');
  });

  test('is neither ended nor extended by setting the clock of the machine', async () => {
    const clock = new TestClock();
    const banStorage = new MemoryStorage();
    const network = await openNetwork({ clock, banStorage });
    network.ban('a:1', lie);
    for (const dayMs of [86_400_000, -86_400_000]) {
      clock.setMs = dayMs;
      expect(network.bans()).toHaveLength(1);
      expect(await codeOf(network.connect('a:1'))).toBe('NODE_PEER_BANNED');
    }
    clock.passedMs = lie.durationMs + 1;
    expect(network.bans()).toEqual([]);
    network.ban('b:1', lie);
    await network.close();
    // Set back a year before the restart: the ban still ends when its time has passed.
    clock.setMs = -365 * 86_400_000;
    const again = await openNetwork({ clock, banStorage });
    expect(again.bans()).toHaveLength(1);
    clock.passedMs += lie.durationMs + 1;
    expect(again.bans()).toEqual([]);
  });

  test('is not shortened by a later one, and the list is bounded', async () => {
    const network = await openNetwork({ limits: { maxBans: 2 } });
    const long = network.ban('a:1', { ...lie, durationMs: 10_000 });
    expect(network.ban('a:1', { ...lie, durationMs: 10 })).toEqual(long);
    network.ban('b:1', { ...lie, durationMs: 20_000 });
    network.ban('c:1', { ...lie, durationMs: 30_000 });
    expect(network.bans().map(({ address }) => address)).toEqual(['b:1', 'c:1']);
  });

  test('that cannot be saved holds all the same, and says so', async () => {
    const banStorage: BanStorage = {
      load: async () => [],
      save: () => Promise.reject(new Error('disk full')),
    };
    const network = await openNetwork({ banStorage });
    const warned = nextWarning(network);
    network.ban('a:1', lie);
    expect((await warned).code).toBe('NODE_DATABASE');
    expect(network.bans()).toHaveLength(1);
  });

  test('list that cannot be loaded stops the network from opening', async () => {
    const banStorage: BanStorage = { load: () => Promise.reject(new Error('no such file')), save: async () => {} };
    expect(await codeOf(openNetwork({ banStorage }))).toBe('NODE_DATABASE');
  });
});

describe('a persistent address', () => {
  const redial = { minDelayMs: 10, maxDelayMs: 40, stableMs: 60_000 };

  test('is dialled until it answers, with back-off, and again when it is lost', async () => {
    const reserved = await openNetwork();
    const address = addressOf(reserved);
    const listen = { host: '127.0.0.1', port: portOf(reserved) };
    await reserved.close();
    const network = await openNetwork({ redial, random: () => 0.5 });
    let failures = 0;
    network.on('warning', () => failures++);
    const connected = network.connect(address, { isPersistent: true });
    await until(() => failures >= 3);
    const first = await openNetwork({ listen });
    expect((await connected).id).toBe(address);
    const gone = nextGone(network);
    await first.close();
    await gone;
    const back = nextPeer(network);
    await openNetwork({ listen });
    expect((await back).id).toBe(address);
    expect((await network.connect(address)).isClosed).toBe(false);
  });

  test('is left alone once it is disconnected', async () => {
    const network = await openNetwork({ redial });
    const other = await openNetwork();
    await network.connect(addressOf(other), { isPersistent: true });
    const gone = nextGone(network);
    network.disconnect(addressOf(other));
    expect((await gone).code).toBe('NODE_PEER_CLOSED');
    await pause(80);
    expect(network.peers.size).toBe(0);
  });

  test('that is not persistent is dialled once', async () => {
    const network = await openNetwork({ redial });
    const other = await openNetwork();
    const { there, back } = await link(network, other);
    back.close('enough');
    await until(() => there.isClosed);
    await pause(60);
    expect(network.peers.size).toBe(0);
    expect((await network.connect(addressOf(other))).id).toBe(addressOf(other));
  });
});

describe('close', () => {
  test('leaves no socket and no timer behind, whatever was going on', async () => {
    const resources = () =>
      process
        .getActiveResourcesInfo()
        .filter((name) => /TCP|Timeout|Connect/.test(name))
        .sort();
    await pause(20);
    const before = resources();
    const a = await openNetwork({ redial: { minDelayMs: 10_000, maxDelayMs: 10_000 } });
    const b = await openNetwork({ allowances: { receivedBytesPerSecond: 10, receivedByteBurst: 10 } });
    const { there, back } = await link(a, b);
    const pending = [
      codeOf(a.connect('127.0.0.1:1', { isPersistent: true })),
      codeOf(there.request({ type: 'get-headers', stopHash: new Uint8Array(32), locator: [] })),
      codeOf(back.request({ type: 'get-headers', stopHash: new Uint8Array(32), locator: [] })),
    ];
    const half = await RawPeer.connect(portOf(a));
    await pause(50);
    const reasons: string[] = [];
    a.on('gone', (_peer, reason) => reasons.push(reason.code));
    await Promise.all([a.close(), a.close(), b.close()]);
    await half.closed();
    expect(await Promise.all(pending)).toEqual(['NODE_STOPPED', 'NODE_PEER_CLOSED', 'NODE_PEER_CLOSED']);
    expect(reasons).toEqual(['NODE_STOPPED']);
    expect(await codeOf(a.connect('127.0.0.1:1'))).toBe('NODE_STOPPED');
    await pause(20);
    expect(resources()).toEqual(before);
  });

  test('frees the port, and a port in use is a clear error', async () => {
    const network = await openNetwork();
    const listen = { host: '127.0.0.1', port: portOf(network) };
    expect(await codeOf(openNetwork({ listen }))).toBe('NODE_CONFIGURATION');
    await network.close();
    expect(portOf(await openNetwork({ listen }))).toBe(listen.port);
  });
});
