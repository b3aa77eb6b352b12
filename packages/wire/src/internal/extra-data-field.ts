import { fromHex, toHex } from '@hs/bytes';
import type { Field } from './field.js';
import { byteString } from './primitives.js';

/** Count, then key and value of each entry; keys are written in byte order and read in any, but only once each. */
export function extraDataField(maxBytes: number): Field<ReadonlyMap<string, Uint8Array>> {
  const bytes = byteString(maxBytes);
  return {
    minBytes: 1,
    maxBytes,
    write(writer, map) {
      writer.uvarint(map.size);
      // Hex sorts as the bytes it spells.
      for (const [key, value] of [...map].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (key !== key.toLowerCase()) throw new TypeError('expected extra data keys in lower-case hex');
        bytes.write(writer, fromHex(key));
        bytes.write(writer, value);
      }
    },
    read(reader) {
      const count = reader.uvarintNumber(maxBytes);
      reader.takeItems(count, 2);
      const map = new Map<string, Uint8Array>();
      for (let index = 0; index < count; index++) {
        const key = toHex(bytes.read(reader));
        if (map.has(key)) throw reader.error('WIRE_INVALID_VALUE', `extra data has the key ${key.slice(0, 64)} twice`);
        map.set(key, bytes.read(reader));
      }
      return map;
    },
  };
}
