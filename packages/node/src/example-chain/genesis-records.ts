import { concatBytes, u32be, u64be } from '@hs/bytes';
import { newProfileEntry, profileEntryCodec, profileKey, usernameKey } from '@hs/dao-coin';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PackedRecords } from '../chain/chain.js';
import { accountPrivateKey } from './account-key.js';
import type { ChainSpecDraft } from './chain-spec.js';
import { RecordPacker } from './record-packer.js';
import { defaultSecp256k1 } from './secp256k1-native.js';
import { balanceKey, followKeys } from './state-keys.js';

const utf8 = new TextEncoder();
const memberDomain = utf8.encode('HS:genesis-member:v1');
const maxRecordsPerPack = 2048;
/** How many others each follower follows. */
const followsPerMember = 32;
const empty = new Uint8Array(0);

/**
 * The state after block 0: balances and profiles of the seed's accounts, and follow pairs between members that exist only as PKIDs.
 *
 * Generated anew at each call, pack by pack, in an order that is not that of the keys.
 */
export function* genesisRecords(spec: Pick<ChainSpecDraft, 'genesis'>): Generator<PackedRecords> {
  const packer = new RecordPacker({ maxRecords: maxRecordsPerPack });
  for (const [key, value] of records(spec)) {
    packer.add(key, value);
    if (packer.isFull) yield packer.take();
  }
  if (!packer.isEmpty) yield packer.take();
}

function* records({ genesis }: Pick<ChainSpecDraft, 'genesis'>): Generator<readonly [Uint8Array, Uint8Array]> {
  const balance = u64be(genesis.accountNanos);
  for (let index = 0; index < genesis.accounts; index++) {
    const publicKey = defaultSecp256k1.publicKeyOf(accountPrivateKey(genesis.seed, index));
    if (genesis.accountNanos > 0) yield [balanceKey(publicKey), balance];
    if (index < genesis.profiles) {
      const username = utf8.encode(`genesis_${index}`);
      yield [profileKey(publicKey), profileEntryCodec.encode(newProfileEntry({ publicKey, username }))];
      yield [usernameKey(username), publicKey];
    }
  }
  yield* follows(genesis.seed, genesis.followPairs);
}

/** Each member follows the next ones round a ring, so that no pair comes twice; hashing spreads their keys. */
function* follows(seed: string, pairs: number): Generator<readonly [Uint8Array, Uint8Array]> {
  const seedHash = sha256(utf8.encode(seed));
  const members = Math.max(Math.ceil(pairs / followsPerMember), followsPerMember + 1);
  const neighbours: Uint8Array[] = [];
  for (let follower = 0, left = pairs; left > 0; follower++, left -= followsPerMember) {
    while (neighbours.length <= followsPerMember) {
      neighbours.push(memberPkid(seedHash, (follower + neighbours.length) % members));
    }
    const own = neighbours.shift() as Uint8Array;
    for (const followed of neighbours.slice(0, left)) {
      const [byFollower, byFollowed] = followKeys(own, followed);
      yield [byFollower, empty];
      yield [byFollowed, empty];
    }
  }
}

function memberPkid(seedHash: Uint8Array, index: number): Uint8Array {
  const hash = sha256(concatBytes(memberDomain, seedHash, u32be(index)));
  return concatBytes(Uint8Array.of(2 + ((hash[0] as number) & 1)), hash);
}
