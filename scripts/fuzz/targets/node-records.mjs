import { internals, refusals, utf8 } from '../load.mjs';

const none = new Uint8Array(0);

/** What a node keeps beside the state: bans, equivocations, and where its state came from. */
export async function nodeRecordsTargets() {
  const parts = await internals('node-records', [
    'packages/node/src/network/ban-list.ts',
    'packages/node/src/state/ban-store.ts',
    'packages/node/src/sync/equivocation.ts',
    'packages/node/src/sync/state-origin.ts',
  ]);
  const isRefusal = refusals('NodeError', 'NODE_DATABASE');
  /** A store with these values in the order of their keys. */
  const storeOf = (values) => ({
    get: async () => values[0],
    async *others() {
      for (const [index, value] of values.entries()) yield [Uint8Array.of(index), value];
    },
  });
  /** A text on each line. */
  const linesOf = (input) =>
    Buffer.from(input)
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Buffer.from(line, 'latin1'));
  const dictionary = ['"', '{', '}', '[', ']', 'null', '-1', '1e400', '\n', '"__proto__"', '0', ',', ':'].map(utf8);
  const ban = (address, more) => ({
    address,
    reason: 'lies',
    evidence: { a: [1] },
    bannedAtMs: 1_000,
    expiresAtMs: 9_000,
    ...more,
  });
  const bans = [ban('host:1'), ban('host', { expiresAtMs: 3_000 })].map((record) => JSON.stringify(record)).join('\n');
  const clock = { wallMs: () => 2_000, monotonicMs: () => 500 };
  const equivocation = {
    height: 300,
    ours: '00',
    ourHash: '11',
    ourStateRoot: null,
    theirs: '22',
    theirHash: '33',
    theirStateRoot: '44',
    producerKey: '55',
    peer: 'host:1',
    seenAtMs: 1,
    refusedHash: null,
  };
  const origin = { basis: 'agreed', height: 300, checksum: '66', voters: ['host:1'], atMs: 1 };
  return [
    {
      name: 'node-bans',
      seeds: [utf8(bans)],
      hints: ['{"address":3000}', 'null'].map(utf8),
      dictionary,
      canContinue: true,
      isRefusal,
      async decode(input) {
        const storage = parts.createBanStore(storeOf(linesOf(input)));
        const list = await parts.BanList.open({ clock, maxBans: 3, storage, onSaveFailed: () => {} });
        const records = list.list();
        for (const { address } of records) {
          if (list.find(address) === undefined) throw new Error('a ban that is listed is not found');
        }
        return records;
      },
      encode: (records) => utf8(records.map((record) => JSON.stringify(record)).join('\n')),
    },
    {
      name: 'node-equivocations',
      seeds: [Uint8Array.of(1, ...utf8(JSON.stringify(equivocation)))],
      hints: ['{', 'null', '{"height":300}'].map((text) => Uint8Array.of(1, ...utf8(text))),
      dictionary,
      canContinue: true,
      isRefusal,
      async decode(input) {
        const [found] = await parts.readEquivocations(storeOf([input]));
        parts.split(found);
        return found;
      },
      encode: (found) => parts.equivocationWrite(found).value,
    },
    {
      name: 'node-origin',
      seeds: [origin, 'execution'].map((value) => parts.originWrite(value).value),
      hints: ['{', 'null', '{"basis":"agreed"}'].map(utf8),
      dictionary,
      canContinue: true,
      isRefusal,
      async decode(input) {
        const found = await parts.readOrigin(storeOf([input]));
        for (const hasRootsInHeaders of [true, false]) {
          parts.authenticationOf({ phase: 'ready' }, { hasRootsInHeaders, origin: found });
        }
        return found;
      },
      encode: (found) => (found === undefined ? none : parts.originWrite(found).value),
    },
  ];
}
