import fc from 'fast-check';

/** A valid encoding with some bytes replaced, removed, repeated, or exchanged for lengths that overflow or lie. */
export function mutated(encoded: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const mutation = fc.record({
    kind: fc.constantFrom('replace', 'remove', 'repeat', 'lie'),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 40 }),
    byte: fc.nat(255),
  });
  const lies = ['ffffffffffffffffff01', 'ffffffff0f', 'ffffffffffffff0f', '80808080808080808000', 'ffff03', '00'];
  return fc.tuple(encoded, fc.array(mutation, { minLength: 1, maxLength: 4 })).map(([valid, mutations]) => {
    let bytes = [...valid];
    for (const { kind, at, length, byte } of mutations) {
      const start = bytes.length === 0 ? 0 : at % bytes.length;
      if (kind === 'replace') bytes[start] = byte;
      else if (kind === 'remove') bytes.splice(start, length);
      else if (kind === 'repeat') bytes = [...bytes.slice(0, start + length), ...bytes.slice(start)];
      else bytes.splice(start, 1, ...Buffer.from(lies[byte % lies.length] as string, 'hex'));
    }
    return Uint8Array.from(bytes);
  });
}

/** Bytes of no particular kind. */
export const random: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Small bytes make plausible counts and lengths.
  fc
    .array(fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(255) }), { maxLength: 300 })
    .map((values) => Uint8Array.from(values)),
);
