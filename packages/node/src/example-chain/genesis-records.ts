import { compareBytes, concatBytes, u32be, u64be } from '@hs/bytes';
import { newProfileEntry, profileEntryCodec, profileKey, usernameKey } from '@hs/dao-coin';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PackedRecords } from '../chain/chain.js';
import { accountPrivateKey } from './account-key.js';
import type { ChainSpecDraft, GenesisSpec } from './chain-spec.js';
import { RecordPacker } from './record-packer.js';
import { defaultSecp256k1 } from './secp256k1-native.js';
import { balanceKey, followKeys } from './state-keys.js';

const utf8 = new TextEncoder();
const memberDomain = utf8.encode('HS:genesis-member:v1');
const maxRecordsPerPack = 2048;
/** How many others each follower follows. */
const followsPerMember = 32;
const empty = new Uint8Array(0);

type GenesisRecord = readonly [key: Uint8Array, value: Uint8Array];

/**
 * The state after block 0: balances and profiles of the seed's accounts, and follow pairs between members that exist only as PKIDs.
 *
 * Generated anew at each call, then given pack by pack, ascending by key. Holds the records of one prefix at a time.
 */
export function* genesisRecords(spec: Pick<ChainSpecDraft, 'genesis'>): Generator<PackedRecords> {
  const packer = new RecordPacker({ maxRecords: maxRecordsPerPack });
  for (const recordsOfPrefix of prefixes(spec.genesis)) {
    for (const [key, value] of [...recordsOfPrefix].sort(([left], [right]) => compareBytes(left, right))) {
      packer.add(key, value);
      if (packer.isFull) yield packer.take();
    }
  }
  if (!packer.isEmpty) yield packer.take();
}

/** The records of each prefix, the prefixes ascending. */
function* prefixes(genesis: GenesisSpec): Generator<Iterable<GenesisRecord>> {
  const accounts = Array.from({ length: genesis.accounts }, (_, index) =>
    defaultSecp256k1.publicKeyOf(accountPrivateKey(genesis.seed, index)),
  );
  const profiles = accounts
    .slice(0, genesis.profiles)
    .map((publicKey, index) => newProfileEntry({ publicKey, username: utf8.encode(`genesis_${index}`) }));
  yield profiles.map((entry) => [profileKey(entry.publicKey), profileEntryCodec.encode(entry)]);
  yield profiles.map((entry) => [usernameKey(entry.username), entry.publicKey]);
  yield follows(genesis, (follower, followed) => followKeys(follower, followed)[0]);
  yield follows(genesis, (follower, followed) => followKeys(follower, followed)[1]);
  const balance = u64be(genesis.accountNanos);
  if (genesis.accountNanos > 0) yield accounts.map((publicKey) => [balanceKey(publicKey), balance]);
}

/** Each member follows the next ones round a ring, so that no pair comes twice; hashing spreads their keys. */
function* follows(
  { seed, followPairs }: GenesisSpec,
  keyOf: (follower: Uint8Array, followed: Uint8Array) => Uint8Array,
): Generator<GenesisRecord> {
  const seedHash = sha256(utf8.encode(seed));
  const members = Math.max(Math.ceil(followPairs / followsPerMember), followsPerMember + 1);
  const neighbours: Uint8Array[] = [];
  for (let follower = 0, left = followPairs; left > 0; follower++, left -= followsPerMember) {
    while (neighbours.length <= followsPerMember) {
      neighbours.push(memberPkid(seedHash, (follower + neighbours.length) % members));
    }
    const own = neighbours.shift() as Uint8Array;
    for (const followed of neighbours.slice(0, left)) yield [keyOf(own, followed), empty];
  }
}

function memberPkid(seedHash: Uint8Array, index: number): Uint8Array {
  const hash = sha256(concatBytes(memberDomain, seedHash, u32be(index)));
  return concatBytes(Uint8Array.of(2 + ((hash[0] as number) & 1)), hash);
}
