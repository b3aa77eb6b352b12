import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { NodeStatus } from '../full-node.js';
import type { HostAndPort } from '../network/transport.js';
import { NodeError } from '../node-error.js';

/** What the server needs of a node. */
export interface StatusSource {
  status(): NodeStatus;
}

/** A running HTTP server. */
export interface HttpStatusServer extends AsyncDisposable {
  /** Where it listens, with the port that was really bound. */
  readonly address: HostAndPort;
  close(): Promise<void>;
}

/** Whoever comes when so many are connected is hung up on: status is for a few. */
const maxConnections = 64;

/** Phases in which a node answers with what is the state of the chain now. */
const healthyPhases: ReadonlySet<string> = new Set(['synced']);

/**
 * Serves `GET /status` (JSON, {@link NodeStatus}) and `GET /healthz` (200 when synced, else 503, with the phase).
 *
 * Read-only and without authentication: listen on loopback unless something in front of it keeps strangers out.
 *
 * @throws NODE_CONFIGURATION if the address cannot be bound
 */
export async function openHttpStatus(node: StatusSource, listen: HostAndPort): Promise<HttpStatusServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    try {
      answer(node, request, response);
    } catch (error) {
      sendJson(response, 500, { error: error instanceof Error ? error.message : String(error) });
    }
  });
  server.maxConnections = maxConnections;
  await listenOn(server, listen);
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('unreachable: a TCP server has a numeric port');
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closing;
  };
  return { address: { host: bound.address, port: bound.port }, close, [Symbol.asyncDispose]: close };
}

function answer(node: StatusSource, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    sendJson(response, 405, { error: 'only GET and HEAD are supported' });
  } else if (path === '/status') {
    sendJson(response, 200, node.status());
  } else if (path === '/healthz') {
    const { phase, text } = node.status().sync;
    sendJson(response, healthyPhases.has(phase) ? 200 : 503, { phase, text });
  } else {
    sendJson(response, 404, { error: 'not found', paths: ['/status', '/healthz'] });
  }
}

function listenOn(server: Server, { host, port }: HostAndPort): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', (cause) => {
      reject(new NodeError('NODE_CONFIGURATION', `cannot listen for HTTP on ${host}:${port}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    return ArrayBuffer.isView(value)
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
      : value;
  });
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
