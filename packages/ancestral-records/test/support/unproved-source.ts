import {
  type Manifest,
  type StateParameters,
  type StateStore,
  totalChecksum,
  type UnprovedChunk,
  type UnprovedPart,
  type UnprovedTarget,
} from '../../src/index.js';
import { fromHex, hex, type PlainState, pack, sorted, summarize } from './plain-state.js';
import { toyHasher } from './toy-hasher.js';

type Record = readonly [Uint8Array, Uint8Array];

/** A state whose records are given out in chunks, as a peer would. */
export class UnprovedSource {
  readonly height: number;
  readonly #records: readonly Record[];
  readonly #state: PlainState;

  constructor(state: PlainState, height: number) {
    this.#state = state;
    this.height = height;
    this.#records = sorted(state).map(([key, value]) => [fromHex(key), fromHex(value)] as const);
  }

  get parts(): UnprovedPart[] {
    return [...summarize(this.#state)].map(([prefix, { count, bytes, checksum }]) => {
      return { prefix, records: count, bytes, checksum: fromHex(checksum) };
    });
  }

  async target(options: { readonly hasParts?: boolean } = {}): Promise<UnprovedTarget> {
    const { height, parts } = this;
    const checksum = await totalChecksum(
      parts.map((part) => part.checksum),
      toyHasher,
    );
    return options.hasParts === false ? { height, checksum } : { height, checksum, parts };
  }

  /** The next records of a prefix, at most so many. */
  chunk(nextKey: Uint8Array, records: number): UnprovedChunk {
    const rest = this.#records.filter(([key]) => key[0] === nextKey[0] && Buffer.compare(key, nextKey) >= 0);
    const taken = rest.slice(0, records);
    const after = rest.length > taken.length ? Uint8Array.from([...(taken.at(-1)?.[0] ?? nextKey), 0]) : undefined;
    return { records: pack(taken), nextKey: after };
  }
}

/** Downloads what is left of a prefix; `most` bounds the chunks. */
export async function fill(
  store: StateStore,
  source: UnprovedSource,
  options: { readonly prefix: number; readonly records?: number; readonly most?: number },
): Promise<void> {
  const { prefix, records = 3, most = Number.POSITIVE_INFINITY } = options;
  for (let chunks = 0; chunks < most; chunks++) {
    const interval = store.unprovedDownload()?.intervals.find((candidate) => candidate.prefix === prefix);
    if (interval === undefined || interval.state !== 'dirty') return;
    await store.writeUnproved(prefix, source.chunk(interval.nextKey, records));
  }
}

export async function fillAll(store: StateStore, source: UnprovedSource, records = 3): Promise<void> {
  for (const prefix of store.parameters.statePrefixes) await fill(store, source, { prefix, records });
}

/** Ranges and pages of a manifest in a form to compare. */
export function manifestText(manifest: Manifest, { identity }: StateParameters): string {
  return `${manifest.pages.map(hex).join()} ${hex(manifest.root(identity))}`;
}
