import { connect, createServer, type Socket } from 'node:net';
import { cleanUp } from './cleanups.js';

/** A way to another address, closed after the test. */
export interface Relay {
  readonly address: string;
  /** While true, nothing passes and nothing ends: what is sent is lost, and connections are accepted and stay mute. */
  isSilent: boolean;
  /** Connections so far. */
  connections: number;
}

/** Passes bytes on, unread, as long as it is not silent. */
export async function openRelay(target: string): Promise<Relay> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    relay.connections++;
    const far = connect({ host, port: Number(port) });
    const pass = (from: Socket, to: Socket) => {
      sockets.add(from);
      // What is lost once is lost for good: a stream with a hole in it would look like garbage.
      let isCut = relay.isSilent;
      from.on('data', (data) => {
        isCut ||= relay.isSilent;
        if (!isCut) to.write(data);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!relay.isSilent) to.destroy();
      });
    };
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanUp(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  const relay: Relay = { address: `127.0.0.1:${bound.port}`, isSilent: false, connections: 0 };
  return relay;
}
