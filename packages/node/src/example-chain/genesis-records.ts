import { compareBytes, concatBytes, u32be, u64be } from '@hs/bytes';
import { newProfileEntry, profileEntryCodec, profileKey, usernameKey } from '@hs/dao-coin';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PackedRecords } from '../chain/chain.js';
import { accountPrivateKey } from './account-key.js';
import type { ChainSpecDraft, GenesisSpec } from './chain-spec.js';
import { RecordPacker } from './record-packer.js';
import { defaultSecp256k1 } from './secp256k1-native.js';
import { balanceKey, followedByFollowerKey, followerByFollowedKey } from './state-keys.js';

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
 * Generated anew at each call, then given pack by pack, ascending by key. Holds the keys of accounts and the PKIDs of members, but
 * no follow pairs.
 */
export function* genesisRecords(spec: Pick<ChainSpecDraft, 'genesis'>): Generator<PackedRecords> {
  const packer = new RecordPacker({ maxRecords: maxRecordsPerPack });
  for (const recordsOfPrefix of prefixes(spec.genesis)) {
    for (const [key, value] of recordsOfPrefix) {
      packer.add(key, value);
      if (packer.isFull) yield packer.take();
    }
  }
  if (!packer.isEmpty) yield packer.take();
}

/** The records of each prefix, the prefixes and the keys of each ascending. */
function* prefixes(genesis: GenesisSpec): Generator<Iterable<GenesisRecord>> {
  const accounts = Array.from({ length: genesis.accounts }, (_, index) =>
    defaultSecp256k1.publicKeyOf(accountPrivateKey(genesis.seed, index)),
  );
  const profiles = accounts
    .slice(0, genesis.profiles)
    .map((publicKey, index) => newProfileEntry({ publicKey, username: utf8.encode(`genesis_${index}`) }));
  yield ascending(profiles.map((entry) => [profileKey(entry.publicKey), profileEntryCodec.encode(entry)]));
  yield ascending(profiles.map((entry) => [usernameKey(entry.username), entry.publicKey]));
  const members = membersOf(genesis);
  yield follows(members, 'followed by follower');
  yield follows(members, 'follower by followed');
  const balance = u64be(genesis.accountNanos);
  if (genesis.accountNanos > 0) yield ascending(accounts.map((publicKey) => [balanceKey(publicKey), balance]));
}

function ascending(records: readonly GenesisRecord[]): readonly GenesisRecord[] {
  return [...records].sort(([left], [right]) => compareBytes(left, right));
}

/** Who may follow whom: members on a ring. */
interface Members {
  readonly followPairs: number;
  /** PKIDs in the order of the ring. */
  readonly pkids: readonly Uint8Array[];
  /** Places on the ring, ascending by PKID. */
  readonly byPkid: readonly number[];
  /** Where each place of the ring is in `byPkid`. */
  readonly ranks: Uint32Array;
}

function membersOf({ seed, followPairs }: GenesisSpec): Members {
  const seedHash = sha256(utf8.encode(seed));
  const size = followPairs === 0 ? 0 : Math.max(Math.ceil(followPairs / followsPerMember), followsPerMember + 1);
  const pkids = Array.from({ length: size }, (_, place) => memberPkid(seedHash, place));
  const byPkid = [...pkids.keys()].sort((a, b) => compareBytes(pkids[a] as Uint8Array, pkids[b] as Uint8Array));
  const ranks = new Uint32Array(size);
  for (const [rank, place] of byPkid.entries()) ranks[place] = rank;
  return { followPairs, pkids, byPkid, ranks };
}

/**
 * Each member follows the next ones round the ring, so that no pair comes twice; hashing spreads their keys.
 *
 * Keys begin with one member and end with another: with the first ones ascending, only the few that go with each are left to sort.
 */
function* follows(
  { followPairs, pkids, byPkid, ranks }: Members,
  order: 'followed by follower' | 'follower by followed',
): Generator<GenesisRecord> {
  const isByFollower = order === 'followed by follower';
  const step = isByFollower ? 1 : pkids.length - 1;
  for (const first of byPkid) {
    const seconds: number[] = [];
    for (let distance = 1, place = first; distance <= followsPerMember; distance++) {
      place = (place + step) % pkids.length;
      // Pairs are counted follower by follower, those nearby first.
      const follower = isByFollower ? first : place;
      if (follower * followsPerMember + distance <= followPairs) seconds.push(ranks[place] as number);
    }
    const own = pkids[first] as Uint8Array;
    for (const rank of seconds.sort((a, b) => a - b)) {
      const other = pkids[byPkid[rank] as number] as Uint8Array;
      yield [isByFollower ? followedByFollowerKey(own, other) : followerByFollowedKey(own, other), empty];
    }
  }
}

function memberPkid(seedHash: Uint8Array, index: number): Uint8Array {
  const hash = sha256(concatBytes(memberDomain, seedHash, u32be(index)));
  return concatBytes(Uint8Array.of(2 + ((hash[0] as number) & 1)), hash);
}
