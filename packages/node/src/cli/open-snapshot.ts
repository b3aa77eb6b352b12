import { addAbortSignal } from 'node:stream';
import {
  httpSource,
  readSnapshotStream,
  SnapshotFile,
  type SnapshotFileOptions,
  type SnapshotInput,
  type SnapshotStream,
} from '@hs/ancestral-records';
import { openSnapshotFile } from '@hs/ancestral-records/node';
import { toHex } from '@hs/bytes';
import { hasCode, NodeError } from '../node-error.js';
import { formatTrustedChecksum } from '../sync/trusted-checksums.js';
import { bytesText, columnsText, countedText, countText } from './units.js';

/** What commands take as a snapshot file. */
export const snapshotPositional = {
  name: 'SOURCE',
  help: 'a snapshot file, the URL of one, or - for standard input',
} as const;

/**
 * Opens a snapshot file of this machine, of an HTTP server, or from standard input (`-`). Its head is read and checked.
 *
 * @throws ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE, ANCESTRAL_RECORDS_SOURCE_FAILED, NODE_UNREACHABLE
 */
export async function openSnapshot(
  source: string,
  options: SnapshotFileOptions & { readonly signal: AbortSignal },
): Promise<SnapshotFile | SnapshotStream> {
  // A read that waits for input ends only with its stream.
  if (source === '-') return readSnapshotStream(addAbortSignal(options.signal, process.stdin), options);
  if (!/^https?:\/\//.test(source)) return openSnapshotFile(source, options);
  try {
    return await SnapshotFile.open(await httpSource(source, { signal: options.signal }), options);
  } catch (error) {
    const { details } = error as { readonly details?: { readonly reason?: unknown } };
    if (!hasCode(error, 'ANCESTRAL_RECORDS_SOURCE_FAILED') || details?.reason !== 'no-ranges') throw error;
  }
  return readSnapshotStream(await download(source, options.signal), options);
}

/** The body of a URL whose server gives no parts of files. */
async function download(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const response = await fetch(url, { signal });
  if (response.ok && response.body !== null) return response.body;
  throw new NodeError('NODE_UNREACHABLE', `${url} answered with status ${response.status}`, {
    details: { url, status: response.status },
  });
}

/** What a snapshot file says of itself, as data. */
export function snapshotData(file: SnapshotInput): Record<string, string | number> {
  const { height, identity, stateRoot, snapshotRoot, manifest, size } = file;
  return {
    height,
    genesisHash: toHex(identity),
    stateRoot: toHex(stateRoot),
    snapshotRoot: toHex(snapshotRoot),
    ranges: manifest.entries.length,
    ...manifest.totals,
    fileBytes: size,
  };
}

/** The same in lines, with the checksum of the whole state if it is known: as --trusted-checksum takes it. */
export function snapshotText(file: SnapshotInput, { checksum }: { readonly checksum?: Uint8Array } = {}): string {
  const { height, identity, stateRoot, snapshotRoot, manifest, size } = file;
  const { records, bytes } = manifest.totals;
  return columnsText([
    ['height', String(height)],
    ['genesis', toHex(identity)],
    ['state root', toHex(stateRoot)],
    ['snapshot root', toHex(snapshotRoot)],
    ...(checksum === undefined ? [] : [['checksum', formatTrustedChecksum({ height, checksum })]]),
    [
      'content',
      `${countedText(records, 'record')}, ${bytesText(bytes)}, in ${countedText(manifest.entries.length, 'range')}`,
    ],
    ['file', `${countText(size)} bytes`],
  ]);
}
