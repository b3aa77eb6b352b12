import type { NodeAddress } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressBook } from '../src/network/address-book.js';
import { systemClock } from '../src/network/clock.js';
import { ipBytes, ipText, isLocal } from '../src/network/ip-address.js';
import { PeerExchange, type PeerExchangeOptions } from '../src/network/peer-exchange.js';
import type { PeerNetwork } from '../src/network/peer-network.js';
import {
  addressOf,
  listenRaw,
  openNetwork,
  pause,
  portOf,
  RawPeer,
  type TestHeader,
  until,
  verack,
  version,
} from './network-harness.js';
import { cleanUp } from './support/cleanups.js';

function exchangeOn(network: PeerNetwork<TestHeader>, settings: Partial<PeerExchangeOptions> = {}) {
  const exchange = new PeerExchange(network, {
    settings: { dialEveryMs: 20, ...settings },
    clock: systemClock,
    services: 1n,
  });
  cleanUp(() => exchange.close());
  return exchange;
}

function address(ip: readonly number[], port: number): NodeAddress {
  return { lastSeenSeconds: 0n, services: 1n, ip: Uint8Array.from(ip), port };
}

describe('peer exchange', () => {
  test('finds nodes through nodes, one hop after the other', async () => {
    const far = await openNetwork();
    const middle = await openNetwork();
    exchangeOn(middle, { wantedOutbound: 0 });
    await middle.connect(addressOf(far));
    const newcomer = await openNetwork();
    // On this machine all are of one group: it would stay with the first.
    const exchange = exchangeOn(newcomer);
    await newcomer.connect(addressOf(middle));
    await until(() => exchange.size === 2);
    await pause(100);
    expect([...newcomer.peers.keys()]).toEqual([addressOf(middle)]);
    newcomer.disconnect(addressOf(middle));
    await until(() => newcomer.peers.size === 1);
  });

  test('tells the dialled where this node is reached, and never dials itself twice', async () => {
    const known = await openNetwork();
    const book = exchangeOn(known, { wantedOutbound: 1 });
    const teller = await openNetwork();
    exchangeOn(teller, { wantedOutbound: 0, advertise: { host: '127.0.0.1', port: portOf(teller) } });
    await teller.connect(addressOf(known));
    await until(() => [...known.peers.values()].some(({ direction }) => direction === 'outbound'));
    expect([...known.peers.keys()]).toEqual([addressOf(teller)]);
    // The teller, and what the teller answered: the one address it has reached, this node's own.
    await until(() => book.size === 2);
    await pause(50);
    expect(book.size).toBe(2);

    const alone = await openNetwork();
    const own = exchangeOn(alone, { wantedOutbound: 4 });
    const raw = await RawPeer.join(portOf(alone));
    raw.send({ type: 'addr', addresses: [address([127, 0, 0, 1], portOf(alone))] });
    await until(() => own.size === 1);
    await until(() => own.size === 0);
  });

  test('answers once per connection, with no more than its bound', async () => {
    const network = await openNetwork();
    exchangeOn(network, { wantedOutbound: 0, maxPerAnswer: 1 });
    for (let i = 0; i < 2; i++) await network.connect(addressOf(await openNetwork()));
    const raw = await RawPeer.join(portOf(network));
    for (let i = 0; i < 3; i++) raw.send({ type: 'get-addr' });
    expect((await raw.next('addr')).addresses).toHaveLength(1);
    await pause(50);
    expect(raw.received.filter(({ type }) => type === 'addr')).toEqual([]);
  });

  test('takes little that was not asked for, nothing that cannot be dialled, and what was asked for once', async () => {
    const network = await openNetwork();
    const exchange = exchangeOn(network, { wantedOutbound: 0, maxUnasked: 3, maxPerAnswer: 10, maxPerGroup: 1000 });
    const some = (count: number, from: number) =>
      Array.from({ length: count }, (_, i) => address([8, 8, from, i + 1], 17_000));
    const raw = await RawPeer.join(portOf(network));
    raw.send({ type: 'addr', addresses: [address([8, 8, 8, 8], 0), ...some(500, 1)] });
    raw.send({ type: 'addr', addresses: some(500, 2) });
    await until(() => exchange.size === 2);

    const port = await listenRaw(async (peer) => {
      peer.send(version());
      const theirs = await peer.next('version');
      peer.send(verack({ nonceReceived: theirs.nonce }));
      await peer.next('get-addr');
      for (const from of [3, 4]) peer.send({ type: 'addr', addresses: some(1000, from).slice(0, 1000) });
    });
    await network.connect(`127.0.0.1:${port}`);
    // Itself, ten of the answer, three of what followed, two of before.
    await until(() => exchange.size === 16);
    await pause(50);
    expect(exchange.size).toBe(16);
  });
});

describe('the address book', () => {
  const limits = { maxAddresses: 6, maxPerSource: 4, maxPerGroup: 2, maxFailures: 2 };
  const pickAll = { groups: new Set<string>(), random: () => 0 };

  test('is bounded in all, by source and by group', () => {
    const book = new AddressBook(limits);
    const add = (host: string, sourceHost: string) => book.add(`${host}:1`, { host, sourceHost });
    expect([add('1.1.1.1', '9.9.9.9'), add('1.1.1.2', '9.9.9.9'), add('1.1.1.3', '8.8.8.8')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([add('1.1.2.1', '9.9.9.1'), add('1.1.3.1', '9.9.9.2'), add('1.1.4.1', '9.9.9.3')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([add('1.1.5.1', '7.7.7.7'), add('1.1.6.1', '7.7.7.7'), add('1.1.7.1', '6.6.6.6')]).toEqual([
      true,
      true,
      false,
    ]);
    book.failed('1.1.2.1:1', 0);
    expect([add('1.1.7.1', '6.6.6.6'), book.size]).toEqual([true, 6]);
  });

  test('passes on only what was reached from here', () => {
    const book = new AddressBook(limits);
    book.add('1.1.1.1:1', { host: '1.1.1.1', sourceHost: '9.9.9.9' });
    book.add('1.1.2.1:1', { host: '1.1.2.1', sourceHost: '9.9.9.9' });
    expect(book.sample(10, () => 0)).toEqual([]);
    book.reached('1.1.2.1:1', { host: '1.1.2.1', nowMs: 0 });
    expect(book.sample(10, () => 0)).toEqual(['1.1.2.1:1']);
    book.failed('1.1.2.1:1', 0);
    expect(book.sample(10, () => 0)).toEqual([]);
  });

  test('waits longer after each failure, and forgets in the end; one that was reached later', () => {
    const book = new AddressBook(limits);
    book.add('1.1.1.1:1', { host: '1.1.1.1', sourceHost: '9.9.9.9' });
    book.failed('1.1.1.1:1', 0);
    expect([book.pick({ ...pickAll, nowMs: 59_999 }), book.pick({ ...pickAll, nowMs: 60_000 })]).toEqual([
      undefined,
      '1.1.1.1:1',
    ]);
    book.failed('1.1.1.1:1', 60_000);
    expect(book.size).toBe(0);
    book.reached('1.1.2.1:1', { host: '1.1.2.1', nowMs: 0 });
    for (let i = 0; i < 7; i++) book.failed('1.1.2.1:1', 0);
    expect(book.size).toBe(1);
    book.failed('1.1.2.1:1', 0);
    expect(book.size).toBe(0);
  });

  test('gives no address of a group that is connected', () => {
    const book = new AddressBook(limits);
    book.add('1.1.1.1:1', { host: '1.1.1.1', sourceHost: '9.9.9.9' });
    expect(book.pick({ ...pickAll, groups: new Set(['1.1.1.0/24']), nowMs: 0 })).toBeUndefined();
  });
});

describe('an IP address', () => {
  test('is the same after bytes and text', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (ip) => {
        expect(ipBytes(ipText(ip))).toEqual(new Uint8Array(ip));
      }),
    );
    expect(ipText(ipBytes('::ffff:1.2.3.4') ?? new Uint8Array(0))).toBe('1.2.3.4');
    expect(ipText(ipBytes('2001:db8::1.2.3.4') ?? new Uint8Array(0))).toBe('2001:db8:0:0:0:0:102:304');
    expect(ipBytes('node.example')).toBeUndefined();
  });

  test('is local or not', () => {
    const local = [
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '127.9.9.9',
      '169.254.1.1',
      '0.0.0.0',
      '224.0.0.1',
      '100.64.0.1',
    ];
    const local6 = ['::1', '::', 'fe80::1', 'fd00::1', 'ff02::1'];
    for (const host of [...local, ...local6])
      expect([host, isLocal(ipBytes(host) ?? new Uint8Array(0))]).toEqual([host, true]);
    for (const host of ['8.8.8.8', '172.32.0.1', '2001:db8::1']) {
      expect([host, isLocal(ipBytes(host) ?? new Uint8Array(0))]).toEqual([host, false]);
    }
  });
});
