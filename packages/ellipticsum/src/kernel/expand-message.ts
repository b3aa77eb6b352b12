import { concatBytes, writeU64be } from '@hs/bytes';
import { sha512 } from '@noble/hashes/sha2.js';
import type { KernelImage } from './kernel-image.js';

const uniformLength = Uint8Array.of(0, 64, 0);
const blockBytes = 128;

/** The domain with its length, as RFC 9380, section 5.3.1 appends it. */
function domainPrime(domain: Uint8Array): Uint8Array {
  return concatBytes(domain, Uint8Array.of(domain.length));
}

/** The 64 uniform bytes of a record, in JavaScript: for records that are too long for a kernel's memory. */
export function expandRecord(key: Uint8Array, value: Uint8Array, domain: Uint8Array): Uint8Array {
  const prime = domainPrime(domain);
  const header = new Uint8Array(16);
  writeU64be(header, 0, key.length + value.length);
  writeU64be(header, 8, key.length);
  const valueHeader = new Uint8Array(8);
  writeU64be(valueHeader, 0, value.length);
  const first = sha512.create().update(new Uint8Array(blockBytes)).update(header).update(key);
  const b0 = first.update(valueHeader).update(value).update(uniformLength).update(prime).digest();
  return sha512(concatBytes(b0, Uint8Array.of(1), prime));
}

/** Writes into a kernel's memory what its messages have of the domain. */
export function writeDomain({ memory, hashLanes }: KernelImage, bytes: Uint8Array, domain: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  const prime = domainPrime(domain);
  const tail = concatBytes(uniformLength, prime, Uint8Array.of(0x80));
  bytes.set(tail, memory.tail);
  view.setUint32(memory.tailLength, tail.length, true);

  const length = 64 + 1 + prime.length;
  const blocks = Math.ceil((length + 1 + 16) / blockBytes);
  const second = new Uint8Array(blocks * blockBytes);
  second.set(concatBytes(Uint8Array.of(1), prime, Uint8Array.of(0x80)), 64);
  writeU64be(second, second.length - 8, 8 * length);
  view.setUint32(memory.secondBlocks, blocks, true);
  const words = new DataView(second.buffer);
  for (let at = 0; at < second.length; at += 8) {
    for (let lane = 0; lane < hashLanes; lane++) {
      view.setBigUint64(memory.secondWords + at * hashLanes + 8 * lane, words.getBigUint64(at), true);
    }
  }
}
