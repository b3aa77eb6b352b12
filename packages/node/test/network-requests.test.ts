import { type ExtendedGetSnapshotMessage, encodeFrame, type GetSnapshotMessage, serviceBits } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import { NodeError } from '../src/node-error.js';
import {
  codeOf,
  hash,
  link,
  nextGone,
  nextPeer,
  openNetwork,
  pause,
  portOf,
  RawPeer,
  testNetwork,
  until,
} from './network-harness.js';

const noHash = new Uint8Array(32);
const getHeaders = { type: 'get-headers', stopHash: noHash, locator: [] } as const;
const noRecords = { bytes: new Uint8Array(0), offsets: new Uint32Array(0) };

function bundle(height: number) {
  return { type: 'header-bundle', headers: [{ height }], tipHash: hash, tipHeight: height } as const;
}

function getChunk(height: number) {
  const range = { startKey: new Uint8Array([5]), endKey: new Uint8Array(0) };
  return { type: 'get-snapshot', requestId: 0, height, maxBytes: 1000, ...range } as const;
}

function chunk(requestId: number, height: number) {
  const rest = { isAvailable: true, nextKey: new Uint8Array(0), records: noRecords };
  return { type: 'snapshot-data', requestId, height, ...rest } as const;
}

function idAndHeight(ask: GetSnapshotMessage | ExtendedGetSnapshotMessage) {
  return 'height' in ask ? ask : { requestId: -1, height: -1 };
}

/** A network, and a raw peer that it can ask. */
async function withRaw(options: Parameters<typeof openNetwork>[0] = {}, layout: 'go' | 'extended' = 'extended') {
  const network = await openNetwork(options);
  const joined = nextPeer(network);
  const services = layout === 'go' ? serviceBits.fullNode : undefined;
  const raw = await RawPeer.join(portOf(network), {
    layout,
    ...(services === undefined ? {} : { version: { services } }),
  });
  return { network, raw, peer: await joined };
}

describe('requests between two networks', () => {
  test('get the answers of their kind', async () => {
    const a = await openNetwork();
    const b = await openNetwork();
    b.on('message', async (peer, message) => {
      if (message.type === 'get-headers') await peer.send(bundle(9));
      if (message.type === 'get-blocks') {
        await peer.send({ type: 'block-bundle', blocks: [], tipHash: hash, tipHeight: 9 });
      }
      if (message.type === 'get-snapshot' && 'requestId' in message) {
        await peer.send(chunk(message.requestId, message.height));
      }
      if (message.type === 'get-page-list') await peer.send({ ...message, type: 'page-list', hashes: [hash] });
      if (message.type === 'get-page') await peer.send({ ...message, type: 'page', page: hash });
    });
    const { there } = await link(a, b);
    expect((await there.request(getHeaders)).headers).toEqual([{ height: 9 }]);
    expect((await there.request({ type: 'get-blocks', hashes: [hash] })).tipHeight).toBe(9);
    expect((await there.request(getChunk(100))).height).toBe(100);
    expect((await there.request({ type: 'get-page-list', height: 3 })).hashes).toHaveLength(1);
    expect((await there.request({ type: 'get-page', height: 3, index: 0 })).page).toHaveLength(32);
    expect((await there.request({ type: 'ping', nonce: 77n })).nonce).toBe(77n);
    expect(there.requestsInFlight).toBe(0);
    await until(() => there.roundTripMs !== undefined);
    expect(there.bytesIn).toBeGreaterThan(0);
    expect(there.bytesOut).toBeGreaterThan(0);
  });

  test('messages of a peer are handed out one at a time, in order', async () => {
    const a = await openNetwork();
    const b = await openNetwork();
    const log: string[] = [];
    b.on('message', async (_peer, message) => {
      if (message.type !== 'inv') return;
      log.push(`in ${message.items.length}`);
      await pause(5);
      log.push(`out ${message.items.length}`);
    });
    const { there } = await link(a, b);
    const items = [1, 2, 3].map((count) => Array.from({ length: count }, () => ({ kind: 'block' as const, hash })));
    await Promise.all(items.map((some) => there.send({ type: 'inv', items: some, isSyncResponse: false })));
    await until(() => log.length === 6);
    expect(log).toEqual(['in 1', 'out 1', 'in 2', 'out 2', 'in 3', 'out 3']);
  });

  test('a listener that throws ends the connection with its error', async () => {
    const a = await openNetwork();
    const b = await openNetwork();
    b.on('message', () => {
      throw new NodeError('NODE_CHAIN_RULE', 'no such thing');
    });
    const { there } = await link(a, b);
    const gone = nextGone(b);
    expect(await codeOf(there.request(getHeaders))).toBe('NODE_PEER_CLOSED');
    expect((await gone).code).toBe('NODE_CHAIN_RULE');
  });

  test('an answer arrives while a message of the same peer is being handled', async () => {
    const a = await openNetwork();
    const b = await openNetwork();
    b.on('message', async (peer, message) => {
      if (message.type === 'get-headers') {
        // The answer to this one comes through although the handler of this peer's message is not done.
        const { nonce } = await peer.request({ type: 'ping', nonce: 5n });
        await peer.send(bundle(Number(nonce)));
      }
    });
    const { there } = await link(a, b);
    expect((await there.request(getHeaders)).tipHeight).toBe(5);
  });
});

describe('correlation', () => {
  test('is by request id in the extended layout, whatever the order of the answers', async () => {
    const { raw, peer } = await withRaw();
    const first = peer.request(getChunk(1));
    const second = peer.request(getChunk(2));
    const asked = [await raw.next('get-snapshot'), await raw.next('get-snapshot')];
    const [one, two] = asked.map(idAndHeight);
    expect([one?.height, two?.height]).toEqual([1, 2]);
    expect(one?.requestId).not.toBe(two?.requestId);
    raw.send(chunk(two?.requestId ?? 0, 2));
    raw.send(chunk(one?.requestId ?? 0, 1));
    expect([(await first).height, (await second).height]).toEqual([1, 2]);
  });

  test('is by order where messages have no id, and a late answer does not pass for the next one', async () => {
    const { raw, peer } = await withRaw();
    const early = codeOf(peer.request(getHeaders, { timeoutMs: 30 }));
    expect(await early).toBe('NODE_PEER_TIMEOUT');
    const later = peer.request(getHeaders);
    await raw.next('get-headers');
    await raw.next('get-headers');
    raw.send(bundle(1));
    raw.send(bundle(2));
    expect((await later).tipHeight).toBe(2);
    expect(peer.isClosed).toBe(false);
  });

  test('discards a late answer with an id, once', async () => {
    const { network, raw, peer } = await withRaw();
    expect(await codeOf(peer.request(getChunk(1), { timeoutMs: 30 }))).toBe('NODE_PEER_TIMEOUT');
    const id = idAndHeight(await raw.next('get-snapshot')).requestId;
    raw.send(chunk(id, 1));
    expect((await peer.request({ type: 'ping', nonce: 1n })).nonce).toBe(1n);
    expect(peer.requestsInFlight).toBe(0);
    const gone = nextGone(network);
    raw.send(chunk(id, 1));
    expect((await gone).code).toBe('NODE_PEER_MISBEHAVED');
  });

  test('is by order in the layout of the Go node, which has no extended requests', async () => {
    const { raw, peer } = await withRaw({}, 'go');
    expect(peer.layout).toBe('go');
    const answer = peer.request({ type: 'get-snapshot', startKey: new Uint8Array([5]) });
    await raw.next('get-snapshot');
    raw.send({
      type: 'snapshot-data',
      epoch: {
        snapshotBlockHeight: 1000,
        firstSnapshotBlockHeight: 0,
        currentEpochChecksum: hash,
        currentEpochBlockHash: hash,
      },
      records: { bytes: new Uint8Array([5, 1]), offsets: new Uint32Array([0, 1, 1, 2]) },
      isFull: false,
      prefix: new Uint8Array([5]),
    });
    expect((await answer).epoch.snapshotBlockHeight).toBe(1000);
    await expect(peer.request({ type: 'get-page', height: 1, index: 0 })).rejects.toThrow('layout');
    expect(peer.requestsInFlight).toBe(0);
    expect(peer.isClosed).toBe(false);
  });
});

describe('a peer is dropped as misbehaving for', () => {
  async function fault(act: (raw: RawPeer) => void) {
    const { network, raw } = await withRaw();
    const gone = nextGone(network);
    act(raw);
    const { code, details } = await gone;
    await raw.closed();
    return `${code} ${String(details['rule'])}`;
  }

  test('an answer to nothing', async () => {
    expect(await fault((raw) => raw.send(bundle(1)))).toBe('NODE_PEER_MISBEHAVED WIRE_PAYLOAD_TOO_LARGE');
    expect(await fault((raw) => raw.send(chunk(1, 1)))).toBe('NODE_PEER_MISBEHAVED WIRE_PAYLOAD_TOO_LARGE');
  });

  test('an answer with an id that was not given out', async () => {
    const { network, raw, peer } = await withRaw();
    const gone = nextGone(network);
    const asked = codeOf(peer.request(getChunk(1)));
    const { requestId } = idAndHeight(await raw.next('get-snapshot'));
    raw.send(chunk(requestId + 1, 1));
    expect((await gone).details['rule']).toBe('unsolicited-answer');
    expect(await asked).toBe('NODE_PEER_CLOSED');
  });

  test('a version after the handshake', async () => {
    const again = (raw: RawPeer) => raw.send({ ...versionAgain, nonce: 3n });
    expect(await fault(again)).toBe('NODE_PEER_MISBEHAVED unexpected-message');
  });

  test('garbage, and a payload that does not decode', async () => {
    expect(await fault((raw) => raw.write(new Uint8Array([9, 9, 9, 9])))).toMatch(/^NODE_PEER_MISBEHAVED WIRE_/);
    const truncated = (raw: RawPeer) => {
      const frame = { type: 6, payload: new Uint8Array([1, 2, 3]) };
      raw.write(rawFrame(frame));
    };
    expect(await fault(truncated)).toMatch(/^NODE_PEER_MISBEHAVED WIRE_/);
  });
});

describe('requests that fail', () => {
  test('when the signal fires: before, while waiting and after sending', async () => {
    const { peer, raw } = await withRaw({ limits: { maxRequestsInFlight: 1 } });
    await until(() => peer.requestsInFlight === 0);
    const reason = new NodeError('NODE_STOPPED', 'enough');
    expect(await codeOf(peer.request(getHeaders, { signal: AbortSignal.abort(reason) }))).toBe('NODE_STOPPED');
    const abort = new AbortController();
    const sent = codeOf(peer.request(getHeaders, { signal: abort.signal }));
    const waiting = codeOf(peer.request(getHeaders, { signal: abort.signal }));
    await raw.next('get-headers');
    abort.abort(reason);
    expect([await sent, await waiting]).toEqual(['NODE_STOPPED', 'NODE_STOPPED']);
    expect(peer.requestsInFlight).toBe(1);
  });

  test('when too many wait', async () => {
    const { peer } = await withRaw({ limits: { maxRequestsInFlight: 1, maxRequestsWaiting: 1 } });
    await until(() => peer.requestsInFlight === 0);
    const first = codeOf(peer.request(getHeaders));
    const second = codeOf(peer.request(getHeaders));
    expect(await codeOf(peer.request(getHeaders))).toBe('NODE_PEER_LIMIT');
    peer.close('enough');
    expect([await first, await second]).toEqual(['NODE_PEER_CLOSED', 'NODE_PEER_CLOSED']);
    expect(await codeOf(peer.request(getHeaders))).toBe('NODE_PEER_CLOSED');
    expect(await codeOf(peer.send(bundle(1)))).toBe('NODE_PEER_CLOSED');
  });

  test('are sent as soon as one in flight is answered', async () => {
    const { peer, raw } = await withRaw({ limits: { maxRequestsInFlight: 1 } });
    await until(() => peer.requestsInFlight === 0);
    const answers = [peer.request(getHeaders), peer.request(getHeaders)];
    await raw.next('get-headers');
    await pause(20);
    expect(raw.received).toEqual([]);
    raw.send(bundle(1));
    await raw.next('get-headers');
    raw.send(bundle(2));
    expect((await Promise.all(answers)).map((answer) => answer.tipHeight)).toEqual([1, 2]);
  });

  test('close the peer in the end if it never answers', async () => {
    const { network, peer } = await withRaw({ timeouts: { abandonedRequestMs: 50 } });
    const gone = nextGone(network);
    expect(await codeOf(peer.request(getHeaders, { timeoutMs: 10 }))).toBe('NODE_PEER_TIMEOUT');
    expect((await gone).code).toBe('NODE_PEER_TIMEOUT');
  });
});

const versionAgain = {
  type: 'version',
  version: 2,
  services: 1n,
  timestampSeconds: 0n,
  userAgent: '',
  latestBlockHeight: 0,
  minFeeRateNanosPerKb: 0n,
} as const;

function rawFrame(frame: { readonly type: number; readonly payload: Uint8Array }): Uint8Array {
  return encodeFrame(frame, { network: testNetwork });
}

describe('a broadcast', () => {
  const inv = (count: number) => {
    const items = Array.from({ length: count }, () => ({ kind: 'block', hash }) as const);
    return { type: 'inv', items, isSyncResponse: false } as const;
  };

  test('reaches every peer but the one that is left out', async () => {
    const network = await openNetwork();
    const raws = [];
    for (let i = 0; i < 3; i++) raws.push(await RawPeer.join(portOf(network)));
    const go = await RawPeer.join(portOf(network), { version: { services: 1n }, layout: 'go' });
    await until(() => network.peers.size === 4);
    const [except] = network.peers.values();
    network.broadcast(inv(1), { except });
    network.broadcast(inv(2));
    const counts = [];
    for (const raw of [...raws, go]) counts.push((await raw.next('inv')).items.length);
    expect(counts).toEqual([2, 1, 1, 1]);
  });

  test('passes by a peer that has much to take in already, and fails for nobody', async () => {
    const network = await openNetwork();
    const slow = await RawPeer.join(portOf(network));
    await until(() => network.peers.size === 1);
    const [peer] = network.peers.values();
    const sent = peer?.send(inv(50_000));
    for (let i = 0; i < 40; i++) network.broadcast(inv(2));
    await sent;
    network.broadcast(inv(3));
    const counts = [];
    for (let i = 0; i < 2; i++) counts.push((await slow.next('inv')).items.length);
    expect(counts).toEqual([50_000, 3]);
    expect(peer?.isClosed).toBe(false);
  });
});
