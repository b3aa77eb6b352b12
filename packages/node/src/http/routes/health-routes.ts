import type { HttpNode } from '../http-node.js';
import { objectSchema, textSchema } from '../json-schema.js';
import type { Reply, ReplyDescription, Route } from '../route.js';

const report = objectSchema({ phase: textSchema, text: textSchema });
const good = (description: string): ReplyDescription => ({ description, schema: report });

/** Liveness and readiness, as orchestrators ask for them. */
export function healthRoutes<Header>(node: Pick<HttpNode<Header>, 'phase' | 'status'>): readonly Route[] {
  const reply = (isGood: boolean): Reply => {
    const { phase, text } = node.status().sync;
    return { status: isGood ? 200 : 503, json: { phase, text } };
  };
  return [
    {
      method: 'GET',
      path: '/healthz',
      operationId: 'isAlive',
      tag: 'node',
      summary: 'Whether the process works: restart it if it does not.',
      description:
        'A node that is syncing, waits for peers or is stale is alive. It is not when it has failed and cannot go on.',
      replies: { 200: good('It works.'), 503: good('It has failed; `text` says why.') },
      isCounted: false,
      handle: () => reply(node.phase !== 'failed'),
    },
    {
      method: 'GET',
      path: '/readyz',
      operationId: 'isReady',
      tag: 'node',
      summary: 'Whether the node is at the tip of the chain: send it requests only then.',
      description: 'Only in phase `synced`: not while it syncs, and not when its tip is too old (`stale`).',
      replies: { 200: good('It is synced.'), 503: good('It is not; `text` says what it does or waits for.') },
      isCounted: false,
      handle: () => reply(node.phase === 'synced'),
    },
  ];
}
