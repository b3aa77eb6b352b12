import type { NodeMetrics } from '../../metrics/node-metrics.js';
import type { Route } from '../route.js';

/** The metrics, for Prometheus. */
export function metricsRoute(metrics: Pick<NodeMetrics, 'contentType' | 'text'>): Route {
  return {
    method: 'GET',
    path: '/metrics',
    operationId: 'getMetrics',
    tag: 'node',
    summary: 'Metrics in the text format of Prometheus.',
    replies: { 200: { description: 'The metrics.', mediaType: 'text/plain' } },
    isCounted: false,
    handle: async () => ({ mediaType: metrics.contentType, body: await metrics.text() }),
  };
}
