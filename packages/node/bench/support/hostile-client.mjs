/**
 * Clients that mean harm, each on addresses of its own in `127.0.0.0/8`, which Linux takes for this machine. Used by the
 * tests of a node and by `bench/hostile.mjs`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createMessageCodec, desoHeaderCodec, encodeFrame, FrameDecoder, serviceBits } from '@hs/wire';

const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'extended' });
const noBytes = new Uint8Array(0);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

class Attacker {
  /** Connections made, and those that the node has closed. */
  made = 0;
  closed = 0;
  bytesRead = 0;
  #target;
  #second;
  #next = 0;
  #sockets = new Set();
  #isOver = false;

  /** `second` is the second number of its addresses. */
  constructor(target, second) {
    this.#target = target;
    this.#second = second;
  }

  get isOver() {
    return this.#isOver;
  }

  get open() {
    return this.#sockets.size;
  }

  /** A connection from the next of `hosts` addresses. */
  connect(onConnect, { hosts = 200 } = {}) {
    const { host, port } = this.#target;
    const at = this.#next++ % hosts;
    const socket = connect({ host, port, localAddress: `127.${this.#second}.${at}.1` });
    this.#sockets.add(socket);
    this.made++;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed++;
      this.#sockets.delete(socket);
    });
    socket.on('connect', () => onConnect(socket));
    return socket;
  }

  /** The same, after the handshake. */
  join(onJoined, options) {
    return this.connect((socket) => {
      const { network } = this.#target;
      const decoder = new FrameDecoder({ network, maxPayloadBytes: 100_000_000, sha256 });
      const nonce = randomBytes(8).readBigUInt64BE();
      const onData = (data) => {
        this.bytesRead += data.length;
        for (const frame of decoder.push(new Uint8Array(data))) {
          if (frame.type !== 1) continue;
          const { nonce: theirs } = codec.decode(frame);
          const timestampMicros = BigInt(Date.now()) * 1000n;
          const keys = { publicKey: noBytes, signature: noBytes };
          this.send(socket, {
            type: 'verack',
            version: 1,
            nonceReceived: theirs,
            nonceSent: nonce,
            timestampMicros,
            ...keys,
          });
          socket.off('data', onData);
          onJoined(socket);
          return;
        }
      };
      socket.on('data', onData);
      const services = serviceBits.hyperSyncExtended;
      const facts = { userAgent: 'hostile', latestBlockHeight: 0, minFeeRateNanosPerKb: 0n, timestampSeconds: 0n };
      this.send(socket, { type: 'version', version: 2, services, nonce, ...facts });
    }, options);
  }

  send(socket, message) {
    return socket.write(encodeFrame(codec.encode(message), { network: this.#target.network }));
  }

  /** Does something again and again. */
  repeat(everyMs, action) {
    const timer = setInterval(() => (this.#isOver ? clearInterval(timer) : action()), everyMs);
    action();
  }

  stop() {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

function askForSnapshot({ height, prefix }, requestId) {
  const range = { startKey: Uint8Array.of(prefix), endKey: noBytes, maxBytes: 16 * 1024 * 1024 };
  return { type: 'get-snapshot', requestId, height, ...range };
}

/**
 * The attacks by name. Each takes `target` (`host`, `port`, `network`, and `height` and `prefix` of a snapshot that is
 * served) and gives an attacker to stop.
 */
export const attacks = {
  /** As many connections as it gets, on which nothing or half a frame comes. */
  'half-open connections': (target) => {
    const attacker = new Attacker(target, 11);
    attacker.repeat(20, () => {
      for (let i = 0; i < 5 && attacker.open < 400; i++) {
        attacker.connect((socket) => i % 2 === 0 && socket.write(Uint8Array.of(target.network, 1)));
      }
    });
    return attacker;
  },

  /** Asks for much and reads nothing. */
  'slow readers': (target) => {
    const attacker = new Attacker(target, 12);
    attacker.repeat(50, () => {
      if (attacker.open >= 100) return;
      attacker.join((socket) => {
        socket.pause();
        for (let id = 1; id <= 200; id++) attacker.send(socket, askForSnapshot(target, id));
      });
    });
    return attacker;
  },

  /** Heads of frames of a gigabyte, of known and unknown types, before and after the handshake. */
  'oversized frames': (target) => {
    const attacker = new Attacker(target, 13);
    const heads = [1, 17, 18, 99].map((type) => {
      const { network } = target;
      return Uint8Array.of(network, type, 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0x80, 0x80, 0x80, 0x04);
    });
    attacker.repeat(10, () => {
      if (attacker.open >= 100) return;
      const head = heads[attacker.made % heads.length];
      if (attacker.made % 2 === 0) attacker.connect((socket) => socket.write(head));
      else attacker.join((socket) => socket.write(head));
    });
    return attacker;
  },

  /** Bytes that mean nothing. */
  garbage: (target) => {
    const attacker = new Attacker(target, 14);
    attacker.repeat(10, () => {
      if (attacker.open >= 100) return;
      const bytes = randomBytes(64 * 1024);
      bytes[0] = attacker.made % 2 === 0 ? target.network : (bytes[0] ?? 0);
      if (attacker.made % 3 === 0) attacker.join((socket) => socket.write(bytes));
      else attacker.connect((socket) => socket.write(bytes));
    });
    return attacker;
  },

  /** Work asked for by strangers. */
  'requests before the handshake': (target) => {
    const attacker = new Attacker(target, 15);
    attacker.repeat(5, () => {
      if (attacker.open >= 100) return;
      attacker.connect((socket) => {
        for (let id = 1; id <= 20 && !socket.destroyed; id++) attacker.send(socket, askForSnapshot(target, id));
      });
    });
    return attacker;
  },

  /** Many peers that keep as many requests under way as is allowed, and read the answers at once. */
  'GetSnapshot without end': (target) => {
    const attacker = new Attacker(target, 17);
    attacker.repeat(50, () => {
      if (attacker.open >= 24) return;
      attacker.join((socket) => {
        const decoder = new FrameDecoder({ network: target.network, maxPayloadBytes: 100_000_000, sha256 });
        let id = 0;
        const ask = () => attacker.send(socket, askForSnapshot(target, ++id));
        socket.on('data', (data) => {
          attacker.bytesRead += data.length;
          for (const { type } of decoder.push(new Uint8Array(data))) if (type === 18) ask();
        });
        for (let i = 0; i < 16; i++) ask();
      });
    });
    return attacker;
  },

  /** Correct requests, as many as the connection takes, whose answers are read at once. */
  'a flood of GetSnapshot': (target) => {
    const attacker = new Attacker(target, 16);
    const flood = () => {
      attacker.join(
        (socket) => {
          let id = 0;
          socket.on('data', (data) => {
            attacker.bytesRead += data.length;
          });
          const write = () => {
            while (!attacker.isOver && !socket.destroyed && attacker.send(socket, askForSnapshot(target, ++id)));
          };
          socket.on('drain', write);
          write();
        },
        { hosts: 8 },
      );
    };
    attacker.repeat(50, () => {
      if (attacker.open < 24) flood();
    });
    return attacker;
  },
};
