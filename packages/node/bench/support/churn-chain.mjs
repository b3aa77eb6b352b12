import { bulkRecords, createBenchChain, fill, keyBytes, randomFrom, valueBytes, writeKey } from './bench-chain.mjs';

/** What each block changes of the bulk of the records: a window of them, somewhere else in each block. */
const windowPart = 1 / 400;
const mostChanges = 300;

/** The chain of a spec of {@link bulkRecords}, in which every block also rewrites some of these records. */
export function createChurnChain(spec, records) {
  const chain = createBenchChain(spec, records);
  const churn = (height, view) => {
    const size = Math.max(1, Math.floor(records * windowPart));
    const first = (Math.imul(height, 2_654_435_761) >>> 0) % (records - size);
    const random = randomFrom(height);
    for (let i = 0; i < Math.min(size, mostChanges); i++) {
      const key = new Uint8Array(keyBytes);
      writeKey(key, 0, { index: first + i, count: records });
      const value = new Uint8Array(valueBytes);
      fill(value, 0, valueBytes, random);
      view.set(key, value);
    }
  };
  return {
    ...chain,
    genesisRecords: () => bulkRecords(records),
    executeBlock: async (block, view) => {
      await chain.executeBlock(block, view);
      churn(block.height, view);
    },
    assembleBlock: async (candidate, view) => {
      const applied = await chain.assembleBlock(candidate, view);
      churn(candidate.height, view);
      return applied;
    },
  };
}
