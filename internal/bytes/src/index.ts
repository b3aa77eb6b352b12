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
export {
  decodeManifestPage,
  encodeManifestPage,
  entriesPerManifestPage,
  type ManifestEntry,
  manifestPageHash,
  manifestRoot,
  type Sha256,
} from './manifest-page.js';
export {
  decodeManifestPages,
  manifestEntryProblem,
  maxRangeDepth,
  rangeEnd,
  withoutTrailingZeros,
} from './manifest-page-entries.js';
export { type BlockProblem, blockProblem, decodeBlock, encodeBlock, type PackedBlock } from './snapshot-file-block.js';
export {
  encodeSnapshotFileHead,
  isSnapshotFileStart,
  readSnapshotFileHead,
  type SnapshotFileHead,
  type SnapshotFileHeader,
  snapshotFileMagic,
  snapshotFileVersion,
} from './snapshot-file-header.js';
export {
  defaultSnapshotFileLimits,
  type FailSnapshotFile,
  type SnapshotFileFailure,
  type SnapshotFileLimits,
  type SnapshotFileProblem,
  snapshotFileLimits,
} from './snapshot-file-problem.js';
export { SnapshotFileStream } from './snapshot-file-stream.js';
export { encodeUvarint, uvarintLength, writeUvarint } from './varint.js';
