/**
 * Decoders with a mistake each, and one without: what the fuzzer's own tests look for. All read `HS`, a version, a count, and then parts of a
 * length and that many bytes. Here rather than in the test, so that coverage is on before they are loaded.
 */

import { cpuMs } from './cpu-time.mjs';

export class Refusal extends Error {
  name = 'Refusal';
  code = 'REFUSAL';
}

function partsOf(bytes, { onPart = () => {}, isEndChecked = true } = {}) {
  if (bytes[0] !== 0x48) throw new Refusal('no H');
  if (bytes[1] !== 0x53) throw new Refusal('no S');
  const version = bytes[2];
  if (version === undefined || version > 3) throw new Refusal('unknown version');
  const count = bytes[3];
  if (count === undefined || count > 8) throw new Refusal('too many parts');
  const parts = [];
  let at = 4;
  for (let index = 0; index < count; index++) {
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length) throw new Refusal('truncated');
    const part = bytes.slice(at, at + length);
    onPart(part, { version, index, parts });
    parts.push(part);
    at += length;
  }
  if (isEndChecked && at !== bytes.length) throw new Refusal('bytes after the end');
  return { version, parts };
}

function encodeParts({ version, parts }) {
  return Uint8Array.from([0x48, 0x53, version, parts.length, ...parts.flatMap((part) => [part.length, ...part])]);
}

/** Each is reached only through several decisions that random bytes hardly ever take together. */
export const faults = {
  crash: (bytes) =>
    partsOf(bytes, {
      onPart(part, { version, index, parts }) {
        if (version === 3 && index === 2 && part.length === 2 && part[0] === 0x80) {
          if (parts[0].length === 0) parts[7].length.toString();
        }
      },
    }),
  time: (bytes) =>
    partsOf(bytes, {
      onPart(part, { version, index }) {
        if (version !== 2 || index !== 1 || part.length !== 3) return;
        const until = cpuMs() + 250;
        while (cpuMs() < until);
      },
    }),
  allocation: (bytes) =>
    partsOf(bytes, {
      onPart(part, { version }) {
        if (version === 1 && part.length === 4) new Uint8Array(new DataView(part.buffer).getUint32(0) & 0xff_ffff);
      },
    }),
  'allocation of an array': (bytes) =>
    partsOf(bytes, {
      onPart(part, { version }) {
        if (version === 1 && part.length === 3) Array.from({ length: (part[0] << 16) + (part[1] << 8) });
      },
    }),
  'allocation of a buffer': (bytes) =>
    partsOf(bytes, {
      onPart(part, { version }) {
        if (version === 3 && part.length === 3) Buffer.allocUnsafe((part[0] << 16) + (part[1] << 8));
      },
    }),
  input: (bytes) =>
    partsOf(bytes, {
      onPart(_part, { version, index }) {
        if (version === 2 && index === 3) bytes[2] = 0;
      },
    }),
  'not canonical': (bytes) => {
    const { version, parts } = partsOf(bytes);
    return { version, parts: version === 1 && parts.length === 2 ? [...parts].sort(Buffer.compare) : parts };
  },
  unstable: (bytes) => {
    const decoded = partsOf(bytes);
    if (decoded.version === 2 && decoded.parts.length === 3) decoded.parts.reverse();
    return decoded;
  },
  trailing: (bytes) => partsOf(bytes, { isEndChecked: !(bytes[2] === 3 && bytes[3] === 2) }),
};

export const faultless = partsOf;

/** A target for a decoder of the form above. */
export function targetOf(decode) {
  return {
    isCanonical: decode === faults['not canonical'],
    name: 'faulty',
    seeds: [Uint8Array.of(0x48, 0x53, 0, 1, 0)],
    maxBytes: 64,
    decode,
    encode: encodeParts,
    isRefusal: (error) => error.code === 'REFUSAL',
  };
}
