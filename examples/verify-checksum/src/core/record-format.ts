import { isSnapshotFile, type RecordFileFormat } from '@hs/ellipticsum/record-file';

/** How records are written in a file. */
export type FileFormat = RecordFileFormat | 'snapshot';

/** Judges by the first bytes whether it is a snapshot file, else by the name: JSON lines in `*.jsonl` and `*.ndjson`, else binary. */
export function formatOf(name: string, start: Uint8Array): FileFormat {
  if (isSnapshotFile(start)) return 'snapshot';
  return /\.(jsonl|ndjson)$/i.test(name) ? 'jsonl' : 'binary';
}
