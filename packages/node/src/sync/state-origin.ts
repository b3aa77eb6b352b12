import type { RecordChange, StateStore } from '@hs/ancestral-records';
import type { ClaimBasis } from '@hs/sync-progress';
import { nodePrefixes } from '../chain/chain-store.js';
import { hasFields, isCount, isText, readKeptJson } from '../state/kept-json.js';

/** Where a state came from that nothing but a checksum speaks for. Kept with the state, from the batch that made it the tip. */
export interface StateOrigin {
  readonly basis: ClaimBasis;
  readonly height: number;
  /** Checksum of the whole state, in hex. */
  readonly checksum: string;
  /** Configured peers that said so. */
  readonly voters: readonly string[];
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/**
 * What speaks for the state of a node. `headers`: the roots in its chain's headers; `execution`: every block since genesis was executed
 * here; `unauthenticated`: nothing but a checksum, or nothing yet; `none`: there is no state.
 */
export interface Authentication {
  readonly kind: 'headers' | 'execution' | 'unauthenticated' | 'none';
  /** One sentence. */
  readonly text: string;
  readonly origin: StateOrigin | undefined;
}

/** What is kept: that the state was executed from genesis on, or whose word was taken for it. */
export type KeptOrigin = StateOrigin | 'execution';

const key: Uint8Array = Uint8Array.of(nodePrefixes.origin);

/** The write that keeps an origin; it belongs into the batch that makes the state the tip. */
export function originWrite(origin: KeptOrigin): RecordChange {
  return { key, value: new TextEncoder().encode(JSON.stringify(origin)) };
}

const bases: readonly unknown[] = ['pinned', 'agreed', 'unpinned'] satisfies ClaimBasis[];
const kept = {
  what: 'the origin of the state',
  isIntact: (value: unknown): value is KeptOrigin =>
    value === 'execution' ||
    hasFields(value, {
      basis: (field) => bases.includes(field),
      height: isCount,
      checksum: isText,
      voters: (field) => Array.isArray(field) && field.every(isText),
      atMs: isCount,
    }),
};

/**
 * The origin of the state in a store; undefined if something else than a sync brought it there.
 *
 * @throws NODE_DATABASE if it is damaged
 */
export async function readOrigin(store: StateStore): Promise<KeptOrigin | undefined> {
  const value = await store.get(key);
  return value === undefined ? undefined : readKeptJson(value, kept);
}

/** Deletes what is known of where a state came from, because it will not be that state any more. */
export async function forgetOrigin(store: StateStore): Promise<void> {
  await store.write([{ key, value: undefined }]);
}

/**
 * Deletes the state of a store, and before it what is known of where it came from: whatever comes after, and whenever this is interrupted,
 * nothing speaks for a state that it is not about.
 */
export async function resetState(store: StateStore): Promise<void> {
  await forgetOrigin(store);
  await store.reset();
}

/** What speaks for the state of a store. */
export function authenticationOf(
  store: StateStore,
  { hasRootsInHeaders, origin }: { readonly hasRootsInHeaders: boolean; readonly origin: KeptOrigin | undefined },
): Authentication {
  if (store.phase === 'unproved') {
    const text = 'Records are being downloaded that nothing has proved yet.';
    return { kind: 'unauthenticated', text, origin: undefined };
  }
  if (store.phase !== 'ready') return { kind: 'none', text: 'There is no complete state.', origin: undefined };
  if (hasRootsInHeaders) {
    return { kind: 'headers', text: 'The roots in the headers prove the state.', origin: undefined };
  }
  if (origin === 'execution') {
    return { kind: 'execution', text: 'Every block since genesis was executed here.', origin: undefined };
  }
  if (origin === undefined) {
    const text = 'The headers of this chain carry no roots, and nothing is known of where the state came from.';
    return { kind: 'unauthenticated', text, origin };
  }
  const because: Readonly<Record<ClaimBasis, string>> = {
    pinned: 'which the operator pinned',
    agreed: `on which ${origin.voters.length} configured peers agreed (${origin.voters.join(', ')})`,
    unpinned: 'which is the word of peers alone',
  };
  const text =
    `The headers of this chain carry no roots. All that is known is that the state at ${origin.height} ` +
    `came to checksum ${origin.checksum}, ${because[origin.basis]}; later blocks were executed here.`;
  return { kind: 'unauthenticated', text, origin };
}
