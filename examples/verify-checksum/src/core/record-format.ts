import type { RecordFileFormat } from '@hs/ellipticsum/record-file';

/** How records are written in a file of that name: JSON lines in `*.jsonl` and `*.ndjson`, else binary. */
export function formatOfName(name: string): RecordFileFormat {
  return /\.(jsonl|ndjson)$/i.test(name) ? 'jsonl' : 'binary';
}
