import { describe, expect, test } from '@jest/globals';
import { addressGroup } from '../src/network/address-group.js';
import { chooseEviction } from '../src/network/choose-eviction.js';
import type { InboundSlot } from '../src/network/inbound-slots.js';
import type { PeerNetwork } from '../src/network/peer-network.js';
import { PeerScores } from '../src/network/peer-scores.js';
import {
  addressOf,
  codeOf,
  hash,
  link,
  nextGone,
  nextPeer,
  nextWarning,
  openNetwork,
  pause,
  portOf,
  RawPeer,
  type TestHeader,
  until,
  verack,
  version,
} from './network-harness.js';
import { openRelay } from './support/relay.js';

const getHeaders = { type: 'get-headers', stopHash: new Uint8Array(32), locator: [] } as const;
const noHeaders = { type: 'header-bundle', headers: [], tipHash: hash, tipHeight: 1 } as const;

function answering(network: PeerNetwork<TestHeader>): PeerNetwork<TestHeader> {
  network.on('message', async (peer, message) => {
    if (message.type === 'get-headers') await peer.send(noHeaders);
  });
  return network;
}

describe('a node', () => {
  test('is recognized by its id, which it signs anew for each connection', async () => {
    const [a, b] = [await openNetwork(), await openNetwork()];
    const { there, back } = await link(a, b);
    expect([there.nodeId, back.nodeId]).toEqual([b.nodeId, a.nodeId]);
    expect(a.nodeId).toMatch(/^[0-9a-f]{64}$/);
    expect(a.nodeId).not.toBe(b.nodeId);
    const goAcceptor = await openNetwork({ services: 1n });
    expect((await a.connect(addressOf(goAcceptor))).nodeId).toBeUndefined();
  });

  test('that shows an id it has no key for is refused', async () => {
    const network = await openNetwork();
    const warning = nextWarning(network);
    const raw = await RawPeer.connect(portOf(network));
    raw.send(version());
    const theirs = await raw.next('version');
    const { publicKey, signature } = (await raw.next('verack')) as { publicKey: Uint8Array; signature: Uint8Array };
    // The node's own signature, sent back to it.
    raw.send({ ...verack({ nonceReceived: theirs.nonce }), publicKey, signature } as ReturnType<typeof verack>);
    await raw.closed();
    expect(await warning).toMatchObject({ code: 'NODE_HANDSHAKE', details: { rule: 'node-id' } });
  });

  test('that dials while it is dialled counts once, on both sides, and both connections work', async () => {
    const [a, b] = [answering(await openNetwork()), answering(await openNetwork())];
    const [there, back] = await Promise.all([
      a.connect(addressOf(b), { isPersistent: true }),
      b.connect(addressOf(a), { isPersistent: true }),
    ]);
    await until(() => a.peers.size === 1 && b.peers.size === 1);
    expect([...a.peers.values(), ...b.peers.values()]).toEqual([there, back]);
    for (const peer of [there, back]) expect((await peer.request(getHeaders)).tipHeight).toBe(1);
    await pause(100);
    expect([there.isClosed, back.isClosed, a.peers.size, b.peers.size]).toEqual([false, false, 1, 1]);
  });

  test('whose counted connection ends counts by the other one', async () => {
    const [a, b] = [answering(await openNetwork()), answering(await openNetwork())];
    await b.connect(addressOf(a));
    await until(() => a.peers.size === 1);
    const inbound = [...a.peers.keys()];
    const joined = nextPeer(a);
    const left = nextGone(a);
    const there = await a.connect(addressOf(b));
    expect((await left).details['rule']).toBe('duplicate');
    expect([await joined, ...a.peers.keys()]).toEqual([there, addressOf(b)]);
    a.disconnect(addressOf(b));
    await until(() => !a.peers.has(addressOf(b)));
    expect([...a.peers.keys()]).toEqual(inbound);
    const [back] = a.peers.values();
    expect((await back?.request(getHeaders))?.tipHeight).toBe(1);
  });

  test('under two addresses counts once, and both stay dialled', async () => {
    const [a, b] = [await openNetwork(), answering(await openNetwork())];
    const relay = await openRelay(addressOf(b));
    const first = await a.connect(addressOf(b), { isPersistent: true });
    expect(await a.connect(relay.address, { isPersistent: true })).toBe(first);
    await until(() => b.peers.size === 1);
    expect(a.peers.size).toBe(1);
    expect((await first.request(getHeaders)).tipHeight).toBe(1);
    await until(() => !first.isClosed);
    first.close('tested');
    await until(() => a.peers.size === 1 && ![...a.peers.values()].includes(first));
  });

  test('that comes back while its old connection is dead takes its place', async () => {
    const timeouts = { duplicateMs: 150 };
    const [a, b] = [answering(await openNetwork({ timeouts })), await openNetwork({ timeouts })];
    const relay = await openRelay(addressOf(a));
    const old = await b.connect(relay.address);
    await until(() => a.peers.size === 1);
    const [oldBack] = a.peers.values();
    relay.isSilent = true;
    const fresh = await b.connect(addressOf(a));
    expect(fresh.id).toBe(addressOf(a));
    await until(() => old.isClosed && oldBack?.isClosed === true);
    await until(() => a.peers.size === 1 && b.peers.size === 1);
    expect((await fresh.request(getHeaders)).tipHeight).toBe(1);
  });

  test('cannot be displaced by somebody who passes on its handshake', async () => {
    const [a, b] = [await openNetwork(), answering(await openNetwork())];
    const chosen = await a.connect(addressOf(b));
    // B dials the relay, which is not A, but leads there: to A this looks like B on another connection.
    const relay = await openRelay(addressOf(a));
    await b.connect(relay.address);
    await pause(50);
    expect([...a.peers.values()]).toEqual([chosen]);
    expect((await chosen.request(getHeaders)).tipHeight).toBe(1);
  });
});

describe('an address group', () => {
  test('is the /24 of IPv4, the /64 of IPv6, and a name by itself', () => {
    const groups = [
      ['1.2.3.4', '1.2.3.0/24'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:0:0:0:0/64'],
      ['2001:0DB8:0001:0002::1', '2001:db8:1:2:0:0:0:0/64'],
      ['2001:db8::7', '2001:db8:0:0:0:0:0:0/64'],
      ['::1', '0:0:0:0:0:0:0:0/64'],
      ['::', '0:0:0:0:0:0:0:0/64'],
      ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:0/64'],
      ['64:ff9b::1.2.3.4', '64:ff9b:0:0:0:0:0:0/64'],
      ['node.example', 'node.example'],
    ];
    for (const [host, group] of groups) expect(addressGroup(host ?? '')).toBe(group);
  });

  test('has a bounded share of the inbound places, whatever its addresses', async () => {
    const network = await openNetwork({ limits: { maxInboundPerGroup: 3, maxInboundPerHost: 2 } });
    const join = (from: string) => RawPeer.join(portOf(network), { from });
    for (const from of ['127.0.7.1', '127.0.7.1', '127.0.7.2']) await join(from);
    for (const from of ['127.0.7.1', '127.0.7.3']) {
      const refused = await RawPeer.connect(portOf(network), 'extended', from);
      await refused.closed();
    }
    await join('127.0.8.1');
    await until(() => network.peers.size === 4);
  });
});

describe('when all inbound places are taken', () => {
  const slot = (
    name: string,
    facts: Partial<ReturnType<NonNullable<InboundSlot['facts']>>> & { sinceMs?: number; isNew?: boolean },
  ) => {
    const { sinceMs = 0, isNew = false, roundTripMs = 100, bytesIn = 0, score = 0 } = facts;
    const known = { roundTripMs, bytesIn, score };
    return {
      host: name,
      group: addressGroup(name),
      sinceMs,
      facts: isNew ? undefined : () => known,
      evict: () => undefined,
    } satisfies InboundSlot;
  };
  const choose = (all: readonly InboundSlot[], group = 'newcomer', nowMs = 100_000) =>
    chooseEviction(all, { all, group, nowMs })?.host;

  test('a handshake that takes too long goes first, the oldest; one that has just begun stays', () => {
    const all = [
      slot('a', { isNew: true, sinceMs: 50 }),
      slot('b', { isNew: true, sinceMs: 20 }),
      slot('c', { score: 99 }),
    ];
    expect(choose(all)).toBe('b');
    expect(choose([slot('a', { isNew: true, sinceMs: 99_500 })])).toBeUndefined();
  });

  test('then the worst score, though not a small one', () => {
    const all = [slot('a', { score: 30 }), slot('b', { score: 40 }), slot('c', {})];
    expect(choose(all)).toBe('b');
    expect(choose([slot('a', { score: 5 })])).toBeUndefined();
  });

  test('then the newest of the largest group; quick, useful and old ones stay', () => {
    const crowd = Array.from({ length: 20 }, (_, i) => slot(`9.9.9.${i}`, { sinceMs: 1000 + i, roundTripMs: 50 }));
    const quick = Array.from({ length: 4 }, (_, i) => slot(`9.9.9.${100 + i}`, { sinceMs: 90_000, roundTripMs: 1 }));
    const useful = Array.from({ length: 4 }, (_, i) => slot(`9.9.9.${200 + i}`, { sinceMs: 91_000, bytesIn: 1e6 }));
    const alone = Array.from({ length: 10 }, (_, i) => slot(`10.0.${i}.1`, { sinceMs: 95_000 + i }));
    expect(choose([...crowd, ...quick, ...useful, ...alone])).toBe('9.9.9.19');
  });

  test('nobody goes for a newcomer whose own group has as many places', () => {
    const all = Array.from({ length: 30 }, (_, i) => slot(`10.0.${i}.1`, { sinceMs: i }));
    expect(choose(all, addressGroup('10.0.3.77'))).toBeUndefined();
    expect(choose(all, addressGroup('10.1.0.1'))).toBe('10.0.29.1');
  });

  test('half-open connections from many addresses keep no honest peer out', async () => {
    const network = await openNetwork({ limits: { maxInbound: 40, maxInboundHandshakes: 8 } });
    const halfOpen = [];
    for (let i = 0; i < 8; i++) halfOpen.push(await RawPeer.connect(portOf(network), 'extended', `127.1.${i}.1`));
    // As long as all of them are new, whoever comes is refused; later the oldest gives way.
    await pause(1100);
    const honest = await RawPeer.join(portOf(network), { from: '127.2.0.1' });
    await until(() => network.peers.size === 1);
    expect([halfOpen[0]?.isClosed, honest.isClosed]).toEqual([true, false]);
    expect(halfOpen.filter(({ isClosed }) => isClosed)).toHaveLength(1);
  });

  test('a crowd from one group gives way to peers from elsewhere, which do not give way to it', async () => {
    const limits = { maxInbound: 20, maxInboundPerGroup: 20 };
    const network = await openNetwork({ limits });
    for (let i = 0; i < 20; i++) await RawPeer.join(portOf(network), { from: `127.3.0.${i + 1}` });
    await until(() => network.peers.size === 20);
    const honest = [];
    for (let i = 0; i < 5; i++) honest.push(await RawPeer.join(portOf(network), { from: `127.4.${i}.1` }));
    await until(() => network.peers.size === 20);
    for (let i = 0; i < 10; i++)
      await (await RawPeer.connect(portOf(network), 'extended', `127.3.0.${100 + i}`)).closed();
    expect(honest.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false, false]);
  });
});

describe('the score of an address', () => {
  const options = { halfLifeMs: 1000, banScore: 100, banMs: 60_000, maxScores: 4 };

  test('adds up, and half of it is forgotten in its half-life', () => {
    const scores = new PeerScores(options);
    expect([scores.add('a', 40, 0), scores.add('a', 40, 0)]).toEqual([false, false]);
    expect([scores.of('a', 0), scores.of('a', 1000), scores.of('a', 3000)]).toEqual([80, 40, 10]);
    expect(scores.add('a', 59, 1000)).toBe(false);
    expect(scores.add('a', 2, 1000)).toBe(true);
    expect(scores.of('a', 1000)).toBe(0);
    expect(scores.of('b', 0)).toBe(0);
  });

  test('is kept for a bounded number of addresses, the worst', () => {
    const scores = new PeerScores(options);
    for (const [address, points] of [
      ['a', 50],
      ['b', 1],
      ['c', 2],
      ['d', 60],
      ['e', 3],
    ] as const)
      scores.add(address, points, 0);
    expect(['a', 'b', 'c', 'd', 'e'].map((address) => scores.of(address, 0) > 0)).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });

  test('bans who breaks the protocol again and again, for a while, and nobody who does it once', async () => {
    const network = await openNetwork({ scores: { banScore: 50, banMs: 3_600_000 } });
    const misbehave = async () => {
      const raw = await RawPeer.join(portOf(network));
      const [peer] = network.peers.values();
      raw.send(noHeaders);
      await raw.closed();
      return peer;
    };
    const peer = await misbehave();
    expect(network.bans()).toEqual([]);
    if (peer !== undefined) expect(network.scoreOf(peer)).toBeGreaterThan(19);
    await misbehave();
    await misbehave();
    await until(() => network.bans().length === 1);
    const [ban] = network.bans();
    expect(ban).toMatchObject({ address: '127.0.0.1', evidence: { code: 'NODE_PEER_MISBEHAVED' } });
    expect((ban?.expiresAtMs ?? 0) - (ban?.bannedAtMs ?? 0)).toBe(3_600_000);
    await (await RawPeer.connect(portOf(network))).closed();
  });

  test('is not raised by a dialled address that is silent, by an old version or by a wrong clock', async () => {
    const network = await openNetwork({ scores: { banScore: 1 }, timeouts: { versionMs: 200 } });
    const silent = await openRelay(addressOf(await openNetwork()));
    silent.isSilent = true;
    expect(await codeOf(network.connect(silent.address))).toBe('NODE_PEER_TIMEOUT');
    const old = await RawPeer.connect(portOf(network));
    old.send(version({ version: 1 }));
    await old.closed();
    const late = await RawPeer.connect(portOf(network));
    late.send(version());
    late.send(verack({ nonceReceived: (await late.next('version')).nonce, timestampMicros: 1_000_000_000_000n }));
    await late.closed();
    expect(network.bans()).toEqual([]);
  });
});
