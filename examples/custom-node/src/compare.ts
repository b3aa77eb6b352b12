import type { FullNode } from '@hs/node';
import { statePrefixes } from './chain/name-state.js';

type Records = AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]>;

/** All records of a snapshot that a running node keeps, in key order. */
async function* recordsOf<Header>({ store }: FullNode<Header>, height: number): Records {
  for (const prefix of Object.values(statePrefixes)) {
    let startKey: Uint8Array | undefined = Uint8Array.of(prefix);
    while (startKey !== undefined) {
      const chunk = await store.readChunk({ height, startKey, endKey: Uint8Array.of(prefix + 1) });
      const { bytes, offsets } = chunk.records;
      for (let i = 0; i < offsets.length; i += 4) {
        yield [bytes.subarray(offsets[i], offsets[i + 1]), bytes.subarray(offsets[i + 2], offsets[i + 3])];
      }
      startKey = chunk.nextKey;
    }
  }
}

/** Compares what two nodes have of one snapshot, record by record; gives how many records there are if all are equal. */
export async function compareSnapshot<Header>(
  left: FullNode<Header>,
  right: FullNode<Header>,
  height: number,
): Promise<number | undefined> {
  const others = recordsOf(right, height);
  let records = 0;
  for await (const [key, value] of recordsOf(left, height)) {
    const other = (await others.next()).value;
    if (other === undefined || Buffer.compare(key, other[0]) !== 0 || Buffer.compare(value, other[1]) !== 0) return;
    records++;
  }
  return (await others.next()).done === true ? records : undefined;
}
