import type { Message } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import type { NetworkOptions } from '../src/network/network-options.js';
import type { Peer } from '../src/network/peer.js';
import {
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
  version,
} from './network-harness.js';

const getHeaders = { type: 'get-headers', stopHash: new Uint8Array(32), locator: [] } as const;
const noHeaders = { type: 'header-bundle', headers: [], tipHash: hash, tipHeight: 1 } as const;

function getChunk(height: number) {
  const range = { startKey: new Uint8Array([5]), endKey: new Uint8Array(0) };
  return { type: 'get-snapshot', requestId: height, height, maxBytes: 1000, ...range } as const;
}

/** One record whose value has this many bytes. */
function chunk(requestId: number, height: number, valueBytes: number): Message<TestHeader> {
  const records = { bytes: new Uint8Array(1 + valueBytes), offsets: new Uint32Array([0, 1, 1, 1 + valueBytes]) };
  return { type: 'snapshot-data', requestId, height, isAvailable: true, nextKey: new Uint8Array(0), records };
}

function inv(count: number) {
  const items = Array.from({ length: count }, () => ({ kind: 'transaction', hash }) as const);
  return { type: 'inv', items, isSyncResponse: false } as const;
}

async function withRaw(options: Partial<NetworkOptions<TestHeader>>) {
  const network = await openNetwork(options);
  const joined = nextPeer(network);
  // Listened for from the start: with short timeouts the peer can be gone before the caller asks.
  const gone = nextGone(network);
  const raw = await RawPeer.join(portOf(network));
  const peer = await joined;
  await until(() => peer.requestsInFlight === 0);
  return { network, raw, peer, gone };
}

describe('two nodes that ask each other', () => {
  test('for much more than any queue or socket holds both get everything, in bounded memory', async () => {
    const valueBytes = 2 * 1024 * 1024;
    const count = 48;
    const limits = { maxInboundQueueMessages: 2, maxRequestsInFlight: 6, maxWriteQueueBytes: 8 * 1024 * 1024 };
    const open = async () => {
      const network = await openNetwork({ limits });
      network.on('message', async (peer, message) => {
        if (message.type === 'get-snapshot' && 'height' in message) {
          await peer.send(chunk(message.requestId, message.height, valueBytes));
        }
      });
      return network;
    };
    const { there, back } = await link(await open(), await open());
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const sampling = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 5);
    const askAll = async (peer: Peer<TestHeader>) => {
      const answers = Array.from({ length: count }, async (_, index) => {
        const { height, records } = await peer.request(getChunk(index));
        return [height, records.offsets.at(-1)] as const;
      });
      return (await Promise.all(answers)).map(([height]) => height);
    };
    const announce = async (peer: Peer<TestHeader>) => {
      for (let index = 0; index < 200; index++) await peer.send(inv(10));
    };
    const [fromThere, fromBack] = await Promise.all([askAll(there), askAll(back), announce(there), announce(back)]);
    clearInterval(sampling);
    const heights = Array.from({ length: count }, (_, index) => index);
    expect(fromThere).toEqual(heights);
    expect(fromBack).toEqual(heights);
    expect(there.bytesIn).toBeGreaterThan(count * valueBytes);
    // 192 MiB went over the wire. What may be held at once is 12 answers of 2 MiB, each once as message and once as frame.
    expect(most).toBeLessThan(120 * 1024 * 1024);
  });
});

describe('a peer that does not read', () => {
  test('is sent no more than the write queue holds, and dropped when it stalls', async () => {
    const limits = { maxWriteQueueBytes: 1024 * 1024 };
    const { network, raw, peer } = await withRaw({ limits, timeouts: { writeStallMs: 300 } });
    const gone = nextGone(network);
    raw.socket.pause();
    // More than the buffers of the system take, and then more than the queue holds beside it.
    const sizes = [24 * 1024 * 1024];
    const sends = Array.from({ length: 64 }, (_, index) =>
      codeOf(peer.send(chunk(index, 1, sizes[index] ?? 512 * 1024))),
    );
    const codes = await Promise.all(sends);
    expect((await gone).code).toBe('NODE_PEER_TIMEOUT');
    expect(new Set(codes)).toEqual(new Set(['NODE_PEER_LIMIT', 'NODE_PEER_CLOSED']));
    expect(codes.filter((code) => code === 'NODE_PEER_CLOSED')).toHaveLength(1);
  });

  test('holds up its own requests only', async () => {
    const { network, raw } = await withRaw({ timeouts: { writeStallMs: 60_000 } });
    network.on('message', async (peer, message) => {
      if (message.type === 'get-headers') await peer.send(noHeaders);
      if (message.type === 'get-snapshot' && 'height' in message) {
        await peer.send(chunk(message.requestId, 1, 8 * 1024 * 1024));
      }
    });
    raw.socket.pause();
    for (let id = 0; id < 4; id++) raw.send(getChunk(id));
    const { there } = await link(await openNetwork(), network);
    for (let round = 0; round < 5; round++) expect((await there.request(getHeaders)).tipHeight).toBe(1);
  });
});

describe('a connection that is only half there', () => {
  test('is closed when nothing comes', async () => {
    const { network, raw } = await withRaw({ timeouts: { idleMs: 100, pingEveryMs: 30 } });
    raw.answersPings = false;
    expect((await nextGone(network)).code).toBe('NODE_PEER_TIMEOUT');
    await raw.closed();
  });

  test('is closed when pings get no answer, whatever else comes', async () => {
    const { raw, gone } = await withRaw({ timeouts: { idleMs: 600, pingEveryMs: 100 } });
    raw.answersPings = false;
    const talking = setInterval(() => raw.send(inv(1)), 10);
    expect((await gone).code).toBe('NODE_PEER_TIMEOUT');
    clearInterval(talking);
  });

  test('lives on as long as pings are answered', async () => {
    const { network, peer } = await withRaw({ timeouts: { idleMs: 1000, pingEveryMs: 100 } });
    await pause(2500);
    expect(network.peers.get(peer.id)).toBe(peer);
    expect(peer.roundTripMs).toBeGreaterThanOrEqual(0);
  });
});

describe('a peer that asks too much', () => {
  const allowances = { requestsPerSecond: 20, requestBurst: 5 };

  test('is slowed to its allowance, and an honest peer beside it is served', async () => {
    const { network, raw, peer: flooder } = await withRaw({ allowances });
    let handled = 0;
    network.on('message', async (peer, message) => {
      if (message.type !== 'get-headers') return;
      if (peer === flooder) handled++;
      await peer.send(noHeaders);
    });
    const startedAtMs = performance.now();
    const flood = Buffer.concat(Array.from({ length: 2000 }, () => raw.encode(getHeaders)));
    raw.write(flood);
    const { there } = await link(await openNetwork(), network);
    const answers = await Promise.all(Array.from({ length: 10 }, () => there.request(getHeaders)));
    expect(answers).toHaveLength(10);
    const most = allowances.requestBurst + ((performance.now() - startedAtMs) / 1000) * allowances.requestsPerSecond;
    expect(handled).toBeLessThanOrEqual(most + 2);
    expect(handled).toBeGreaterThan(0);
  });

  test('cannot use up what all share: peers take turns', async () => {
    const total = { totalRequestsPerSecond: 40, totalRequestBurst: 1 };
    const { network, raw } = await withRaw({ allowances: total });
    network.on('message', async (peer, message) => {
      if (message.type === 'get-headers') await peer.send(noHeaders);
    });
    raw.write(Buffer.concat(Array.from({ length: 1000 }, () => raw.encode(getHeaders))));
    const { there } = await link(await openNetwork(), network);
    await Promise.all(Array.from({ length: 6 }, () => there.request(getHeaders)));
    expect(raw.received.length).toBeLessThan(30);
  });

  test('waits until the bytes that it drew are paid off', async () => {
    const served = { servedBytesPerSecond: 1024 * 1024, servedByteBurst: 1024 };
    const { network, raw } = await withRaw({ allowances: served });
    network.on('message', async (peer, message) => {
      if (message.type === 'get-snapshot' && 'height' in message) {
        await peer.send(chunk(message.requestId, 1, 128 * 1024));
      }
    });
    const startedAtMs = performance.now();
    for (let id = 0; id < 5; id++) raw.send(getChunk(id));
    for (let id = 0; id < 5; id++) await raw.next('snapshot-data');
    // Four answers of an eighth of a second each had to be paid off before the fifth.
    expect(performance.now() - startedAtMs).toBeGreaterThan(400);
  });

  test('is dropped when the flood goes on while it owes answers', async () => {
    const limits = { maxInboundQueueMessages: 16 };
    const { network, raw, peer } = await withRaw({ allowances, limits });
    const gone = nextGone(network);
    const owed = codeOf(peer.request(getHeaders));
    raw.write(Buffer.concat(Array.from({ length: 500 }, () => raw.encode(getHeaders))));
    expect((await gone).code).toBe('NODE_PEER_LIMIT');
    expect(await owed).toBe('NODE_PEER_CLOSED');
  });

  test('is dropped when its message queue overflows only if it asks; announcements are thrown away', async () => {
    const limits = { maxInboundQueueMessages: 16 };
    const { network, raw, peer } = await withRaw({ limits });
    let release: () => void = () => undefined;
    network.on('message', (_peer, message) =>
      message.type === 'inv'
        ? new Promise<void>((resolve) => {
            release = resolve;
          })
        : undefined,
    );
    const owed = peer.request(getHeaders);
    raw.write(Buffer.concat(Array.from({ length: 100 }, () => raw.encode(inv(1)))));
    await until(() => peer.discardedMessages > 0);
    raw.send(noHeaders);
    expect((await owed).tipHeight).toBe(1);
    expect(peer.discardedMessages).toBe(100 - 1 - 4 * 16);
    expect(peer.isClosed).toBe(false);
    release();
  });
});

describe('a peer that sends too much', () => {
  test('is read no faster than its allowance', async () => {
    const allowances = { receivedBytesPerSecond: 256 * 1024, receivedByteBurst: 64 * 1024 };
    const { raw, peer } = await withRaw({ allowances });
    const startedAtMs = performance.now();
    const message = raw.encode(inv(500));
    for (let index = 0; index < 200; index++) raw.write(message);
    await pause(600);
    const elapsedMs = performance.now() - startedAtMs;
    const oneRead = 64 * 1024;
    const most = allowances.receivedByteBurst + (elapsedMs / 1000) * allowances.receivedBytesPerSecond + 2 * oneRead;
    expect(peer.bytesIn).toBeLessThan(most);
    expect(peer.isClosed).toBe(false);
  });

  test('is not read while its messages wait to be handled', async () => {
    const limits = { maxInboundQueueMessages: 4 };
    const { network, raw, peer } = await withRaw({ limits });
    let handled = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    network.on('message', async () => {
      await held;
      handled++;
    });
    const message = raw.encode(inv(1500));
    for (let index = 0; index < 200; index++) raw.write(message);
    await pause(100);
    // 200 messages are 10 MB; a full queue and one read's worth of frames are in.
    expect(peer.bytesIn).toBeLessThan(1024 * 1024);
    release();
    await until(() => handled === 200);
    expect(peer.discardedMessages).toBe(0);
  });
});

describe('bytes that mean nothing', () => {
  test('end their connection and nothing else', async () => {
    const network = await openNetwork({ scores: { banScore: Number.POSITIVE_INFINITY } });
    network.on('message', async (peer, message) => {
      if (message.type === 'get-headers') await peer.send(noHeaders);
    });
    const { there } = await link(await openNetwork(), network);
    let seed = 12345;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed;
    };
    for (let round = 0; round < 20; round++) {
      const joined = nextPeer(network);
      const raw = round % 2 === 0 ? await RawPeer.connect(portOf(network)) : await RawPeer.join(portOf(network));
      if (round % 2 === 1) await joined;
      const ended = round % 2 === 0 ? nextWarning(network) : nextGone(network);
      // Most often the right network and a known message, so that the noise gets in deeper.
      const noise = Uint8Array.from({ length: 4096 }, () => random() >> 8);
      noise.set([2, round % 3 === 0 ? 6 : (noise[1] ?? 0)]);
      raw.write(noise);
      raw.socket.end();
      expect(['NODE_PEER_MISBEHAVED', 'NODE_PEER_CLOSED', 'NODE_HANDSHAKE']).toContain((await ended).code);
    }
    expect((await there.request(getHeaders)).tipHeight).toBe(1);
  });

  test('a claimed size is refused from the head of the frame, after the handshake too', async () => {
    const { network, raw } = await withRaw({});
    const gone = nextGone(network);
    raw.write(new Uint8Array([2, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x80, 0x80, 0x04]));
    expect((await gone).details['rule']).toBe('WIRE_PAYLOAD_TOO_LARGE');
  });

  test('a message may be bounded more tightly by name', async () => {
    const { network, raw } = await withRaw({ limits: { maxPayloadBytes: { inv: 100 } } });
    const gone = nextGone(network);
    raw.send(inv(3));
    expect((await gone).details['rule']).toBe('WIRE_PAYLOAD_TOO_LARGE');
  });

  test('the many versions of one remote do no harm', async () => {
    const network = await openNetwork();
    const warned = nextWarning(network);
    const raw = await RawPeer.connect(portOf(network));
    raw.write(Buffer.concat(Array.from({ length: 100 }, () => raw.encode(version()))));
    expect((await warned).details['rule']).toBe('second-version');
  });
});
