import { createBlockCodec } from '@hs/wire';
import { askForBlocks, type BlockRequestOptions } from './block-sync.js';

/** What connecting some blocks would download. */
export interface BlockEstimate {
  /** Height of the first block that is not here. */
  readonly from: number;
  /** Blocks that are not here. */
  readonly blocks: number;
  /** Encoded bytes of all of them, estimated; undefined if nothing is known of their size. */
  readonly bytes: number | undefined;
  /** Blocks that were looked at for it. */
  readonly sampled: number;
  /** False if no peer has the first of them. */
  readonly isServed: boolean;
}

/** At least so many blocks are looked at, and at most; in between, one of `blocksPerSample`. */
const minSamples = 4;
const maxSamples = 16;
const blocksPerSample = 64;

/**
 * Estimates what the blocks of the heights `from` to `to` would download, from 4 to 16 of them: the first, the last, and
 * others at even distances between, asked of peers and checked like any block, so that no peer can make up their sizes.
 * Their mean size is taken for all. Costs those blocks. If no peer has the first one, the mean of the last blocks that are
 * stored here is taken.
 */
export async function estimateBlocks<Header>(
  span: { readonly from: number; readonly to: number },
  options: BlockRequestOptions<Header>,
  signal: AbortSignal,
): Promise<BlockEstimate> {
  const { chain, chainStore, peers } = options;
  let { from } = span;
  while (from <= span.to && (await chainStore.blockAt(from)) !== undefined) from++;
  const blocks = span.to - from + 1;
  if (blocks <= 0) return { from, blocks: 0, bytes: 0, sampled: 0, isServed: true };

  const codec = createBlockCodec(chain.headerCodec);
  const failed = new Set<string>();
  const sources = () => peers().filter(({ id }) => !failed.has(id));
  const sizes: number[] = [];
  for (let wanted = sampleHeights(from, blocks); wanted.length > 0; ) {
    // A bundle may end early, because it is full or because the peer has no more of them.
    const got = await askForBlocks(sources, wanted, { ...options, failed, signal });
    if (got.length === 0) break;
    for (const block of got) sizes.push(codec.encode(block).length);
    wanted = wanted.slice(got.length);
  }
  const isServed = sizes.length > 0;
  for (let height = span.from - 1; !isServed && height > 0 && sizes.length < maxSamples; height--) {
    const stored = await chainStore.blockAt(height);
    if (stored === undefined) break;
    sizes.push(stored.length);
  }
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const bytes = sizes.length === 0 ? undefined : Math.round(mean * blocks);
  return { from, blocks, bytes, sampled: sizes.length, isServed };
}

function sampleHeights(from: number, blocks: number): readonly number[] {
  const count = Math.min(blocks, maxSamples, Math.max(minSamples, Math.ceil(blocks / blocksPerSample)));
  return Array.from({ length: count }, (_, i) => from + Math.floor((i * (blocks - 1)) / Math.max(1, count - 1)));
}
