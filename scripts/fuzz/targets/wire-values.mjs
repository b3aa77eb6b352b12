import { built, internals, refusals } from '../load.mjs';

/** The values of a DeSo database, in both forms and all layouts, and what of them enters the checksum. */
export async function wireValuesTargets() {
  const wire = await built('packages/wire/dist/index.js');
  const { samples } = await internals('entry-samples', ['packages/wire/test/support/entry-samples.ts']);
  const isRefusal = refusals('WireError', 'WIRE_');
  const network = wire.encoderParams.mainnet;
  const codecs = wire.createEntryCodecs({ params: network });
  const names = Object.keys(codecs);
  const heights = [0, ...Object.values(network.migrationHeights)];
  const newest = heights.at(-1);
  const dictionary = [
    ...names.map((name) => Uint8Array.of(1, codecs[name].encoderType, 0)),
    Uint8Array.of(1, 18, 4),
    Uint8Array.of(33, 2, ...new Uint8Array(32).fill(3)),
    Uint8Array.of(32, ...new Uint8Array(32)),
  ];
  const entrySeeds = (encode) =>
    samples.map(({ name, value }) => Uint8Array.of(names.indexOf(name), ...encode(codecs[name], value)));
  // The first byte says which type is meant; what encodes keeps it.
  const codecFor = (input) => codecs[names[(input[0] ?? 0) % names.length]];

  const stored = {
    name: 'wire-entries',
    seeds: heights.flatMap((height) => entrySeeds((codec, value) => codec.encode(value, { height }))),
    dictionary,
    isRefusal,
    decode(input) {
      const codec = codecFor(input);
      return { codec, value: codec.decode(input.subarray(1)) };
    },
    encode: ({ codec, value }) => Uint8Array.of(names.indexOf(codec.name), ...codec.encode(value, { height: newest })),
  };

  const heightFor = (input) => heights[(input[0] ?? 0) % heights.length];
  const unlabelled = {
    name: 'wire-checksum-entries',
    seeds: heights.flatMap((height, index) =>
      entrySeeds((codec, value) => codec.encode(value, { height, form: 'checksum' })).map((seed) =>
        Uint8Array.of(index, ...seed),
      ),
    ),
    dictionary,
    isRefusal,
    decode(input) {
      const form = { form: 'checksum', height: heightFor(input) };
      const codec = codecFor(input.subarray(1));
      return { codec, form, value: codec.decode(input.subarray(2), form) };
    },
    encode: ({ codec, form, value }) =>
      Uint8Array.of(heights.indexOf(form.height), names.indexOf(codec.name), ...codec.encode(value, form)),
  };

  const prefixes = [...wire.statePrefixes];
  const checksum = {
    name: 'wire-checksum-value',
    // Layout, prefix, value.
    seeds: samples.flatMap(({ name, value }) =>
      prefixes
        .filter(([, { entry }]) => entry === name)
        .map(([prefix]) => Uint8Array.of(1, prefix, ...codecs[name].encode(value, { height: newest }))),
    ),
    dictionary,
    // Values of prefixes without entries are any bytes.
    canContinue: true,
    isRefusal,
    decode(input) {
      const options = { params: network, height: heightFor(input) };
      const [key, value] = [input.subarray(1, 2), input.subarray(2)];
      const bytes = wire.checksumValue(key, value, options);
      const name = wire.statePrefixes.get(key[0])?.entry;
      if (name === undefined || value[0] === 0) return { input, bytes };
      const rewritten = codecs[name].encode(codecs[name].decode(value), { height: options.height });
      const again = wire.checksumValue(key, rewritten, options);
      if (Buffer.compare(bytes, again) !== 0)
        throw new Error('a record that is written anew enters the checksum otherwise');
      const entry = codecs[name].decode(bytes, { form: 'checksum', height: options.height });
      const back = codecs[name].encode(entry, { form: 'checksum', height: options.height });
      if (Buffer.compare(bytes, back) !== 0) throw new Error('what enters the checksum does not come back');
      return { input, bytes };
    },
  };

  const integers = [wire.fixedUint256Codec, wire.minimalUint256Codec, wire.variableUint256Codec];
  const uint256 = {
    name: 'wire-uint256',
    maxBytes: 48,
    seeds: integers.flatMap((codec, index) =>
      [0n, 300n, 2n ** 256n - 1n].map((value) => Uint8Array.of(index, ...codec.encode(value))),
    ),
    isRefusal,
    decode(input) {
      const index = (input[0] ?? 0) % integers.length;
      return { index, value: integers[index].decode(input.subarray(1)) };
    },
    encode: ({ index, value }) => Uint8Array.of(index, ...integers[index].encode(value)),
  };
  return [stored, unlabelled, checksum, uint256];
}
