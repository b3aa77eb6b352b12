import { connect, createServer, type Socket } from 'node:net';

/** Passes connections on to another address of this machine, and can cut them all. */
export class CuttableRelay {
  readonly address: string;
  /** What came in, as text. */
  readonly received: readonly string[];
  readonly #sockets: ReadonlySet<Socket>;
  readonly #stop: () => void;

  private constructor(
    address: string,
    parts: { readonly received: readonly string[]; readonly sockets: ReadonlySet<Socket>; readonly stop: () => void },
  ) {
    this.address = address;
    this.received = parts.received;
    this.#sockets = parts.sockets;
    this.#stop = parts.stop;
  }

  static open(target: string): Promise<CuttableRelay> {
    const { hostname, port } = new URL(`http://${target}`);
    const sockets = new Set<Socket>();
    const received: string[] = [];
    const server = createServer((near) => {
      const far = connect({ host: hostname, port: Number(port) });
      near.on('data', (data) => received.push(String(data)));
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.pipe(to);
        from.on('error', () => undefined);
        from.once('close', () => {
          sockets.delete(from);
          to.destroy();
        });
      }
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const bound = server.address();
        if (bound === null || typeof bound === 'string') throw new Error('no port');
        resolve(new CuttableRelay(`127.0.0.1:${bound.port}`, { received, sockets, stop: () => server.close() }));
      });
    });
  }

  /** Ends all connections; new ones are taken again. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#stop();
    this.cut();
  }
}
