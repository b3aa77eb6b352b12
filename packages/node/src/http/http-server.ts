import { type Logger, silentLogger } from '../logger.js';
import { createNodeMetrics } from '../metrics/node-metrics.js';
import type { HostAndPort } from '../network/transport.js';
import { packageVersion } from '../package-version.js';
import { defaultHttpLimits, type HttpLimits, type HttpServer, openHttpListener } from './http-listener.js';
import type { HttpNode } from './http-node.js';
import { anyObjectSchema } from './json-schema.js';
import { describeRoutes } from './openapi.js';
import type { Route } from './route.js';
import { blockRoutes } from './routes/block-routes.js';
import { healthRoutes } from './routes/health-routes.js';
import { metricsRoute } from './routes/metrics-route.js';
import { openPageRoutes } from './routes/page-routes.js';
import { snapshotFileRoutes } from './routes/snapshot-file-routes.js';
import { stateRoutes } from './routes/state-routes.js';
import { statusRoutes } from './routes/status-routes.js';
import { transactionRoutes } from './routes/transaction-routes.js';

export interface HttpServerOptions {
  readonly listen: HostAndPort;
  /** Routes of the chain, beside those that every node has. */
  readonly routes?: readonly Route[];
  /** Names, beside those of this machine, under which browsers and programs may ask. */
  readonly allowedHosts?: readonly string[];
  readonly limits?: Partial<HttpLimits>;
  readonly logger?: Logger;
}

/**
 * Serves a node over plain HTTP, without authentication: listen on loopback unless something in front of it keeps strangers
 * out. `/openapi.json` describes all paths.
 *
 * @throws NODE_CONFIGURATION if the address cannot be bound
 */
export async function openHttpServer<Header>(node: HttpNode<Header>, options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...defaultHttpLimits, ...options.limits };
  const { listen, allowedHosts, logger = silentLogger } = options;
  const page = await openPageRoutes(node, { maxStreams: limits.maxStreams, logger });
  const metrics = createNodeMetrics(node, { streams: () => page.streams.size });
  const routes: Route[] = [
    ...healthRoutes(node),
    ...statusRoutes(node),
    metricsRoute(metrics),
    ...stateRoutes(node),
    ...snapshotFileRoutes(node, { logger }),
    ...blockRoutes(node),
    ...transactionRoutes(node),
    ...(options.routes ?? []),
    ...page.routes,
  ];
  routes.push(descriptionRoute(routes, node.chain.name));
  const { requestAnswered: onAnswered } = metrics;
  let server: HttpServer;
  try {
    server = await openHttpListener({ listen, routes, limits, allowedHosts, logger, onAnswered });
  } catch (error) {
    metrics.close();
    throw error;
  }
  const close = async () => {
    await server.close();
    metrics.close();
  };
  return { address: server.address, close, [Symbol.asyncDispose]: close };
}

function descriptionRoute(routes: readonly Route[], chainName: string): Route {
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getDescription',
    tag: 'node',
    summary: 'This description.',
    replies: { 200: { description: 'An OpenAPI 3.1 description.', schema: anyObjectSchema } },
    handle: () => ({ json: description }),
  };
  const description = describeRoutes([...routes, route], {
    title: `Node of ${chainName}`,
    version: packageVersion(),
    description:
      'Plain HTTP, no authentication, no CORS. Errors have one shape: `{ "error": { "code", "message", "details" } }`; codes are stable. Bytes are hex, amounts decimal digits, times milliseconds since 1970.',
  });
  return route;
}
