export { ByteReader, type ByteReaderProblem } from './byte-reader.js';
export { ByteWriter } from './byte-writer.js';
export { compareBytes, concatBytes, equalBytes, hasPrefix } from './compare.js';
export { fromHex, toHex } from './hex.js';
export {
  bigintFromBytes,
  bigintToMinimalBytes,
  readU32be,
  readU64be,
  u32be,
  u64be,
  writeU64be,
} from './integers.js';
export { encodeUvarint, uvarintLength, writeUvarint } from './varint.js';
