import { describe, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { chooseVouchedSnapshot } from '../src/example-chain/snapshot-choice.js';
import { openTestChain, sealBlock } from './example-chain-setup.js';

async function chainOf(length: number): Promise<{
  readonly headers: readonly ExampleHeader[];
  readonly choose: (tip: number) => Promise<number | undefined>;
}> {
  const { chain } = await openTestChain();
  const headers: ExampleHeader[] = [chain.genesisHeader];
  for (let height = 1; height <= length; height++) headers.push(sealBlock(chain, headerOf(headers, height - 1)).header);
  return {
    headers,
    choose: async (tip) =>
      (
        await chain.chooseSnapshot({
          tipHeight: tip,
          headerAt: async (height) => headerOf(headers.slice(0, tip + 1), height),
        })
      )?.height,
  };
}

function headerOf(headers: readonly ExampleHeader[], height: number): ExampleHeader {
  const header = headers[height];
  if (header === undefined) throw new RangeError(`no header ${height}`);
  return header;
}

describe('choosing a snapshot', () => {
  test('takes the newest whose root two of three producers stand on', async () => {
    const { choose } = await chainOf(36);
    // Period 10, lag 2: the root of snapshot h is in header h+2 and needs one header above it.
    const choices = await Promise.all([0, 1, 2, 3, 4, 11, 12, 13, 22, 23, 32, 33, 36].map(choose));
    expect(choices).toEqual([undefined, undefined, undefined, 0, 0, 0, 0, 10, 10, 20, 20, 30, 30]);
  });

  test('gives the roots that the headers carry', async () => {
    const { chain } = await openTestChain();
    const { headers } = await chainOf(14);
    const choice = await chain.chooseSnapshot({ tipHeight: 14, headerAt: async (height) => headerOf(headers, height) });
    expect(choice).toEqual({
      height: 10,
      snapshotRoot: headerOf(headers, 12).snapshotRoot,
      stateRoot: headerOf(headers, 10).stateRoot,
    });
  });

  test('headers of the same producer count once', async () => {
    const { headers } = await chainOf(20);
    const { chain } = await openTestChain();
    const single = headerOf(headers, 1).producerPublicKey;
    const reader = {
      tipHeight: 20,
      headerAt: async (height: number) => ({ ...headerOf(headers, height), producerPublicKey: single }),
    };
    const { parameters } = chain;
    expect(await chooseVouchedSnapshot(reader, { parameters, producers: 3 })).toBeUndefined();
    expect(await chooseVouchedSnapshot(reader, { parameters, producers: 2 })).toBeUndefined();
    expect((await chooseVouchedSnapshot(reader, { parameters, producers: 1 }))?.height).toBe(10);
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
  ])('of %d producers %d must stand on a root', async (producers, wanted) => {
    const { headers } = await chainOf(30);
    const { chain } = await openTestChain();
    const choiceAt = async (tipHeight: number): Promise<number | undefined> => {
      const headerAt = async (height: number): Promise<ExampleHeader> => ({
        ...headerOf(headers, height),
        producerPublicKey: new Uint8Array(33).fill(height % producers),
      });
      return (await chooseVouchedSnapshot({ tipHeight, headerAt }, { parameters: chain.parameters, producers }))
        ?.height;
    };
    // Header 22 carries the root of snapshot 20; `wanted` headers from 22 on are enough, one less is not.
    expect(await choiceAt(22 + wanted - 1)).toBe(20);
    expect(await choiceAt(22 + wanted - 2)).toBe(10);
  });
});
