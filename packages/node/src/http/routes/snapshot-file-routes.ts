import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { exportSnapshot } from '@hs/ancestral-records';
import { type Logger, silentLogger } from '../../logger.js';
import { HttpError } from '../http-error.js';
import type { HttpNode } from '../http-node.js';
import { integerParameter, type Parameter } from '../parameter.js';
import { allowStaleParameter, requireSynced, syncedErrors } from '../require-synced.js';
import type { Route } from '../route.js';

const bytesType = 'application/octet-stream';

/** While ranges are read by somebody, their snapshot is kept from being retired, so long ahead and in all. */
const holdMs = 60_000;
const maxHoldMs = 2 * 60 * 60_000;
/** Who takes nothing for so long is hung up on. */
const idleTimeoutMs = 60_000;

const snapshotHeight: Parameter<number> = integerParameter(
  { name: 'height', place: 'path', description: 'The height of a snapshot that is kept.' },
  { minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
);

/** Whole snapshots as files, one at a time, since each is all of the state. */
export function snapshotFileRoutes<Header>(
  node: Pick<HttpNode<Header>, 'store' | 'phase' | 'status'>,
  { logger = silentLogger }: { readonly logger?: Logger | undefined } = {},
): readonly Route[] {
  const { store } = node;
  let isBusy = false;

  async function* fileOf(height: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const startedMs = performance.now();
    const hold = (): void => {
      if (performance.now() - startedMs < maxHoldMs) store.hold(height, holdMs);
    };
    hold();
    yield* exportSnapshot(store, { height, onProgress: hold, signal });
  }

  return [
    {
      method: 'GET',
      path: '/v1/snapshots/{height}/file',
      operationId: 'getSnapshotFile',
      tag: 'state',
      summary: 'A snapshot as a file, while blocks go on.',
      description:
        'Each range is proved before it is sent. One file is sent at a time. An answer that ends before the file does (its manifest says how long it is) means that the node could not go on: its log says why.',
      parameters: [snapshotHeight, allowStaleParameter],
      replies: { 200: { description: 'The snapshot file.', mediaType: bytesType } },
      errors: [...syncedErrors, 'HTTP_BUSY', 'HTTP_HEIGHT_UNAVAILABLE'],
      handle: ({ get, signal }) => {
        requireSynced(node, { isStaleAllowed: get(allowStaleParameter) });
        const height = get(snapshotHeight);
        const snapshots = store.snapshots().map((snapshot) => snapshot.height);
        if (!snapshots.includes(height)) {
          throw new HttpError('HTTP_HEIGHT_UNAVAILABLE', `snapshot ${height} is not kept here`, {
            details: { height, tip: store.height ?? null, snapshots },
          });
        }
        if (isBusy) {
          throw new HttpError('HTTP_BUSY', 'a snapshot file is being sent; try again when that is done', {
            headers: { 'retry-after': '10' },
          });
        }
        isBusy = true;
        return {
          stream: (response) => {
            response.writeHead(200, {
              'content-type': bytesType,
              'content-disposition': `attachment; filename="${height}.snapshot"`,
            });
            response.setTimeout(idleTimeoutMs, () => response.destroy());
            // One chunk ahead at most: a slow reader must not make this node hold the state in memory.
            const body = Readable.from(fileOf(height, signal), { highWaterMark: 1 });
            pipeline(body, response)
              .catch((error: unknown) => logger.warn({ height, err: error }, 'a snapshot file was not sent to its end'))
              .finally(() => {
                isBusy = false;
              });
          },
        };
      },
    },
  ];
}
