import type { RecordChange, StateStore } from '@hs/ancestral-records';
import { describe, expect, test } from '@jest/globals';
import { BanList } from '../src/network/ban-list.js';
import type { BanRecord } from '../src/network/ban-record.js';
import { createBanStore } from '../src/state/ban-store.js';
import { type Equivocation, equivocationWrite, readEquivocations } from '../src/sync/equivocation.js';
import { originWrite, readOrigin, type StateOrigin } from '../src/sync/state-origin.js';

/** The values that a node keeps beside the state, without a database around them. */
function storeOf(...values: readonly (Uint8Array | string)[]): {
  readonly store: StateStore;
  readonly written: RecordChange[];
} {
  const kept = values.map((value) => (typeof value === 'string' ? new TextEncoder().encode(value) : value));
  const written: RecordChange[] = [];
  const store: Pick<StateStore, 'get' | 'others' | 'write'> = {
    get: async () => kept[0],
    others: async function* () {
      for (const [index, value] of kept.entries()) yield [Uint8Array.of(index), value];
    },
    write: async (changes) => void written.push(...changes),
  };
  return { store: store as StateStore, written };
}

const ban: BanRecord = {
  address: 'host:1',
  reason: 'sent a wrong range',
  evidence: { range: 3 },
  bannedAtMs: 1_000,
  expiresAtMs: 61_000,
};
const equivocation: Equivocation = {
  height: 300,
  ours: 'aa',
  ourHash: 'bb',
  ourStateRoot: null,
  theirs: 'cc',
  theirHash: 'dd',
  theirStateRoot: 'ee',
  producerKey: 'ff',
  peer: 'host:1',
  seenAtMs: 5,
  refusedHash: null,
};
const origin: StateOrigin = { basis: 'agreed', height: 300, checksum: 'aa', voters: ['host:1'], atMs: 5 };
const clock = { wallMs: () => 2_000, monotonicMs: () => 500 };
const notJson = ['', '{', '\u0000', '{"height":}', 'nul'];
const otherJson = ['null', '5', '[]', '{}', '"text"'];

/** Every way to lack one field, or to have something else there. */
function lacking(value: object): string[] {
  return Object.keys(value).flatMap((name) => [
    JSON.stringify({ ...value, [name]: undefined }),
    JSON.stringify({ ...value, [name]: -0.5 }).replace('-0.5', '{"toString":5}'),
  ]);
}

describe('what a node keeps beside the state comes back, or is named as damaged when it is opened', () => {
  const open = async (text: string): Promise<BanList> => {
    const storage = createBanStore(storeOf(text).store);
    return BanList.open({ clock, maxBans: 3, storage, onSaveFailed: () => undefined });
  };

  test('bans', async () => {
    const { store, written } = storeOf();
    await createBanStore(store).save([ban]);
    const [saved] = written;
    expect((await open(new TextDecoder().decode(saved?.value))).list()).toEqual([ban]);
    const withoutEvidence = lacking(ban).filter((text) => !text.includes('"evidence":{"toString"'));
    for (const text of [...notJson, ...otherJson, ...withoutEvidence]) {
      await expect(open(text)).rejects.toMatchObject({
        code: 'NODE_DATABASE',
        cause: { code: 'NODE_DATABASE', details: { what: 'a ban' } },
      });
    }
  });

  test('evidence of equivocations', async () => {
    const { value } = equivocationWrite(equivocation);
    expect(await readEquivocations(storeOf(value as Uint8Array).store)).toEqual([equivocation]);
    for (const text of [...notJson, ...otherJson, ...lacking(equivocation)]) {
      const stored = Uint8Array.of(1, ...new TextEncoder().encode(text));
      await expect(readEquivocations(storeOf(stored).store)).rejects.toMatchObject({
        code: 'NODE_DATABASE',
        message: expect.stringMatching(/restore the database from a copy, or sync again/),
      });
    }
    await expect(readEquivocations(storeOf(Uint8Array.of(2)).store)).rejects.toMatchObject({ code: 'NODE_DATABASE' });
  });

  test('the origin of the state', async () => {
    expect(await readOrigin(storeOf().store)).toBeUndefined();
    for (const kept of [origin, 'execution'] as const) {
      expect(await readOrigin(storeOf(originWrite(kept).value as Uint8Array).store)).toEqual(kept);
    }
    const otherBasis = JSON.stringify({ ...origin, basis: 'hope' });
    const otherVoters = JSON.stringify({ ...origin, voters: [5] });
    for (const text of [...notJson, ...otherJson, ...lacking(origin), otherBasis, otherVoters]) {
      await expect(readOrigin(storeOf(text).store)).rejects.toMatchObject({
        code: 'NODE_DATABASE',
        details: { what: 'the origin of the state' },
      });
    }
  });
});
