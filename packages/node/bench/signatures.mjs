// Signature checks by libsecp256k1 against noble's, and what surrounds them.
// Run after a build: node bench/signatures.mjs
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { accountPrivateKey, loadNativeSecp256k1, nobleSecp256k1 } from '@hs/node/example-chain';
import { signatureCodec } from '@hs/wire';

const native = loadNativeSecp256k1();
if (native === undefined) throw new Error('the native module does not load on this machine');
const hashOf = (index) => createHash('sha256').update(String(index)).digest();
const cases = Array.from({ length: 64 }, (_, index) => {
  const key = accountPrivateKey('bench', index);
  const hash = hashOf(index);
  const signature = native.sign(hash, key);
  return {
    hash,
    key,
    signature,
    der: signatureCodec.encode({ compact: signature }),
    publicKey: native.publicKeyOf(key),
  };
});
const wrong = cases.map((each, index) => ({ ...each, hash: hashOf(-index - 1) }));

/** Median microseconds of one call of each, run in turn so that all see the same machine. */
function medians(runs, rounds = 15) {
  const times = runs.map(() => []);
  for (let round = -2; round < rounds; round++) {
    for (const [index, run] of runs.entries()) {
      const start = performance.now();
      for (const each of cases.keys()) run(each);
      if (round >= 0) times[index].push(((performance.now() - start) / cases.length) * 1000);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[rounds >> 1]);
}

const expectVerdict = (verdict, expected) => {
  if (verdict !== expected) throw new Error('a wrong verdict');
};
const verify = (implementation, list, expected) => (index) => {
  const { hash, signature, publicKey } = list[index];
  expectVerdict(implementation.verify(hash, signature, publicKey), expected);
};
const operations = {
  'check a right signature': (implementation) => verify(implementation, cases, true),
  'check a wrong signature': (implementation) => verify(implementation, wrong, false),
  sign: (implementation) => (index) => implementation.sign(cases[index].hash, cases[index].key),
};

console.log(`# Signatures\n\n${cpus()[0]?.model}, Node ${process.version}. Medians of 15 runs over 64 keys.\n`);
console.log('| | noble µs | libsecp256k1 µs | libsecp256k1 rate / noble rate |\n| --- | --- | --- | --- |');
for (const [name, operation] of Object.entries(operations)) {
  const [slow, fast] = medians([operation(nobleSecp256k1), operation(native)]);
  console.log(`| ${name} | ${slow.toFixed(1)} | ${fast.toFixed(1)} | ${(slow / fast).toFixed(1)} |`);
}
const [der] = medians([(index) => signatureCodec.decode(cases[index].der)]);
console.log(`\nReading the DER form before a check: ${der.toFixed(1)} µs.`);
