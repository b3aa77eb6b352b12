import { createBlockCodec } from '@hs/wire';
import { BlockProcessor } from '../chain/block-processor.js';
import type { OfflineNode } from './offline-node.js';
import type { ProgressLine } from './progress-line.js';
import { countText } from './units.js';

/**
 * Connects the blocks that are stored beyond the state's height, as far as there are any without a gap; gives their number.
 *
 * @throws NODE_STATE_ROOT_MISMATCH, NODE_CHAIN_RULE if a stored block is damaged
 */
export async function replayBlocks(
  { chain, store, chainStore }: OfflineNode,
  options: { readonly signal: AbortSignal; readonly progress: ProgressLine },
): Promise<number> {
  const { signal, progress } = options;
  const codec = createBlockCodec(chain.headerCodec);
  const processor = new BlockProcessor({ store, chain, chainStore, onConnected: () => undefined });
  for (let connected = 0; ; connected++) {
    const height = (store.height ?? 0) + 1;
    const bytes = height > chainStore.tipHeight ? undefined : await chainStore.blockAt(height);
    if (bytes === undefined) return connected;
    await processor.connect(codec.decode(bytes), { signal });
    progress.show(() => `connecting block ${countText(height)} of ${countText(chainStore.tipHeight)}`);
  }
}
