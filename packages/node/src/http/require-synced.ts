import { HttpError, type HttpErrorCode } from './http-error.js';
import type { HttpNode } from './http-node.js';
import { flagParameter, optionalIntegerParameter, type Parameter } from './parameter.js';

/** What {@link requireSynced} can give. */
export const syncedErrors: readonly HttpErrorCode[] = ['HTTP_NOT_SYNCED', 'HTTP_STALE'];

export const allowStaleParameter: Parameter<boolean> = flagParameter({
  name: 'allowStale',
  place: 'query',
  description: 'Also answer when the tip is so old that the chain may have moved on elsewhere.',
});

export const heightParameter: Parameter<number | undefined> = optionalIntegerParameter(
  {
    name: 'height',
    place: 'query',
    description:
      'The tip if it is left out, or the height of a snapshot that is kept; what a list of several pages is read at.',
  },
  { minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
);

/**
 * Lets nothing about the state out of a node that is not at the tip of its chain.
 *
 * @throws HttpError HTTP_NOT_SYNCED HTTP_STALE
 */
export function requireSynced<Header>(
  node: Pick<HttpNode<Header>, 'phase' | 'status'>,
  options: { readonly isStaleAllowed: boolean },
): void {
  const { phase } = node;
  if (phase === 'synced' || (phase === 'stale' && options.isStaleAllowed)) return;
  const { text } = node.status().sync;
  throw new HttpError(phase === 'stale' ? 'HTTP_STALE' : 'HTTP_NOT_SYNCED', `the node is not synced: ${text}`, {
    details: { phase },
    headers: { 'retry-after': '5' },
  });
}
