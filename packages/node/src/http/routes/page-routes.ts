import { readFile } from 'node:fs/promises';
import type { Logger } from '../../logger.js';
import { NodeError } from '../../node-error.js';
import { EventStreams } from '../../page/event-streams.js';
import { PageFeed } from '../../page/page-feed.js';
import { pageFolder } from '../../page-folder.js';
import { HttpError } from '../http-error.js';
import type { HttpNode } from '../http-node.js';
import { countSchema, hexSchema, objectSchema, textSchema } from '../json-schema.js';
import { integerParameter } from '../parameter.js';
import type { Route } from '../route.js';

const eventsType = 'text/event-stream';

/** How often watchers are told what is new. */
const stepMs = 500;

/** Nothing from elsewhere, nothing inline. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const files = [
  {
    path: '/',
    file: 'index.html',
    mediaType: 'text/html; charset=utf-8',
    operationId: 'getPage',
    summary: 'The page.',
  },
  {
    path: '/page.js',
    file: 'page.js',
    mediaType: 'text/javascript; charset=utf-8',
    operationId: 'getPageScript',
    summary: 'Its script.',
  },
  {
    path: '/page.css',
    file: 'page.css',
    mediaType: 'text/css; charset=utf-8',
    operationId: 'getPageStyle',
    summary: 'Its style.',
  },
  { path: '/icon.svg', file: 'icon.svg', mediaType: 'image/svg+xml', operationId: 'getPageIcon', summary: 'Its icon.' },
] as const;

const cellParameter = integerParameter(
  { name: 'cell', place: 'path', description: 'Number of the cell, from 0.' },
  { minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
);

/**
 * The page, and what it is fed with.
 *
 * @throws NODE_CONFIGURATION if the package was not built
 */
export async function openPageRoutes<Header>(
  node: HttpNode<Header>,
  options: { readonly maxStreams: number; readonly logger: Logger },
): Promise<{ readonly routes: readonly Route[]; readonly streams: EventStreams<Header> }> {
  const { maxStreams, logger } = options;
  const onFailed = (error: unknown) => logger.error({ err: error }, 'the page cannot be told what the node does');
  const streams = new EventStreams(new PageFeed(node), { maxStreams, intervalMs: stepMs, onFailed });
  const routes = await Promise.all(files.map(openFileRoute));
  return { routes: [...routes, mapRoute(node), eventRoute(streams)], streams };
}

async function openFileRoute({ path, file, mediaType, operationId, summary }: (typeof files)[number]): Promise<Route> {
  const body = await readFile(new URL(file, pageFolder)).catch((cause: unknown) => {
    throw new NodeError('NODE_CONFIGURATION', `the page is not there: ${new URL(file, pageFolder).pathname}`, {
      cause,
    });
  });
  const headers = { 'content-security-policy': pagePolicy };
  return {
    method: 'GET',
    path,
    operationId,
    tag: 'page',
    summary,
    replies: { 200: { description: 'The file.', mediaType: mediaType.split(';')[0] ?? mediaType } },
    handle: () => ({ mediaType, body, headers }),
  };
}

function mapRoute<Header>(node: Pick<HttpNode<Header>, 'activity'>): Route {
  return {
    method: 'GET',
    path: '/map/{cell}',
    operationId: 'getCell',
    tag: 'page',
    summary: 'One cell of the map of the state: which ranges it stands for, where they are, and who delivered them.',
    parameters: [cellParameter],
    replies: {
      200: {
        description: 'The cell. `start` and `depth` say which bits the keys of its first range begin with.',
        schema: objectSchema({
          height: countSchema,
          cell: countSchema,
          firstRange: countSchema,
          ranges: countSchema,
          start: hexSchema(),
          depth: countSchema,
          records: countSchema,
          bytes: countSchema,
          stage: { enum: ['missing', 'refuted', 'asked', 'received', 'proved', 'committed'] },
          'peer?': textSchema,
        }),
      },
    },
    errors: ['HTTP_CELL_NOT_FOUND'],
    handle: ({ get }) => {
      const { map } = node.activity;
      const cell = map?.describe(get(cellParameter));
      if (map === undefined || cell === undefined) {
        throw new HttpError('HTTP_CELL_NOT_FOUND', 'the map has no such cell', { details: { cells: map?.cells ?? 0 } });
      }
      return { json: { height: map.height, ...cell } };
    },
  };
}

function eventRoute<Header>(streams: EventStreams<Header>): Route {
  return {
    method: 'GET',
    path: '/events',
    operationId: 'watch',
    tag: 'page',
    summary: 'What the page shows, as server-sent events.',
    description:
      '`whole` has everything, `change` what is new since the event before. With `Last-Event-ID` it goes on there if the changes since are still kept, else it begins with `whole`. A watcher that reads slowly misses changes and gets `whole` again.',
    replies: { 200: { description: 'A stream without an end.', mediaType: eventsType } },
    errors: ['HTTP_TOO_MANY_STREAMS'],
    handle: ({ message }) => {
      streams.requireRoom();
      const id = message.headers['last-event-id'];
      if (message.method === 'HEAD') return { mediaType: eventsType, body: '' };
      return { stream: (response) => streams.add(response, Array.isArray(id) ? id[0] : id) };
    },
  };
}
