import { serviceBits } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import {
  addressOf,
  codeOf,
  link,
  listenRaw,
  nextPeer,
  nextWarning,
  openNetwork,
  portOf,
  RawPeer,
  until,
  verack,
  version,
} from './network-harness.js';

describe('a handshake that succeeds', () => {
  test('gives both sides the facts of the other', async () => {
    const a = await openNetwork({ userAgent: 'alpha', height: () => 12 });
    const b = await openNetwork({ userAgent: 'beta\u001b[31m', height: () => 34 });
    const { there, back } = await link(a, b);
    expect(there.id).toBe(addressOf(b));
    expect(there.direction).toBe('outbound');
    expect(there.remote).toMatchObject({ userAgent: 'beta?[31m', height: 34 });
    expect(back.id).toMatch(/^127\.0\.0\.1:\d+#in$/);
    expect(back.direction).toBe('inbound');
    expect(back.remote).toMatchObject({ userAgent: 'alpha', height: 12 });
    expect([there.layout, back.layout]).toEqual(['extended', 'extended']);
    expect([...a.peers.keys()]).toEqual([there.id]);
  });

  test('ends in the layout of the Go node unless both sides announced the other', async () => {
    const a = await openNetwork({ services: serviceBits.fullNode });
    const { there, back } = await link(a, await openNetwork());
    expect([there.layout, back.layout]).toEqual(['go', 'go']);
  });

  test('has the acceptor silent until the dialler speaks, and answer with version and verack at once', async () => {
    const network = await openNetwork();
    const raw = await RawPeer.connect(portOf(network));
    raw.send(version({ nonce: 99n }));
    const theirs = await raw.next('version');
    const answer = await raw.next('verack');
    expect(answer).toMatchObject({ version: 1, nonceReceived: 99n, nonceSent: theirs.nonce });
    expect(network.peers.size).toBe(0);
    const joined = nextPeer(network);
    raw.send(verack({ nonceReceived: theirs.nonce, nonceSent: 99n }));
    expect((await joined).remote.userAgent).toBe('raw');
  });

  test('takes requests that come in one piece with the verack', async () => {
    const network = await openNetwork();
    const asked: string[] = [];
    network.on('message', (_peer, message) => {
      asked.push(message.type);
    });
    const raw = await RawPeer.connect(portOf(network));
    raw.send(version());
    const theirs = await raw.next('version');
    const locator = Array.from({ length: 900 }, () => new Uint8Array(32));
    const pieces = [
      raw.encode(verack({ nonceReceived: theirs.nonce })),
      raw.encode({ type: 'get-headers', stopHash: new Uint8Array(32), locator }),
      raw.encode({ type: 'get-page-list', requestId: 1, height: 1 }),
    ];
    raw.write(Buffer.concat(pieces));
    await until(() => asked.length === 2);
    expect(asked).toEqual(['get-headers', 'get-page-list']);
  });
});

describe('the acceptor refuses', () => {
  async function refusal(act: (raw: RawPeer) => Promise<void> | void, timeouts = {}) {
    const network = await openNetwork({ timeouts });
    const warned = nextWarning(network);
    const raw = await RawPeer.connect(portOf(network));
    await act(raw);
    await raw.closed();
    const { code, details } = await warned;
    expect(network.peers.size).toBe(0);
    return `${code} ${String(details['rule'] ?? '')}`.trim();
  }

  test('a protocol version below and above its own', async () => {
    expect(await refusal((raw) => raw.send(version({ version: 1 })))).toBe('NODE_HANDSHAKE protocol-version');
    expect(await refusal((raw) => raw.send(version({ version: 3 })))).toBe('NODE_HANDSHAKE protocol-version');
  });

  test('a verack before the version', async () => {
    expect(await refusal((raw) => raw.send(verack({})))).toBe('NODE_HANDSHAKE verack-before-version');
  });

  test('a second version', async () => {
    const act = (raw: RawPeer) => {
      raw.send(version());
      raw.send(version({ nonce: 12n }));
    };
    expect(await refusal(act)).toBe('NODE_HANDSHAKE second-version');
  });

  test('a verack that does not repeat the nonces', async () => {
    const withVerack = (nonceSent: bigint, plus: bigint) => async (raw: RawPeer) => {
      raw.send(version());
      const { nonce } = await raw.next('version');
      raw.send(verack({ nonceReceived: nonce + plus, nonceSent }));
    };
    expect(await refusal(withVerack(11n, 1n))).toBe('NODE_HANDSHAKE wrong-nonce');
    expect(await refusal(withVerack(12n, 0n))).toBe('NODE_HANDSHAKE wrong-nonce');
  });

  test('a verack of protocol version 1 and one that is too old', async () => {
    const v0 = async (raw: RawPeer) => {
      raw.send(version());
      raw.send({ type: 'verack', version: 0, nonceReceived: (await raw.next('version')).nonce });
    };
    expect(await refusal(v0)).toBe('NODE_HANDSHAKE verack-version');
    const old = async (raw: RawPeer) => {
      raw.send(version());
      const { nonce } = await raw.next('version');
      raw.send(verack({ nonceReceived: nonce, timestampMicros: BigInt(Date.now() - 16 * 60_000) * 1000n }));
    };
    expect(await refusal(old)).toBe('NODE_HANDSHAKE verack-age');
  });

  test('a version that is late', async () => {
    expect(await refusal(() => undefined, { versionMs: 60 })).toBe('NODE_PEER_TIMEOUT');
  });

  test('a verack that is late', async () => {
    const act = async (raw: RawPeer) => {
      raw.send(version());
      await raw.next('verack');
    };
    expect(await refusal(act, { verackMs: 60 })).toBe('NODE_PEER_TIMEOUT');
  });

  test('a request before the handshake, and in the middle of it', async () => {
    const request = { type: 'get-headers', stopHash: new Uint8Array(32), locator: [] } as const;
    expect(await refusal((raw) => raw.send(request))).toBe('NODE_PEER_MISBEHAVED WIRE_PAYLOAD_TOO_LARGE');
    expect(await refusal((raw) => raw.send({ type: 'get-addr' }))).toBe('NODE_HANDSHAKE message-before-handshake');
    const inTheMiddle = async (raw: RawPeer) => {
      raw.send(version());
      await raw.next('verack');
      raw.send(request);
    };
    expect(await refusal(inTheMiddle)).toBe('NODE_PEER_MISBEHAVED WIRE_PAYLOAD_TOO_LARGE');
  });

  test('an oversized frame before the handshake, from its head alone', async () => {
    // Network 2, type 1, checksum, length 1,048,576; not one byte of payload follows.
    const head = new Uint8Array([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x80, 0x40]);
    expect(await refusal((raw) => raw.write(head))).toBe('NODE_PEER_MISBEHAVED WIRE_PAYLOAD_TOO_LARGE');
  });

  test('another network, an unknown message, a wrong checksum, and bytes that mean nothing', async () => {
    const prefix = 'NODE_PEER_MISBEHAVED';
    expect(await refusal((raw) => raw.write(new Uint8Array([1])))).toBe(`${prefix} WIRE_WRONG_NETWORK`);
    const wrongSum = (raw: RawPeer) => {
      const bytes = Uint8Array.from(raw.encode(version()));
      bytes[4] = (bytes[4] ?? 0) ^ 1;
      raw.write(bytes);
    };
    expect(await refusal(wrongSum)).toBe(`${prefix} WIRE_CHECKSUM_MISMATCH`);
    expect(await refusal((raw) => raw.write(new Uint8Array([2, 23, 0])))).toMatch(/^NODE_PEER_MISBEHAVED WIRE_/);
  });

  test('more connections than it has room for, in total and from one host', async () => {
    for (const limits of [{ maxInbound: 2 }, { maxInboundPerHost: 2 }]) {
      const network = await openNetwork({ limits });
      const first = await RawPeer.join(portOf(network));
      await RawPeer.connect(portOf(network));
      const third = await RawPeer.connect(portOf(network));
      await third.closed();
      first.socket.destroy();
      // The room of a connection that is gone is free again.
      let again = await RawPeer.connect(portOf(network));
      for (;;) {
        again.send(version());
        if ((await codeOf(again.next('verack'))) === 'no error') break;
        again = await RawPeer.connect(portOf(network));
      }
      await network.close();
    }
  });
});

describe('the dialler refuses', () => {
  async function dialError(onPeer: (raw: RawPeer) => Promise<void> | void, timeouts = {}) {
    const network = await openNetwork({ timeouts });
    const port = await listenRaw((raw) => void Promise.resolve(onPeer(raw)).catch(() => undefined));
    const error = await network.connect(`127.0.0.1:${port}`).catch((reason) => reason);
    return `${error.code} ${error.details.rule ?? ''}`.trim();
  }

  test('a verack before the version, and a wrong version', async () => {
    expect(await dialError((raw) => raw.send(verack({})))).toBe('NODE_HANDSHAKE verack-before-version');
    expect(await dialError((raw) => raw.send(version({ version: 1 })))).toBe('NODE_HANDSHAKE protocol-version');
  });

  test('a wrong nonce', async () => {
    const act = async (raw: RawPeer) => {
      const { nonce } = await raw.next('version');
      raw.send(version());
      raw.send(verack({ nonceReceived: nonce ^ 1n }));
    };
    expect(await dialError(act)).toBe('NODE_HANDSHAKE wrong-nonce');
  });

  test('a remote that accepts and says nothing, or hangs up', async () => {
    expect(await dialError(() => undefined, { versionMs: 60 })).toBe('NODE_PEER_TIMEOUT');
    expect(await dialError((raw) => void raw.socket.destroy())).toBe('NODE_PEER_CLOSED');
  });

  test('itself, and does not dial itself again', async () => {
    const network = await openNetwork({ redial: { minDelayMs: 1, maxDelayMs: 2 } });
    const error = await network.connect(addressOf(network), { isPersistent: true }).catch((reason) => reason);
    expect(error.code).toBe('NODE_HANDSHAKE');
    expect(error.details.rule).toBe('self-connection');
    let dials = 0;
    network.on('warning', () => dials++);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(dials).toBe(0);
    expect(network.peers.size).toBe(0);
  });

  test('a closed port and an address that is none', async () => {
    const gone = await openNetwork();
    const address = addressOf(gone);
    await gone.close();
    const network = await openNetwork();
    expect(await codeOf(network.connect(address))).toBe('NODE_PEER_CLOSED');
    expect(await codeOf(network.connect('nowhere'))).toBe('NODE_CONFIGURATION');
    expect(await codeOf(network.connect('host:99999'))).toBe('NODE_CONFIGURATION');
  });

  test('more addresses than it may dial', async () => {
    const network = await openNetwork({ limits: { maxOutbound: 1 } });
    const other = await openNetwork();
    await network.connect(addressOf(other));
    expect(await codeOf(network.connect(addressOf(await openNetwork())))).toBe('NODE_PEER_LIMIT');
    expect((await network.connect(addressOf(other))).id).toBe(addressOf(other));
  });
});
