import { fromHex, toHex } from '@hs/bytes';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ExecutionView } from '../src/chain/chain.js';
import { createBlockView } from '../src/state/block-view.js';
import { makeChain, type TestChain } from './support/test-network.js';
import { openParts } from './support/test-store.js';

let chain: TestChain;

beforeAll(async () => {
  chain = await makeChain({ followPairs: 2 });
});

const key = (suffix: string): Uint8Array => fromHex(`4d${suffix}`);
const one = Uint8Array.of(1);
const two = Uint8Array.of(2);

/** A view of a state that has 4d10, 4d20 and 4d30 under a prefix that is otherwise empty. */
async function openView() {
  const { store } = await openParts(chain);
  const changes = ['10', '20', '30'].map((suffix) => ({ key: key(suffix), value: one }));
  await store.commitBlock(await store.prepareBlock(1, changes));
  return createBlockView(store);
}

async function keysOf(view: ExecutionView, from = '00', to = 'ff'): Promise<string[]> {
  return (await view.keys(key(from), key(to))).map((found) => toHex(found).slice(2));
}

describe('the view that a block is executed on', () => {
  test('reads the state below its own writes, and reports one change a key', async () => {
    const view = await openView();
    expect(await view.get(key('10'))).toEqual(one);
    expect(await view.get(key('40'))).toBeUndefined();
    view.set(key('10'), two);
    view.set(key('40'), one);
    view.delete(key('20'));
    view.set(key('40'), two);
    expect(await view.get(key('10'))).toEqual(two);
    expect(await view.get(key('20'))).toBeUndefined();
    expect(await view.get(key('40'))).toEqual(two);
    const changes = view.changes().map((change) => [toHex(change.key), change.value]);
    expect(changes).toEqual([
      ['4d10', two],
      ['4d40', two],
      ['4d20', undefined],
    ]);
  });

  test('lists keys of the interval in order, with its writes applied, its end excluded', async () => {
    const view = await openView();
    expect(await keysOf(view)).toEqual(['10', '20', '30']);
    view.set(key('25'), one);
    view.delete(key('10'));
    view.set(key('30'), two);
    expect(await keysOf(view)).toEqual(['20', '25', '30']);
    expect(await keysOf(view, '20', '30')).toEqual(['20', '25']);
    expect(await keysOf(view, '21', '25')).toEqual([]);
  });

  test('a fork sees what is below, keeps its writes to itself until merged, and can be forgotten', async () => {
    const view = await openView();
    view.set(key('11'), one);
    const forgotten = view.fork();
    forgotten.delete(key('11'));
    forgotten.set(key('12'), one);
    expect(await keysOf(forgotten)).toEqual(['10', '12', '20', '30']);
    expect(await keysOf(view)).toEqual(['10', '11', '20', '30']);

    const kept = view.fork();
    kept.delete(key('20'));
    const inner = kept.fork();
    inner.set(key('20'), two);
    inner.delete(key('30'));
    inner.merge();
    expect(await kept.get(key('20'))).toEqual(two);
    expect(await view.get(key('20'))).toEqual(one);
    kept.merge();
    expect(await view.get(key('20'))).toEqual(two);
    expect(await view.get(key('30'))).toBeUndefined();
    expect(await keysOf(view)).toEqual(['10', '11', '20']);
  });
});
