import { toHex } from '@hs/bytes';
import type { ChainParameters, HeaderReader, SnapshotChoice } from '../chain/chain.js';
import type { ExampleHeader } from './header.js';

/**
 * The newest snapshot whose root-carrying header has headers of more than half of the producers at or above it.
 *
 * Walks down from the tip until so many producers have been met; what is carried there or below is theirs to vouch for.
 */
export async function chooseVouchedSnapshot(
  headers: HeaderReader<ExampleHeader>,
  options: { readonly parameters: ChainParameters; readonly producers: number },
): Promise<SnapshotChoice | undefined> {
  const { snapshotPeriod, snapshotLag } = options.parameters;
  const wanted = Math.floor(options.producers / 2) + 1;
  const met = new Set<string>();
  let height = headers.tipHeight;
  for (; height > 0; height--) {
    met.add(toHex((await headers.headerAt(height)).producerPublicKey));
    if (met.size >= wanted) break;
  }
  if (met.size < wanted || height < snapshotLag) return undefined;
  const snapshot = Math.floor((height - snapshotLag) / snapshotPeriod) * snapshotPeriod;
  const { snapshotRoot } = await headers.headerAt(snapshot + snapshotLag);
  if (snapshotRoot === undefined) return undefined;
  const { stateRoot } = await headers.headerAt(snapshot);
  return stateRoot === undefined ? undefined : { height: snapshot, snapshotRoot, stateRoot };
}
