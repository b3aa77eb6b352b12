// Transactions connected per second over a state in memory, and the parts of their cost. Run after a build.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import * as dao from '../dist/index.js';

const keys = Array.from({ length: 200 }, () => secp256k1.getPublicKey(secp256k1.utils.randomSecretKey()));
const records = new Map();
const name = (key) => String.fromCharCode(...key);
const view = {
  get: (key) => records.get(name(key)),
  set: (key, value) => void records.set(name(key), value),
  delete: (key) => void records.delete(name(key)),
};
const [owner, ...others] = keys;
view.set(
  dao.profileKey(owner),
  dao.profileEntryCodec.encode(dao.newProfileEntry({ publicKey: owner, username: Uint8Array.of(0x61) })),
);
const context = { blockHeight: 1, forkHeight: 0 };
await dao.connectDaoCoin(view, { publicKey: owner, metadata: dao.mintMetadata(owner, 10n ** 24n) }, context);

async function measure(label, count, action) {
  for (let index = 0; index < count / 4; index++) await action(index);
  const start = performance.now();
  for (let index = 0; index < count; index++) await action(index);
  const rate = (count / (performance.now() - start)) * 1000;
  console.log(`${label}: ${Math.round(rate)}/s`);
  return rate;
}

const transfer = (index, isValidPublicKey) =>
  dao.connectDaoCoinTransfer(
    view,
    {
      publicKey: owner,
      metadata: { profilePublicKey: owner, receiverPublicKey: others[index % others.length], amount: 1n },
    },
    { ...context, isValidPublicKey },
  );
const uncached = dao.createPublicKeyCheck({ maxCachedKeys: 0 });
const warm = await measure('transfer, keys seen before', 20_000, (index) => transfer(index, dao.isValidPublicKey));
const cold = await measure('transfer, keys never seen', 4_000, (index) => transfer(index, uncached));
await measure('mint', 20_000, () =>
  dao.connectDaoCoin(view, { publicKey: owner, metadata: dao.mintMetadata(owner, 1n) }, context),
);
console.log(`ratio of remembered to new keys: ${(warm / cold).toFixed(1)}`);
