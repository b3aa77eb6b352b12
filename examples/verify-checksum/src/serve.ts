import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createWebServer } from './server/web-server.js';

const usage = `Usage: node dist/serve.js [--port PORT]

Serves the page to browsers on this computer until it is interrupted. PORT is 8484 if not given; 0 takes any free one.
`;

try {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8484' }, help: { type: 'boolean' } } });
  const port = Number(values.port);
  if (values.help === true) process.stdout.write(usage);
  else if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error(`--port ${values.port}: no port number`);
  else await serve(port);
} catch (error) {
  process.stderr.write(`serve: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

async function serve(port: number): Promise<void> {
  const server = await createWebServer(fileURLToPath(new URL('./web/', import.meta.url)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
  }
}
