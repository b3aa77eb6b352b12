import { connect, createServer } from 'node:net';

/** A way to another address on which what comes back takes its time: so many bytes a second, all connections together. */
export async function openThrottle(target, bytesPerSecond) {
  const [host, port] = target.split(':');
  const sockets = new Set();
  let freeAtMs = 0;
  let passed = 0;
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far, { end: false });
    far.on('data', (data) => {
      const nowMs = performance.now();
      freeAtMs = Math.max(freeAtMs, nowMs) + (1000 * data.length) / bytesPerSecond;
      passed += data.length;
      far.pause();
      setTimeout(() => {
        if (near.destroyed) return;
        near.write(data);
        far.resume();
      }, freeAtMs - nowMs);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    /** Bytes that came back. */
    passed: () => passed,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
