/**
 * New inputs from old ones: bit flips, bytes, pieces removed, repeated, brought from elsewhere, and, since most formats here are lengths
 * and counts, varints and big-endian integers changed with and without the bytes they announce.
 */

const interestingVarints = [
  0n,
  1n,
  2n,
  31n,
  32n,
  33n,
  127n,
  128n,
  255n,
  256n,
  65_535n,
  65_536n,
  0xffff_ffffn,
  0x1_0000_0000n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const oddVarints = ['ffffffffffffffffff02', '80808080808080808000', '818000', '8000', 'ffffffffffffffffffff', '80'].map(
  (hex) => Buffer.from(hex, 'hex'),
);

/** An input made of `input`, and now and then of another of `corpus`, by one or more changes. */
export function mutate(input, { random, corpus, dictionary, maxBytes }) {
  let bytes = Buffer.from(input);
  const changes = 1 + (random.oneIn(3) ? random.below(6) : 0);
  for (let change = 0; change < changes; change++) {
    bytes = random.pick(mutators)(bytes, { random, corpus, dictionary });
    if (bytes.length > maxBytes) bytes = bytes.subarray(0, maxBytes);
  }
  return new Uint8Array(bytes);
}

const splice = (bytes, at, { removed = 0, added = [] }) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(added), bytes.subarray(at + removed)]);
const place = (bytes, random) => random.below(bytes.length + 1);
const pieceLength = (bytes, random) => 1 + random.below(Math.min(bytes.length, random.oneIn(4) ? 256 : 8) || 1);

const mutators = [
  function flipBit(bytes, { random }) {
    if (bytes.length === 0) return bytes;
    bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    return bytes;
  },
  function setByte(bytes, { random }) {
    if (bytes.length === 0) return bytes;
    bytes[random.below(bytes.length)] = random.pick([0, 1, 2, 0x20, 0x21, 0x30, 0x7f, 0x80, 0xff, random.below(256)]);
    return bytes;
  },
  function addToByte(bytes, { random }) {
    if (bytes.length === 0) return bytes;
    const at = random.below(bytes.length);
    bytes[at] = bytes[at] + random.below(9) - 4;
    return bytes;
  },
  function insert(bytes, { random }) {
    const added = Array.from({ length: pieceLength(bytes, random) }, () => random.below(random.oneIn(2) ? 4 : 256));
    return splice(bytes, place(bytes, random), { added });
  },
  function remove(bytes, { random }) {
    return splice(bytes, place(bytes, random), { removed: pieceLength(bytes, random) });
  },
  function cutOff(bytes, { random }) {
    return bytes.subarray(0, place(bytes, random));
  },
  function repeat(bytes, { random }) {
    const from = place(bytes, random);
    const piece = bytes.subarray(from, from + pieceLength(bytes, random));
    return splice(bytes, random.oneIn(2) ? from : place(bytes, random), { added: piece });
  },
  function move(bytes, { random }) {
    const from = place(bytes, random);
    const added = bytes.subarray(from, from + pieceLength(bytes, random));
    return splice(splice(bytes, from, { removed: added.length }), place(bytes, random), { added });
  },
  function bringPiece(bytes, { random, corpus }) {
    const other = random.pick(corpus);
    const from = place(other, random);
    const added = other.subarray(from, from + pieceLength(other, random));
    return splice(bytes, place(bytes, random), { removed: random.oneIn(2) ? added.length : 0, added });
  },
  function continueWith(bytes, { random, corpus }) {
    const other = random.pick(corpus);
    return Buffer.concat([bytes.subarray(0, place(bytes, random)), other.subarray(place(other, random))]);
  },
  function word(bytes, { random, dictionary }) {
    if (dictionary.length === 0) return bytes;
    const added = random.pick(dictionary);
    return splice(bytes, place(bytes, random), { removed: random.oneIn(2) ? added.length : 0, added });
  },
  function otherVarint(bytes, { random }) {
    const found = varintAt(bytes, place(bytes, random));
    if (found === undefined) return bytes;
    const near = found.value + BigInt(random.below(5) - 2);
    const added = random.oneIn(6)
      ? random.pick(oddVarints)
      : encodeVarint(random.oneIn(2) ? random.pick(interestingVarints) : near < 0n ? 0n : near);
    return splice(bytes, found.at, { removed: found.length, added });
  },
  function longVarint(bytes, { random }) {
    const found = varintAt(bytes, place(bytes, random));
    if (found === undefined || found.length > 9) return bytes;
    const padded = [...bytes.subarray(found.at, found.at + found.length)];
    padded[padded.length - 1] |= 0x80;
    return splice(bytes, found.at, { removed: found.length, added: [...padded, 0] });
  },
  // A length and the bytes that it announces, both changed.
  function resize(bytes, { random }) {
    const found = varintAt(bytes, place(bytes, random));
    if (found === undefined || found.value > BigInt(bytes.length - found.at - found.length)) return bytes;
    const start = found.at + found.length;
    const content = bytes.subarray(start, start + Number(found.value));
    const changed = random.oneIn(2)
      ? content.subarray(0, place(content, random))
      : Buffer.concat([content, Buffer.alloc(pieceLength(bytes, random), random.below(256))]);
    const added = [...encodeVarint(BigInt(changed.length)), ...changed];
    return splice(bytes, found.at, { removed: found.length + content.length, added });
  },
  function bigEndian(bytes, { random }) {
    const width = random.pick([2, 4, 8]);
    const at = place(bytes, random);
    if (at + width > bytes.length) return bytes;
    const value = random.oneIn(2) ? random.pick(interestingVarints) : BigInt(random.below(bytes.length + 2));
    let rest = BigInt.asUintN(8 * width, value);
    for (let index = width - 1; index >= 0; index--, rest >>= 8n) bytes[at + index] = Number(rest & 0xffn);
    return bytes;
  },
];

function varintAt(bytes, at) {
  let value = 0n;
  for (let length = 0; length < 10 && at + length < bytes.length; length++) {
    const byte = bytes[at + length];
    value |= BigInt(byte & 0x7f) << BigInt(7 * length);
    if (byte < 0x80) return { at, length: length + 1, value };
  }
  return undefined;
}

function encodeVarint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
