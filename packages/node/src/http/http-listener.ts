import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Logger, silentLogger } from '../logger.js';
import type { HostAndPort } from '../network/transport.js';
import { NodeError } from '../node-error.js';
import { AddressAllowance } from './address-allowance.js';
import { createHostCheck } from './host-check.js';
import { HttpError } from './http-error.js';
import { readBody } from './read-body.js';
import type { Route } from './route.js';
import { Router } from './router.js';
import { sendError, sendReply } from './send-reply.js';

/** Bounds of the HTTP server. */
export interface HttpLimits {
  /** Whoever comes when so many are connected is hung up on. Default 128. */
  readonly maxConnections: number;
  /** Requests of one address, on average; health and metrics are not counted. Default 100. */
  readonly requestsPerSecond: number;
  /** Requests of one address at once. Default 200. */
  readonly requestBurst: number;
  /** Who may watch the events at a time. Default 16. */
  readonly maxStreams: number;
  /** Time for a request to arrive. Default 10 s. */
  readonly requestTimeoutMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  maxConnections: 128,
  requestsPerSecond: 100,
  requestBurst: 200,
  maxStreams: 16,
  requestTimeoutMs: 10_000,
};

/** Addresses whose requests are counted at a time. */
const maxAddresses = 1024;

/** One answered request, for metrics. `path` is that of the route, so that there are few of them. */
export interface AnsweredRequest {
  readonly path: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

/** A running HTTP server. */
export interface HttpServer extends AsyncDisposable {
  /** Where it listens, with the port that was really bound. */
  readonly address: HostAndPort;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}

interface ListenerOptions {
  readonly listen: HostAndPort;
  readonly routes: readonly Route[];
  readonly limits: HttpLimits;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly onAnswered?: (request: AnsweredRequest) => void;
  readonly logger?: Logger | undefined;
}

/**
 * Serves routes over plain HTTP. For each request, in this order: is the Host one of ours, is there such a path, are its
 * parameters right, does it come from a page of ours, is the address within its rate, is the body right; then the route.
 *
 * @throws NODE_CONFIGURATION if the address cannot be bound
 */
export async function openHttpListener(options: ListenerOptions): Promise<HttpServer> {
  const { listen, limits } = options;
  const handle = createHandler(options);
  const { requestTimeoutMs } = limits;
  const timeouts = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs };
  const server = createServer(timeouts, (request, response) => void handle(request, response));
  server.maxConnections = limits.maxConnections;
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

function createHandler(
  options: ListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { listen, routes, limits, allowedHosts = [], onAnswered, logger = silentLogger } = options;
  const router = new Router(routes);
  const isOurHost = createHostCheck({ host: listen.host, allowedHosts });
  const { requestsPerSecond: perSecond, requestBurst: burst } = limits;
  const allowance = new AddressAllowance({ perSecond, burst, maxAddresses });
  return async (request, response) => {
    const started = performance.now();
    const { method = 'GET', url = '/', headers } = request;
    const abort = new AbortController();
    let path = 'none';
    response.once('close', () => {
      abort.abort();
      onAnswered?.({ path, method, status: response.statusCode, seconds: (performance.now() - started) / 1000 });
    });
    try {
      if (!isOurHost(headers.host)) {
        throw new HttpError('HTTP_HOST_REFUSED', 'this server does not answer for that host');
      }
      const { route, get } = router.match(method, url);
      path = route.path;
      if (route.method !== 'GET' && isForeign(request)) {
        throw new HttpError('HTTP_ORIGIN_REFUSED', 'pages of other sites may not send this');
      }
      if (route.isCounted !== false) takeOne(allowance, request.socket.remoteAddress ?? '');
      const noBody = { body: new Uint8Array(0), mediaType: '' };
      const { body, mediaType } = route.body === undefined ? noBody : await readBody(request, route.body);
      sendReply(response, await route.handle({ get, body, mediaType, message: request, signal: abort.signal }));
    } catch (error) {
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      if (error instanceof HttpError) return sendError(response, error);
      if (abort.signal.aborted) return;
      logger.error({ err: error, path, method }, 'an HTTP request failed');
      sendError(response, new HttpError('HTTP_INTERNAL', 'the node could not answer; its log says why'));
    }
  };
}

/** True if a browser says that a page of another site sent it. */
function isForeign({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  try {
    return new URL(origin).host !== headers.host;
  } catch {
    return true;
  }
}

function takeOne(allowance: AddressAllowance, address: string): void {
  const waitMs = allowance.take(address, performance.now());
  if (waitMs === 0) return;
  throw new HttpError('HTTP_RATE_LIMITED', `too many requests; come again in ${waitMs} ms`, {
    details: { waitMs },
    headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
  });
}

function listenOn(server: Server, { host, port }: HostAndPort): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', (cause) => {
      reject(new NodeError('NODE_CONFIGURATION', `cannot listen for HTTP on ${host}:${port}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}
