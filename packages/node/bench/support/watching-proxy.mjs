import { connect, createServer } from 'node:net';
import { createMessageCodec, encodeFrame, FrameDecoder } from '@hs/wire';

/**
 * Stands between a newcomer and a provider, notes what the newcomer asks for and the manifests that it gets, and if told so is slow, or changes a byte of a
 * record in some answers.
 */
export async function openWatchingProxy(
  chain,
  target,
  { bytesPerSecond = Number.POSITIVE_INFINITY, isLying = () => false } = {},
) {
  const codec = createMessageCodec({ header: chain.headerCodec, layout: 'extended' });
  const { network } = chain;
  const [host, port] = target.split(':');
  const proxy = { address: '', asked: [], pages: new Map(), lies: 0, chunks: 0, close };
  const sockets = new Set();
  let freeAtMs = 0;

  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    const pairs = [
      [near, far],
      [far, near],
    ];
    for (const [socket, other] of pairs) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    const questions = new FrameDecoder({ network, maxPayloadBytes: codec.maxPayloadBytes });
    near.on('data', (data) => {
      for (const frame of questions.push(data)) note(codec.decode(frame));
      far.write(data);
    });
    const answers = new FrameDecoder({ network, maxPayloadBytes: codec.maxPayloadBytes });
    far.on('data', (data) => {
      const bytes = answers.push(data).map((frame) => encodeFrame(meddle(frame), { network }));
      const size = bytes.reduce((sum, { length }) => sum + length, 0);
      const nowMs = performance.now();
      freeAtMs = Math.max(freeAtMs, nowMs) + (1000 * size) / bytesPerSecond;
      const write = () => {
        for (const each of bytes) if (!near.destroyed) near.write(each);
        far.resume();
      };
      if (freeAtMs - nowMs < 1) return write();
      far.pause();
      setTimeout(write, freeAtMs - nowMs);
    });
  });

  function note(message) {
    if (message.type !== 'get-snapshot') return;
    const { height, startKey, endKey } = message;
    proxy.asked.push({
      atMs: performance.now(),
      height,
      startKey: Buffer.from(startKey).toString('hex'),
      endKey: Buffer.from(endKey).toString('hex'),
    });
  }

  function meddle(frame) {
    const message = codec.decode(frame);
    if (message.type === 'page' && message.page.length > 0) {
      const pages = proxy.pages.get(message.height) ?? [];
      proxy.pages.set(message.height, pages);
      pages[message.index] = message.page;
    }
    if (message.type !== 'snapshot-data' || message.records.offsets.length === 0) return frame;
    proxy.chunks++;
    if (!isLying()) return frame;
    proxy.lies++;
    const bytes = Uint8Array.from(message.records.bytes);
    const last = message.records.offsets[message.records.offsets.length - 1];
    bytes[last - 1] ^= 1;
    return codec.encode({ ...message, records: { bytes, offsets: message.records.offsets } });
  }

  async function close() {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.address = `127.0.0.1:${server.address().port}`;
  return proxy;
}
